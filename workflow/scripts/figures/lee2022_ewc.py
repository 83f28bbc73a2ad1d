"""Elastic weight consolidation: forgetting and the error of task 2 against similarity.

Believed to correspond to a figure of Lee, Mannelli, Clopath, Goldt & Saxe 2022. The reader should see
that the penalty moves the peak of forgetting to more similar tasks: for dissimilar tasks it makes the
student activate the idle unit, which costs little; for tasks of higher similarity it costs task 2. A
symmetric student has no idle unit: the penalty that protects task 1 prevents task 2.
"""

from functools import partial

import _figures
import _lee2022 as lee
import numpy as np
from _lee2021 import inputs, peak

from teacherstudent.experiments.claims import Claim

FIGURE, SYMMETRIC = "lee2022_ewc", "lee2022_ewc_symmetric"
KEY = "strength"
SCALE = 2.0  # strength lambda over the strength L of the paper
SHOWN = (0, 3, 4, 5, 6)  # log10 of L, and 0
LABELS = {SCALE * 10.0**power if power else 0.0: f"$10^{power}$" if power else "0" for power in SHOWN}
CAPTION = """
Elastic weight consolidation (EWC) after the switch, strength L of a penalty L sum F (W - W*)^2 with the
Fisher information F of task 1 and the weights W* at the switch. (a) Forgetting of task 1, the increase
of its error from the switch until 100 after it, and (b) error of task 2 at this time, against the
similarity V of the tasks; specialised student, whose first unit learns task 1 nearly alone. (c, d) The
same for a symmetric student of two equal units. Lines: equations, importances per unit, mean over
initial networks. Points: networks of 1000 inputs with importances per weight, mean and standard error
of 4 runs, L = 0, 10^4 and 10^5 (fewer of all in the small form).
Believed to correspond to a figure of Lee, Mannelli, Clopath, Goldt and Saxe (ICML 2022). The penalty,
without a factor 1/2 and without the heads, and a grid of strengths were read in the authors' code; the
strengths and panels of the published figure are not known. Numbers were recomputed with another
program. Without noise the Fisher information is proportional to the error of task 1 at the switch, so
that the effective L depends on it.
"""
PEAKS = {0.0: 0.20, 1e3: 0.25, 1e4: 0.55, 1e5: 0.90}
STEP = 0.05
NUMBERS = {0.4: 0.062, 0.6: 0.070, 0.8: 0.045}  # forgetting for L = 10^4
SCATTERED = 0.019  # and at V = 0.2, where single students have 0.015 to 0.030
claim = partial(Claim, FIGURE, source=lee.RECOMPUTED, certainty="recomputed")


def figure(curves):
    """Draw both measures for both students."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    specialised, symmetric = curves[FIGURE]["ode"], curves[SYMMETRIC]["ode"]
    lee.plot_family(axes[0], specialised, KEY, LABELS, lee.networks(curves, fraction=0.0))
    lee.plot_family(axes[1], symmetric, KEY, LABELS)
    for ax, name in zip(axes[:, 0], ("specialised", "symmetric"), strict=True):
        ax.set_title(f"{name} student")
    for ax in axes[:, 1]:
        ax.set_ylim(1e-6, 1.0)
    axes[0, 0].legend(title="EWC strength $L$", loc="upper right")
    _figures.letter(axes)
    return fig


def values(entry, strength):
    """Return similarities, and means of forgetting and log10 of the error of task 2, for a strength L."""
    line = entry.select(**{KEY: SCALE * strength})
    return line.axis("similarity"), lee.mean(lee.forgetting(line)), lee.mean_log10(lee.second(line))


def claims(curves):
    """State the moving peak, effect and cost, the symmetric student, and the agreement of networks."""
    specialised = curves[FIGURE]["ode"]
    return [
        *peak_claims(specialised),
        *effect_claims(specialised),
        *end_claims(specialised),
        *symmetric_claims(specialised, curves[SYMMETRIC]["ode"]),
        network_claim(specialised, lee.networks(curves, fraction=0.0)),
    ]


def peak_claims(entry):
    """State the similarity of maximal forgetting for each strength."""
    for strength, expected in PEAKS.items():
        similarity, forgetting, _ = values(entry, strength)
        yield claim(
            f"L = {strength:g}: similarity of maximal forgetting.",
            value=peak(similarity, forgetting),
            low=expected - STEP,
            high=expected + STEP,
        )


def effect_claims(entry):
    """State that a moderate penalty protects dissimilar tasks cheaply, and similar ones at a cost."""
    similarity, without, before = values(entry, 0.0)
    _, forgetting, errors = values(entry, 1e4)
    expected = np.array(list(NUMBERS.values()))
    yield claim(
        "L = 10^4: forgetting at V = 0.4, 0.6 and 0.8 against 0.062, 0.070 and 0.045, largest relative "
        "difference.",
        value=np.max(np.abs(lee.at(similarity, forgetting, *NUMBERS) / expected - 1.0)),
        low=0.0,
        high=0.07,
    )
    yield claim(
        f"L = 10^4: mean forgetting at V = 0.2 (recomputed {SCATTERED}).",
        value=lee.at(similarity, forgetting, 0.2)[0],
        low=SCATTERED - 0.008,
        high=SCATTERED + 0.008,
    )
    cut = lee.at(similarity, without, 0.2)[0] / lee.at(similarity, forgetting, 0.2)[0]
    yield claim("L = 10^4 reduces forgetting at V = 0.2: factor.", value=cut, low=10.0)
    yield claim(
        "L = 10^4 leaves task 2 learned at V = 0.2: log10 of its error.",
        value=lee.at(similarity, errors, 0.2)[0],
        high=-3.0,
    )
    cost = errors - before
    yield claim(
        "L = 10^4: largest cost of task 2, in decades of its error.", value=cost.max(), low=1.5, high=2.2
    )
    yield claim(
        "L = 10^4: similarity of the largest cost of task 2.",
        value=peak(similarity, cost),
        low=0.45,
        high=0.85,
        source=f"{lee.RECOMPUTED}: 1.5, 1.9 and 1.8 decades at V = 0.4, 0.6 and 0.8",
    )


def end_claims(entry):
    """State what penalties do for equal and for orthogonal tasks."""
    changes = {
        strength: [
            now - then for now, then in zip(values(entry, strength)[1:], values(entry, 0.0)[1:], strict=True)
        ]
        for strength in (1e3, 1e4, 1e5)
    }
    yield claim(
        "Equal tasks: change of log10 of the error of task 2 by L = 10^3, 10^4 and 10^5, largest size.",
        value=max(abs(cost[-1]) for _, cost in changes.values()),
        low=0.0,
        high=0.3,
    )
    yield claim(
        "Orthogonal tasks, L = 10^4: the penalty does not protect task 1, change of forgetting.",
        value=changes[1e4][0][0],
        low=0.0,
    )
    yield claim(
        "Orthogonal tasks, L = 10^4: cost of task 2, in decades.", value=changes[1e4][1][0], low=0.7, high=1.5
    )
    yield claim(
        "Orthogonal tasks, L = 10^3: cost of task 2, in decades.",
        value=changes[1e3][1][0],
        low=-0.1,
        high=0.4,
    )


def symmetric_claims(specialised, entry):
    """State that a student without an idle unit is protected only by not learning task 2."""
    similarity, forgetting, errors = values(entry, 1e4)
    yield claim(
        "Symmetric student, L = 10^4: largest forgetting from V = 0.05 on.",
        value=forgetting[similarity > 0.04].max(),
        low=0.0,
        high=0.01,
    )
    yield claim(
        "Symmetric student, L = 10^4: log10 of the error of task 2 at V = 0.2, where it is not learned.",
        value=lee.at(similarity, errors, 0.2)[0],
        low=-0.9,
        high=-0.7,
    )
    grid, _, special = values(specialised, 1e4)
    yield claim(
        "L = 10^4 at V = 0.2: log10 of the error of task 2, symmetric minus specialised student.",
        value=lee.at(similarity, errors, 0.2)[0] - lee.at(grid, special, 0.2)[0],
        low=1.5,
    )


def network_claim(theory, simulation):
    """State the agreement of networks with importances per weight, where tasks share the unit."""
    where = [one for one in simulation.axis("similarity") if 0.3 < one < 0.9]
    similarity, points, _ = values(simulation, 1e4)
    grid, line, _ = values(theory, 1e4)
    ratio = lee.at(similarity, points, *where) / lee.at(grid, line, *where)
    return claim(
        f"L = 10^4: forgetting of networks of {inputs(simulation)} inputs with importances per weight "
        "over that of the equations with importances per unit, V from 0.4 to 0.8, largest relative "
        "difference of means.",
        value=np.abs(ratio - 1.0).max(),
        low=0.0,
        high=0.2,
        source="Fisher information per weight and per unit agree to order 1/N, derived and recomputed",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
