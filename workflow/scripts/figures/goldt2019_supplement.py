"""Variations: weight decay, normalised outputs, graded teachers, other activations, images as inputs.

Believed to be in the supplement of Goldt et al. 2019. The reader should see that larger students with a
trained first layer have larger final errors also with weight decay, for unequal teacher units, for another
activation than the teacher's and for images as inputs, but not if outputs are divided by the number of
units.
"""

from functools import partial

import _figures
import numpy as np
from _goldt2019 import GUESSED, averages, growth, late, late_errors, medians
from _goldt2019_limits import FLOORS, clones_limit, informed_limit, linear_errors
from _goldt2019_variations import (
    NAMES,
    pair,
    plot_decay,
    plot_digits,
    plot_graded,
    plot_mismatch,
    plot_normalised,
    scaled,
)
from matplotlib.ticker import MaxNLocator, NullFormatter

from teacherstudent.experiments.claims import Claim

FIGURE = "goldt2019_supplement"
DECAY, NORMALISED, RANDOM, GRADED, MISMATCH = (
    f"goldt2019_{name}" for name in ("decay", "normalised", "normalised_random", "graded", "mismatch")
)
DIGITS = {name: f"goldt2019_digits_{name.replace(' ', '_')}" for name in ("first layer", "both layers")}
TITLES = ("weight decay", "normalised", "graded", "other units", "digits", "digits, parity")
CAPTION = """
Students with K units and a teacher with M = 2 orthogonal units, label noise sigma. Lines are solutions of
the equations; points are runs of engine chain (a-d) or network (e, f, joined), means with standard
errors, in the last third of runs. The first layer is trained and readouts are 1, unless stated otherwise.
(a-c) Error in units of sigma^2 eta. (a) Weight decay kappa, eta = 0.2, sigma = 0.1, from the teacher's
units. (b) Outputs of student and teacher divided by K and M, eta = 1, sigma = 0.1, from K / M clones of
each teacher unit (orange) and from weights of standard deviation 1 (green, median); dashed: 1 / (2 sqrt 3
pi K), the limit of small eta for clones. (c) Teacher units of squared lengths 1 and 2 (orange) and both 1
(blue), from the teacher's units, eta = 0.2, sigma = 0.01; dashed: (K - M + sum_m 1 / sqrt(1 + 2 T_mm)) /
(2 pi), the limit of small eta. (d) Students and teachers with different activations, eta = 0.1, sigma =
0.1, from the teacher's units and others of standard deviation 0.1, median of the equations, in units of
the error F of the best linear student (dashed), 1/3 - 1/pi for erf and 1/4 + 1/(2 pi) for ReLU teachers;
for the latter F is a lower bound for all students with odd activations. Linear students end at F + eta K
(sigma^2 + 2 F) / (4 - 2 eta K). (e, f) Digits of 8 x 8 pixels, 1400 for training and 397 for testing, eta
= 0.2, from weights of standard deviation 1 / sqrt N; readouts are 1 or, if both layers are trained, start
with standard deviation 1 / sqrt K. (e) Labels of a teacher, with noise 0.1: error on test samples. (f)
Labels 1 for even and -1 for odd digits, same noise: part of the test samples for which the output has the
wrong sign.
Believed to be in the supplement of Goldt et al. (NeurIPS 2019). All parameters are guessed; the paper is
believed to use MNIST instead of these digits.
"""
claim = partial(Claim, FIGURE, source=GUESSED, certainty="remembered")
recomputed = partial(Claim, FIGURE, certainty="recomputed")
GROWTH = "{}: error of the largest student divided by that of the smallest."


def figure(curves):
    """Draw errors against the number of units, a panel for each variation."""
    fig, axes = _figures.panels(2, 3, _figures.PAGE, 0.95)
    plot_decay(axes[0, 0], curves[DECAY])
    plot_normalised(axes[0, 1], curves[NORMALISED], curves[RANDOM]["ode"])
    plot_graded(axes[0, 2], curves[GRADED])
    plot_mismatch(axes[1, 0], curves[MISMATCH])
    networks = digits(curves)
    plot_digits(axes[1, 1], networks, "teacher", "generalisation_error")
    plot_digits(axes[1, 2], networks, "parity", "classification_error")
    for ax, title in zip(axes.flat, TITLES, strict=True):
        ax.set(title=title, xlabel="student units $K$", ylabel=r"error $\epsilon$")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.yaxis.set_minor_formatter(NullFormatter())
    for ax in axes[0]:
        ax.set_ylabel(r"error $\epsilon / (\sigma^2 \eta)$")
    axes[1, 0].set_ylabel(r"error $\epsilon / F$")
    axes[1, 2].set_ylabel("classification error")
    _figures.letter(axes)
    return fig


def digits(curves):
    """Return the networks trained on digits, by the trained layers."""
    return {name: curves[experiment]["network"] for name, experiment in DIGITS.items()}


def claims(curves):
    """State the effect of the size in each variation, and the agreement of equations, runs and limits."""
    return [
        *decay_claims(curves[DECAY]),
        *normalised_claims(curves),
        *graded_claims(curves[GRADED]),
        *mismatch_claims(curves[MISMATCH]),
        *digits_claims(digits(curves)),
    ]


def distance(found, expected):
    """Return the largest relative difference."""
    return np.abs(found / expected - 1.0).max()


def agreement(panel, engines, of):
    """Compare runs with the equations at the sizes that have both; `of` takes an engine's (K, run)."""
    ode, chain = engines["ode"], engines["chain"]
    common = np.isin(ode.axis("hidden"), chain.axis("hidden"))
    return recomputed(
        f"{panel}: error of runs against that of the equations, largest relative difference.",
        value=distance(averages(of(chain))[0], medians(of(ode))[common]),
        low=0.0,
        high=0.05,
        source="equations, solved independently of the runs",
    )


def decay_claims(engines):
    """State that the error increases with K for every rate of decay."""
    ode, drawn = engines["ode"], engines["chain"].axis("weight_decay")[-1]
    error = np.array([scaled(ode, weight_decay=kappa)[:, 0] for kappa in ode.axis("weight_decay")])
    yield claim(
        "Weight decay: error of the largest student divided by that of the smallest, smallest over rates "
        "of decay.",
        value=growth(error).min(),
        low=1.5,
    )
    yield claim(
        "Weight decay: error of the largest student, smallest over rates of decay, divided by that without "
        "decay.",
        value=error[:, -1].min() / error[0, -1],
        low=0.9,
    )
    yield agreement("Weight decay", engines, partial(scaled, weight_decay=drawn))


def normalised_claims(curves):
    """State that the error decreases with K if outputs are divided by K."""
    ode = curves[NORMALISED]["ode"]
    error, middle = late_errors(ode)[:, 0], medians(late_errors(curves[RANDOM]["ode"]))
    yield claim(GROWTH.format("Normalised outputs, clones"), value=growth(error), low=0.0, high=0.4)
    yield claim(GROWTH.format("Normalised outputs, random, medians"), value=growth(middle), low=0.0, high=0.8)
    yield recomputed(
        "Normalised outputs, clones: error of the largest student divided by its limit for small rates.",
        value=error[-1] / clones_limit(ode.axis("hidden"))[-1],
        low=0.95,
        high=1.05,
        source="closed form 1 / (2 sqrt 3 pi K), derived",
    )
    yield agreement("Normalised outputs", curves[NORMALISED], late_errors)


def graded_claims(engines):
    """State that errors increase with K for unequal teacher units, and the effect of their lengths."""
    ode = engines["ode"]
    K, (slow, *_, fast) = ode.axis("hidden"), ode.axis("learning_rate")
    equal, graded = (scaled(ode, units=units, learning_rate=slow)[:, 0] for units in ("orthogonal", "graded"))
    limit = informed_limit(K, "graded")
    quick = scaled(ode, units="graded", learning_rate=fast)[:, 0]
    yield claim(GROWTH.format("Graded teacher"), value=growth(quick), low=1.5)
    said = partial(recomputed, source="closed form for small rates, derived")
    yield said(
        "Graded teacher, smallest rate: error against its limit for small rates, largest relative "
        "difference.",
        value=distance(graded, limit),
        low=0.0,
        high=0.1,
    )
    yield said(
        "Graded teacher, K = M, smallest rate: error divided by that for equal units, relative to the "
        "limit of this ratio.",
        value=graded[0] / equal[0] * informed_limit(K, "orthogonal")[0] / limit[0],
        low=0.99,
        high=1.01,
    )
    drawn = {"ode": ode.select(learning_rate=fast), "chain": engines["chain"]}
    yield agreement("Graded teacher", drawn, partial(scaled, units="graded"))


def mismatch_claims(engines):
    """State the lower bounds of errors if student and teacher have different activations, and the growth."""
    ode = engines["ode"]
    K, eta = ode.axis("hidden"), ode.spec.training.learning_rate
    sigma = ode.spec.teachers.output_noise[0]
    for teacher in FLOORS:
        said, form = f"Linear student, {NAMES[teacher]} teacher", linear_errors(K, teacher, eta, sigma)
        yield recomputed(
            f"{said}: error against the closed form, largest relative difference.",
            value=distance(medians(pair(ode, "linear", teacher)), form),
            low=0.0,
            high=1e-3,
            source="best linear fit, remaining part of the teacher as noise, derived",
        )
        yield agreement(said, engines, partial(pair, student="linear", teacher=teacher))
    found = medians(pair(ode, "erf", "relu"))
    yield recomputed(
        "erf student, ReLU teacher: smallest error divided by the lower bound for students of odd units.",
        value=found.min() / FLOORS["relu"],
        low=1.0,
        high=1.1,
        source="even part of the teacher, derived",
    )
    yield claim(GROWTH.format("erf student, ReLU teacher"), value=growth(found), low=1.1)


def digits_claims(networks):
    """State how test errors depend on K for images as inputs."""
    ranges = {"first layer": {"low": 1.3}, "both layers": {"low": 0.0, "high": 1.5}}
    for name, network in networks.items():
        value = growth(averages(late(network.select(labels="teacher")))[0])
        yield claim(GROWTH.format(f"Digits, {name}"), value=value, **ranges[name])
    for name, network in networks.items():
        wrong = averages(late(network.select(labels="parity"), "classification_error"))[0]
        yield recomputed(
            f"Digits, parity, {name}: part of the test samples that the largest student classifies wrongly, "
            "divided by that of the smallest.",
            value=growth(wrong),
            low=0.0,
            high=0.85,
            source="other seeds of the same networks; no published value is known",
        )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
