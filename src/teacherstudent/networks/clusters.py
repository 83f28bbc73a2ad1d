"""Means of Gaussian clusters of inputs, and initial students beside them."""

import numpy as np

from teacherstudent.errors import SpecError
from teacherstudent.networks.coordinates import given_coordinates
from teacherstudent.networks.initial import initial_readouts, initial_weights
from teacherstudent.networks.randomness import Purpose, normals, triangular_rows
from teacherstudent.networks.sampling import Networks
from teacherstudent.networks.teachers import orthonormal_rows
from teacherstudent.spec.model import Clusters, Spec
from teacherstudent.spec.rules_clusters import BLOCK
from teacherstudent.spec.structured_files import read_array
from teacherstudent.spec.weight_files import Layers, student_layers


def directions_of(clusters: Clusters) -> int:
    """Return the number of rows of which the means are combinations: directions, or the means of a file."""
    return {"opposite": 1, "xor": 2}.get(clusters.means, len(clusters.std))


def combinations(clusters: Clusters) -> np.ndarray:
    """Return the means (clusters, rows) as combinations of directions of length sqrt N, or of given means."""
    if clusters.means == "file":
        return np.eye(len(clusters.std))
    signs = {"opposite": [[1], [-1]], "xor": [[1, 1], [-1, -1], [1, -1], [-1, 1]]}
    return clusters.norm * np.array(signs.get(clusters.means, np.eye(len(clusters.std))), float)


def check_means(spec: Spec) -> None:
    """Raise SpecError if the means in a file have another shape than the spec asks for."""
    clusters = spec.inputs.clusters
    if clusters.means == "file":
        found, shape = _given(clusters).shape, (len(clusters.std), spec.inputs.dimension)
        if found != shape:
            raise SpecError(f"{BLOCK}.file: {clusters.file}: means have shape {found}; it must be {shape}")


def cluster_means(spec: Spec, seed: int, run: int) -> np.ndarray:
    """Return the means mu of the clusters of a run: inputs have the means mu / sqrt N.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    array (clusters, N)
        Those of a file, or combinations of random orthogonal directions.
    """
    clusters, N = spec.inputs.clusters, spec.inputs.dimension
    if clusters.means == "file":
        return _given(clusters)
    draws = normals(seed, run, Purpose.CLUSTER_MEANS, (directions_of(clusters), N))
    rows = np.sqrt(N) * orthonormal_rows(draws, draws[:0])
    return np.einsum("cd,dn->cn", combinations(clusters), rows)


def sample_cluster_coordinates(spec: Spec, seed: int, run: int) -> Networks:
    """Draw a student and the directions of the means in a frame of few axes, as `sample_coordinates`.

    Parameters
    ----------
    spec : Spec
        Spec of the run.
    seed, run : int
        Seed of all random numbers, and number of the run.

    Returns
    -------
    Networks
        In place of the teachers one with a unit for each direction, (1, D, n); v are labels (P, clusters).
    """
    clusters, N, K = spec.inputs.clusters, spec.inputs.dimension, spec.student.hidden
    D, labels, student = directions_of(clusters), np.array(clusters.labels), student_layers(spec)
    means = Layers(_given(clusters), labels, "") if clusters.means == "file" else None
    (V,), (W,) = given_coordinates(triangular_rows(seed, [run], D + K, N), D, means, student)
    if means is None:
        V = np.sqrt(N) * orthonormal_rows(V, V[:0])
    if student:
        return Networks(W, student.readouts, V[None], labels)
    draws = normals(seed, run, Purpose.STUDENT_READOUTS, (spec.heads, K))
    unused = np.zeros((spec.teachers.count, 1, W.shape[1])), np.zeros((spec.teachers.count, 1))
    return Networks(
        initial_weights(W, spec, *unused), initial_readouts(draws, spec, unused[1]), V[None], labels
    )


def _given(clusters: Clusters) -> np.ndarray:
    """Return the means of a file."""
    return read_array(BLOCK, clusters.file, clusters.sha256, "means")[0]
