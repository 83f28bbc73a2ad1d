"""What the scripts of animations share: how an animation is made from curves.

A script has a docstring that says what the reader should see, `animate(curves)`, which draws everything that
stands still and returns a `Movie`, and a tail like that of a figure. `curves[experiment][engine]` is a
`teacherstudent.curves.Curves`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image

from _logs import logged
from teacherstudent.curves import Curves, read_curves

SIZE = (6.4, 3.2)  # inches; times DPI an even number of pixels, as the codec wants them
DPI = 100
RATE = 15  # frames per second
FRAMES = 120
PAUSE = 2000  # milliseconds on the last frame, before the GIF starts again
COLORS = 128  # of the GIF

# One thread and no version in the file: the same bytes each time.
EXACT = ["-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-crf", "20"]

Experiments = Mapping[str, Mapping[str, Curves]]


@dataclass(frozen=True)
class Movie:
    """A figure, the number of its frames, and what brings it into the state of frame 0, 1, ..."""

    figure: Figure
    frames: int
    draw: Callable[[int], None]


def rows_of(time: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Return the last recorded row at or before each moment."""
    return np.clip(np.searchsorted(time, moments, side="right") - 1, 0, len(time) - 1)


def make(snakemake, animate: Callable[[Experiments], Movie]) -> None:
    """Read the curves that a rule asks for, and write the animation as GIF and as MP4."""
    with logged(snakemake.log[0]):
        curves = {Path(path).stem: read_curves(path) for path in snakemake.input.curves}
        matplotlib.use("agg")
        with plt.style.context(snakemake.input.style):
            save(animate(curves), snakemake.output.gif, snakemake.output.mp4)


def save(movie: Movie, gif: str | Path, mp4: str | Path) -> None:
    """Write a movie twice, as GIF and as MP4 (H.264)."""
    shown = [Image.fromarray(picture) for picture in pictures(movie)]
    small = [picture.quantize(COLORS) for picture in shown]
    durations = [1000 // RATE] * (len(small) - 1) + [PAUSE]
    small[0].save(gif, save_all=True, append_images=small[1:], duration=durations, loop=0)
    writer = imageio_ffmpeg.write_frames(str(mp4), shown[0].size, fps=RATE, output_params=EXACT)
    writer.send(None)
    for picture in shown:
        writer.send(picture.tobytes())
    writer.close()
    plt.close(movie.figure)


def pictures(movie: Movie) -> Iterator[np.ndarray]:
    """Yield all frames, (height, width, 3); they share the layout of the last one."""
    movie.figure.set_dpi(DPI)
    movie.draw(movie.frames - 1)
    movie.figure.canvas.draw()
    movie.figure.set_layout_engine("none")
    for frame in range(movie.frames):
        movie.draw(frame)
        movie.figure.canvas.draw()
        yield np.array(movie.figure.canvas.buffer_rgba())[:, :, :3]
