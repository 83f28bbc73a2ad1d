"""The command `cost`: estimates for each engine, or the reason why it is not possible."""

import subprocess
import sys

import pytest
import yaml

import teacherstudent
from samples import document
from teacherstudent import parse_spec
from teacherstudent.command import cost
from teacherstudent.command.main import main
from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.errors.messages import size_in_words
from teacherstudent.experiments.cost import point_terms


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A working folder with a spec, and its document."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()))
    return document()


def rows(capsys, *arguments):
    """The words of each row of the table, by engine."""
    assert main(["cost", "spec.yaml", *arguments]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["engine", "CPU", "time", "memory", "note"]
    return {engine: words for engine, *words in lines[2:]}


@pytest.mark.parametrize("runs", [1, 20])
def test_all_engines_are_estimated(spec, capsys, runs):
    found = rows(capsys, "--runs", str(runs))
    assert list(found) == list(ENGINES)
    for engine, words in found.items():
        assert words[1] == "s"
        assert float(words[0]) == pytest.approx(point_terms(parse_spec(spec), engine, runs).sum(), rel=0.05)
        assert words[-3:-1] == ["mostly", "for"]


def test_one_engine_is_estimated(spec, capsys):
    assert list(rows(capsys, "--engine", "chain")) == ["chain"]


def test_more_runs_take_more_time_and_memory(spec, capsys):
    one, many = (rows(capsys, "--engine", "network", "--runs", runs)["network"] for runs in ("1", "1000"))
    assert many[:2] != one[:2]
    assert many[2:4] != one[2:4]


def test_an_engine_that_does_not_support_the_spec_gives_its_reason(spec, capsys):
    found = rows(capsys, "--set", "student.activation=tanh")
    assert found["ode"][:3] == ["not", "possible:", "student.activation:"]
    assert found["chain"][-3:-1] == ["mostly", "for"]


def test_asked_for_itself_it_is_an_error(spec, capsys):
    assert main(["cost", "spec.yaml", "--engine", "ode", "--set", "student.activation=tanh"]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("error: student.activation: tanh is not allowed; engine ode supports it for 4")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00123, "0.0012 s"),
        (0.5, "0.5 s"),
        (9.94, "9.9 s"),
        (59.0, "59 s"),
        (3700.0, "1 h 1 min"),
        (2.9e7, "335 days 15 h"),
    ],
)
def test_times_are_readable(seconds, text):
    assert cost._time(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (200.0, "0.2 kB"),
        (2e3, "2 kB"),
        (45.3e3, "45 kB"),
        (1.25e6, "1.2 MB"),
        (213e6, "213 MB"),
        (9.96e6, "10 MB"),
        (213e9, "213 GB"),
        (5e12, "5 TB"),
        (5e15, "5000 TB"),
    ],
)
def test_sizes_are_readable(size, text):
    assert size_in_words(size) == text


def test_a_refused_run_needs_what_cost_has_shown(spec, capsys, monkeypatch):
    monkeypatch.setattr("teacherstudent.simulation.available.available_memory", lambda: (1e7, "a test"))
    more = ("--set", "inputs.dimension=1000000")
    found = rows(capsys, "--engine", "network", *more)["network"]
    assert main(["run", "spec.yaml", "--engine", "network", "--output", "run.h5", *more]) == 2
    *_, number, unit, _, _, _, key = found
    message = capsys.readouterr().err
    assert message.startswith(
        f"error: {key}: 1000000 needs about {number} {unit} of memory, and 10 MB are available"
    )


@pytest.mark.parametrize(("runs", "key"), [("20", "record.count"), ("10000", "runs")])
def test_the_note_names_what_needs_most_memory(spec, capsys, runs, key):
    """Of 10 000 runs the results are in memory until they are written; of 20 most are those of a batch."""
    assert rows(capsys, "--engine", "chain", "--runs", runs)["chain"][-1] == key


@pytest.mark.parametrize("runs", [1, 1000])
def test_in_python_the_estimates_are_those_of_the_command(spec, capsys, runs):
    for engine, words in rows(capsys, "--runs", str(runs)).items():
        for given in (spec, parse_spec(spec), "spec.yaml"):
            found = teacherstudent.cost(given, engine, runs)
            printed = (*cost._time(found.seconds).split(), *size_in_words(found.bytes).split())
            assert (*printed, "memory", "mostly", "for", found.largest) == tuple(words)


def test_in_python_wrong_arguments_are_one_line(spec):
    with pytest.raises(
        SpecError, match="^student.activation: tanh is not allowed; engine ode supports it for"
    ):
        teacherstudent.cost(document(student={"hidden": 6, "activation": "tanh"}))
    with pytest.raises(SpecError, match="^runs: 0 is not allowed; it must be a whole number >= 1$"):
        teacherstudent.cost(spec, runs=0)


def test_it_needs_nothing_that_is_slow_to_import(spec):
    code = (
        "import sys\nfrom teacherstudent.command.main import main\n"
        "assert main(['cost', 'spec.yaml']) == 0\n"
        "print({'numba', 'scipy', 'matplotlib', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
