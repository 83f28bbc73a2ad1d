import io
import itertools
import subprocess
import sys
import time

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from samples import spec, trajectory
from teacherstudent.api import Run
from teacherstudent.errors import RunError, SpecError
from teacherstudent.plotting import plot_runs
from teacherstudent.plotting.quick_looks import MOST_LINES
from teacherstudent.plotting.settings import as_bytes, drawing, pdf_and_png
from teacherstudent.store.runs import read_runs, write_runs


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


@pytest.mark.parametrize(("P", "K"), [(1, 1), (2, 4), pytest.param(5, 24, marks=pytest.mark.thorough)])
def test_nothing_sticks_out_of_the_figure(stored, P, K):
    run = trajectory(P=P, K=K, switches=())
    runs = stored("ode", run, teachers={"count": P, "hidden": 2}, student={"hidden": K}, curriculum={})
    figure = plot_runs(runs)
    figure.savefig(io.BytesIO(), format="png")
    legend = figure.legends[0].get_window_extent()
    assert figure.bbox.contains(legend.x0, legend.y0)
    assert figure.bbox.contains(legend.x1, legend.y1)
    panels = [ax.get_tightbbox() for ax in figure.axes]  # with labels and numbers
    assert all(ax.get_window_extent().width > 100 for ax in figure.axes)
    assert not any(panel.overlaps(legend) for panel in panels)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(panels, 2))


def test_one_run_may_be_given_without_a_list(stored):
    run = Run.of(spec(), "ode", 0, (trajectory(),))
    (stored_run,) = stored("ode", trajectory())
    for one in (run, stored_run):
        panels = plot_runs(one).axes, plot_runs([one]).axes, plot_runs((one,)).axes
        assert [[len(curves(ax)) for ax in axes] for axes in panels] == [[2, 6, 6, 6, 6]] * 3


def test_no_runs_is_one_line():
    with pytest.raises(RunError, match="^there are no runs to plot$"):
        plot_runs([])


@pytest.mark.parametrize("wrong", ["run.h5", 3, None, [None], [trajectory()], trajectory()])
def test_what_is_no_run_is_one_line(wrong):
    with pytest.raises(SpecError, match=r"^runs: \w+ is not allowed; it must be a Run, .* of them$"):
        plot_runs(wrong)


MANY = MOST_LINES + 1


def drawn_bands(ax):
    """Lower and upper edge of each band of a panel, and its colour."""
    for band in ax.collections:
        corners = band.get_paths()[0].vertices
        middle = (len(corners) - 1) // 2
        yield corners[1:middle, 1], corners[middle + 1 : -1, 1][::-1], to_hex(band.get_facecolor()[0])


def test_ten_runs_are_a_line_each(stored):
    axes = plot_runs(stored("network", *map(trajectory, range(MOST_LINES)))).axes
    assert [len(curves(ax)) for ax in axes] == [MOST_LINES * lines for lines in (2, 6, 6, 6, 6)]
    assert not any(ax.collections for ax in axes)


def test_more_are_their_median_and_a_band(stored):
    """Of eleven numbers the quantiles of 10, 50 and 90 % are the second, the sixth and the tenth."""
    runs = [trajectory(seed) for seed in range(MANY)]
    errors, Q, _, R1, readouts = plot_runs(stored("network", *runs)).axes

    def expected(values):
        return np.sort([values(run) for run in runs], axis=0)[[1, 5, 9]]

    def assert_drawn(ax, values):
        low, median, high = expected(values)
        (line,) = [line for line in curves(ax) if np.array_equal(line.get_ydata(), median)]
        color = to_hex(line.get_color())
        found = [edges for *edges, own in drawn_bands(ax) if own == color]
        assert any(np.allclose(edges, (low, high), rtol=1e-12, atol=0) for edges in found)

    assert_drawn(errors, lambda run: run.generalisation_error[:, 0])
    assert_drawn(errors, lambda run: run.generalisation_error[:, 1])
    assert_drawn(Q, lambda run: run.student_overlaps[:, 0, 2])
    assert_drawn(Q, lambda run: run.student_overlaps[:, 1, 1])
    assert_drawn(R1, lambda run: run.student_teacher_overlaps[:, 1, 2, 0])
    assert_drawn(readouts, lambda run: run.student_readouts[:, 1, 0])
    assert [len(curves(ax)) for ax in (errors, Q, R1, readouts)] == [2, 6, 6, 6]


def test_the_legend_says_what_a_band_is(stored):
    many = stored("network", *map(trajectory, range(MANY)))
    figure = plot_runs([*many, *stored("ode", trajectory())])
    assert words(figure.legends[0])[:2] == [f"network, {MANY} runs:\nmedian, 10% to 90%", "ode"]


def test_a_run_that_diverged_is_in_no_band(stored):
    runs = [trajectory(seed) for seed in range(MANY)]
    figure = plot_runs(stored("chain", *runs, trajectory(99, rows=4, switches=(), diverged_at=3.5)))
    alone = plot_runs(stored("chain", *runs))
    for ax, other in zip(figure.axes, alone.axes, strict=True):
        for line, same in zip(curves(ax), curves(other), strict=True):
            assert np.array_equal(line.get_ydata(), same.get_ydata())
    assert figure.get_suptitle() == f"1 of {MANY + 1} runs diverged and are left out"
    assert words(figure.legends[0])[0].startswith(f"chain, {MANY} runs")


def test_runs_of_two_specs_are_not_mixed(stored):
    slow, fast = ([trajectory(seed + shift) for seed in range(MANY)] for shift in (0, 100))
    runs = stored("network", *slow) + stored("network", *fast, training={"learning_rate": 0.5})
    errors = plot_runs(runs).axes[0]
    assert len(curves(errors)) == len(errors.collections) == 4
    for group in (slow, fast):
        assert has_curve(errors, np.sort([run.generalisation_error[:, 0] for run in group], axis=0)[5])


def test_single_runs_of_one_spec_are_a_band(stored):
    runs = [Run.of(spec(), "chain", seed, (trajectory(seed),)) for seed in range(MANY)]
    assert len(plot_runs(runs).axes[0].collections) == 2


def test_switches_of_many_runs_are_at_their_median(stored):
    runs = [trajectory(seed, switches=(2.0 + 0.1 * seed, 4.0)[: 1 + seed % 2]) for seed in range(MANY)]
    for ax in plot_runs(stored("network", *runs)).axes:
        switches = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
        assert sorted(switches) == [2.5, 4.0]


@pytest.mark.thorough
def test_a_thousand_runs_take_seconds(stored):
    runs = stored("network", *(trajectory(seed, rows=300) for seed in range(1000)))
    start = time.process_time()
    plot_runs(runs).savefig(io.BytesIO(), format="png")
    assert time.process_time() - start < 5.0  # 0.9 where it was measured, 8700 medians and bands


def test_pyplot_is_not_touched():
    code = "import sys, teacherstudent.plotting; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("layout", ["constrained", None])
def test_two_files_with_one_layout_have_the_bytes_of_saving_them(layout):
    def drawn():
        figure = Figure(figsize=(3.0, 2.0), layout=layout)
        left, right = figure.subplots(1, 2)
        left.loglog([1.0, 1e3], [1.0, 0.01], label="$t^{-1}$")
        left.set(xlabel="time $t$", ylabel="error")
        figure.legend(loc="outside upper center" if layout else "upper center")
        mesh = right.pcolormesh(np.arange(12.0).reshape(3, 4), rasterized=True)
        figure.colorbar(mesh, ax=right, label="forgetting")
        return figure

    with drawing({"savefig.dpi": 120, "pdf.fonttype": 42}):
        figure = drawn()
        expected = [as_bytes(figure, "pdf")]
        figure.set_layout_engine("none")
        expected.append(as_bytes(figure, "png"))
        assert list(pdf_and_png(drawn())) == expected
