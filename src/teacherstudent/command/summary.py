"""Mean and standard deviation over many runs as rows of a table."""

import numpy as np

from teacherstudent.command.values import at_switches, rows_of, shown
from teacherstudent.engines.observables import label_of
from teacherstudent.store.stored_run import StoredRun

MOST_RUNS = 10  # more runs are summarised; figures show more than ten runs as a band, too


def summary(stored: StoredRun) -> tuple[str, dict[str, str]]:
    """Return the heading and the rows of the summary of all runs of a group.

    Parameters
    ----------
    stored : StoredRun
        Several runs.

    Returns
    -------
    tuple of str and dict
        The heading, such as "mean (standard deviation) of 990 runs at t = 5", and text by label. Runs that
        diverged are counted and left out.
    """
    whole = np.isnan(stored.attributes.get("diverged_at", np.full(len(stored.trajectories), np.nan)))
    count, diverged = int(whole.sum()), int((~whole).sum())
    rows = {"diverged": f"{diverged} of {len(whole)} runs"} if diverged else {}
    if count < 2:
        return f"{count} did not diverge", rows
    heading = f"mean (standard deviation) of {count} runs at t = {stored.arrays['time'][-1]:g}"
    switches = _switches(stored.arrays["switch_times"][whole])
    return heading, rows | switches | _values(stored.arrays, whole)


def _values(arrays: dict[str, np.ndarray], whole: np.ndarray) -> dict[str, str]:
    """Return the last values of all quantities over time, and those at each switch."""
    rows: dict[str, str] = {}
    for entry in shown(arrays):
        rows |= _mean_rows(label_of(entry), entry.dimensions[1:], arrays[entry.name][whole, -1])
    for entry in at_switches(arrays):
        for switch in range(arrays[entry.name].shape[1]):
            label = f"{label_of(entry)}, switch {switch + 1}"
            rows |= _mean_rows(label, entry.dimensions[1:], arrays[entry.name][whole, switch])
    return rows


def _mean_rows(label: str, dimensions: tuple[str, ...], values: np.ndarray) -> dict[str, str]:
    """Return the rows of one quantity; runs without this number, such as a missing switch, have NaN."""
    has = ~np.isnan(values.reshape(len(values), -1)).all(axis=1)
    if has.sum() < 2:
        return {}
    return rows_of(label, dimensions, values[has].mean(axis=0), values[has].std(axis=0, ddof=1))


def _switches(times: np.ndarray) -> dict[str, str]:
    """Return a row about the switches: their times, or their number where it differs between runs."""
    numbers = np.isfinite(times).sum(axis=1)
    if numbers.min() != numbers.max():
        return {"switches": f"from {numbers.min()} to {numbers.max()}"}
    means, spreads = times.mean(axis=0), times.std(axis=0, ddof=1)
    texts = [
        f"t = {mean:g}" + (f" ({spread:.2g})" if spread > 0.0 else "")
        for mean, spread in zip(means, spreads, strict=True)
    ]
    return {"switches": ", ".join(texts) or "none"}
