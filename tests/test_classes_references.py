"""Means of runs of real weights by a separate program, against the engines `chain` and `network`."""

import numpy as np
import pytest

from classes import CASES, ONE_UNIT_EACH, document, quantities, reference
from teacherstudent.simulation.runs import simulate_runs
from teacherstudent.spec.parse import parse_spec

RUNS, REFERENCE_RUNS = 64, 10
DIMENSION, TIMES = 2000, [0.0, 5.0, 20.0, 25.0, 40.0]
RELU = ("squared", None, 0.3, 0.1, ONE_UNIT_EACH)
FILES = {
    "squared": CASES["squared"],
    "logistic": CASES["logistic"],
    "hinge": CASES["hinge"],
    "relu_squared": RELU,
}


def runs_of(name, engine, runs):
    activation = "relu" if name.startswith("relu") else "erf"
    blocks = {"inputs": {"dimension": DIMENSION}, "record": {"times": TIMES}}
    described = document(*FILES[name], **blocks)
    described["student"] |= {"activation": activation}
    return list(simulate_runs(parse_spec(described), engine, seed=1, runs=runs))


def deviations(found, rows, spread):
    """Differences of the means in units of their standard deviation, with the spread of one run."""
    return (found.mean(axis=0) - rows) / (spread * np.sqrt(1 / len(found) + 1 / REFERENCE_RUNS))


@pytest.mark.parametrize("name", FILES)
def test_means_of_real_weights(name):
    """Those of ten runs; the spread of a run is that of 64 chains."""
    rows, chains, networks = (
        reference(f"{name}_simulated"),
        runs_of(name, "chain", RUNS),
        runs_of(name, "network", 2),
    )
    found = {"chain": [], "network": []}
    for index, (_, expected) in enumerate(quantities(chains[0], rows)):
        own = [
            np.array([[*quantities(one, rows)][index][0][1:] for one in runs]) for runs in (chains, networks)
        ]
        spread = own[0].std(axis=0)
        moves = spread > 1e-9
        for engine, values in zip(found, own, strict=True):
            found[engine].extend(deviations(values, expected, np.where(moves, spread, 1.0))[moves])
            np.testing.assert_allclose(values.mean(axis=0)[~moves], expected[~moves], atol=1e-9)
    for engine, values in found.items():
        assert np.sqrt(np.mean(np.square(values))) < 1.6, engine
        assert np.abs(values).max() < 4.0, engine


def test_another_rate_of_flips_is_far_away():
    rows = reference("squared_simulated")
    loss, margin, rate, _, overlaps = FILES["squared"]
    blocks = {"inputs": {"dimension": DIMENSION}, "record": {"times": TIMES}}
    other = parse_spec(document(loss, margin, rate, 0.0, overlaps, **blocks))
    runs = list(simulate_runs(other, "chain", seed=1, runs=RUNS))
    values = np.array([one.student_overlaps[1:, 0, 0] for one in runs])
    assert np.abs(deviations(values, rows["Q_0_0"], values.std(axis=0))).max() > 10.0
