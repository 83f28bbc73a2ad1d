"""Shared code of the scripts of animations.

A script has a docstring that describes what the reader should see, a function `animate(curves)`, which draws
the static parts and returns a `Movie`, and last lines like those of a figure. `curves[experiment][engine]` is
a `teacherstudent.store.curves.Curves`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# isort: split
from teacherstudent.plotting.settings import drawing  # imports matplotlib safely

# isort: split
import imageio_ffmpeg
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from _logs import logged
from teacherstudent.errors import RunError
from teacherstudent.files.writing import whole_file
from teacherstudent.store.curves import Curves, read_curves

SIZE = (6.4, 3.2)  # inches; SIZE times DPI must be an even number of pixels for the codec
DPI = 100
RATE = 15  # frames per second
FRAMES = 120
PAUSE = 2000  # milliseconds of the last frame, before the GIF starts again
COLORS = 128  # of the GIF

# One thread, no version in the file, and no assembly of x264 that depends on the processor, which also reads
# memory that is not initialised: the same bytes each time.
EXACT = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-crf", "20"]
EXACT += ["-x264-params", "cpu-independent=1"]

Experiments = Mapping[str, Mapping[str, Curves]]


@dataclass(frozen=True)
class Movie:
    """A figure, the number of its frames, and a function that updates the figure to frame 0, 1, ..."""

    figure: Figure
    frames: int
    draw: Callable[[int], None]


def panels(**grid) -> tuple[Figure, np.ndarray]:
    """Return a figure of the size of all animations and its two axes, side by side."""
    figure = Figure(figsize=SIZE)
    return figure, figure.subplots(1, 2, **grid)


def rows_of(time: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the last recorded row at or before each moment."""
    return np.clip(np.searchsorted(time, moments, side="right") - 1, 0, len(time) - 1)


def make(snakemake, animate: Callable[[Experiments], Movie]) -> None:
    """Read the curves that a rule names, and write the animation as GIF and as MP4."""
    with logged(snakemake.log[0]):
        curves = {Path(path).stem: read_curves(path) for path in snakemake.input.curves}
        with drawing(snakemake.input.style):
            save(animate(curves), snakemake.output.gif, snakemake.output.mp4)


def save(movie: Movie, gif: str | Path, mp4: str | Path) -> None:
    """Write a movie as GIF and as MP4 (H.264).

    Parameters
    ----------
    movie : Movie
        The movie.
    gif, mp4 : path
        The two files to write.

    Raises
    ------
    RunError
        If ffmpeg does not write all frames.
    """
    shown = [Image.fromarray(picture) for picture in pictures(movie)]
    small = [picture.quantize(COLORS) for picture in shown]
    durations = [1000 // RATE] * (len(small) - 1) + [PAUSE]
    with whole_file(gif) as temporary:
        small[0].save(temporary, "GIF", save_all=True, append_images=small[1:], duration=durations, loop=0)
    with whole_file(mp4) as temporary:
        _write_mp4(temporary, shown)
        if not _has_frames(temporary, len(shown)):
            raise RunError(f"{mp4}: ffmpeg could not write all of it")


def _write_mp4(path: Path, shown: list[Image.Image]) -> None:
    """Write pictures as H.264, with the same bytes each time."""
    kind = ["-f", "mp4"]
    how = {"fps": RATE, "output_params": EXACT + kind, "ffmpeg_log_level": "quiet"}
    writer = imageio_ffmpeg.write_frames(str(path), shown[0].size, **how)
    writer.send(None)
    for picture in shown:
        writer.send(picture.tobytes())
    writer.close()  # raises no error if ffmpeg failed


def _has_frames(path: Path, count: int) -> bool:
    """Return whether a file has a number of frames."""
    try:
        return imageio_ffmpeg.count_frames_and_secs(str(path))[0] == count
    except RuntimeError:
        return False


def pictures(movie: Movie) -> Iterator[np.ndarray]:
    """Yield all frames, (height, width, 3); they share the layout of the last one."""
    canvas = FigureCanvasAgg(movie.figure)
    movie.figure.set_dpi(DPI)
    movie.draw(movie.frames - 1)
    canvas.draw()
    movie.figure.set_layout_engine("none")
    for frame in range(movie.frames):
        movie.draw(frame)
        canvas.draw()
        yield np.array(canvas.buffer_rgba())[:, :, :3]
