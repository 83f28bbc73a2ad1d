"""Specs of the first part of a run: a spec must not have what lies after its end."""

import copy


def shortened(document, end):
    """Return the document of a run that ends earlier."""
    document = copy.deepcopy(document) | {"duration": end}
    curriculum, training = document["curriculum"], document["training"]
    if curriculum.get("switch_times"):
        times = [time for time in curriculum["switch_times"] if time < end]
        curriculum["switch_times"] = times
        for block, key in (
            (curriculum.get("replay"), "fraction"),
            (training.get("consolidation"), "strength"),
        ):
            if isinstance((block or {}).get(key), list):
                block[key] = block[key][: len(times)]
    if "mixture" in curriculum:
        curriculum["mixture"] = _pieces(curriculum["mixture"], end)
    for key in ("learning_rate", "readout_learning_rate"):
        if isinstance(training.get(key), list) and isinstance(training[key][0], dict):
            training[key] = _pieces(training[key], end)
    windows = [window for window in training.pop("deficits", []) if window.get("start", 0.0) < end]
    if windows:
        training["deficits"] = windows
    rotation = document["teachers"].get("rotation")
    if rotation and rotation.get("start", 0.0) >= end:
        del document["teachers"]["rotation"]
    return document


def _pieces(pieces, end):
    """Return the pieces of a schedule up to a time."""
    starts = [0.0, *(piece["until"] for piece in pieces[:-1])]
    left = [dict(piece) for piece, start in zip(pieces, starts, strict=True) if start < end]
    left[-1].pop("until", None)
    return left
