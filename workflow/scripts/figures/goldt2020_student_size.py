"""Asymptotic error on a hidden manifold against the size of the student, first layer and both layers trained.

Figure 7 of Goldt et al. 2020 has this quantity. The reader should see that a student needs as many units as
the teacher, that more units hardly change the error of a manifold with few latent numbers, and that they
increase it a little if only the first layer is trained and decrease it a little if both are.
"""

from functools import partial

import _figures
import numpy as np
from _continual import legend_above
from _goldt2020 import REFERENCE, errors, farthest

from teacherstudent.experiments.claims import Claim

FIGURE = EXPERIMENT = "goldt2020_student_size"
RATES = {"first layer": 0.0, "both layers": 0.2}
STYLES = {"first layer": "-", "both layers": "--"}
TEACHERS = (1, 2, 4)  # M
COLORS = dict(zip(TEACHERS, (_figures.series_color(index) for index in (0, 1, 2)), strict=True))
CAPTION = """
Error of soft committee machines with K erf units that learn a teacher with M orthonormal units on a hidden
manifold, in the limit of infinitely many inputs with D / N = 0.01 (signs of Gaussian projections, learning
rate 0.2), at t = 10 000 (6000 in the small form): equations from the overlaps of two random students of 10
000 inputs, weights of standard deviation 1 and readouts 1; the smaller of the two errors (one student in
the small form). Solid: only the first layer is trained. Dashed: both layers. (a) All sizes; with K < M the
teacher cannot be represented. (b) Divided by the error for K = M with the first layer trained. Errors for K
> 2 M still decrease slowly, the more the larger K is: an integration to t = 30 000 with random initial
readouts, made for comparison, has errors for both layers that do not increase with K. With K = 3, M = 2 and
readouts 1 both students end in the same state, which has a larger error.
The subject is that of Goldt, Mezard, Krzakala and Zdeborova (Phys. Rev. X 10, 041044, 2020).
That its figure 7 shows asymptotic errors against K / M for M = 1, 2, 4 at D / N = 0.01 is read in a talk
about it; there these are simulations with D = 50 and 100. Initial readouts and the time are our choice.
"""
# Errors at t = 30 000 by another program with other initial students: layers, M, K.
KNOWN = {
    ("first layer", 1): {1: 0.001107, 2: 0.001186, 3: 0.001149, 4: 0.001375},
    ("first layer", 2): {2: 0.002304, 4: 0.002368, 6: 0.002433, 8: 0.003851},
    ("first layer", 4): {4: 0.005012, 8: 0.005238},
    ("both layers", 1): {1: 0.001107, 2: 0.001081, 3: 0.001076, 4: 0.001076},
    ("both layers", 2): {2: 0.002300, 4: 0.002204, 6: 0.002192, 8: 0.002181},
    ("both layers", 4): {4: 0.004953, 8: 0.004572},
}
claim = partial(Claim, FIGURE, source=REFERENCE, certainty="recomputed")


def figure(curves):
    """Draw errors, and errors relative to students of the size of the teacher."""
    fig, axes = _figures.panels(1, 2, _figures.PAGE, 0.7)
    ode = curves[EXPERIMENT]["ode"]
    for layers, M in ((layers, M) for layers in RATES for M in TEACHERS if M in ode.axis("teachers.hidden")):
        K, error = by_size(ode, layers, M)
        label = f"$M = {M}$" if layers == "first layer" else None
        how = {"series": f"M = {M}, {layers}", "linestyle": STYLES[layers], "marker": "o", "color": COLORS[M]}
        how |= {"markersize": 3, "markerfacecolor": COLORS[M] if label else "white"}
        _figures.plot_theory(axes[0, 0], K / M, error, label=label, **how)
        large = K >= M
        relative = error[large] / at_size(ode, "first layer", M, M)
        _figures.plot_theory(axes[0, 1], K[large] / M, relative, label=None, **how)
    for layers, style in STYLES.items():
        axes[0, 0].plot([], [], color="0.3", linestyle=style, label=layers)
    _figures.log_axes(axes[0, 0])
    axes[0, 0].set_ylabel(r"asymptotic error $\epsilon^*$")
    axes[0, 1].set_ylabel(r"$\epsilon^*(K)\,/\,\epsilon^*(K = M)$")
    for ax in axes.flat:
        _figures.log_axes(ax, "x")
        ax.set_xlabel("size of the student $K / M$")
        ax.set_xticks([0.25, 0.5, 1, 2, 4, 8], ["1/4", "1/2", "1", "2", "4", "8"])
        ax.minorticks_off()
    axes[0, 1].set_xlim(0.9, None)
    axes[0, 1].axhline(1.0, color="0.7", linewidth=0.6, zorder=0)
    legend_above(fig, [axes[0, 0]])
    _figures.letter(axes)
    return fig


def by_size(ode, layers, M):
    """Return the sizes K and the last errors, the smallest of all runs."""
    entry = ode.select(**{"readout_learning_rate": RATES[layers], "teachers.hidden": M})
    return entry.axis("student.hidden"), errors(entry)[..., -1].min(axis=-1)


def at_size(ode, layers, M, K):
    """Return the last error of one size."""
    sizes, error = by_size(ode, layers, M)
    return float(error[np.flatnonzero(sizes == K)[0]])


def claims(curves):
    """State errors for K = M and for larger students, and how they change with K."""
    ode = curves[EXPERIMENT]["ode"]
    return [equal_claim(ode), *(larger_claim(ode, layers) for layers in RATES), *growth_claims(ode)]


def known(ode, layers=None):
    """Yield (K, M, error divided by that of the other program) for the sizes that both have."""
    for (name, M), values in KNOWN.items():
        if name != (layers or name) or M not in ode.axis("teachers.hidden"):
            continue
        for K in sorted(set(values) & set(ode.axis("student.hidden").tolist())):
            yield K, M, at_size(ode, name, M, K) / values[K]


def equal_claim(ode):
    """State errors for K = M, which do not depend on the initial student."""
    found = [ratio for K, M, ratio in known(ode) if K == M]
    return claim(
        f"K = M, first layer and both layers: last errors in {len(found)} cases, largest relative distance "
        "from those of the other computation.",
        value=np.abs(np.array(found) - 1.0).max(),
        low=0.0,
        high=2e-3,
    )


def larger_claim(ode, layers):
    """State errors for K > M, which depend a little on the initial student."""
    found = [ratio for K, M, ratio in known(ode, layers) if M < K <= 3 * M]
    return claim(
        f"M < K <= 3 M, {layers}: last errors in {len(found)} cases divided by those of the other "
        "computation, which has other initial students and continues to t = 30 000; the ratio farthest "
        "from 1.",
        value=farthest(found),
        low=0.95,
        high=1.06,
    )


def growth_claims(ode):
    """State how the error changes with the size."""
    sizes = ode.axis("student.hidden")
    among = [M for M in ode.axis("teachers.hidden").tolist() if 2 * M in sizes]
    ratios = {
        layers: [at_size(ode, layers, M, 2 * M) / at_size(ode, layers, M, M) for M in among]
        for layers in RATES
    }
    yield claim(
        f"First layer: last error for K = 2 M divided by that for K = M, smallest of {len(among)} teachers.",
        value=min(ratios["first layer"]),
        low=1.01,
    )
    yield claim(
        f"Both layers: last error for K = 2 M divided by that for K = M, largest of {len(among)} teachers.",
        value=max(ratios["both layers"]),
        low=0.85,
        high=1.0,
    )
    whole = [at_size(ode, layers, M, M) for layers in RATES for M in (1, 2)]
    yield claim(
        "K = M: last error for M = 2 divided by twice that for M = 1, largest of both cases.",
        value=max(whole[1] / whole[0], whole[3] / whole[2]) / 2.0,
        low=0.95,
        high=1.1,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
