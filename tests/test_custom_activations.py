"""Activations of users: the same results as those of the package, digests, and files that are refused."""

import hashlib
import multiprocessing

import numpy as np
import pytest

import teacherstudent
from teacherstudent.engines.base import ENGINES
from teacherstudent.errors import SpecError
from teacherstudent.spec.parse import parse_spec

RELU = (
    "def activation(x):\n    return max(x, 0.0)\n\n\ndef derivative(x):\n    return 1.0 if x > 0 else 0.0\n"
)
TANH = (
    "import math\n\n\ndef activation(x):\n    return math.tanh(x)\n\n\n"
    "def derivative(x):\n    return 1.0 - math.tanh(x) ** 2\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relu.py").write_text(RELU)
    (tmp_path / "tanh.py").write_text(TANH)
    return tmp_path


def document(student="erf", teachers="erf", **blocks):
    """A short run; names with an ending are files of activations."""

    def layer(name):
        is_file = name.endswith(".py")
        return {"activation": "custom", "activation_file": name} if is_file else {"activation": name}

    return {
        "inputs": {"dimension": 30},
        "teachers": {"count": 1, "hidden": 1} | layer(teachers),
        "student": {"hidden": 2, "initial": {"weights_std": 0.5, "readouts_std": 0.5}} | layer(student),
        "training": {"learning_rate": 0.2},
        "duration": 3.0,
        "record": {"times": [0.0, 1.0, 3.0]},
    } | blocks


def run(engine, **options):
    return teacherstudent.run(document(**options), engine=engine, seed=1)


@pytest.mark.parametrize("engine, name", [
    ("network", "relu"), ("network", "tanh"), ("chain", "relu"), ("chain", "tanh"), ("ode", "tanh"),
])  # fmt: skip
def test_the_same_run_as_with_an_activation_of_the_package(folder, engine, name):
    own = run(engine, student=name, teachers=name)
    files = run(engine, student=f"{name}.py", teachers=f"{name}.py")
    rounding = {"rtol": 1e-12} if engine != "ode" else {"rtol": 0.0, "atol": 1e-6}
    np.testing.assert_allclose(files.student_overlaps, own.student_overlaps, **rounding)
    np.testing.assert_allclose(files.generalisation_error, own.generalisation_error, rtol=1e-6)


@pytest.mark.parametrize("student", ["sigmoid", "tanh", "quadratic"])
@pytest.mark.parametrize("engine", ["network", "chain", "ode"])
def test_other_activations_learn(engine, student):
    found = run(engine, student=student, teachers=student, duration=40.0, record={"times": [0.0, 40.0]})
    assert found.generalisation_error[-1, 0] < 0.5 * found.generalisation_error[0, 0]


def test_the_error_of_wide_networks_in_single_precision(folder):
    blocks = {"inputs": {"dimension": 3}, "numerics": {"precision": "float32"}}
    wide = {"hidden": 20, "initial": {"weights_std": 0.5, "readouts_std": 0.5}}
    pair = [
        teacherstudent.run(
            document(teachers="tanh") | blocks | {"student": wide | layer}, engine="network", seed=1
        )
        for layer in ({"activation": "tanh"}, {"activation": "custom", "activation_file": "tanh.py"})
    ]
    np.testing.assert_allclose(pair[1].student_overlaps, pair[0].student_overlaps, rtol=1e-4)


def test_the_digest_of_the_file_is_in_the_spec(folder):
    spec = parse_spec(document(student="tanh.py"))
    assert spec.student.activation_sha256 == hashlib.sha256(TANH.encode()).hexdigest()
    assert parse_spec(spec.to_dict()) == spec
    (folder / "tanh.py").write_text(TANH + "\n")
    with pytest.raises(SpecError, match="student.activation_sha256: the SHA-256 of tanh.py is "):
        parse_spec(spec.to_dict())


def test_chains_of_different_files_are_different_batches(folder):
    keys = {
        ENGINES["chain"].batch_key(parse_spec(document(student=name)), 0) for name in ("relu.py", "tanh.py")
    }
    assert len(keys) == 2


def _error(folder):
    import os

    os.chdir(folder)
    return run("chain", student="tanh.py").generalisation_error


def test_other_processes_have_the_same_bits(folder):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply(_error, (str(folder),))
    assert other.tobytes() == run("chain", student="tanh.py").generalisation_error.tobytes()


BAD = {
    "nothing.py": (None, "student.activation_file: nothing.py: No such file or directory"),
    "wrong.py": ("def activation(x:\n", "student.activation_file: wrong.py: cannot be read: "),
    "one.py": ("def activation(x):\n    return x\n", "there is no function derivative"),
    "types.py": (
        "def activation(x):\n    return str(x)\n\n\ndef derivative(x):\n    return 1.0\n",
        "student.activation_file: types.py: numba cannot compile",
    ),
    "slope.py": (RELU.replace("1.0 if", "2.0 if"), "derivative is 2 at 0.017, where finite differences"),
    "nan.py": (
        "def activation(x):\n    return x / 0.0\n\n\ndef derivative(x):\n    return 1.0\n",
        "activation or derivative is not a finite number",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_refused(folder, name):
    content, words = BAD[name]
    if content is not None:
        (folder / name).write_text(content)
    with pytest.raises(SpecError) as caught:
        ENGINES["network"].check(parse_spec(document(student=name)))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ({"activation": "custom"}, "student.activation_file: needed with activation: custom"),
        ({"activation_file": "tanh.py"}, "student.activation_file: needed with activation: custom"),
        ({"activation_sha256": "0" * 64}, "student.activation_sha256: needs activation_file"),
    ],
)
def test_keys_that_contradict_each_other(folder, student, words):
    with pytest.raises(SpecError, match=words):
        parse_spec(document() | {"student": {"hidden": 2} | student})


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "quadratic", "tanh.py"])
def test_engine_ode_has_sums_for_few_of_them(folder, name):
    ENGINES["ode"].check(parse_spec(document(student=name)))
    ENGINES["ode"].check(parse_spec(document(teachers=name)))
    with pytest.raises(
        SpecError, match=r"teachers.activation: .* 4 units of student and teacher together, not 5; .* chain"
    ):
        ENGINES["ode"].check(parse_spec(document(teachers=name) | {"student": {"hidden": 4}}))
