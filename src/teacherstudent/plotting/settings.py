"""Settings of figures: matplotlib's defaults and a style, independent of the settings of the user.

The same data give the same bytes. Some settings take effect when an artist is created, some when it is drawn,
some when the figure is saved: all three happen inside `drawing`. Figures are created without pyplot, which
would select a backend and not release the figures.
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from teacherstudent.plotting.environment import import_matplotlib

import_matplotlib()

import matplotlib  # noqa: E402
from matplotlib.backend_bases import get_registered_canvas_class  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: E402

COMMON = {"savefig.dpi": 150, "svg.hashsalt": "teacherstudent"}
# Files have no date, and png files no version of matplotlib.
UNDATED = {"pdf": {"CreationDate": None}, "png": {"Software": None}, "svg": {"Date": None}}
POINTS = 72.0  # per inch; the unit of length in pdf files


@contextmanager
def drawing(style: str | Path | Mapping[str, Any] | None = None) -> Iterator[None]:
    """Set matplotlib's defaults and a style on top of them, to draw and save figures in the block.

    Afterwards the settings are as before; the backend is not changed.

    Parameters
    ----------
    style : path or mapping, optional
        Path of a style sheet, or settings of matplotlib by name.

    Raises
    ------
    OSError
        If the style sheet cannot be read.
    ValueError
        If matplotlib does not accept a setting.
    """
    settings = dict(dict.items(matplotlib.rcParamsDefault)) | COMMON
    del settings["backend"]
    if isinstance(style, Mapping):
        settings |= style
    elif style is not None:
        settings |= matplotlib.rc_params_from_file(style, fail_on_error=True, use_default_template=False)
    with matplotlib.rc_context(settings):
        yield


def as_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as the content of a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure to write.
    kind : {"png", "pdf", "svg"}
        Format of the file.

    Returns
    -------
    bytes
        The content of the file, without a date.
    """
    content = io.BytesIO()
    figure.savefig(content, format=kind, metadata=UNDATED[kind])
    return content.getvalue()


def pdf_and_png(figure: Figure) -> tuple[bytes, bytes]:
    """Return a figure as the contents of a pdf and of a png file, both with the layout of the pdf file.

    The bytes are those of `as_bytes`, of the png file after the layout is fixed. The figure is drawn once for
    each file; `Figure.savefig` draws a figure with a layout twice. Afterwards the layout is fixed.
    """
    resolution, contents = matplotlib.rcParams["savefig.dpi"], []
    if resolution == "figure":
        resolution = figure.get_dpi()
    canvases = {kind: get_registered_canvas_class(kind) for kind in ("pdf", "png")}
    canvases["pdf"](figure)  # the layout depends on how large it makes texts
    figure.set_dpi(POINTS)
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")
    for kind, canvas in canvases.items():
        figure.set_dpi(resolution)
        content = io.BytesIO()
        getattr(canvas(figure), f"print_{kind}")(content, metadata=UNDATED[kind])
        contents.append(content.getvalue())
    return contents[0], contents[1]


class NotebookFigure(Figure):
    """A figure that is drawn and saved with its own settings, independent of those of the user.

    Parameters
    ----------
    style : mapping of str to object
        Settings of matplotlib over its defaults; the figure must be made inside `drawing(style)`.
    **options
        Arguments of `matplotlib.figure.Figure`.
    """

    def __init__(self, style: Mapping[str, Any], **options):
        super().__init__(**options)
        self.style = style

    def draw(self, renderer) -> None:
        """Draw the figure; the layout is computed again, since the resolution may have changed."""
        computed = isinstance(
            self.get_layout_engine(), ConstrainedLayoutEngine
        )  # not again while a file is written
        for ax in self.axes if computed else ():
            if ax.get_in_layout() and ax.get_subplotspec():
                ax.set_subplotspec(ax.get_subplotspec())
        with drawing(self.style):
            super().draw(renderer)

    def savefig(self, fname, **options) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig` does; png, pdf and svg files have no date."""
        ending = os.path.splitext(fname)[1][1:] if isinstance(fname, str | os.PathLike) else ""
        kind = (options.get("format") or ending or "png").lower()
        metadata = UNDATED.get(kind, {}) | (options.pop("metadata", None) or {})
        with drawing(self.style):
            super().savefig(fname, metadata=metadata or None, **options)

    def _repr_png_(self) -> bytes:
        """Show the figure in a notebook where pyplot is not used."""
        return as_bytes(self, "png")
