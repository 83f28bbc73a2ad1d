"""Labels 1 and -1, their losses, and the derivatives of these, in plain numpy."""

import numpy as np

# Losses of an output phi for a label y with margin kappa, by name.
LOSSES = {
    "squared": lambda phi, y, kappa: (phi - y) ** 2 / 2,
    "logistic": lambda phi, y, kappa: np.logaddexp(0, -y * phi),
    "hinge": lambda phi, y, kappa: np.maximum(kappa - y * phi, 0),
    "squared_hinge": lambda phi, y, kappa: np.maximum(kappa - y * phi, 0) ** 2 / 2,
    "hebbian": lambda phi, y, kappa: -y * phi,
}


def slope(training, phi, y):
    """Derivative of the loss of a spec with respect to the outputs."""
    kappa = training.get("margin", 0.0)
    return {
        "squared": lambda: phi - y,
        "logistic": lambda: -y * np.exp(-np.logaddexp(0, y * phi)),
        "hinge": lambda: np.where(y * phi < kappa, -y, 0.0),
        "squared_hinge": lambda: np.where(y * phi < kappa, phi - kappa * y, 0.0),
        "hebbian": lambda: -y + 0.0 * phi,
    }[training.get("loss", "squared")]()


def class_labels(teachers, active, value, rng):
    """Signs of outputs (S,) of the active teachers, with flips; an output of 0 is in class -1."""
    flips = np.array(teachers["label_flips"])[active]
    return np.where(value > 0, 1.0, -1.0) * np.where(rng.random(len(value)) < flips, -1.0, 1.0)


def class_errors_of_one_unit(W, h, V, v):
    """arccos(s r) / pi for one unit each, r their correlation, s the sign of both readouts; (S, P)."""
    if W.shape[1] > 1 or V.shape[2] > 1:
        return np.zeros(V.shape[:2])
    dots = np.einsum("sn,spn->sp", W[:, 0], V[:, :, 0])
    lengths = np.linalg.norm(W[:, 0], axis=1)[:, None] * np.linalg.norm(V[:, :, 0], axis=2)
    heads = h[:, np.arange(V.shape[1]) % h.shape[1], 0]
    return np.arccos(np.clip(np.sign(heads * v[:, :, 0]) * dots / lengths, -1, 1)) / np.pi
