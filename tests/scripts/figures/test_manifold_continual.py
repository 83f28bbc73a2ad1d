"""Two tasks on manifolds: what the figure shows, and what its claims read."""

import manifold_continual as figure
import numpy as np
import pytest
from _manifold_claims import at_points_of

from continual_samples import curves
from lee2021_samples import by_words, data

ALPHA, V = "inputs.manifold.similarity", "teachers.features.similarity"
FOLDING, PROJECTION = "inputs.manifold.folding", "inputs.manifold.projection"
GRID = np.linspace(0.0, 1.0, 9)
TIME = np.array([0.0, 100.0, 110.0, 200.0])
BEFORE = 0.01  # error of task 1 at the switch
SCALE = {"linear": 3.0, "sign": 1.0}
DOCUMENT = {
    "inputs": {
        "dimension": 100,
        "distribution": "hidden_manifold",
        "manifold": {
            "latent_dimension": 10,
            "folding": "sign",
            "projection": "orthogonal",
            "tasks": "interpolated",
            "similarity": 0.5,
        },
    },
    "teachers": {"count": 2, "hidden": 1, "features": {"relation": "rotated", "similarity": 0.5}},
    "student": {"hidden": 2},
    "training": {"learning_rate": 0.2},
    "curriculum": {"switch_times": [100.0]},
    "duration": 200.0,
}


def rise(folding, alpha, V, outside=0.4, same=0.1):
    """Forgetting: of the part outside the manifolds, of the teachers, and of identical teachers."""
    bump = 4.0 * V * (1.0 - V) * alpha + 1.6 * V**4 * alpha * (1.0 - alpha) + same * alpha
    return SCALE[folding] * bump + (folding == "sign") * outside * (1.0 - alpha)


def of_task_2(alpha, V, most=1.0, least=0.0):
    """Transfer until 10 after the switch."""
    return most * alpha * V + least


def two_tasks(axes, rises, transfers, time=TIME, engine="ode", document=DOCUMENT):
    """Curves of one run from forgetting and transfer, (axes...)."""
    second = np.full((*rises.shape, len(time)), 0.17)
    second[..., 2] *= 10.0**-transfers
    second[..., 3] = 1e-3
    first = np.full(second.shape, BEFORE)
    first[..., 2:] *= 10.0 ** rises[..., None]
    return curves(axes, time, np.stack([first, second], axis=-1)[..., None, :, :], engine, document)


def made(
    gaussian=1.05, apart=0.0, subspaces=2.0, networks=0.02, independent=1.0, shift=0.0, zero=0.0, **changes
):
    """All experiments, whose claims all hold by default."""
    moved = {key: changes.pop(key) for key in ("most", "least") if key in changes}
    folding, alpha, teachers = np.meshgrid(np.arange(2), GRID, GRID, indexing="ij")
    names = list(figure.FOLDINGS)

    def values(V=GRID, grid=GRID):
        alpha, teachers = np.meshgrid(grid, V, indexing="ij")
        return np.array([rise(name, alpha, teachers - shift * alpha, **changes) for name in names])

    values_of_map = np.moveaxis(values() + zero, 0, 1)
    axes = {ALPHA: GRID, FOLDING: np.array(names), V: GRID}
    transfers = np.moveaxis(of_task_2(alpha, teachers, **moved), 0, 1)
    some = np.array([0.0, 0.5, 1.0])
    other = gaussian * values(some)
    other[:, 0] = subspaces + apart * some
    pair = np.array([other, values(some)])
    lines = {PROJECTION: np.array(["gaussian", "orthogonal"]), FOLDING: np.array(names), ALPHA: GRID, V: some}
    points = {PROJECTION: np.array(["orthogonal"]), FOLDING: np.array(["sign"]), ALPHA: some, V: some[1:2]}
    simulated = values(some, some)[1][None, None, :, 1:2] + networks
    inputs = {"inputs": {"dimension": 10}, "curriculum": {"switch_times": [1000.0]}, "duration": 2000.0}
    times = np.array([0.0, 1000.0, 1100.0, 2000.0])
    alone = independent * values()[0, -1], of_task_2(1.0, GRID, **moved)
    return {
        figure.MAP: {"ode": two_tasks(axes, values_of_map, transfers)},
        figure.LINES: {
            "ode": two_tasks(lines, pair, np.zeros(pair.shape)),
            "network": two_tasks(points, simulated, np.zeros(simulated.shape), engine="network"),
        },
        figure.INDEPENDENT: {"ode": two_tasks({V: GRID}, *alone, times, document=DOCUMENT | inputs)},
    }


def test_maps_and_their_sections_are_forgetting_and_transfer():
    axes = [ax for ax in figure.figure(made()).axes if ax.get_xlabel()]
    alpha, V = np.meshgrid(GRID, GRID, indexing="ij")
    for index, expected in (
        (0, rise("linear", alpha, V)),
        (1, rise("sign", alpha, V)),
        (3, of_task_2(alpha, V)),
    ):
        (map_,) = [item for item in axes[index].get_children() if hasattr(item, "numbers")]
        np.testing.assert_allclose(np.asarray(map_.get_array()).reshape(alpha.shape), expected, atol=1e-9)
    lines = data(axes[2], "theory")
    np.testing.assert_allclose(lines["alpha = 0.25"][1], rise("linear", 0.25, GRID), atol=1e-9)
    np.testing.assert_allclose(lines["independent inputs"][1], rise("linear", 1.0, GRID), atol=1e-9)
    np.testing.assert_allclose(data(axes[5], "theory")["alpha = 1"][1], GRID, atol=1e-9)


def test_projections_and_networks_are_compared():
    axes = [ax for ax in figure.figure(made()).axes if ax.get_xlabel()]
    lines = data(axes[7], "theory")
    np.testing.assert_allclose(lines["V = 0.5, orthogonal"][1], rise("sign", GRID, 0.5))
    np.testing.assert_allclose(lines["V = 0.5, gaussian"][1][1:], 1.05 * rise("sign", GRID, 0.5)[1:])
    assert data(axes[6], "simulation") == {}  # no network with this folding
    points = data(axes[7], "simulation")
    assert list(points) == ["V = 0.5, orthogonal"]
    np.testing.assert_allclose(
        points["V = 0.5, orthogonal"][1], rise("sign", np.array([0.0, 0.5, 1.0]), 0.5) + 0.02
    )
    time, error = data(axes[8], "theory")["alpha = 1"]
    np.testing.assert_allclose(time, [0.0, 10.0, 100.0])
    np.testing.assert_allclose(error, BEFORE * 10.0 ** np.array([0.0, *[rise("sign", 1.0, 0.5)] * 2]))


def test_claims_read_the_numbers():
    found = figure.claims(made())
    assert [claim.statement for claim in found if not claim.holds] == []
    assert by_words(found, "mean over the similarities of the teachers; it").value == pytest.approx(0.4)
    assert by_words(found, "root mean square distance of forgetting from the").value == pytest.approx(0.02)
    assert by_words(found, "transfer with identical").value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"zero": 0.01}, "largest forgetting over the similarities"),
        ({"outside": 1.0}, "mean over the similarities of the teachers; it"),
        ({"least": 0.05}, "largest transfer in decades"),
        ({"most": 0.4}, "transfer with identical"),
        ({"independent": 1.5}, "from that with independent inputs"),
        ({"gaussian": 1.8}, "Gaussian instead of orthogonal"),
        ({"subspaces": 0.5}, "folding: mean forgetting"),
        ({"apart": 1.0}, "folding: range of forgetting"),
        ({"networks": 0.1}, "Simulated networks"),
        ({"same": 0.6}, "minus that with one"),
    ],
)
def test_claims_can_fail(change, words):
    found = figure.claims(made(**change))
    assert by_words(found, words).holds is False


def test_other_axes_of_networks_are_noticed():
    made_up = made()
    network = made_up[figure.LINES]["network"].select(folding="sign")
    with pytest.raises(KeyError, match="differ"):
        at_points_of(network, made_up[figure.LINES]["ode"])
