"""A page for each figure and the gallery, made from the configuration, the scripts and results/."""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

from markup import plain

from teacherstudent.experiments import paths
from teacherstudent.experiments.figures import Figure, read_figures
from teacherstudent.experiments.scripts import description

# Papers by name: authors and year, and subject.
PAPERS = {
    "lee2021": ("Lee, Goldt & Saxe 2021", "continual learning and task similarity"),
    "lee2022": ("Lee et al. 2022", "forgetting by re-use and activation of units, and what reduces it"),
    "saadsolla1995": ("Saad & Solla 1995", "on-line learning in soft committee machines"),
    "goldt2019": ("Goldt et al. 2019", "dynamics of SGD for two-layer networks"),
    "straat2018": ("Straat et al. 2018", "learning under concept drift"),
    "goldt2020": ("Goldt et al. 2020", "the hidden manifold model of structured inputs"),
    "continual": ("Continual learning", "figures of this project on forgetting and on deficits"),
    "goldt2022": ("Goldt et al. 2022", "inputs from random generators"),
    "yoshida2019": ("Yoshida & Okada 2019", "plateaus with correlated inputs"),
    "refinetti2021": ("Refinetti et al. 2021", "classification of Gaussian clusters"),
    "manifold": ("Continual learning on manifolds", "tasks with different inputs, a figure of this project"),
    "patel2023": ("Patel et al. 2023", "the RL perceptron: learning from rewards of episodes"),
}
GALLERY = (
    "# Gallery",
    "",
    "Every figure, as it was last built in `results/`: in the small form or at the scale of the papers.",
    "The captions say how the figures differ from the originals; see also [Limits](../limits.md).",
    "",
)
NOT_BUILT = "This {what} has not been built yet: `{command}`, then `make docs`."
# On the front page where no animation has been made.
PICTURE = """![Forgetting and transfer against task similarity](images/lee2021_feature_similarity.png)

*Forgetting is worst for tasks of intermediate similarity (Lee, Goldt & Saxe 2021): theory as lines, simulated
networks as points.*
"""
SMALL_FORM = "snakemake --cores all --configfile config/quick.yaml {target}"


def navigation(root: Path) -> list:
    """Return the pages of the figures by their titles, by paper."""
    papers: dict[str, list] = {}
    for name, figure in read_figures(root).items():
        papers.setdefault(figure.paper, []).append({title(figure): f"figures/{name}.md"})
    return [{plain(PAPERS.get(paper, (paper,))[0]): pages} for paper, pages in papers.items()]


def files(root: Path) -> dict[str, str | bytes]:
    """Return pages and pictures by path."""
    known = read_figures(root)
    made: dict[str, str | bytes] = {"figures/index.md": _gallery(root, known)}
    for name, figure in known.items():
        made[f"figures/{name}.md"] = _page(root, name, figure)
        for path in (picture(root, figure), numbers(root, figure)):
            if path.exists():
                made[f"figures/{path.name}"] = path.read_bytes()
    for path in sorted((root / "results" / "animations").glob("*.*")):
        made[f"animations/{path.name}"] = path.read_bytes()
    return made


def title(figure: Figure) -> str:
    """Return the title of a figure as Markdown."""
    return plain(figure.title)


def picture(root: Path, figure: Figure) -> Path:
    """Return the path of the picture of a figure, which exists once it is built."""
    return root / paths.figure_file(figure, "png")


def numbers(root: Path, figure: Figure) -> Path:
    """Return the path of the table of the plotted data, which exists once the figure is built."""
    return picture(root, figure).with_suffix(".csv")


def animations(root: Path) -> str:
    """Return the animations that have been made, or a picture where there are none, as Markdown."""
    scripts = sorted((root / "workflow" / "scripts" / "animations").glob("[!_]*.py"))
    made = [script for script in scripts if (root / "results" / "animations" / f"{script.stem}.gif").exists()]
    return "\n".join(map(_animation, made)) or PICTURE


def _animation(script: Path) -> str:
    name, text = script.stem, _first_paragraph(_docstring(script))
    return f"![{text}](animations/{name}.gif)\n\n*{text}* [MP4](animations/{name}.mp4)\n"


def _note(what: str, command: str, text: str) -> Iterator[str]:
    yield from ('!!! note ""', "", f"    {text} {NOT_BUILT.format(what=what, command=command)}", "")


def _gallery(root: Path, known: dict[str, Figure]) -> str:
    lines = [*GALLERY]
    for paper in dict.fromkeys(figure.paper for figure in known.values()):
        lines += [f"## {plain(', '.join(PAPERS.get(paper, (paper,))))}", ""]
        for name, figure in known.items():
            if figure.paper == paper:
                text = _first_paragraph(_docstring(_script(root, name)))
                lines += [f"### [{title(figure)}]({name}.md)", "", f"`{name}`: {text}", ""]
                lines += _shown(root, name, figure)
    return "\n".join(lines)


def _shown(root: Path, name: str, figure: Figure) -> Iterator[str]:
    if picture(root, figure).exists():
        yield from (f"[![{title(figure)}]({name}.png)]({name}.md)", "")
    else:
        yield from _note("figure", SMALL_FORM.format(target=f"-- {name}"), "")


def _page(root: Path, name: str, figure: Figure) -> str:
    sources = ", ".join(f"`{experiment}`" for experiment in figure.experiments)
    lines = [f"# {title(figure)}", "", f"Target: `{name}`.", "", _docstring(_script(root, name)), ""]
    lines += _shown(root, name, figure)
    lines += ["## Caption", "", _caption(root, name, figure), ""]
    lines += [f"Drawn by `workflow/scripts/figures/{name}.py` from {sources}.", ""]
    if numbers(root, figure).exists():
        lines += [f"The plotted data: [{name}.csv]({name}.csv).", ""]
    return "\n".join([*lines, "## Claims", "", *_claims(root, name)])


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def _docstring(script: Path) -> str:
    return plain(description(script))


def _caption(root: Path, name: str, figure: Figure) -> str:
    """Return the caption as built, which lists runs left out, or that of the script."""
    built = picture(root, figure).with_suffix(".txt")
    if built.exists():
        return plain(built.read_text(encoding="utf-8"))
    for node in _parsed(_script(root, name)).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CAPTION":
            return plain(ast.literal_eval(node.value).strip())
    return ""


def _script(root: Path, name: str) -> Path:
    return root / "workflow" / "scripts" / "figures" / f"{name}.py"


def _parsed(script: Path) -> ast.Module:
    return ast.parse(script.read_text(encoding="utf-8"))


def _claims(root: Path, name: str) -> Iterator[str]:
    path = root / paths.CLAIMS.format(figure=name)
    if not path.exists():
        yield from _note("table", SMALL_FORM.format(target=f"-- {name}"), "")
        return
    yield from ("| claim | value | expected | known from | holds |", "|---|---|---|---|---|")
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            value, low, high = (_number(row[key]) for key in ("value", "low", "high"))
            source = ", ".join(filter(None, (row["source"], row["certainty"])))
            cells = plain(row["statement"]), value, f"{low} to {high}", plain(source), row["holds"]
            yield f"| {' | '.join(cells)} |"


def _number(text: str) -> str:
    return f"{float(text):.4g}".replace("inf", "∞").replace("-", "−")
