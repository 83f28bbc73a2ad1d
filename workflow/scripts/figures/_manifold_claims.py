"""Claims about two tasks on different manifolds, from the curves of the experiments of `_manifold`."""

from functools import partial

import numpy as np
from _manifold import FIGURE, FOLDINGS, INDEPENDENT, LINES, MAP, forgotten, transferred

from teacherstudent.experiments.claims import Claim
from teacherstudent.store.curves import mean_over

SOME = 0.25  # similarity of projections at which identical teachers are compared
claim = partial(Claim, FIGURE, source="the equations of this project", certainty="recomputed")
bound = partial(claim, source="a bound from physics")


def claims(curves):
    """State what orthogonal manifolds, identical teachers, independent inputs and finite sizes do."""
    maps = {folding: curves[MAP]["ode"].select(folding=folding) for folding in FOLDINGS}
    return [
        *orthogonal_claims(maps),
        *intermediate_claims(maps),
        independent_claim(maps["linear"], curves[INDEPENDENT]["ode"]),
        *identical_claims(maps),
        transfer_claim(maps),
        *agreement_claims(curves[LINES]),
    ]


def means(entry, measure):
    """Return the mean of a measure over runs, (similarity of projections, similarity of teachers)."""
    return mean_over(measure(entry), -1)


def orthogonal_claims(maps):
    """State what is forgotten and transferred on orthogonal manifolds."""
    linear, sign = (means(maps[folding], forgotten) for folding in FOLDINGS)
    yield bound(
        "Orthogonal manifolds, linear folding: largest forgetting over the similarities of the teachers; "
        "inputs of task 2 have no part on the manifold of task 1, and its head rests.",
        value=np.abs(linear[0]).max(),
        low=0.0,
        high=1e-6,
    )
    yield claim(
        "Orthogonal manifolds, sign: forgetting in decades, mean over the similarities of the teachers; "
        "it is due to the inputs outside the manifolds.",
        value=sign[0].mean(),
        low=0.05,
        high=0.9,
    )
    yield bound(
        "Orthogonal manifolds, sign: range of forgetting over the similarities of the teachers, divided "
        "by that with one projection. It depends on them through the initial overlaps only.",
        value=np.ptp(sign[0]) / np.ptp(sign[-1]),
        low=0.0,
        high=0.15,
    )
    none = [np.abs(means(maps[folding], transferred)[0]).max() for folding in FOLDINGS]
    yield bound(
        "Orthogonal manifolds: largest transfer in decades over the similarities of the teachers, both "
        "foldings; nothing that was learned is of use.",
        value=max(none),
        low=0.0,
        high=0.02,
    )


def intermediate_claims(maps):
    """State that forgetting is largest for teachers of intermediate similarity where projections are the "
    "same."""
    for folding, entry in maps.items():
        values = means(entry, forgotten)[-1]
        yield claim(
            f"One projection, {folding}: similarity of the teachers of the grid with the largest forgetting.",
            value=entry.axis("features.similarity")[np.argmax(values)],
            low=0.1,
            high=0.9,
        )


def independent_claim(entry, independent):
    """State that one projection with a linear folding is the same as independent inputs."""
    values, other = means(entry, forgotten)[-1], means(independent, forgotten)
    V, grid = entry.axis("features.similarity"), independent.axis("features.similarity")
    return bound(
        "One projection, linear folding: root mean square distance of forgetting from that with "
        "independent inputs, divided by its mean; only the initial networks differ.",
        value=np.sqrt(((values - np.interp(V, grid, other)) ** 2).mean()) / other.mean(),
        low=0.0,
        high=0.1,
    )


def identical_claims(maps):
    """State how identical teachers are forgotten."""
    linear, sign = (means(maps[folding], forgotten)[:, -1] for folding in FOLDINGS)
    alpha = maps["linear"].axis("manifold.similarity")
    yield claim(
        "Identical teachers, linear folding: similarity of the projections of the grid with the largest "
        "forgetting.",
        value=alpha[np.argmax(linear)],
        low=0.2,
        high=0.8,
    )
    some = int(np.argmin(np.abs(alpha - SOME)))
    yield claim(
        f"Identical teachers, sign: forgetting at similarity {SOME} of the projections minus that with one "
        "projection, in decades.",
        value=sign[some] - sign[-1],
        low=0.3,
    )


def transfer_claim(maps):
    """State the largest transfer, that of identical teachers and projections."""
    value = means(maps["sign"], transferred)
    return claim(
        "Sign: transfer with identical teachers and one projection, in decades.",
        value=value[-1, -1],
        low=0.6,
        high=1.2,
    )


def agreement_claims(engines):
    """State the distances of Gaussian projections and of simulations from theory."""
    ode, network = engines["ode"], engines["network"]
    yield from gaussian_claims(
        *(mean_over(forgotten(ode.select(projection=name)), -1) for name in ("gaussian", "orthogonal"))
    )
    distances = forgotten(network) - at_points_of(network, ode)
    alpha, V = (network.axis(f"{name}.similarity") > 0.0 for name in ("manifold", "features"))
    yield claim(
        f"Simulated networks of {network.spec.inputs.dimension} inputs: root mean square distance of "
        "forgetting from the equations with the same initial networks, in decades, where both "
        "similarities are positive.",
        value=np.sqrt((distances[:, :, alpha][:, :, :, V] ** 2).mean()),
        low=0.0,
        high=0.05,
    )


def gaussian_claims(gaussian, orthogonal):
    """State what Gaussian projections change, from forgetting (folding, projections, teachers)."""
    yield claim(
        "Independent Gaussian projections, linear folding: mean forgetting over the similarities of the "
        "teachers, in decades; their subspaces are not orthogonal, the squared cosines are D / N.",
        value=gaussian[0, 0].mean(),
        low=1.5,
        high=3.5,
    )
    yield bound(
        "Independent Gaussian projections, linear folding: range of forgetting over the similarities of the "
        "teachers, divided by its mean; the tasks have no latent direction in common.",
        value=np.ptp(gaussian[0, 0]) / gaussian[0, 0].mean(),
        low=0.0,
        high=0.15,
    )
    yield claim(
        "One projection, Gaussian instead of orthogonal: root mean square change of forgetting over "
        "foldings and teachers, divided by its mean.",
        value=np.sqrt(((gaussian[:, -1] - orthogonal[:, -1]) ** 2).mean()) / orthogonal[:, -1].mean(),
        low=0.0,
        high=0.2,
    )


def at_points_of(network, ode):
    """Return the forgetting of the equations at the points and for the runs of networks."""
    if list(network.axes) != list(ode.axes):
        raise KeyError(f"axes of networks {list(network.axes)} and of equations {list(ode.axes)} differ")
    known = [[_plain(value) for value in values] for values in ode.axes.values()]
    wanted = zip(known, network.axes.values(), strict=True)
    rows = [[have.index(_plain(value)) for value in values] for have, values in wanted]
    return forgotten(ode)[np.ix_(*rows)][..., : network.runs]


def _plain(value):
    """Return a value of an axis, numbers to nine digits."""
    return round(float(value), 9) if isinstance(value, float | np.floating) else str(value)
