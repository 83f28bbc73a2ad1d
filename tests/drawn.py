"""Draws figures of all kinds in a process of its own: `python drawn.py {user,changed,command} FOLDER`.

Prints a JSON object of the SHA-256 of their bytes, by name. `user` calls the library, `changed` does so with
settings changed in Python before, between drawing and saving, and `command` runs `teacherstudent plot`.
"""

import hashlib
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).parent
WORKFLOW = HERE.parent / "workflow"
SCRIPTS = WORKFLOW / "scripts"
STYLE = str(WORKFLOW / "styles" / "paper.mplstyle")
sys.path[:0] = map(str, [HERE, SCRIPTS, SCRIPTS / "figures", SCRIPTS / "animations"])
KINDS = ("png", "pdf", "svg")
HUGE = {
    "axes.facecolor": "red",
    "axes.grid": True,
    "axes.prop_cycle": "cycler('color', ['k'])",
    "figure.dpi": 30,
    "font.family": "serif",
    "font.size": 30,
    "lines.linewidth": 9,
    "pdf.fonttype": 3,
    "savefig.bbox": "tight",
    "savefig.dpi": 30,
    "savefig.facecolor": "red",
    "svg.fonttype": "none",
    "svg.hashsalt": "mine",
    "text.usetex": True,
    "axes.unicode_minus": False,
}


def change():
    """Change settings in Python, as a notebook does."""
    from matplotlib import pyplot as plt

    plt.switch_backend("svg")
    plt.rcParams.update(HUGE)


def from_the_library(change=lambda: None):
    from samples import spec, trajectory
    from teacherstudent.api import Run
    from teacherstudent.plotting import plot_runs

    figure = plot_runs(Run.of(spec(), "network", 3, (trajectory(),)))
    change()
    for kind in KINDS:
        content = io.BytesIO()
        figure.savefig(content, format=kind)
        yield f"run.{kind}", content.getvalue()
    yield "shown", figure._repr_png_()
    content = io.BytesIO()  # as `%matplotlib inline` shows it
    colors = {"facecolor": "white", "edgecolor": "white"}
    figure.canvas.print_figure(content, format="png", dpi=100, bbox_inches="tight", metadata={}, **colors)
    yield "inline", content.getvalue()


def from_the_command(folder):
    from samples import spec, trajectory
    from teacherstudent.command.main import main
    from teacherstudent.store.runs import write_run

    write_run(folder / "run.h5", spec(), "network", 3, trajectory())
    for kind in KINDS:
        assert main(["plot", str(folder / "run.h5"), "--output", str(folder / f"run.{kind}")]) == 0
        yield f"run.{kind}", (folder / f"run.{kind}").read_bytes()


def from_the_workflow(folder):
    import _figures  # first, as in the scripts
    import lee2021_measures as script
    import numpy as np

    from lee2021_samples import curves

    time, log = np.linspace(0.0, 100.0, 10001), np.linspace(-1.0, -4.0, 10001)
    entries = [curves(time, log, log)]
    rule, paths = rule_of(folder, script.FIGURE, entries, ("pdf", "png", "csv", "caption", "claims"))
    _figures.make(rule, script.figure, lambda curves: [], script.CAPTION)
    yield from ((f"figure.{kind}", path.read_bytes()) for kind, path in paths.items())

    import _animations
    import forgetting

    import draw_explorer

    _animations.FRAMES = 2
    entries = list(swept(curves))
    rule, paths = rule_of(folder, forgetting.EXPERIMENT, entries, ("gif", "mp4"))
    _animations.make(rule, forgetting.animate)
    yield from ((f"animation.{kind}", path.read_bytes()) for kind, path in paths.items())
    page = draw_explorer.figure(draw_explorer.grid({"ode": entries[0]}))
    yield "explorer", page.to_json().encode()


def swept(curves):
    """Curves of both engines along the similarity."""
    import numpy as np

    from lee2021_samples import SIMILARITY

    time, similarity = np.linspace(0.0, 200.0, 41), np.linspace(0.0, 1.0, 5)
    log = np.multiply.outer(similarity, np.maximum(time - 100.0, 0.0) / 50.0)[:, None] - 3.0
    for engine in ("ode", "network"):
        entry = curves(time, log, log[::-1], {SIMILARITY: similarity}, engine)
        entry.document["curriculum"] = {"switch_times": [100.0]}
        yield entry


def rule_of(folder, experiment, entries, kinds):
    """What a rule gives to its script, and the files that the script is to write."""
    from teacherstudent.store.curves import write_curves

    write_curves(folder / f"{experiment}.h5", entries)
    given = SimpleNamespace(curves=[str(folder / f"{experiment}.h5")], style=STYLE)
    paths = {kind: folder / f"{experiment}.{kind}" for kind in kinds}
    output = SimpleNamespace(**{kind: str(path) for kind, path in paths.items()})
    return SimpleNamespace(log=[str(folder / "log")], input=given, output=output), paths


def main(who, folder):
    if who == "command":
        drawn = dict(from_the_command(folder))
    elif who == "user":
        drawn = dict(from_the_library()) | dict(from_the_workflow(folder))
    else:
        change()
        drawn = dict(from_the_library(change)) | dict(from_the_workflow(folder))
    print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in drawn.items()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
