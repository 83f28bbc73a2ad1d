"""Penalties of four kinds beside each other: the error of task 2 that they cost at equal protection of task 1.

An addition to Lee, Mannelli, Clopath, Goldt & Saxe 2022, whose code has penalties of these kinds. The reader should see
that importances of units leave the idle unit free for dissimilar tasks, and a quadratic penalty, which
treats both units alike, does not; for similar tasks, where the used unit has to move, the kinds differ less.
"""

from functools import partial

import _figures
import _lee2022 as lee
import numpy as np

from teacherstudent.experiments.claims import Claim

FIGURE, EWC, KEY = "lee2022_consolidation", "lee2022_ewc", "strength"
KINDS = {"path integral": "path_integral", "node": "node", "quadratic": "quadratic"}
MARKERS = ("o", "^", "s", "D")
CUT = 10.0  # factor of the reduction of the largest forgetting
TRADED = (0.2, 0.8)  # similarities of the panels of the trade-off
PROTECTED = 0.002  # forgetting at which the errors of task 2 are compared
DISSIMILAR = (0.1, 0.2, 0.3)
CAPTION = """
Penalties (lambda/2) sum a |w - w*|^2 on the units after the switch, with importances a of four kinds: EWC (Fisher information),
path integral (synaptic intelligence), node (squared readout) and quadratic (1). Equations, specialised
student, mean over 2 initial networks. (a) Forgetting of task 1, the increase of its error from the switch until 100
after it, and (b) error of task 2 at this time, against the similarity V, for the smallest strength of each kind (of the
markers in the lower panels) whose largest forgetting over V is at most a tenth of that without a penalty. (c, d) Both errors for all
strengths at V = 0.2 and V = 0.8: towards the left strengths increase; lower is better.
The kinds were read in the authors' code; no published comparison is known. Numbers of node and quadratic
penalties were recomputed with another program.
"""
PEAKS = {
    ("node", 0.01): 0.151,
    ("node", 0.1): 0.008,
    ("node", 1.0): 0.0015,
    ("quadratic", 0.01): 0.177,
    ("quadratic", 0.1): 0.028,
    ("quadratic", 1.0): 0.003,
}
claim = partial(Claim, FIGURE, source=lee.RECOMPUTED, certainty="recomputed")


def figure(curves):
    """Draw both measures at equal protection, and the trade-off at two similarities."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    for index, (name, entry) in enumerate(entries(curves).items()):
        style = {"color": _figures.series_color(index), "marker": MARKERS[index], "markersize": 3}
        line = protecting(entry)
        similarity = line.axis("similarity")
        _figures.plot_theory(axes[0, 0], similarity, lee.mean(lee.forgetting(line)), name, **style)
        _figures.plot_theory(axes[0, 1], similarity, lee.mean(lee.second(line)), name, **style)
        for ax, where in zip(axes[1], TRADED, strict=True):
            _figures.plot_theory(ax, *traded(entry, where), name, **style)
    lee.family_axes(axes[0])
    for ax, where in zip(axes[1], TRADED, strict=True):
        _figures.log_axes(ax, "xy")
        ax.set(xlabel="forgetting", ylabel=r"error of task 2, $\epsilon_2$", title=f"$V = {where:g}$")
    axes[0, 0].legend(loc="upper left")
    _figures.letter(axes)
    return fig


def entries(curves):
    """Return the curves of all kinds by their names."""
    others = curves[FIGURE]["ode"]
    return {"EWC": curves[EWC]["ode"]} | {name: others.select(kind=kind) for name, kind in KINDS.items()}


def protecting(entry):
    """Return the curves at the smallest strength that divides the largest forgetting by CUT."""
    largest = lee.mean(lee.forgetting(entry)).max(axis=1)
    enough = np.flatnonzero(largest <= largest[0] / CUT)
    return entry.select(**{KEY: entry.axis(KEY)[enough[0] if len(enough) else -1]})


def traded(entry, where):
    """Return forgetting and the error of task 2 at a similarity, (strength,) each, geometric means over runs."""
    line = entry.select(similarity=where)
    return tuple(10.0 ** lee.mean_log10(measure(line)) for measure in (lee.forgetting, lee.second))


def cost_at(entry, where, forgetting=PROTECTED):
    """Return log10 of the error of task 2 at the strength with a given forgetting, interpolated in logarithms.

    NaN if no strength of the grid reaches it.
    """
    x, y = np.log10(traded(entry, where))
    reached = np.flatnonzero(x <= np.log10(forgetting))
    if not len(reached) or reached[0] == 0:
        return np.nan
    pair = slice(reached[0] - 1, reached[0] + 1)
    return float(np.interp(np.log10(forgetting), x[pair][::-1], y[pair][::-1]))


def claims(curves):
    """State recomputed peaks, and the costs at equal protection."""
    found = entries(curves)
    return [*peak_claims(found), *cost_claims(found)]


def peak_claims(found):
    """State the largest forgetting of node and quadratic penalties, and that a strong quadratic one stops learning."""
    for (name, strength), expected in PEAKS.items():
        line = found[name].select(**{KEY: strength})
        yield claim(
            f"{name.capitalize()} penalty, strength {strength:g}: largest forgetting over V (recomputed {expected:g}).",
            value=lee.mean(lee.forgetting(line)).max(),
            low=0.9 * expected,
            high=1.1 * expected,
        )
    line = found["quadratic"].select(**{KEY: 1.0})
    inside = line.axis("similarity") < 0.75
    yield claim(
        "Quadratic penalty, strength 1: log10 of the error of task 2 up to V = 0.7, largest.",
        value=lee.mean_log10(lee.second(line))[inside].max(),
        low=-1.4,
        high=-1.0,
    )


def cost_claims(found):
    """State how much better importances are than a quadratic penalty."""
    for name, lowest in (("EWC", 0.5), ("node", 1.0), ("path integral", 1.0)):
        gains = [cost_at(found["quadratic"], where) - cost_at(found[name], where) for where in DISSIMILAR]
        yield claim(
            f"{name} against quadratic: smallest gain in log10 of the error of task 2 at a forgetting of {PROTECTED:g}, V = "
            "0.1, 0.2 and 0.3.",
            value=np.min(gains),
            low=lowest,
            source=f"{lee.RECOMPUTED} at similar strengths: 0.9 decades for EWC, 1.7 to 2.5 for node",
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
