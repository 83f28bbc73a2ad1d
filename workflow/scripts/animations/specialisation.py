"""Specialisation in the matrix of student-teacher overlaps: student units become equal to teacher units.

The reader should see a matrix of equal entries while the error is on its plateau; then one entry of each row
increases and the others vanish, while the error decreases.
"""

import _animations
import _figures
import numpy as np
from _saadsolla1995 import errors, teacher_overlaps

EXPERIMENT = "saadsolla1995_isotropic"
LEARNT = 1e-6  # error at which the animation ends
DARK = 0.5  # entries above have white numbers


def animate(curves):
    """Draw the error over all time; each frame shows the matrix, and the moment on the curve."""
    ode = curves[EXPERIMENT]["ode"]
    R, error = teacher_overlaps(ode), errors(ode)
    end = int(np.argmax(error < LEARNT)) or len(error) - 1
    rows = frames_of(R[: end + 1])
    fig, (left, right) = _animations.panels(width_ratios=[1.0, 1.25])
    image = left.imshow(R[0], cmap="Blues", vmin=0.0, vmax=1.0)
    texts = [left.text(m, i, "", ha="center", va="center", fontsize=9) for i, m in np.ndindex(R.shape[1:])]
    K, M = R.shape[1:]
    left.set(
        xticks=range(M), xticklabels=range(1, M + 1), xlabel="teacher unit $m$", title="overlaps $R_{im}$"
    )
    left.set(yticks=range(K), yticklabels=range(1, K + 1), ylabel="student unit $i$")
    left.spines[:].set_visible(False)
    right.plot(ode.time, error, color="0.4")
    (moment,) = right.plot([], [], "o", color="#D95F02", markersize=6, clip_on=False)
    right.set(xlabel="time $t$ (steps / inputs)", ylabel="generalisation error", xlim=(0, ode.time[end]))
    _figures.log_axes(right)
    right.set_ylim(LEARNT, 1.0)

    def draw(frame):
        row = rows[frame]
        image.set_data(R[row])
        for text, value in zip(texts, R[row].ravel(), strict=True):
            text.set(text=f"{value:.2f}".replace("-0.00", "0.00"), color="white" if value > DARK else "black")
        moment.set_data([ode.time[row]], [error[row]])
        right.set_title(f"$t$ = {ode.time[row]:.0f}")

    return _animations.Movie(fig, len(rows), draw)


def frames_of(R):
    """Return the rows of all frames: half of them equally spaced in time, half by changes of the matrix."""
    moved = np.cumsum(np.abs(np.diff(R, axis=0, prepend=R[:1])).sum(axis=(1, 2)))
    progress = np.linspace(0.0, 1.0, len(R)) + moved / moved[-1]
    return _animations.rows_of(progress, np.linspace(0.0, progress[-1], _animations.FRAMES))


if __name__ == "__main__":
    _animations.make(snakemake, animate)
