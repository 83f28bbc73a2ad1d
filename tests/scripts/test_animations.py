"""Animations: every frame shows the data; the files are small, whole, and the same each time."""

import dataclasses
from types import SimpleNamespace

import _animations
import forgetting
import imageio_ffmpeg
import numpy as np
import pytest
import sgd_on_ode
import specialisation
from matplotlib.figure import Figure
from PIL import Image

from samples import document
from teacherstudent.store.curves import Curves, write_curves

RNG = np.random.default_rng(0)
SIZE = 2_000_000  # bytes


def curves(engine, axes, time, **quantities):
    lead = (*(len(values) for values in axes.values()), 1)
    arrays = {
        name: np.array(values).reshape(*lead, *np.shape(values)[len(axes) :])
        for name, values in quantities.items()
    }
    features = {"relation": "rotated", "similarity": 0.5}
    rotated = document(teachers={"count": 2, "hidden": 2, "features": features})
    return Curves(
        engine=engine,
        axes={key: np.asarray(values) for key, values in axes.items()},
        runs=1,
        seed=0,
        time=np.asarray(time, dtype=float),
        quantities=arrays,
        diverged=np.zeros(lead, dtype=bool),
        switch_times=np.full((*lead, 1), 2.0),
        document=rotated,
    )


def switching(engine, time):
    rows = len(time)
    return curves(
        engine,
        {},
        time,
        generalisation_error=RNG.uniform(0.1, 1.0, (rows, 2)),
        student_overlaps=RNG.normal(size=(rows, 2, 2)),
    )


def along(engine, similarity):
    errors = RNG.uniform(0.1, 1.0, (len(similarity), 6, 2))
    axes = {"teachers.features.similarity": similarity}
    return curves(engine, axes, np.arange(6), generalisation_error=errors)


@pytest.fixture
def cases(monkeypatch):
    """Module and curves of each animation, with few frames."""
    monkeypatch.setattr(_animations, "FRAMES", 4)
    R = np.linspace(0.2 * np.ones((3, 3)), np.eye(3), 7)
    committee = curves(
        "ode",
        {},
        np.arange(7),
        student_teacher_overlaps=R[:, None],
        generalisation_error=np.geomspace(1, 1e-8, 7)[:, None],
    )
    verification = {
        "ode": switching("ode", np.arange(6)),
        "network": switching("network", np.arange(0, 6, 2)),
    }
    sweep = {"ode": along("ode", [0.0, 0.5, 1.0]), "network": along("network", [0.0, 1.0])}
    return {
        "sgd_on_ode": (sgd_on_ode, {sgd_on_ode.EXPERIMENT: verification}),
        "specialisation": (specialisation, {specialisation.EXPERIMENT: {"ode": committee}}),
        "forgetting": (forgetting, {forgetting.EXPERIMENT: sweep}),
    }


def test_points_of_the_simulation_appear_as_time_goes_by(cases):
    module, data = cases["sgd_on_ode"]
    movie, network = module.animate(data), data[module.EXPERIMENT]["network"]
    dots = [line for line in movie.figure.axes[0].lines if line.get_marker() == "o"]
    assert movie.frames == len(network.time)
    for frame in range(movie.frames):
        movie.draw(frame)
        for task, line in enumerate(dots):
            expected = network.quantities["generalisation_error"][0, : frame + 1, task]
            assert np.array_equal(line.get_ydata(), expected)


def test_the_lines_of_the_equations_stand_still(cases):
    module, data = cases["sgd_on_ode"]
    movie, ode = module.animate(data), data[module.EXPERIMENT]["ode"]
    movie.draw(0)
    lines = [line for line in movie.figure.axes[1].lines if len(line.get_xdata()) == len(ode.time)]
    Q = ode.quantities["student_overlaps"][0]
    assert all(
        np.array_equal(line.get_ydata(), Q[:, i, k])
        for line, (i, k) in zip(lines, sgd_on_ode.PAIRS, strict=True)
    )


def test_the_matrix_ends_specialised_where_the_error_is_learnt(cases):
    module, data = cases["specialisation"]
    movie, ode = module.animate(data), data[module.EXPERIMENT]["ode"]
    movie.draw(movie.frames - 1)
    end = int(np.argmax(ode.quantities["generalisation_error"][0, :, 0] < module.LEARNT))
    (image,) = movie.figure.axes[0].images
    assert np.array_equal(image.get_array(), ode.quantities["student_teacher_overlaps"][0, end, 0])
    assert movie.figure.axes[1].lines[1].get_xdata() == [ode.time[end]]


def test_frames_follow_time_and_change():
    R = np.zeros((101, 1, 1))
    R[50:60, 0, 0], R[60:, 0, 0] = np.linspace(0.1, 1.0, 10), 1.0
    rows = specialisation.frames_of(R)
    assert rows[0] == 0
    assert rows[-1] == 100
    assert np.all(np.diff(rows) >= 0)
    assert np.mean((rows >= 49) & (rows <= 60)) > 0.45


def test_forgetting_is_that_since_the_switch(cases):
    module, data = cases["forgetting"]
    movie, ode = module.animate(data), data[module.EXPERIMENT]["ode"]
    line = movie.figure.axes[0].lines[0]
    logs = np.log10(ode.quantities["generalisation_error"][:, 0, :, 0])
    for frame, row in ((0, 2), (movie.frames - 1, 5)):
        movie.draw(frame)
        assert np.allclose(line.get_ydata(), logs[:, row] - logs[:, 2])


@pytest.mark.parametrize("name", ["sgd_on_ode", "specialisation", "forgetting"])
def test_both_files_have_all_frames_and_the_same_bytes_each_time(cases, name, tmp_path):
    module, data = cases[name]
    for entry in ("one", "two"):
        gif, mp4 = tmp_path / f"{entry}.gif", tmp_path / f"{entry}.mp4"
        movie = module.animate(data)
        _animations.save(movie, gif, mp4)
    for ending in ("gif", "mp4"):
        first, second = ((tmp_path / f"{entry}.{ending}").read_bytes() for entry in ("one", "two"))
        assert first == second
        assert len(first) < SIZE
    frames, _ = imageio_ffmpeg.count_frames_and_secs(str(mp4))
    with Image.open(gif) as image:
        assert image.n_frames == frames == movie.frames
        assert image.size == (640, 320)
        assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_a_rule_gets_its_files(cases, tmp_path):
    module, data = cases["forgetting"]
    source = tmp_path / f"{module.EXPERIMENT}.h5"
    write_curves(source, [dataclasses.replace(entry) for entry in data[module.EXPERIMENT].values()])
    (tmp_path / "plain.mplstyle").write_text("font.size: 7\n")
    output = SimpleNamespace(gif=tmp_path / "out.gif", mp4=tmp_path / "out.mp4")
    given = SimpleNamespace(curves=[str(source)], style=str(tmp_path / "plain.mplstyle"))
    _animations.make(SimpleNamespace(log=[str(tmp_path / "log")], input=given, output=output), module.animate)
    assert output.gif.stat().st_size > 0
    assert output.mp4.stat().st_size > 0


def test_the_bytes_do_not_depend_on_memory_that_is_not_initialised(tmp_path, monkeypatch):
    """The allocator of ffmpeg fills its memory with a byte."""
    figure = Figure(figsize=(1.6, 1.6))
    (line,) = figure.subplots().plot([0, 1], [0, 1])
    movie = _animations.Movie(figure, 4, lambda frame: line.set_linewidth(frame))
    found = set()
    for byte in (0, 1, 2, 85):
        monkeypatch.setenv("GLIBC_TUNABLES", f"glibc.malloc.perturb={byte}")
        _animations.save(movie, tmp_path / "movie.gif", tmp_path / "movie.mp4")
        found.add((tmp_path / "movie.mp4").read_bytes())
    assert len(found) == 1
