"""Seed, runs and threads: the same bounds for the command and for Python."""

import numpy as np
import pytest

import teacherstudent as ts
from samples import assert_same, document
from teacherstudent.command.arguments import parser
from teacherstudent.errors import SpecError
from teacherstudent.spec.whole_numbers import RUNS, SEED

SMALL = document(duration=1.0, curriculum={}, record={"count": 3})
WRONG = [-1, None, 1.5, True, np.bool_(True), "1", float("nan"), float("inf"), np.array([1]), 1j, object()]
WRONG += [-(10**5000), np.float64(2.5)]


@pytest.mark.parametrize(
    "value", [2, 2.0, np.int8(2), np.uint64(2), np.float32(2), np.array(2), np.array(2.0)]
)
def test_whole_numbers_count_by_value(value):
    assert (type(RUNS.of(value)), RUNS.of(value)) == (int, 2)


@pytest.mark.parametrize("key", ["seed", "runs", "threads"])
@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
def test_python_refuses_all_else_in_one_line(key, value):
    bounds = f"from 0 to {2**63 - 1}" if key == "seed" else ">= 1"
    spec = ts.parse_spec(SMALL)
    calls = [lambda: ts.run(SMALL, **{key: value}), lambda: ts.simulate_runs(spec, "ode", **{key: value})]
    for call in calls[1:] if value is None and key != "threads" else calls:  # for `run` None is the default
        with pytest.raises(SpecError) as error:
            call()
        message = str(error.value)
        assert message.startswith(f"{key}: ") and "\n" not in message and len(message) < 200
        assert message.endswith(f" is not allowed; it must be a whole number {bounds}")


@pytest.mark.parametrize(("key", "low"), [("runs", 1), ("threads", 1), ("seed", 0)])
def test_bounds_are_those_of_the_command(key, low, capsys):
    arguments = ["run", "spec.yaml", "--engine", "ode", "--output", "out.h5", f"--{key}"]
    assert getattr(parser().parse_args([*arguments, str(low)]), key) == low
    with pytest.raises(SystemExit):
        parser().parse_args([*arguments, str(low - 1)])
    said = capsys.readouterr().err.strip()
    with pytest.raises(SpecError) as error:
        ts.run(SMALL, **{key: low - 1})
    assert said == f"error: argument --{error.value}"


def test_the_largest_seed_is_one_and_the_next_is_not():
    assert SEED.of(2**63 - 1) == SEED.read(str(2**63 - 1)) == 2**63 - 1
    assert SEED.of(2**63) is SEED.read(str(2**63)) is None


@pytest.mark.parametrize("text", ["", "1_000", "0100", "0x1", "1.0", "1e3", " 1", "one", "٣", "1" * 5000])
def test_the_command_reads_decimal_digits_only(text):
    assert RUNS.read(text) is None


def test_a_run_of_simulate_is_a_whole_number_too():
    spec = ts.parse_spec(SMALL)
    assert_same(ts.simulate(spec, "ode", np.int64(3), 1.0), ts.simulate(spec, "ode", 3, 1))
    for wrong in (-1, None, 0.5, True):
        with pytest.raises(SpecError, match="^run: .* is not allowed; it must be a whole number >= 0$"):
            ts.simulate(spec, "ode", run=wrong)


def test_a_run_of_numpy_numbers_is_that_of_plain_ones(tmp_path):
    one = ts.run(SMALL, "network", seed=np.int64(3), runs=2.0, threads=np.int8(2))
    other = ts.run(SMALL, "network", seed=3, runs=2)
    assert (type(one.seed), one.seed) == (int, 3)
    for pair in zip(one.trajectories, other.trajectories, strict=True):
        assert_same(*pair)
    one.save(tmp_path / "one.h5")
    other.save(tmp_path / "other.h5")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "other.h5").read_bytes()


def test_an_unknown_engine_is_refused_everywhere():
    spec = ts.parse_spec(SMALL)
    for call in (ts.simulate, ts.simulate_runs, ts.run):
        with pytest.raises(
            SpecError, match="^engine: euler is not allowed; it must be one of network, chain, ode$"
        ):
            call(spec, "euler")
        with pytest.raises(SpecError, match=r"^engine: \['ode'\] is not allowed; it must be one of"):
            call(spec, ["ode"])
