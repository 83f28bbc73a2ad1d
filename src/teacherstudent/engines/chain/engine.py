"""Engine `chain`: the exact law of the order parameters at finite N, without any vector of N numbers."""

from collections.abc import Callable, Hashable, Sequence

from teacherstudent.engines.chain.block import Block
from teacherstudent.engines.chain.networks import axes
from teacherstudent.engines.start import BEGINNING, Start, State
from teacherstudent.engines.trajectory import Trajectory
from teacherstudent.networks.sampling import check_overlaps_fit
from teacherstudent.spec.model import Spec
from teacherstudent.spec.rules_inputs import refuse_finite_sets

# Chains that advance together: enough to keep vector units busy, not too many for the first-level cache.
TOGETHER = 64
# Numbers in a whole vector register; the number of columns is a multiple of it.
LANES = 8


def check(spec: Spec) -> None:
    """Raise SpecError where inputs are not fresh, or no networks of this size have the overlaps asked for."""
    refuse_finite_sets(spec, "chain")
    check_overlaps_fit(spec)


def fits(spec: Spec, state: State) -> bool:
    """Say whether a run of a spec can go on from a state: it has as many inputs, and a frame as large."""
    p, r, _ = axes(spec)
    same_frame = state["student_coordinates"].shape[1] == p + r and state["teacher_coordinates"].shape[1] == r
    return same_frame and int(state["dimension"]) == spec.inputs.dimension


def company(spec: Spec, run: int) -> Hashable:
    """Return what specs must have in common for their chains to advance together; the run does not matter."""
    teachers, student = spec.teachers, spec.student
    sizes = spec.inputs, teachers.count, teachers.hidden, student.hidden, spec.heads, spec.training.batch_size
    clock = spec.duration, spec.record, spec.curriculum.look_every
    return sizes, teachers.activation, student.activation, clock


def simulate(
    spec: Spec, seed: int, run: int, progress: Callable[[float], None], start: Start = BEGINNING
) -> Trajectory:
    """Follow one chain; `progress` is called with the fraction done."""
    return simulate_together([spec], seed, [run], progress, [start])[0]


def simulate_together(
    specs: Sequence[Spec],
    seed: int,
    runs: Sequence[int],
    progress: Callable[[float], None],
    starts: Sequence[Start] = (BEGINNING,),
) -> list[Trajectory]:
    """Follow one chain for each spec and its run; the specs are of one company.

    All start at one time, the last start repeated as needed, all from states or none. The trajectory of a
    chain does not depend on the others. `progress` is called with the fraction done.
    """
    starts = [*starts, *[starts[-1]] * (len(specs) - len(starts))]
    block = Block(_filled(specs), seed, _filled(runs), _filled(starts))
    while True:
        block.record()
        block.begin_phases()
        if block.step >= block.last or not block.finite.any():
            return [block.trajectory(c) for c in range(len(specs))]
        block.train()
        progress(block.step / block.last)


def _filled(items: Sequence) -> list:
    """Repeat the last item up to a whole number of vectors."""
    return [*items, *[items[-1]] * (-len(items) % LANES)]
