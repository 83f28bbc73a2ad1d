"""The cost of a step against the number of inputs: two lines rise, those of chain and ode are flat."""

import csv
from pathlib import Path

# isort: split
from teacherstudent.plotting.settings import UNDATED, drawing  # imports matplotlib safely

# isort: split
import equations
import numpy as np
import simulations
from matplotlib.figure import Figure
from timing import seconds

INPUTS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
FAR = (10**6, 10**7, 10**8, 10**9)  # where only the chain goes
NAMES = {
    "numpy loop": ("0.5", "s"),
    "network": ("#1B9E8A", "o"),
    "network, float32": ("#7B5EA7", "^"),
    "chain": ("#E6A117", "D"),
    "ode, right-hand side": ("#C8553D", None),
}


def measure() -> dict[str, list[tuple[int, float]]]:
    """Seconds a step by name and number of inputs."""
    costs: dict[str, list[tuple[int, float]]] = {name: [] for name in NAMES}
    for N in INPUTS:
        works = (
            simulations.numpy_loop(N),
            simulations.network(N),
            simulations.network(N, np.float32),
            simulations.chains(N),
        )
        for name, time in zip(NAMES, seconds(*works), strict=False):
            costs[name].append((N, time))
    for N in FAR:
        costs["chain"].append((N, *seconds(simulations.chains(N))))
    (rhs,) = seconds((equations.right_hand_side(simulations.K, simulations.M), 20_000))
    costs["ode, right-hand side"] = [(N, rhs) for N in (INPUTS[0], FAR[-1])]
    return costs


def make(folder: Path) -> None:
    """Measure, and write the numbers and the figure."""
    costs = measure()
    with (folder / "cost_per_step.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("what", "inputs", "seconds"))
        writer.writerows((name, N, f"{time:.4g}") for name, points in costs.items() for N, time in points)
    with drawing():
        draw(costs, folder / "cost_per_step")


def draw(costs: dict[str, list[tuple[int, float]]], path: Path) -> None:
    """Draw the cost of a step in a log-log plot."""
    fig = Figure(figsize=(4.5, 3.2), layout="constrained")
    ax = fig.subplots()
    for name, points in costs.items():
        color, marker = NAMES[name]
        N, times = zip(*points, strict=True)
        ax.loglog(N, times, color=color, marker=marker, markersize=4, label=name)
    ax.set(xlabel="number of inputs $N$", ylabel="CPU time of a step (s)")
    ax.legend(frameon=False, fontsize=8)
    for kind in ("pdf", "png"):
        fig.savefig(path.with_suffix(f".{kind}"), metadata=UNDATED[kind], dpi=200)
