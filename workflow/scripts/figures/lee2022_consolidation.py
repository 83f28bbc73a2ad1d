"""Penalties of four kinds: the error of task 2 that they cost at equal protection of task 1.

An addition to Lee, Mannelli, Clopath, Goldt & Saxe 2022, whose code has penalties of these kinds. The
reader should see that importances of units leave the idle unit free for dissimilar tasks, and a
quadratic penalty, which treats both units alike, does not; for similar tasks, where the used unit has
to move, the kinds differ less.
"""

from functools import partial

import _figures
import _lee2022 as lee
import numpy as np

from teacherstudent.experiments.claims import Claim

FIGURE, EWC, KEY = "lee2022_consolidation", "lee2022_ewc", "strength"
KINDS = {"path integral": "path_integral", "node": "node", "quadratic": "quadratic"}
MARKERS = ("o", "^", "s", "D")
SECOND = r"error of task 2, $\epsilon_2$"
TRADED = (0.2, 0.5, 0.8)  # similarities of the panels of the trade-off
CUT = 10.0  # factor of the reduction of forgetting
PROTECTED = 0.002  # forgetting at which the errors of task 2 are compared
DISSIMILAR = (0.1, 0.2, 0.3)
CAPTION = """
Penalties (lambda/2) sum a |w - w*|^2 on the units after the switch, with importances a of four kinds:
EWC (Fisher information), path integral (synaptic intelligence), node (squared readout) and quadratic
(1). Equations, specialised student, mean over initial networks. (a-c) Forgetting of task 1, the
increase of its error from the switch until 100 after it, and error of task 2 at this time, for
strengths lambda that increase from right to left (markers), at three similarities V; lower is better.
(d) Error of task 2 against V at the strength that reduces forgetting tenfold, interpolated between the
strengths; dotted: without a penalty.
An addition to Lee, Mannelli, Clopath, Goldt and Saxe (ICML 2022): the kinds were read in the authors'
code; no published comparison is known. Numbers of node and quadratic penalties were recomputed with
another program.
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
    """Draw the trade-off at three similarities, and the error of task 2 at equal protection."""
    fig, axes = _figures.panels(2, 2, _figures.PAGE, 0.68)
    last = axes[1, 1]
    for index, (name, entry) in enumerate(entries(curves).items()):
        style = {"color": _figures.series_color(index), "marker": MARKERS[index], "markersize": 3}
        for ax, where in zip(axes.flat, TRADED, strict=False):
            _figures.plot_theory(ax, *traded(entry, where), name, **style)
        similarity, cost = tenfold(entry)
        _figures.plot_theory(last, similarity, 10.0**cost, name, **style)
    free = curves[EWC]["ode"].select(strength=0.0)
    style = {"color": "0.2", "linestyle": ":"}
    _figures.plot_theory(
        last, free.axis("similarity"), 10.0 ** lee.mean_log10(lee.second(free)), "none", **style
    )
    for ax, where in zip(axes.flat, TRADED, strict=False):
        _figures.log_axes(ax, "xy")
        ax.set(xlabel="forgetting", ylabel=SECOND, title=f"$V = {where:g}$")
    _figures.log_axes(last)
    lee.similarity_axes(last, SECOND, title="tenfold reduction of forgetting")
    axes[1, 0].legend(loc="lower left")
    _figures.letter(axes)
    return fig


def entries(curves):
    """Return the curves of all kinds by their names."""
    others = curves[FIGURE]["ode"]
    return {"EWC": curves[EWC]["ode"]} | {name: others.select(kind=kind) for name, kind in KINDS.items()}


def traded(entry, where):
    """Return forgetting and the error of task 2 at a similarity, (strength,), geometric means over runs."""
    line = entry.select(similarity=where)
    return tuple(10.0 ** lee.mean_log10(measure(line)) for measure in (lee.forgetting, lee.second))


def cost_at(entry, where, forgetting):
    """Return log10 of the error of task 2 at a given forgetting, interpolated in logarithms.

    NaN if no strength of the grid reaches it.
    """
    x, y = np.log10(traded(entry, where))
    reached = np.flatnonzero(x <= np.log10(forgetting))
    if not len(reached) or reached[0] == 0:
        return np.nan
    pair = slice(reached[0] - 1, reached[0] + 1)
    return float(np.interp(np.log10(forgetting), x[pair][::-1], y[pair][::-1]))


def tenfold(entry):
    """Return similarities inside, and log10 of the error of task 2 where forgetting is divided by CUT."""
    similarity = entry.axis("similarity")
    inside = similarity[(similarity > 0.09) & (similarity < 0.91)]
    return inside, np.array([cost_at(entry, where, traded(entry, where)[0][0] / CUT) for where in inside])


def claims(curves):
    """State recomputed peaks, and the costs at equal protection."""
    found = entries(curves)
    return [*peak_claims(found), *cost_claims(found), *tenfold_claims(found)]


def peak_claims(found):
    """State the largest forgetting, and that a strong quadratic penalty stops learning."""
    for (name, strength), expected in PEAKS.items():
        line = found[name].select(**{KEY: strength})
        yield claim(
            f"{name.capitalize()} penalty, strength {strength:g}: largest forgetting over V (recomputed "
            f"{expected:g}).",
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
        gains = [
            cost_at(found["quadratic"], where, PROTECTED) - cost_at(found[name], where, PROTECTED)
            for where in DISSIMILAR
        ]
        yield claim(
            f"{name} against quadratic: smallest gain in log10 of the error of task 2 at a forgetting "
            f"of {PROTECTED:g}, V = 0.1, 0.2 and 0.3.",
            value=np.min(gains),
            low=lowest,
            source=f"{lee.RECOMPUTED} at similar strengths: 0.9 decades for EWC, 1.7 to 2.5 for node",
        )


def tenfold_claims(found):
    """State that importances of all kinds cost the same at equal protection, and a quadratic penalty more."""
    costs = {name: tenfold(entry)[1] for name, entry in found.items()}
    kinds = np.array([costs[name] for name in found if name != "quadratic"])
    source = "computed with these equations; no published comparison is known"
    yield claim(
        "Tenfold reduction of forgetting, V from 0.1 to 0.9: largest difference of EWC, path integral "
        "and node in log10 of the error of task 2.",
        value=np.ptp(kinds, axis=0).max(),
        low=0.0,
        high=0.4,
        source=source,
    )
    yield claim(
        "Tenfold reduction of forgetting, V from 0.1 to 0.9: smallest excess of the quadratic penalty "
        "over the others in log10 of the error of task 2.",
        value=(costs["quadratic"] - kinds.max(axis=0)).min(),
        low=0.3,
        source=source,
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
