"""The arrays of the states that are recorded at the end of runs, to resume them. Each is declared once."""

from typing import NamedTuple

STATE = "state"  # the group of the state at the end, if it is recorded


class StateVariable(NamedTuple):
    """An array of the state that is recorded at the end of a run."""

    name: str
    symbol: str
    description: str


# The variables of all states; each engine lists those that it has in `STATE_NAMES`.
_LISTED = (
    StateVariable("time", symbol="t", description="time of the state"),
    StateVariable("switch_times", symbol="s", description="times of the switches up to this time"),
    StateVariable("teachers", symbol="p*", description="teachers trained on up to this time, in order"),
    StateVariable("dimension", symbol="N", description="number of inputs"),
    StateVariable("student_weights", symbol="w", description="first layer of the student"),
    StateVariable(
        "student_coordinates",
        symbol="S",
        description="first layer of the student in a frame of all networks, / sqrt N",
    ),
    StateVariable(
        "student_readouts", symbol="h", description="readouts of the student times its output scale"
    ),
    StateVariable(
        "block_fields", symbol="w x", description="fields of the student for the inputs of a block of steps"
    ),
    StateVariable(
        "block_inputs",
        symbol="-",
        description="inputs of this block: key of the random numbers, bytes of a number, inputs of a step, "
        "number of the step",
    ),
    StateVariable("student_inner", symbol="U", description="weights between the student's hidden layers"),
    StateVariable(
        "bias_weights", symbol="sqrt(N) b", description="biases of the student's units times sqrt N"
    ),
    StateVariable("readout_biases", symbol="c", description="constants in the outputs of the heads"),
    StateVariable("teacher_weights", symbol="V", description="first layers of the teachers"),
    StateVariable("cluster_means", symbol="mu", description="means of the clusters of inputs"),
    StateVariable(
        "teacher_coordinates",
        symbol="B",
        description="first layers of the teachers along the last axes of the frame, / sqrt N",
    ),
    StateVariable(
        "input_groups",
        symbol="-",
        description="groups of structured inputs: number of directions, factors of inputs, variance of the "
        "rest, factor of teacher fields",
    ),
    StateVariable("anchor_weights", symbol="c", description="anchors of the student units"),
    StateVariable(
        "anchor_coordinates", symbol="c", description="anchors of the student units in the frame, / sqrt N"
    ),
    StateVariable(
        "penalties", symbol="lambda a", description="strength times importance, of each unit or weight"
    ),
    StateVariable(
        "column_overlaps",
        symbol="T",
        description="overlaps of the units of all teachers, of vectors in the plane of a rotation, and of "
        "the anchors",
    ),
    StateVariable(
        "path_integral", symbol="S", description="path integral of each unit or weight up to this time"
    ),
    StateVariable(
        "rotation",
        symbol="-",
        description="first units of the teacher that turns and of the other one, angle of a step, first step",
    ),
    StateVariable(
        "rotation_plane",
        symbol="-",
        description="overlap of each other unit with the turning one, and length over remainder, as ratios",
    ),
    StateVariable(
        "rotation_angle",
        symbol="-",
        description="angle between the start of the rotation of a teacher and the other one",
    ),
    StateVariable("importances", symbol="a", description="importances at the switches up to this time"),
    StateVariable("replay_inputs", symbol="x", description="stored inputs of each task, for replay"),
    StateVariable("replay_labels", symbol="y", description="labels of the stored inputs"),
    StateVariable("replay_counts", symbol="-", description="number of stored inputs of each task"),
    StateVariable("task_weights", symbol="w*", description="first layer of the student at the last switch"),
    StateVariable("teacher_lengths", symbol="B", description="lengths of the units of teachers that move"),
    StateVariable(
        "teacher_plane", symbol="u", description="plane in which a teacher turns: at angle 0 and pi / 2"
    ),
    StateVariable(
        "teacher_angles", symbol="-", description="angles between the teacher that turns and the other one"
    ),
    StateVariable(
        "teacher_overlaps", symbol="T", description="overlaps of the units of all teachers, in one row"
    ),
    StateVariable(
        "teacher_readouts", symbol="v", description="readouts of the teachers times their output scale"
    ),
    StateVariable(
        "mode_eigenvalues", symbol="omega", description="eigenvalues of the covariances of structured inputs"
    ),
    StateVariable("mode_shares", symbol="nu", description="number of directions of each eigenvalue, / N"),
    StateVariable(
        "mode_overlaps",
        symbol="t",
        description="overlaps of teachers in the directions of each eigenvalue",
    ),
    StateVariable(
        "joint_covariances",
        symbol="Omega_p",
        description="covariances of the inputs of all tasks, in the joint space of their loadings",
    ),
    StateVariable(
        "joint_variances",
        symbol="-",
        description="variances of the inputs of all tasks outside of that space",
    ),
    StateVariable(
        "joint_fields",
        symbol="g",
        description="sqrt N times the covariances of inputs and teacher fields, in that space",
    ),
    StateVariable(
        "joint_task", symbol="-", description="task in whose modes the state is; -1 while tasks are mixed"
    ),
    StateVariable(
        "joint_means",
        symbol="mu",
        description="means of the weights when this task became active, in its modes",
    ),
    StateVariable("joint_moments", symbol="S", description="moments of their fluctuations, then"),
    StateVariable("joint_outside", symbol="-", description="their overlaps outside of the joint space, then"),
    StateVariable("integrator_joint_task", symbol="-", description="joint_task at the restart point"),
    StateVariable("integrator_joint_means", symbol="mu", description="joint_means at the restart point"),
    StateVariable("integrator_joint_moments", symbol="S", description="joint_moments at the restart point"),
    StateVariable("integrator_joint_outside", symbol="-", description="joint_outside at the restart point"),
    StateVariable(
        "state_of_nodes",
        symbol="-",
        description="order parameters, and time, for which the nodes of sums over fields were chosen",
    ),
    StateVariable("integrator_state_of_nodes", symbol="-", description="state_of_nodes at the restart point"),
    StateVariable("order_parameters", symbol="Q, R, h", description="variables of the equations, in one row"),
    StateVariable(
        "integrator_numbers",
        symbol="-",
        description="restart point: time, size of the next step, largest factor by which it may grow",
    ),
    StateVariable("integrator_y", symbol="-", description="order parameters at the restart point"),
    StateVariable(
        "integrator_k", symbol="-", description="time derivative of the order parameters at the restart point"
    ),
    StateVariable(
        "integrator_switches", symbol="-", description="number of switches before the restart point"
    ),
    StateVariable("node_spacings", symbol="-", description="spacings of the nodes of means over the fields"),
    StateVariable("integrator_node_spacings", symbol="-", description="node_spacings at the restart point"),
    StateVariable(
        "integrator_column_overlaps", symbol="T", description="column_overlaps at the restart point"
    ),
    StateVariable("integrator_penalties", symbol="lambda a", description="penalties at the restart point"),
    StateVariable(
        "integrator_constants", symbol="-", description="constants of the equations at the restart point"
    ),
)
STATE_VARIABLES = {entry.name: entry for entry in _LISTED}
