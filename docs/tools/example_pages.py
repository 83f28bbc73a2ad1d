"""Pages of the examples: their cells, run when the site is built, with their output and figures."""

from pathlib import Path

import notebooks


def navigation(root: Path) -> list:
    """Return the pages of the examples."""
    return [f"examples/{path.stem}.md" for path in scripts(root)]


def scripts(root: Path) -> list[Path]:
    """Return the examples."""
    return sorted((root / "docs" / "examples").glob("*.py"))


def files(root: Path) -> dict[str, str | bytes]:
    """Return pages and pictures by path."""
    made: dict[str, str | bytes] = {}
    for path in scripts(root):
        made |= _page(path)
    return made


def _page(path: Path) -> dict[str, str | bytes]:
    made: dict[str, str | bytes] = {}
    lines = []
    for number, cell in enumerate(notebooks.run_cells(notebooks.read_cells(path))):
        if cell.kind == notebooks.MARKDOWN:
            lines += [cell.source, ""]
            continue
        lines += ["```python", cell.source, "```", ""]
        image = notebooks.picture(cell.value)
        if image:
            name = f"{path.stem}_{number}.png"
            made[f"examples/{name}"] = image
            lines += [f"![figure drawn by the cell]({name})", ""]
        elif cell.printed or cell.value is not None:
            lines += ["```text", cell.printed + ("" if cell.value is None else repr(cell.value)), "```", ""]
    return made | {f"examples/{path.stem}.md": "\n".join(lines)}
