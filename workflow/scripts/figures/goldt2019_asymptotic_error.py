"""Final error of soft committee machines with label noise, against the number of surplus units.

Believed to be figure 2 of Goldt et al. 2019. The reader should see that the error increases with every
surplus unit, linearly at small learning rates and faster at larger ones, and the final overlaps of the
units.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2019 import (
    APART,
    COLORS,
    GUESSED,
    PLOTTED,
    TEACHER,
    averages,
    in_order,
    informed_error,
    late_errors,
    medians,
    plot_medians,
    plot_overlaps,
)

from teacherstudent.analysis import first_layer_error
from teacherstudent.experiments.claims import Claim

FIGURE = "goldt2019_asymptotic_error"
INFORMED = {M: f"goldt2019_first_layer_{M}" for M in (2, 4)}
RANDOM, IDLE = "goldt2019_first_layer_random", "goldt2019_idle_units"
SMALL_RATE = SMALL_NOISE = 0.001
# eps / (sigma^2 eta) at eta = 0.01, 0.05, 0.1, 0.2, 0.5 by (M, K): sigma -> 0, from the authors' notebook.
RATES = (0.01, 0.05, 0.1, 0.2, 0.5)
NOTEBOOK = {
    (1, 1): (0.0921153, 0.0930351, 0.0942110, 0.0966544, 0.104809),
    (1, 2): (0.252368, 0.257813, 0.264959, 0.280518, 0.340593),
    (2, 2): (0.184571, 0.187818, 0.192043, 0.201094, 0.234251),
    (2, 3): (0.345417, 0.355731, 0.369526, 0.400612, 0.536051),
    (2, 4): (0.507297, 0.529271, 0.559572, 0.631951, 1.03313),
    (2, 5): (0.670222, 0.708726, 0.763564, 0.903388, 2.00578),
}
CAPTION = """
Soft committee machines (erf units, readouts 1, first layer trained) after long times, with K student
units, a teacher with M orthonormal units, and label noise sigma. (a) M = 2 and (b) M = 4: error in units
of sigma^2 eta against the number K - M of surplus units. Solid: fixed point of the equations next to the
state in which M units equal the teacher's and the others have zero weights, for sigma = 0.01; dashed: its
limit for small eta, (K - M + M / sqrt 3) / (2 pi). Circles: averages over the last third of runs from
that state, mean over runs with standard errors, which are smaller than the circles. Runs are exact
samples of the order parameters of networks with a finite number of inputs (784; fewer in the small form)
from engine chain. Triangles: the same from random weights of standard deviation 1, with sigma = 0.1,
median over runs; the length of the bars is the distance of the quartiles. (c) Overlaps Q and R for M = 2,
K = 5 from random weights with sigma = 0.01: solution of the equations at t = 20000. Student units are
sorted by the teacher unit that they are most similar to, and by this similarity; the surplus units are
short and cancel each other.
For K - M >= 2 the fixed point is a weak saddle, which is left at a rate of order (eta sigma)^2: two units
with opposite weights do not change the output, and the effect of the noise decreases as their weights
grow. No run is long enough for this process to end; runs from random weights, which have more noise, are
in the course of it. Believed to be figure 2 of Goldt et al. (NeurIPS 2019). Learning rates, noise and the
orthogonal units are our choice: those of the published figure are not known.
"""
claim = partial(Claim, FIGURE, source=GUESSED, certainty="remembered")
recomputed = partial(Claim, FIGURE, certainty="recomputed")


def figure(curves):
    """Draw errors against the number of units for both teachers, and the final overlaps."""
    fig, axes = _figures.panels(1, 3, _figures.PAGE, 0.95)
    for ax, M in zip(axes[0, :2], INFORMED, strict=True):
        plot_errors(ax, curves[INFORMED[M]]["chain"], M)
        ax.set(
            title=f"$M = {M}$", xlabel="surplus units, $K - M$", ylabel=r"error $\epsilon / (\sigma^2 \eta)$"
        )
    plot_random(axes[0, 0], curves[RANDOM]["chain"])
    for ax in axes[0, :2]:
        ax.set_ylim(0.0, 1.25 * ax.get_ylim()[1])
        ax.legend(loc="upper left")
    plot_overlaps(axes[0, 2], *final_overlaps(curves[IDLE]["ode"], PLOTTED))
    _figures.letter(axes)
    return fig


def rates(chain):
    """Return the learning rates of the runs."""
    return chain.axis("learning_rate")


def plot_errors(ax, chain, M):
    """Draw runs, fixed points and the limit of small learning rates for one teacher."""
    K = chain.axis("hidden")
    values = late_errors(chain)
    limit = [first_layer_error(M, int(k), 1.0, 1.0) for k in K]
    for column, (eta, color) in enumerate(zip(rates(chain), COLORS, strict=False)):
        name = rf"$\eta = {eta:g}$"
        _figures.plot_theory(ax, K - M, fixed_points(M, K, eta), name, color=color)
        _figures.plot_runs(ax, K - M, values[:, column], f"runs, {name}", label=None, color=color)
    _figures.plot_theory(ax, K - M, limit, r"$\eta \to 0$", color="0.45", linestyle="--")


def fixed_points(M, sizes, eta):
    """Return the errors of the fixed points next to the teacher."""
    return np.array([informed_error(M, int(K), float(eta)) for K in sizes])


def plot_random(ax, chain):
    """Draw runs from random weights."""
    x = chain.axis("hidden") - chain.spec.teachers.hidden
    name = rf"random, $\eta = {chain.spec.training.learning_rate:g}$"
    plot_medians(ax, x, late_errors(chain), name, color="0.3")


def final_overlaps(entry, run):
    """Return Q and R at the end of a run, student units in the order of the teacher's."""
    R = entry.values("student_teacher_overlaps")[run, -1, TEACHER]
    order = in_order(R)
    return entry.values("student_overlaps")[run, -1][np.ix_(order, order)], R[order]


def claims(curves):
    """State the table, the agreement of runs with it, the increase of the error, and the final overlaps."""
    informed = {M: curves[name]["chain"] for M, name in INFORMED.items()}
    return [
        *table_claims(),
        *(found for M, chain in informed.items() for found in run_claims(chain, M)),
        *growth_claims(informed),
        *unit_claims(curves[IDLE]["ode"]),
        random_claim(curves[RANDOM]["chain"]),
    ]


def table_claims():
    """Compare fixed points with the authors' expansion for small noise at several learning rates."""
    for (M, K), expected in NOTEBOOK.items():
        found = np.array([informed_error(M, K, eta, SMALL_NOISE) for eta in RATES])
        yield recomputed(
            f"M = {M}, K = {K}: error of the fixed point against that of the authors' formula for small "
            "noise, "
            "largest relative difference over learning rates from 0.01 to 0.5.",
            value=np.abs(found / expected - 1.0).max(),
            low=0.0,
            high=1e-5,
            source="the authors' notebook, evaluated independently",
        )


def run_claims(chain, M):
    """Compare runs with fixed points."""
    mean, error = averages(late_errors(chain))
    expected = np.stack([fixed_points(M, chain.axis("hidden"), eta) for eta in rates(chain)], axis=1)
    said = partial(recomputed, source="fixed point of the equations")
    yield said(
        f"M = {M}: error of runs against that of the fixed point, largest relative difference.",
        value=np.abs(mean / expected - 1.0).max(),
        low=0.0,
        high=0.03,
    )
    yield said(
        f"M = {M}: distance of the error of runs from that of the fixed point in standard errors, median.",
        value=np.median(np.abs(mean - expected) / error),
        low=0.0,
        high=APART,
    )


def growth_claims(informed):
    """State that the error increases with every unit, and its slope at small rates."""
    for M, chain in informed.items():
        steps = np.diff(averages(late_errors(chain))[0], axis=0) / np.diff(chain.axis("hidden"))[:, None]
        yield claim(
            f"M = {M}: smallest increase of the error with one more unit, in units of sigma^2 eta / (2 pi).",
            value=2.0 * np.pi * steps.min(),
            low=0.9,
        )
        K = chain.axis("hidden")
        slope = np.polyfit(K, fixed_points(M, K, SMALL_RATE), 1)[0]
        yield recomputed(
            f"M = {M}: slope of the error of fixed points against K at eta = 0.001, times 2 pi; 1 for eta "
            "-> 0.",
            value=2.0 * np.pi * slope,
            low=0.995,
            high=1.01,
            source="the authors' notebook, expanded for small rates",
        )


def unit_claims(ode):
    """State that the outputs of the surplus units cancel, and the lengths of these units."""
    M = ode.spec.teachers.hidden
    R = ode.values("student_teacher_overlaps")[:, -1, TEACHER]
    yield claim(
        "M = 2, K = 5 from random weights: distance of the sum over student units of R from 1, "
        "the larger one of both teacher units, median over runs.",
        value=np.median(np.abs(R.sum(axis=1) - 1.0).max(axis=1)),
        low=0.0,
        high=0.05,
    )
    lengths = [np.sort(np.diagonal(Q))[:-M].mean() for Q in ode.values("student_overlaps")[:, -1]]
    yield claim(
        "M = 2, K = 5 from random weights: mean length Q of the surplus units, median over runs.",
        value=np.median(lengths),
        low=0.0,
        high=0.3,
    )


def random_claim(chain):
    """State that the error increases with K from random weights as well."""
    middle = medians(late_errors(chain))
    return claim(
        "M = 2 from random weights: error of the largest student divided by that for K = 2.",
        value=middle[-1] / middle[0],
        low=1.5,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
