"""Claims about forgetting and transfer against similarity, the main result of Lee et al. 2021."""

import numpy as np
from _lee2021 import PLOTTED, errors, inputs, inverted_u, levels, median, peak

from teacherstudent import measures
from teacherstudent.experiments.claims import Claim

FIGURE = "lee2021_feature_similarity"
SWITCH, LATE = 100.0, 200
SWEEP = "sweep over similarity, recomputed from the equations"
FOUR = SWEEP + " for four initial conditions"
SEVERAL = SWEEP + " for several initial conditions"
ALIKE = SWEEP + " for an initial condition with the same solution of task 1"

# Similarity of maximal forgetting by time after the switch: smallest and largest of four, on a grid of STEP.
PEAKS = {
    1: (0.75, 0.80),
    5: (0.60, 0.60),
    10: (0.45, 0.45),
    20: (0.25, 0.40),
    50: (0.25, 0.40),
    LATE: (0.25, 0.35),
}
STEP = 0.05
# log10 of the final error of task 1 by similarity: smallest and largest of the recomputed ones, and its
# change by 0.02 in V, the precision of the similarity of random teachers as in the paper.
LEVELS = {
    0.0: (-2.30, -1.03, 0.0),
    0.25: (-0.756, -0.608, 0.04),
    0.5: (-0.733, -0.70, 0.01),
    1.0: (-2.90, -2.74, 0.0),
}
# Final forgetting and transfer by similarity; similar initial conditions agree within SPREAD.
FINAL = ({0.0: 2.19, 0.5: 3.43, 1.0: 1.35}, {0.5: 3.71, 1.0: 4.17})
SPREAD = 0.1
NAMES = ("Forgetting", "Transfer")
DIP, DEPTH = (0.25, 0.30), 3.55
FEW = 5.0  # in units of N^-1/2; 6 seeds at N = 1000 give 0.4 to 4.7
LOW = 0.1  # similarity below which tasks are nearly orthogonal
FORGOTTEN = 0.1  # forgetting in decades that counts as its onset


def gain(curves, task, after):
    """Return forgetting (task 0) or transfer (task 1) at a time after the switch, (similarity, run)."""
    measure = (measures.forgetting, measures.transfer)[task]
    return measure(curves.time, errors(curves, task), SWITCH, after)


def claims(plotted, runs, simulation):
    """State the recomputed numbers, the shape of the curves, and the agreement of simulations.

    Parameters
    ----------
    plotted : Curves
        Equations over the fine grid of similarities, with the plotted run.
    runs : Curves
        Equations for several initial conditions, over a coarser grid.
    simulation : Curves
        Networks.
    """
    return [
        *peaks(runs),
        *final_levels(runs),
        *numbers_of_one(plotted),
        *shape_of_forgetting(plotted, runs),
        *shape_of_transfer(plotted, runs),
        *agreement(plotted, simulation),
    ]


def peaks(runs):
    """State the similarity of maximal forgetting."""
    for after, (low, high) in PEAKS.items():
        similarities = [peak(runs.axis("similarity"), line) for line in gain(runs, 0, after).T]
        statement = f"Similarity of maximal forgetting {after} after the switch, median over runs."
        yield recomputed(statement, low - STEP / 2, high + STEP / 2, FOUR, **median(similarities))


def final_levels(runs):
    """State the level that the error of task 1 reaches."""
    for similarity, (low, high, slack) in LEVELS.items():
        level = levels(runs.select(similarity=similarity), 0, SWITCH + LATE)
        statement = (
            f"log10 of the error of task 1 at V = {similarity}, {LATE} after the switch, median over runs."
        )
        yield recomputed(statement, low - slack, high + slack, SEVERAL, **median(level))


def numbers_of_one(plotted):
    """State final forgetting and transfer of the plotted run, and its minimum of transfer."""
    for task, targets in enumerate(FINAL):
        for similarity, target in targets.items():
            value = gain(plotted.select(similarity=similarity), task, LATE)[PLOTTED]
            statement = f"{NAMES[task]} at V = {similarity}, {LATE} after the switch, plotted run."
            yield recomputed(statement, target - SPREAD, target + SPREAD, ALIKE, value)
    similarity, transfer = plotted.axis("similarity"), gain(plotted, 1, LATE)[:, PLOTTED]
    inside = similarity >= LOW
    dip = peak(similarity[inside], -transfer[inside])
    statement = "Similarity (from 0.1 on) with the smallest long-time transfer, plotted run."
    yield recomputed(statement, DIP[0] - STEP / 2, DIP[1] + STEP / 2, ALIKE, dip)
    least = transfer[inside].min()
    yield recomputed(
        "Smallest long-time transfer at similarities from 0.1 on, plotted run.",
        DEPTH - SPREAD,
        DEPTH + SPREAD,
        ALIKE,
        least,
    )


def shape_of_forgetting(plotted, runs):
    """State the inverted U, the late onset for orthogonal tasks and the short maximum for equal ones."""
    height = inverted_u(levels(runs, 0, SWITCH + LATE)).min()
    statement = "Forgetting is an inverted U: height of its peak above the higher end, smallest of all runs."
    yield recomputed(statement, 0.4, np.inf, FOUR + " (0.42 and more)", height)
    orthogonal, equal = runs.select(similarity=0.0), runs.select(similarity=1.0)
    quiet = np.abs(gain(plotted.select(similarity=0.0), 0, 10)[PLOTTED])
    statement = "Orthogonal tasks: size of forgetting 10 after the switch, plotted run."
    yield recomputed(statement, 0.0, 0.05, ALIKE + " (0.015)", quiet)
    times = measures.forgetting_time(runs.time, errors(orthogonal, 0), SWITCH, FORGOTTEN)
    statement = (
        f"Orthogonal tasks: time from the switch until forgetting exceeds {FORGOTTEN}, median over runs."
    )
    yield recomputed(statement, 10.0, 21.0, FOUR, **median(times))
    bump = np.max([gain(equal, 0, after) for after in range(1, 11)], axis=0) - gain(equal, 0, 20)
    statement = (
        "Equal tasks: largest forgetting within 10 after the switch minus forgetting 20 after it, median "
        "over runs."
    )
    yield recomputed(statement, 0.0, np.inf, FOUR, **median(bump))


def shape_of_transfer(plotted, runs):
    """State the minimum of long-time transfer, and that early transfer increases with similarity."""
    similarity, late, early = runs.axis("similarity"), gain(runs, 1, LATE), gain(runs, 1, 20)
    dip = late[(similarity >= LOW) & (similarity <= 0.5)].min(axis=0)
    statement = "Largest long-time transfer below V = 0.1 minus that at the dip, median over runs."
    best = late[similarity < LOW].max(axis=0)
    yield recomputed(statement, 2.4, np.inf, FOUR + " (2.47 to 3.73)", **median(best - dip))
    statement = "Long-time transfer at V = 1 minus that at the dip, median over runs."
    yield recomputed(statement, 0.6, 1.6, FOUR + " (0.61 to 1.56)", **median(late[-1] - dip))
    statement = (
        "Transfer 20 after the switch increases with similarity from V = 0.3 on: smallest step of all runs."
    )
    yield recomputed(statement, 0.0, np.inf, FOUR, np.diff(early[similarity > 0.29], axis=0).min())
    delay = gain(runs.select(similarity=0.1), 1, 20) - gain(runs.select(similarity=0.0), 1, 20)
    statement = (
        "A second plateau delays transfer at V = 0: transfer at V = 0.1 minus that at V = 0, 20 after the "
        "switch, median over runs."
    )
    yield recomputed(statement, 0.8, np.inf, FOUR + " (0.89 to 1.55)", **median(delay))


def agreement(plotted, simulation):
    """Compare simulations with the equations, except for nearly orthogonal tasks (random plateau)."""
    size = inputs(simulation)
    source = "agreement at 10^4 inputs in the paper; fluctuations of log10 of errors are some N^-1/2"
    for task, lowest in enumerate((LOW, 0.3)):
        gap = largest_gap(plotted, simulation, task, lowest)
        statement = (
            f"Simulations agree with the equations on the error of task {task + 1} from V = {lowest} on, at "
            f"{', '.join(map(str, PEAKS))} after the switch, for N = {size}: largest difference in log10."
        )
        yield Claim(FIGURE, statement, gap, 0.0, FEW / np.sqrt(size), source, "read")


def largest_gap(plotted, simulation, task, lowest):
    """Return the largest distance of simulation and equations in log10 of the error of a task.

    Similarities below `lowest` are left out.
    """
    shared = [similarity for similarity in simulation.axis("similarity") if similarity >= lowest]
    pairs = [(plotted.select(similarity=value), simulation.select(similarity=value)) for value in shared]
    gaps = [
        levels(there, task, SWITCH + after)[PLOTTED] - levels(here, task, SWITCH + after)[PLOTTED]
        for here, there in pairs
        for after in PEAKS
    ]
    return np.abs(gaps).max()


def recomputed(statement, low, high, source, value, uncertainty=None):
    """Return a claim of this figure with a recomputed range; the parameters are fields of `Claim`."""
    return Claim(FIGURE, statement, value, low, high, source, "recomputed", uncertainty)
