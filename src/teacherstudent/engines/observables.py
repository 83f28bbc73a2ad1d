"""What a run records: datasets and dimensions with their symbols and meanings."""

from teacherstudent.engines.trajectory import LEFT_OUT

SCHEMA_VERSION = 1

# Dataset: (dimensions, symbol, description).
VARIABLES = {
    "time": (("time",), "t", "time t = steps / N"),
    "generalisation_error": (
        ("time", "teacher"),
        "eps",
        "generalisation error 1/2 <(student - teacher)^2> against each noiseless teacher; of a data set "
        "its mean over the test samples",
    ),
    "student_overlaps": (
        ("time", "student_unit", "student_unit_other"),
        "Q",
        "overlaps of student units, w_i.w_k / N",
    ),
    "student_teacher_overlaps": (
        ("time", "teacher", "student_unit", "teacher_unit"),
        "R",
        "overlaps of student and teacher units, w_k.v_m / N",
    ),
    "student_readouts": (
        ("time", "head", "student_unit"),
        "h",
        "readouts of the student times its output scale, one row per head",
    ),
    "teacher_overlaps": (
        ("teacher", "teacher_other", "teacher_unit", "teacher_unit_other"),
        "T",
        "overlaps of teacher units, v_m.v_n / N",
    ),
    "teacher_readouts": (
        ("teacher", "teacher_unit"),
        "v",
        "readouts of the teachers times their output scale",
    ),
    "active_teacher": (
        ("time",),
        "p*",
        "teacher trained on at that time, counted from 0; -1 after a run diverged",
    ),
    "switch_times": (("switch",), "s", "times of the switches as they happened"),
    "student_weights": (
        ("time", "student_unit", "input"),
        "w",
        "first layer of the student",
    ),
    "training_error": (
        ("time", "teacher"),
        "eps_t",
        "mean of 1/2 (student - label)^2 over the finite training set, for each teacher",
    ),
    "classification_error": (
        ("time", "teacher"),
        "eps_c",
        "part of the test samples where student and label differ in sign, for each teacher",
    ),
}
# Datasets that only some runs have.
OPTIONAL = (*LEFT_OUT["errors"], "student_weights", "training_error", "classification_error")

# Dimension without a dataset of its own: (symbol, description).
DIMENSIONS = {
    "run": ("r", "number of the run"),
    "teacher": ("p", "teacher, counted from 0"),
    "teacher_other": ("q", "other teacher, counted from 0"),
    "student_unit": ("k", "unit of the student, counted from 0"),
    "student_unit_other": ("l", "other unit of the student, counted from 0"),
    "teacher_unit": ("m", "unit of the teacher, counted from 0"),
    "teacher_unit_other": ("n", "unit of the other teacher, counted from 0"),
    "input": ("i", "input, counted from 0"),
    "head": ("a", "head of the student, counted from 0"),
    "switch": ("j", "number of the switch, counted from 0"),
}


# The group of the state at the end, where that is recorded, and its datasets: (symbol, description, engines).
STATE = "state"
NETWORK, CHAIN, ODE = "network", "chain", "ode"
STATE_VARIABLES = {
    "time": ("t", "time of the state", (NETWORK, CHAIN, ODE)),
    "switch_times": ("s", "times of the switches so far", (NETWORK, CHAIN, ODE)),
    "teachers": ("p*", "teachers trained on so far, the last one still", (NETWORK, CHAIN, ODE)),
    "dimension": ("N", "number of inputs", (CHAIN,)),
    "student_weights": ("w", "first layer of the student", (NETWORK,)),
    "student_coordinates": ("S", "first layer of the student in a frame of all networks, / sqrt N", (CHAIN,)),
    "student_readouts": ("h", "readouts of the student times its output scale", (NETWORK, CHAIN)),
    "teacher_weights": ("V", "first layers of the teachers", (NETWORK,)),
    "teacher_coordinates": ("B", "first layers of the teachers on the frame's last axes, / sqrt N", (CHAIN,)),
    "teacher_overlaps": ("T", "overlaps of the units of all teachers, in one row", (ODE,)),
    "teacher_readouts": ("v", "readouts of the teachers times their output scale", (NETWORK, CHAIN, ODE)),
    "order_parameters": ("Q, R, h", "what the equations are about, in one row", (ODE,)),
    "integrator_numbers": ("-", "time, step, growth before the end first cut a step", (ODE,)),
    "integrator_y": ("-", "order parameters at that time", (ODE,)),
    "integrator_k": ("-", "their derivative", (ODE,)),
    "integrator_switches": ("-", "number of switches by then", (ODE,)),
    "integrator_constants": ("-", "what the equations took as given", (ODE,)),
}
