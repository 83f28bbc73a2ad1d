"""A target that does not exist is named in one line, with the closest that do.

Included last, when all rules are known. Jobs of a run are not asked again; a workflow that uses this one as a module
has further rules after it.
"""

import os

from _targets import asked_for, unknown


def files_made():
    """All files that the rules make, with the wildcards filled in from the configuration."""
    made = {str(file) for rule in workflow.rules if not rule.has_wildcards() for file in rule.products()}
    made |= {CURVES.format(experiment=name) for name in PLAN.experiments}
    return made | {RUNS.format(experiment=e, engine=engine, curve=curve) for e, engine, curve in PLAN.jobs}


if workflow.is_main_process and not AS_MODULE:
    for target in asked_for():
        path = target if not target or os.path.isabs(target) else os.path.relpath(target)
        if not workflow.is_rule(target) and path not in files_made():
            sys.exit(unknown(target, [*TARGETS, *PLAN.figures, *PLAN.paper_names], files_made()))
