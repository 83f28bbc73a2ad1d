"""Phases and stages of chains that advance together, and what changes at a switch."""

from collections.abc import Iterable

import numpy as np

from teacherstudent.engines.chain import anchors
from teacherstudent.engines.chain.networks import same_items
from teacherstudent.engines.chain.tasks import constants_of, parts_of, set_stage, terms_of
from teacherstudent.engines.phases import Phase, head_to_copy, phases_left, under_way
from teacherstudent.engines.rates import Stage, at_switch, stages
from teacherstudent.engines.start import Start
from teacherstudent.kernels.chain import arrays, interventions
from teacherstudent.kernels.chain.motion import place_teachers
from teacherstudent.spec.model import Spec
from teacherstudent.spec.steps import step_at


class PhasedChains:
    """The part of `block.Block` that starts phases and stages; `chains` are lists of their numbers."""

    def begin_first_phases(self, starts: list[Start]) -> None:
        """Start the first phase of every chain, or resume in a phase that has started."""
        C = len(self.specs)
        self.switches = [list(start.switches) for start in starts]
        self.sequence = [list(start.sequence) for start in starts]
        self.phases: list[list[Phase]] = [[] for _ in range(C)]
        self.stages: list[list[Stage]] = [[] for _ in range(C)]
        self.head, self.end, self.stage_end = (np.zeros(C, dtype=int) for _ in range(3))
        for chains in same_items(zip(map(id, self.specs), map(id, starts), strict=True)):
            one = chains[0]
            left = phases_left(self.specs[one], self.step, self.switches[one], self.step_at)
            for c in chains:
                self.phases[c] = list(left)
            if under_way(left[0], self.sequence[one]):
                self.set_phase(chains)
            else:
                self.begin_next_phase(chains)

    def alike(self, chains: Iterable[int]) -> list[list[int]]:
        """Divide chains into those with the same spec, switches and phases up to now."""
        chains = list(chains)
        items = (
            (id(self.specs[c]), len(self.stages[c]), (*self.switches[c], None, *self.sequence[c]))
            for c in chains
        )
        return [[chains[i] for i in group] for group in same_items(items)]

    def step_at(self, time: float) -> int:
        """Return the step nearest to a time."""
        return step_at(time, self.shape.N)

    def begin_phases(self) -> None:
        """Start the next phase or stage of all chains whose one has ended, before the end of the run."""
        while self.step < self.last:
            new = self.finite & (self.step >= self.stage_end) & (self.step < self.end)
            for chains in self.alike(np.flatnonzero(new)):
                self.begin_stage(chains)
            over = self.finite & ((self.step >= self.end) | self.below_threshold())
            if not over.any():
                return
            for chains in self.alike(np.flatnonzero(over)):
                self.begin_next_phase(chains)

    def begin_next_phase(self, chains: list[int]) -> None:
        """Start the next phase of chains that are alike; it is a switch unless it is the first phase."""
        spec, before, phase = self.specs[chains[0]], list(self.sequence[chains[0]]), self.phases[chains[0]][0]
        self.put_heads_back()
        copied = head_to_copy(spec, before, phase.teacher)
        for c in chains:
            if before:
                self.switches[c].append(self.step / self.shape.N)
                self.end_task(c, before[-1])
            self.sequence[c].append(phase.teacher)
        if copied is not None:
            self.h[spec.head_of(phase.teacher), :, chains] = self.h[copied, :, chains]
        self.set_phase(chains)

    def set_phase(self, chains: list[int]) -> None:
        """Set the trained head of chains that are alike for their next phase, and start its first stage."""
        one, step = chains[0], self.constants.step
        spec, phase, head = (
            self.specs[one],
            self.phases[one][0],
            self.specs[one].head_of(self.phases[one][0].teacher),
        )
        own = np.array(chains)
        self.head[own] = self.constants.tasks.main[own] = head
        self.end[own] = self.step_at(phase.end)
        self.state.h[:, own] = self.h[head][:, own]
        step.active[own], step.threshold[own] = phase.teacher, phase.threshold
        began, now = [0.0, *self.switches[one]][-1], self.step / self.shape.N
        found = stages(spec, phase, self.sequence[one], began, now)
        for c in chains:
            self.phases[c].pop(0)
            self.stages[c] = list(found)
        self.begin_stage(chains)

    def begin_stage(self, chains: list[int]) -> None:
        """Start the next stage of a phase of chains that are alike."""
        spec, N, rows = self.specs[chains[0]], self.shape.N, []
        stage = self.applied(spec, self.stages[chains[0]][0])
        own = np.array(chains)
        self.stage_end[own] = self.step_at(stage.end)
        rule = spec.training.consolidation
        for task in stage.tasks:
            kappa = anchors.kappa(spec, self.penalties[own], task)
            proximal = rule is not None and rule.step == "proximal"
            rows.append(constants_of(task, stage, self.teachers.v[own], kappa, proximal, N))
        set_stage(self.constants, own, stage, rows, N)
        self.constants.step.B[:, :, own] = self.rows_of(stage.tasks[0].labels)[:, :, own]
        self.present = None
        for c in chains:
            self.stages[c].pop(0)

    def applied(self, spec: Spec, stage: Stage) -> Stage:
        """Return a stage as steps apply it: unchanged by default."""
        return stage

    def modes(self) -> tuple[interventions.Parts, arrays.Terms]:
        """Return the interventions and the terms of the present stages."""
        if self.present is None:
            spec, constants = self.specs[0], self.constants
            self.present = parts_of(constants.tasks, self.penalties, spec), terms_of(constants, spec)
        return self.present

    def rows_of(self, teacher: int) -> np.ndarray:
        """Return the coordinates that the labels of a teacher depend on, (M, s, C)."""
        M = self.specs[0].teachers.hidden
        return self.teachers.B[teacher * M : (teacher + 1) * M]

    def end_task(self, c: int, teacher: int) -> None:
        """Find the importances of the units of a chain for a task that ends, and set its anchors."""
        spec, n, M = self.specs[c], self.shape.p + self.shape.r, self.specs[c].teachers.hidden
        if spec.training.consolidation is not None:
            own, h = slice(teacher * M, (teacher + 1) * M), self.h[spec.head_of(teacher), :, c]
            path, v, B = self.anchors.path[:, c], self.teachers.v[c, teacher], self.teachers.B[own, :, c]
            found = anchors.importances(spec, self.shape, self.state.S[:, :n, c], B, v, h, path)
            self.importances[c].append(found)
        if spec.has_anchors:
            self.set_anchors(c)
        self.anchors.path[:, c] = 0.0

    def set_anchors(self, c: int) -> None:
        """Set the anchors of a chain at a switch, and its penalties for changes from the task before it."""
        spec, n = self.specs[c], self.shape.p + self.shape.r
        rule, S = spec.training.consolidation, self.state.S[:, :n, c]
        centres = S
        if rule is not None:
            added = at_switch(rule.strength, len(self.switches[c]) - 1) * self.importances[c][-1]
            old = self.penalties[c] * (rule.anchors == "sum")
            present = np.pad(self.anchors.c[:, :, c], [(0, 0), (self.shape.p, 0)])
            self.penalties[c], centres = anchors.combined(old, present, added, S)
        found = anchors.in_new_frame(self.shape, self.motion.base[:, :, c], centres, S)
        self.motion.base[:, :, c], self.anchors.c[:, :, c], self.state.S[:, :n, c] = found
        if spec.teachers.rotation is not None:
            place_teachers(self.motion, self.teachers.B, self.step)

    def put_heads_back(self) -> None:
        """Copy the trained heads into the array of all heads, (H, K, C)."""
        self.h[self.head, :, np.arange(len(self.head))] = self.state.h.T
