"""Errors of runs on finite training sets, for the figures of Goldt et al. 2019."""

from collections.abc import Callable

import numpy as np
from _figures import Experiments
from _goldt2019 import TEACHER, averages, errors, late

from teacherstudent.store.curves import Curves

LAYERS = {"first layer": "first_layer", "both layers": "both_layers"}
PASSES, REPLACED = "epochs", "with_replacement"


def engines(curves: Experiments, name: str, sampling: str = PASSES) -> tuple[Curves, Curves]:
    """Return the runs on finite sets with one way of sampling, and those on fresh samples.

    Parameters
    ----------
    curves : mapping
        Curves by experiment and engine.
    name : str
        The trained layers, a key of LAYERS.
    sampling : str
        The way of sampling, PASSES or REPLACED.
    """
    finite, fresh = (curves[f"goldt2019_{kind}_{LAYERS[name]}"] for kind in ("finite", "fresh"))
    return finite["network"].select(sampling=sampling), fresh["chain"]


def ratios(finite: Curves) -> np.ndarray:
    """Return alpha, the numbers of samples per input."""
    return finite.axis("samples") / finite.spec.inputs.dimension


def noise_floor(entry: Curves) -> float:
    """Return sigma^2 / 2."""
    return entry.spec.teachers.output_noise[0] ** 2 / 2.0


def by_samples(finite: Curves, of: Callable) -> np.ndarray:
    """Return a function of the runs for each number of samples, (alpha, K, run)."""
    return np.array([of(finite.select(samples=P)) for P in finite.axis("samples")])


def minimal(finite: Curves) -> np.ndarray:
    """Return the smallest generalisation error along each run, (axes..., run)."""
    return errors(finite).min(axis=-1)


def training(finite: Curves) -> np.ndarray:
    """Return the training error at the end, (axes..., run)."""
    return late(finite, "training_error")


def over_time(finite: Curves, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard error of an error over time, of the largest student for the middle samples."""
    shown = finite.select(samples=np.median(finite.axis("samples")), hidden=finite.axis("hidden")[-1])
    return averages(shown.values(f"{what}_error")[..., TEACHER].T)


def means(finite: Curves, of: Callable) -> np.ndarray:
    """Return the mean over runs of a kind of error, (alpha, K)."""
    return averages(by_samples(finite, of))[0]
