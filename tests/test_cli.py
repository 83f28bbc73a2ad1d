import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import teacherstudent
from samples import assert_same, document, trajectory
from teacherstudent.command.main import _progress, main
from teacherstudent.errors.interruption import check_interruption, interruptible_by
from teacherstudent.simulation import runs as engines
from teacherstudent.store.runs import read_run, read_runs, write_runs


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder with a good spec.yaml."""
    monkeypatch.chdir(tmp_path)
    write_spec(tmp_path)
    return tmp_path


def write_spec(folder, **changes):
    (folder / "spec.yaml").write_text(yaml.safe_dump(document(**changes)))


def command(*arguments):
    """Run the command in this process; return its status."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code


RUN = ["run", "spec.yaml", "--engine", "ode", "--output", "out.h5"]


def run(*arguments, engine="ode", output="out.h5"):
    return command("run", "spec.yaml", "--engine", engine, "--output", output, *arguments)


def the_error(capsys):
    """The one line on standard error."""
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


@pytest.mark.parametrize("engine", ["network", "chain", "ode"])
def test_run_stores_what_the_library_computes(folder, engine):
    assert run("--seed", 3, engine=engine) == 0
    stored = read_run("out.h5")
    assert (stored.engine, stored.seed, stored.has_run_axis) == (engine, 3, False)
    assert_same(stored.trajectories[0], teacherstudent.simulate(stored.spec, engine, 3))


def test_several_runs_have_a_run_axis_whatever_the_threads(folder):
    for threads in (1, 3):
        assert run("--runs", 3, "--threads", threads, output=f"{threads}.h5") == 0
    assert Path("1.h5").read_bytes() == Path("3.h5").read_bytes()
    stored = read_run("1.h5")
    assert stored.arrays["generalisation_error"].shape == (3, 6, 2)
    assert not np.array_equal(*stored.arrays["teacher_readouts"][:2])


def test_a_run_that_diverges_is_kept_and_named(folder, capsys):
    write_spec(
        folder,
        teachers={"count": 2, "hidden": 2, "activation": "linear"},
        student={"hidden": 3, "activation": "linear"},
        training={"learning_rate": 30.0},
        duration=1000.0,
    )
    assert run("--runs", 2, engine="network") == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert [line.split(" at ")[0] for line in warnings] == [
        "warning: run 0 diverged",
        "warning: run 1 diverged",
    ]
    assert all(trajectory.diverged_at for trajectory in read_run("out.h5").trajectories)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "-1"], ["--seed", "-1", "from 0"]),
        (["--seed", "x"], ["--seed", "x", "whole number"]),
        (["--seed", 2**63], ["--seed", str(2**63), str(2**63 - 1)]),
        (["--runs", "0"], ["--runs", "0", ">= 1"]),
        (["--at", "end"], ["--at: end is not allowed; it must be a number, a recorded time"]),
        (["--threads", "0.5"], ["--threads", "0.5", ">= 1"]),
        (["--engine", "sde"], ["--engine", "sde", "network", "chain", "ode"]),
        (["--output", "missing/out.h5"], ["--output", "missing/out.h5", "does not exist"]),
        *(
            (
                ["--output", output],
                [f"--output: {shown} is not allowed; give the name of a file that ends in .h5"],
            )
            for output, shown in {
                "": "an empty text",
                "-": "-",
                ".": ".",
                "folder/": "folder/",
                "folder.h5/": "folder.h5/",
                "out.png": "out.png",
                "out": "out",
                ".h5": ".h5",
                "h5": "h5",
            }.items()
        ),
        (["--colour"], ["--colour"]),
        (["--set", "duration"], ["--set", "duration is not allowed", "KEY=VALUE"]),
        (["--set", "a\nb=1"], ["--set: a b=1 is not allowed", "KEY=VALUE"]),
        (["--set", "duration=\n- 1\n- ]"], ["--set duration=- 1 - ]: not valid YAML"]),
        (["--set", "=1"], ["--set", "=1", "KEY=VALUE"]),
        (["--set", "record..count=1"], ["--set", "record..count=1", "KEY=VALUE"]),
        (["--set", "duration=[1"], ["--set duration=[1: not valid YAML"]),
        (["--set", "duration={a: 1, a: 2}"], ["--set duration={a: 1, a: 2}: a: given twice"]),
        (["--set", "duration=1", "--set", "duration=2"], ["--set duration=2", "set twice"]),
        (["--set", "training.learning_rate=fast"], ["training.learning_rate: 'fast'", "a number >= 0"]),
        (
            ["--set", "training.learning_rate='1e-3'"],
            ["training.learning_rate: the text '1e-3'", "no quotes"],
        ),
        (["--set", "duration=1:30"], ["--set duration=1:30: 1:30 is not a number that all", "1e-3"]),
        (["--seed", "1_000"], ["--seed: 1_000 is not allowed; it must be a whole number from 0 to"]),
        (["--set", "training.learning_rate="], ["training.learning_rate: null", "a number"]),
        (["--set", "training.rate=1"], ["training: unknown key rate", "learning_rate"]),
        (["--set", "trainings.rate=1"], ["unknown key trainings", "training"]),
        (["--set", "duration.end=1"], ["duration.end: 5.0 has no element end"]),
        (["--set", "curriculum.switch_times.3=1.0"], ["curriculum.switch_times.3", "[2.0] has no element 3"]),
        (["--set", "record=null"], ["record: null is not allowed", "a block of keys"]),
    ],
)
def test_bad_usage_is_one_line_and_status_2(folder, capsys, arguments, words):
    assert run(*arguments) == 2
    error = the_error(capsys)
    assert all(word in error for word in words)
    assert os.listdir() == ["spec.yaml"]


def test_a_folder_is_no_output(folder, capsys):
    Path("folder.h5").mkdir()
    assert run("--output", "folder.h5") == 2
    assert "--output: folder.h5: exists and is not a file" in the_error(capsys)


def test_results_may_end_in_hdf5(folder):
    assert run(output="out.HDF5") == 0
    assert len(read_runs("out.HDF5")) == 1


def test_a_bad_spec_is_one_line_and_status_2(folder, capsys):
    write_spec(folder, training={"learning_rate": -1.0})
    for arguments in (["validate", "spec.yaml"], RUN):
        assert command(*arguments) == 2
        error = the_error(capsys)
        assert all(word in error for word in ("training.learning_rate", "-1.0", ">= 0"))
    assert os.listdir() == ["spec.yaml"]


def test_a_spec_outside_the_range_of_an_engine_is_status_2(folder, capsys):
    write_spec(folder, student={"hidden": 3, "activation": "tanh"})
    assert command("validate", "spec.yaml") == 0
    capsys.readouterr()
    assert run(engine="ode") == 2
    assert "student.activation" in the_error(capsys)


SETTINGS = ["--set", "training.learning_rate=0.25", "--set", "curriculum.switch_times=[1.5, 3]"]


def test_settings_replace_values_of_the_spec(folder):
    more = ["--set", "curriculum.switch_times.0=1.0", "--set", "student.initial.scheme=large"]
    assert run(*SETTINGS, *more) == 0
    changes = {"training": {"learning_rate": 0.25}, "curriculum": {"switch_times": [1.0, 3.0]}}
    student = {"hidden": 3, "initial": {"scheme": "large"}}
    assert read_run("out.h5").spec == teacherstudent.parse_spec(document(**changes, student=student))


def test_validate_takes_settings(folder, capsys):
    assert command("validate", "spec.yaml", *SETTINGS) == 0
    assert capsys.readouterr().out == "spec.yaml: valid\n"
    assert command("validate", "spec.yaml", "--set", "duration=-1") == 2
    assert the_error(capsys) == "duration: -1 is not allowed; it must be a number > 0"
    for text, found in (("- 1\n", "a list"), ("", "an empty file"), ("# nothing\n", "an empty file")):
        (folder / "spec.yaml").write_text(text)
        assert command("validate", "spec.yaml", *SETTINGS) == 2
        assert the_error(capsys) == f"spec.yaml: a spec is a block of keys, not {found}"


def test_a_missing_spec_is_status_2(folder, capsys):
    assert command("validate", "none.yaml") == 2
    assert the_error(capsys) == "none.yaml: No such file or directory"


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (MemoryError("8 TiB"), 1, "not enough memory: 8 TiB"),
        (teacherstudent.RunError("run 0 failed"), 1, "run 0 failed"),
        (OSError(28, "", "disk"), 1, "disk: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_failed_run_is_one_line_and_leaves_the_old_file(
    folder, capsys, monkeypatch, failure, status, words
):
    def fail(*arguments):
        raise failure

    Path("out.h5").write_text("old")
    monkeypatch.setattr(engines, "simulate_runs", fail)
    assert run() == status
    assert the_error(capsys) == words
    assert Path("out.h5").read_text() == "old"
    assert sorted(os.listdir()) == ["out.h5", "spec.yaml"]


SLOW_ENGINE = """
import sys, time, types
from teacherstudent.command.main import main

def simulate(specs, seed, runs, progress, starts, **checkpoints):
    print("started", flush=True)
    for step in range(600):
        time.sleep(0.1)
        progress(step / 600)

engine = types.SimpleNamespace(
    check=lambda spec: None, batch_key=lambda spec, run: run, simulate=simulate
)
sys.modules["teacherstudent.engines.network.engine"] = engine
options = "--engine network --runs 3 --threads 1 --output out.h5"
sys.exit(main(["run", "spec.yaml", *options.split()]))
"""


def test_an_interrupt_ends_the_threads_and_is_one_line(folder):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SLOW_ENGINE], **pipes) as process:
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (output, errors) == ("", "error: interrupted\n")
    assert os.listdir() == ["spec.yaml"]


def test_show_prints_every_group(folder, capsys):
    spec = teacherstudent.load_spec("spec.yaml")
    entries = [(f"/runs/{name}", spec, "ode", 0, [trajectory()]) for name in "ab"]
    write_runs("out.h5", entries, run_axis=True)
    assert command("show", "out.h5") == 0
    output = capsys.readouterr().out
    assert "/runs/a" in output
    assert "/runs/b" in output


def test_show_prints_each_of_many_runs_on_request(folder, capsys):
    spec = teacherstudent.load_spec("spec.yaml")
    write_runs("out.h5", [("/", spec, "ode", 0, [trajectory(seed) for seed in range(50)])], run_axis=True)
    assert command("show", "out.h5") == 0
    short = capsys.readouterr().out
    assert "mean (standard deviation) of 50 runs at t = 5" in short
    assert "teacherstudent show --all" in short and "run 49" not in short
    assert command("show", "--all", "out.h5") == 0
    long = capsys.readouterr().out
    assert "run 49" in long and "mean" not in long
    assert len(short.splitlines()) < 40 < len(long.splitlines()) / 10


@pytest.mark.parametrize("name", ["none.h5", "spec.yaml", "."])
@pytest.mark.parametrize("arguments", [["show"], ["plot", "--output", "figure.png"]])
def test_what_is_no_run_is_one_line_and_status_1(folder, capsys, name, arguments):
    assert command(*arguments, name) == 1
    assert name in the_error(capsys)
    assert os.listdir() == ["spec.yaml"]


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_plot_draws_all_files_into_one_figure(folder, ending, start):
    for engine in ("network", "ode"):
        assert run(engine=engine, output=f"{engine}.h5") == 0
    assert command("plot", "network.h5", "ode.h5", "--output", f"figure.{ending}") == 0
    drawn = Path(f"figure.{ending}").read_bytes()
    assert drawn.startswith(start)
    assert len(os.listdir()) == 4
    if ending == "svg":  # it has names that matplotlib draws by chance
        assert command("plot", "network.h5", "ode.h5", "--output", "figure.svg") == 0
        assert Path("figure.svg").read_bytes() == drawn


@pytest.mark.parametrize("output", ["figure.gif", "figure", "-", "folder/", "missing/figure.png"])
def test_plot_refuses_an_output_it_cannot_write(folder, capsys, output):
    assert command("plot", "none.h5", "--output", output) == 2
    assert output in the_error(capsys)


def test_validate_needs_nothing_that_is_slow_to_import(folder):
    code = (
        "import sys\nfrom teacherstudent.command.main import main\n"
        "assert main(['validate', 'spec.yaml']) == 0\n"
        "print({'numba', 'scipy', 'matplotlib', 'h5py', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "spec.yaml: valid\nset()\n"


def test_the_module_is_the_command(folder):
    def module(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "teacherstudent", *arguments], capture_output=True, text=True
        )

    assert module("--version").stdout == f"teacherstudent {teacherstudent.__version__}\n"
    failed = module("show", "none.h5")
    assert (failed.returncode, failed.stderr) == (1, "error: none.h5: No such file or directory\n")


def test_help_names_every_command_and_option(folder, capsys):
    assert command("--help") == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("run", "validate", "show", "plot", "list"))
    assert command("run", "--help") == 0
    text = capsys.readouterr().out
    assert all(
        name in text for name in ("--engine", "--seed", "--runs", "--threads", "--output", "SPEC.yaml")
    )


def test_without_a_command_the_status_is_2(folder, capsys):
    assert command() == 2
    assert "COMMAND" in the_error(capsys)


def test_several_groups_are_plotted(folder):
    spec = teacherstudent.load_spec("spec.yaml")
    write_runs("out.h5", [(f"/runs/{name}", spec, "ode", 0, [trajectory()]) for name in "ab"], run_axis=True)
    assert len(read_runs("out.h5")) == 2
    assert command("plot", "out.h5", "--output", "figure.png") == 0


def test_an_interrupt_while_a_file_is_written_waits_for_the_next_check():
    """An exception inside what h5py calls back would be lost."""
    with _progress(1, "a test") as report:
        with interruptible_by(lambda: report(0, 1.0)):
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                check_interruption()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_closed_output_does_not_end_the_command(folder):
    line = f"{sys.executable} -m teacherstudent"
    subprocess.run(f"{line} run spec.yaml --engine ode --output out.h5 2>&-", shell=True, check=True)
    subprocess.run(f"{line} show out.h5 >&-", shell=True, check=True)


def test_a_run_does_not_replace_a_file_that_it_reads(folder, capsys):
    run = ["run", "spec.yaml", "--engine", "network", "--output"]
    assert command(*run, "first.h5", "--set", "record.state=true") == 0
    Path("link.h5").symlink_to("spec.yaml")
    trained = ["--set", "student.initial.scheme=file", "--set", "student.initial.file=first.h5"]
    for output, more in (
        ("link.h5", []),
        ("first.h5", ["--from", "first.h5"]),
        ("./first.h5", trained),
    ):
        before = Path(output).read_bytes()
        assert command(*run, output, *more) == 2
        message = f"error: --output: {output} is read by this run and would be lost; name another file\n"
        assert capsys.readouterr().err.endswith(message)
        assert Path(output).read_bytes() == before
    assert command(*run, "first.h5") == 0
    assert command(*run, "second.h5", *trained[:2], "--set", "student.initial.file=none.h5") == 2
