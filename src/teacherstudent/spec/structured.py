"""The blocks of structured inputs as frozen dataclasses. Their keys are described in `schemas/spec.yaml`."""

from dataclasses import dataclass

# Values of `inputs.distribution` whose inputs have another covariance than the identity.
STRUCTURED = ("correlated", "hidden_manifold", "generator")


@dataclass(frozen=True)
class Covariance:
    """Eigenvalues of the covariance of Gaussian inputs."""

    spectrum: str
    values: tuple[float, ...] | None = None  # of levels
    fractions: tuple[float, ...] | None = None  # of the inputs in each level
    exponent: float | None = None  # of a power law
    file: str | None = None  # with the covariance itself
    sha256: str | None = None


@dataclass(frozen=True)
class Manifold:
    """Hidden manifold: inputs are functions of fewer latent numbers, one projection per task."""

    folding: str
    projection: str
    tasks: str
    labels_from: str
    equivalent: bool
    latent_dimension: int | None = None
    latent_fraction: float | None = None
    similarity: float | tuple | None = None  # of the projections of the tasks
    file: str | None = None  # with the projections
    sha256: str | None = None


@dataclass(frozen=True)
class Generator:
    """Random network that generates the inputs, or a file with means and covariances of a trained one."""

    equivalent: bool
    layers: tuple[int, ...] | None = None  # widths, from the latent numbers to the inputs
    activation: str | None = None
    file: str | None = None
    sha256: str | None = None
    latent_dimension: int | None = None  # of a file
