"""A page for each figure and the gallery, from the configuration, the scripts and what stands in results/."""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

import yaml
from markup import plain

PAPERS = {
    "lee2021": "Lee, Goldt & Saxe 2021, continual learning and task similarity",
    "saadsolla1995": "Saad & Solla 1995, on-line learning in soft committee machines",
    "goldt2019": "Goldt et al. 2019, dynamics of SGD for two-layer networks",
}
GALLERY = (
    "# Gallery",
    "",
    "Every figure, as it was last built in `results/`: in the small form or at the scale of the papers.",
    "What is known about the originals stands in the captions; see also [Limits](../limits.md).",
    "",
)
NOT_BUILT = "This {what} has not been built yet: `{command}`, then `make docs`."
SMALL_FORM = "snakemake --cores all --configfile config/quick.yaml {target}"


def navigation(root: Path) -> list:
    """Return the pages of the figures, by paper."""
    papers: dict[str, list] = {}
    for name, figure in figures(root).items():
        papers.setdefault(figure["paper"], []).append({name: f"figures/{name}.md"})
    return [{paper: pages} for paper, pages in papers.items()]


def files(root: Path) -> dict[str, str | bytes]:
    """Return pages and pictures by path."""
    known = figures(root)
    made: dict[str, str | bytes] = {"figures/index.md": _gallery(root, known)}
    for name, figure in known.items():
        made[f"figures/{name}.md"] = _page(root, name, figure)
        for path in (picture(root, name, figure), numbers(root, name, figure)):
            if path.exists():
                made[f"figures/{path.name}"] = path.read_bytes()
    for path in sorted((root / "results" / "animations").glob("*.*")):
        made[f"animations/{path.name}"] = path.read_bytes()
    return made


def figures(root: Path) -> dict[str, dict]:
    """Return the figures of the configuration by name."""
    known: dict[str, dict] = {}
    for path in sorted((root / "config" / "experiments").glob("*.yaml")):
        known |= (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("figures") or {}
    return known


def picture(root: Path, name: str, figure: dict) -> Path:
    """Return where the picture of a figure stands, when it is built."""
    return root / "results" / "figures" / figure["paper"] / f"{name}.png"


def numbers(root: Path, name: str, figure: dict) -> Path:
    """Return where the numbers that a figure shows stand, when it is built."""
    return picture(root, name, figure).with_suffix(".csv")


def animations(root: Path) -> str:
    """Return the animations as Markdown, for the front page."""
    scripts = sorted((root / "workflow" / "scripts" / "animations").glob("[!_]*.py"))
    return "\n".join(line for script in scripts for line in _animation(root, script))


def _animation(root: Path, script: Path) -> Iterator[str]:
    name, text = script.stem, _first_paragraph(_docstring(script))
    if (root / "results" / "animations" / f"{name}.gif").exists():
        yield from (f"![{text}](animations/{name}.gif)", "", f"*{text}* [MP4](animations/{name}.mp4)", "")
    else:
        yield from _note("animation", SMALL_FORM.format(target="-- animations"), text)


def _note(what: str, command: str, text: str) -> Iterator[str]:
    yield from ('!!! note ""', "", f"    {text} {NOT_BUILT.format(what=what, command=command)}", "")


def _gallery(root: Path, known: dict[str, dict]) -> str:
    lines = [*GALLERY]
    for paper in dict.fromkeys(figure["paper"] for figure in known.values()):
        lines += [f"## {PAPERS.get(paper, paper)}", ""]
        for name, figure in known.items():
            if figure["paper"] == paper:
                text = _first_paragraph(_docstring(_script(root, name)))
                lines += [f"### [{name}]({name}.md)", "", text, "", *_shown(root, name, figure)]
    return "\n".join(lines)


def _shown(root: Path, name: str, figure: dict) -> Iterator[str]:
    if picture(root, name, figure).exists():
        yield from (f"[![{name}]({name}.png)]({name}.md)", "")
    else:
        yield from _note("figure", SMALL_FORM.format(target=f"-- {name}"), "")


def _page(root: Path, name: str, figure: dict) -> str:
    sources = ", ".join(f"`{experiment}`" for experiment in figure["experiments"])
    lines = [f"# {name}", "", _docstring(_script(root, name)), "", *_shown(root, name, figure)]
    lines += ["## Caption", "", _caption(root, name, figure), ""]
    lines += [f"Drawn by `workflow/scripts/figures/{name}.py` from {sources}.", ""]
    if numbers(root, name, figure).exists():
        lines += [f"The numbers that it shows: [{name}.csv]({name}.csv).", ""]
    return "\n".join([*lines, "## Claims", "", *_claims(root, name)])


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def _docstring(script: Path) -> str:
    return plain(ast.get_docstring(_parsed(script)) or "")


def _caption(root: Path, name: str, figure: dict) -> str:
    """Return the caption as built, which tells of runs left out, or that of the script."""
    built = picture(root, name, figure).with_suffix(".txt")
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
    path = root / "results" / "claims" / f"{name}.csv"
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
