"""How figures are drawn and saved: matplotlib's defaults with a style over them, whatever the user has set.

The same data give the same bytes. Some settings act when an artist is made, some when it is drawn, some when
the figure is saved: all three happen inside `drawing`. Figures are made without pyplot, which would choose a
backend and hold them open.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from teacherstudent.plotting.environment import import_matplotlib

import_matplotlib()

import matplotlib  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

COMMON = {"savefig.dpi": 150, "svg.hashsalt": "teacherstudent"}
# Files have no date, and png files no version of matplotlib.
UNDATED = {"pdf": {"CreationDate": None}, "png": {"Software": None}, "svg": {"Date": None}}


@contextmanager
def drawing(style: str | Path | None = None) -> Iterator[None]:
    """Draw and save figures in the block with matplotlib's defaults and a style sheet, if one is named.

    Afterwards the settings are as before; the backend stays the same. Raises OSError where the style sheet
    cannot be read, and ValueError where it has a setting that matplotlib does not accept.
    """
    settings = dict(dict.items(matplotlib.rcParamsDefault)) | COMMON
    del settings["backend"]
    if style is not None:
        settings |= matplotlib.rc_params_from_file(style, fail_on_error=True, use_default_template=False)
    with matplotlib.rc_context(settings):
        yield


def as_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as the content of a png, pdf or svg file: same figure, same bytes."""
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=UNDATED[kind])
    return content.getvalue()


class NotebookFigure(Figure):
    """A figure for users: drawn and saved as in `drawing`, whatever is set by then and however often."""

    def draw(self, renderer) -> None:
        """Draw the figure; the layout starts anew, since an earlier one may have had another resolution."""
        for ax in self.axes:
            if ax.get_in_layout() and ax.get_subplotspec():
                ax.set_subplotspec(ax.get_subplotspec())
        with drawing():
            super().draw(renderer)

    def savefig(self, fname, **options) -> None:
        """Save the figure, as that of matplotlib does; png, pdf and svg files have no date."""
        ending = os.path.splitext(fname)[1][1:] if isinstance(fname, str | os.PathLike) else ""
        kind = (options.get("format") or ending or "png").lower()
        metadata = UNDATED.get(kind, {}) | (options.pop("metadata", None) or {})
        with drawing():
            super().savefig(fname, metadata=metadata or None, **options)

    def _repr_png_(self) -> bytes:
        """Show the figure in a notebook where pyplot is not used."""
        return as_bytes(self, "png")
