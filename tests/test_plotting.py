import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from samples import spec, trajectory
from teacherstudent.plotting import plot_runs
from teacherstudent.store import read_runs, write_runs


@pytest.fixture
def stored(tmp_path):
    """Return a function that stores trajectories of an engine and reads them."""

    def store(engine, *trajectories, **changes):
        path = tmp_path / f"{engine}.h5"
        write_runs(path, [("/", spec(**changes), engine, 0, list(trajectories))], run_axis=True)
        return read_runs(path)

    return store


def curves(ax):
    """The lines of a panel without the switches, which have two points."""
    return [line for line in ax.lines if len(line.get_xdata()) > 2]


def has_curve(ax, values):
    return any(np.array_equal(line.get_ydata(), values) for line in curves(ax))


def words(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_panels_hold_the_data(stored):
    run = trajectory()
    errors, Q, R0, R1, readouts = plot_runs(stored("ode", run)).axes
    assert [len(curves(ax)) for ax in (errors, Q, R0, R1, readouts)] == [2, 6, 6, 6, 6]
    for p in range(2):
        assert has_curve(errors, run.generalisation_error[:, p])
    for i in range(3):
        for k in range(i, 3):
            assert has_curve(Q, run.student_overlaps[:, i, k])
        for m in range(2):
            assert has_curve(R0, run.student_teacher_overlaps[:, 0, i, m])
            assert has_curve(R1, run.student_teacher_overlaps[:, 1, i, m])
        for head in range(2):
            assert has_curve(readouts, run.student_readouts[:, head, i])
    assert all(np.array_equal(line.get_xdata(), run.time) for line in curves(Q))


def test_errors_are_logarithmic_and_time_is_so_if_it_is_recorded_so(stored):
    assert plot_runs(stored("ode", trajectory())).axes[0].get_yscale() == "log"
    scales = {
        spacing: {
            ax.get_xscale() for ax in plot_runs(stored("ode", trajectory(), record={"spacing": spacing})).axes
        }
        for spacing in ("linear", "log")
    }
    assert scales == {"linear": {"linear"}, "log": {"log"}}


def test_theory_is_a_line_and_simulation_has_open_markers(stored):
    runs = stored("network", trajectory(0)) + stored("ode", trajectory(1))
    for ax in plot_runs(runs).axes:
        simulation, theory = curves(ax)[0], curves(ax)[-1]
        assert (theory.get_marker(), theory.get_linestyle() != "None") == ("None", True)
        assert (simulation.get_marker(), simulation.get_linestyle()) == ("o", "None")
        assert simulation.get_markerfacecolor() == "none"


def test_simulation_alone_is_joined_by_lines(stored):
    lines = curves(plot_runs(stored("network", trajectory())).axes[0])
    assert {(line.get_marker(), line.get_linestyle()) for line in lines} == {("o", "-")}


def test_switches_are_drawn_once_in_every_panel(stored):
    runs = stored("ode", trajectory(0, switches=(1.0, 2.5)), trajectory(1, switches=(1.0, 3.0)))
    for ax in plot_runs(runs).axes:
        switches = [line for line in ax.lines if len(line.get_xdata()) == 2]
        assert sorted(line.get_xdata()[0] for line in switches) == [1.0, 2.5, 3.0]


def test_runs_that_diverged_are_left_out_and_counted(stored):
    good, bad = trajectory(0), trajectory(1, rows=4, switches=(), diverged_at=3.5)
    figure = plot_runs(stored("network", good, bad))
    assert len(curves(figure.axes[0])) == 2
    assert has_curve(figure.axes[0], good.generalisation_error[:, 0])
    assert figure.get_suptitle() == "1 of 2 runs diverged and are left out"
    assert plot_runs(stored("network", good)).get_suptitle() == ""


def test_all_runs_diverged(stored):
    figure = plot_runs(stored("network", trajectory(rows=4, switches=(), diverged_at=3.5)))
    assert figure.get_suptitle() == "1 of 1 runs diverged and are left out"
    figure.savefig(io.BytesIO(), format="png")


def test_legends_name_engines_units_and_dashes(stored):
    figure = plot_runs(stored("network", trajectory(0)) + stored("ode", trajectory(1)))
    assert words(figure.axes[0].get_legend()) == ["teacher 0", "teacher 1"]
    assert words(figure.legends[0]) == [
        "network",
        "ode",
        "student unit 0",
        "student unit 1",
        "student unit 2",
        r"$Q_{ik}$, $i \neq k$",
        "teacher unit 0, head 0",
        "teacher unit 1, head 1",
    ]


def test_legend_leaves_out_what_there_is_one_of(stored):
    small = trajectory(P=1, K=1, M=1, H=1, switches=())
    changes = {
        "teachers": {"count": 1, "hidden": 1},
        "student": {"hidden": 1, "heads": "shared"},
        "curriculum": {},
    }
    assert words(plot_runs(stored("ode", small, **changes)).legends[0]) == ["ode", "student unit 0"]


def test_colours_of_many_units_are_all_different(stored):
    for K in (7, 20):
        figure = plot_runs(stored("ode", trajectory(K=K), student={"hidden": K}))
        diagonal = [to_hex(line.get_color()) for line in curves(figure.axes[1])[-K:]]
        assert len(set(diagonal)) == K


@pytest.mark.parametrize(("P", "K"), [(1, 1), (2, 4), (5, 24)])
def test_nothing_sticks_out_of_the_figure(stored, P, K):
    run = trajectory(P=P, K=K, switches=())
    runs = stored("ode", run, teachers={"count": P, "hidden": 2}, student={"hidden": K}, curriculum={})
    figure = plot_runs(runs)
    figure.savefig(io.BytesIO(), format="png")
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.contains(legend.x0, legend.y0)
    assert figure.bbox.contains(legend.x1, legend.y1)
    assert all(ax.get_window_extent().width > 100 for ax in figure.axes)


def test_pyplot_is_not_touched():
    code = "import sys, teacherstudent.plotting; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
