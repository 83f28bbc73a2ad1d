"""The chain of order parameters in plain numpy, with a choice of laws for the inputs' scalar products.

One teacher trains the student from given overlaps, all replicas side by side. The fields of a step have the
covariance C = [[Q, R], [R^T, T]] = A A^T, so that they are A z with z ~ N(0, I); z is what an input has
within the F = K + P M directions of the weights, and the product of two inputs is z.z' plus what the other
N - F directions add. The overlaps must not be degenerate: C has rank F.
"""

import numpy as np

from naive.sgd import DG, G


def simulate(document, replicas, seed, law):
    """Order parameters at the recorded times, each of shape (replicas, times, ...), by name."""
    rng, N = np.random.default_rng(seed), document["inputs"]["dimension"]
    C, h, v, shape = start(document["initial_overlaps"], replicas)
    due = [round(time * N) for time in document["record"]["times"]]
    rows = []
    for step in range(due[-1] + 1):
        if step in due:
            rows.append(recorded(C, h, shape))
        C, h = step_of(document, C, h, v, law, rng)
    return {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}


def start(overlaps, replicas):
    """C (S, F, F), h (S, H, K), readouts (M,) of the teacher trained on, and the shape (P, K, M) of R."""
    Q, R, T, h, v = (np.array(part) for part in overlaps.values())
    P, K, M = R.shape
    R, T = R.transpose(1, 0, 2).reshape(K, P * M), T.transpose(0, 2, 1, 3).reshape(P * M, P * M)
    C = np.block([[Q, R], [R.T, T]])
    return np.stack([C] * replicas), np.stack([h] * replicas), v[0], (P, K, M)


def recorded(C, h, shape):
    P, K, M = shape
    R = C[:, :K, K:].reshape(-1, K, P, M).swapaxes(1, 2)
    return {
        "student_overlaps": C[:, :K, :K].copy(),
        "student_teacher_overlaps": R.copy(),
        "student_readouts": h.copy(),
    }


def step_of(document, C, h, v, law, rng):
    """C and h after one step on a batch of B inputs."""
    (S, F, _), K, M = C.shape, h.shape[2], len(v)
    N, training = document["inputs"]["dimension"], document["training"]
    B, eta = training["batch_size"], training["learning_rate"]
    values, vectors = np.linalg.eigh(C)
    z = rng.normal(size=(S, B, F))
    fields = z @ (vectors * np.sqrt(np.maximum(values, 0.0))[:, None]).swapaxes(1, 2)
    student, teacher = fields[:, :, :K], fields[:, :, K : K + M]
    activity = G[document["student"]["activation"]](student)
    error = (activity @ h[:, 0, :, None] - G[document["teachers"]["activation"]](teacher) @ v[:, None]) / B
    pull = np.zeros((S, B, F))  # of every weight vector along every input; teachers rest
    pull[:, :, :K] = -eta * error * h[:, :1] * DG[document["student"]["activation"]](student)
    cross = pull.swapaxes(1, 2) @ fields / N
    C = C + cross + cross.swapaxes(1, 2) + pull.swapaxes(1, 2) @ LAWS[law](z, N, rng) @ pull / N**2
    if "readouts" in training["train"]:
        h = h - training["readout_learning_rate"] / N * (error * activity).sum(axis=1, keepdims=True)
    return C, h


# Laws of the scalar products x_b . x_c of the inputs of a batch, shape (S, B, B), given z (S, B, F)


def right(z, N, rng):
    """Gaussian inputs: the other N - F directions add a Wishart matrix."""
    return products(z) + products(rng.normal(size=(*z.shape[:2], N - z.shape[2])))


def fixed_length(z, N, rng):
    """|x|^2 = N."""
    return N * np.ones((len(z), 1, 1))


def independent_length(z, N, rng):
    """|x|^2 has the right law, but knows nothing of the fields."""
    return rng.chisquare(N, size=(len(z), 1, 1))


def mean_residual(z, N, rng):
    """The residual's square is replaced by its mean."""
    return products(z) + (N - z.shape[2])


def too_many_degrees(z, N, rng):
    """The residual has N degrees of freedom instead of N - F."""
    return products(z) + rng.chisquare(N, size=(len(z), 1, 1))


def orthogonal_residuals(z, N, rng):
    """The residuals of the inputs of a batch have the right lengths and no products with each other."""
    squares = rng.chisquare(N - z.shape[2], size=z.shape[:2])
    return products(z) + squares[:, :, None] * np.eye(z.shape[1])


def products(x):
    return x @ x.swapaxes(1, 2)


LAWS = {
    law.__name__: law
    for law in (
        right,
        fixed_length,
        independent_length,
        mean_residual,
        too_many_degrees,
        orthogonal_residuals,
    )
}
