"""What is trained in one step, looked up in the document of a spec anew for every step."""

from fractions import Fraction


def nearest_step(time, dimension):
    """Of the two steps around a time the nearer one; in the middle the even one."""
    exact = Fraction(time * dimension)
    low = exact.numerator // exact.denominator
    if exact - low == Fraction(1, 2):
        return low if low % 2 == 0 else low + 1
    return low if exact - low < Fraction(1, 2) else low + 1


def in_window(window, step, document, end=None):
    """Whether a step is in a window with start and until."""
    N = document["inputs"]["dimension"]
    until = window.get("until", document["duration"] + 1.0) if end is None else end
    return nearest_step(window["start"], N) <= step and step < nearest_step(until, N)


def piece_of(pieces, step, document):
    """The first piece of a list that has not ended at a step."""
    for piece in pieces:
        if "until" not in piece or step < nearest_step(piece["until"], document["inputs"]["dimension"]):
            return piece
    return pieces[-1]


def number_of(value, teacher):
    return value[teacher] if isinstance(value, list) else value


def learning_rate(document, key, teacher, step):
    rate = document["training"][key]
    if isinstance(rate, list) and isinstance(rate[0], dict):
        rate = piece_of(rate, step, document)["value"]
    return number_of(rate, teacher)


def earlier_tasks(sequence, of):
    """The tasks before the present one, in the order of their first training."""
    present = sequence[-1]
    found = []
    for teacher in sequence:
        if teacher != present and teacher not in found:
            found.append(teacher)
    if of == "previous" and found:
        before = [teacher for teacher in sequence if teacher != present]
        found = [before[-1]]
    return found


def probabilities(document, sequence, step):
    """Probability of every task in a step, a list with one number per teacher."""
    P, curriculum = document["teachers"]["count"], document["curriculum"]
    if "mixture" in curriculum:
        return piece_of(curriculum["mixture"], step, document)["probabilities"]
    shares = [0.0] * P
    shares[sequence[-1]] = 1.0
    replay = curriculum.get("replay")
    if replay is None:
        return shares
    earlier = earlier_tasks(sequence, replay["of"])
    if not earlier:
        return shares
    if "interleave" in replay:
        new, old = replay["interleave"]["new"], replay["interleave"]["old"]
        share = old / (new + old)
    else:
        share = number_of(replay["fraction"], len(sequence) - 2)
    shares[sequence[-1]] = 1.0 - share
    for teacher in earlier:
        shares[teacher] = share / len(earlier)
    return shares


def task_in_turn(document, sequence, began, step):
    """The task of a step where tasks are trained in turn, found by counting from the first step."""
    replay = document["curriculum"]["replay"]
    earlier = earlier_tasks(sequence, replay["of"])
    plan, block = [], 0
    while len(plan) <= step - began:
        plan += [sequence[-1]] * replay["interleave"]["new"]
        plan += [earlier[block % len(earlier)]] * replay["interleave"]["old"]
        block += 1
    return plan[step - began]


def task(document, sequence, teacher, step):
    """Everything about a task in a step."""
    training, replay = document["training"], document["curriculum"].get("replay")
    scale = {"none": 1.0, "mean": 1.0 / document["student"]["hidden"]}[document["student"]["output_scale"]]
    found = {
        "teacher": teacher,
        "head": teacher if document["student"]["heads"] == "per_task" else 0,
        "labels": teacher,
        "fidelity": replay["fidelity"] if replay and teacher != sequence[-1] else 1.0,
        "learning_rate": learning_rate(document, "learning_rate", teacher, step),
        "readout_rate": scale**2 * learning_rate(document, "readout_learning_rate", teacher, step),
        "output_noise": document["teachers"]["output_noise"][teacher],
        "input_noise": document["teachers"]["input_noise"][teacher],
        "frozen_units": training["frozen_units"][teacher],
    }
    if "features" not in training["train"]:
        found["learning_rate"] = 0.0
    if "readouts" not in training["train"]:
        found["readout_rate"] = 0.0
    for window in training.get("deficits", []):
        if in_window(window, step, document):
            found |= {key: value for key, value in window.items() if key not in ("start", "until", "teacher")}
            found["labels"] = window.get("teacher", found["labels"])
    return found


def rotation_rate(document, step, angle):
    rotation = document["teachers"].get("rotation")
    if rotation is None:
        return 0.0
    end = rotation.get("until")
    if end == "reached":
        end = rotation["start"] + angle / rotation["rate"]
    return rotation["rate"] if in_window(rotation, step, document, end) else 0.0
