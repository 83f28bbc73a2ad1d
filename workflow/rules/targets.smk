"""A target that does not exist ends Snakemake with one line that lists the closest ones.

Included last, when all rules are defined. Jobs of a run skip the check, and so does a workflow that uses this one as
a module, because further rules may follow.
"""

import os

from _targets import requested, unknown


def files_made():
    """All files that the rules make, with the wildcards filled in from the configuration."""
    made = {str(file) for rule in workflow.rules if not rule.has_wildcards() for file in rule.products()}
    return made | {*paths.curve_files(PLAN.experiments), *map(paths.run_file, PLAN.jobs.values())}


if workflow.is_main_process and not AS_MODULE:
    for target in requested():
        path = target if not target or os.path.isabs(target) else os.path.relpath(target)
        if not workflow.is_rule(target) and path not in files_made():
            sys.exit(unknown(target, [*RULES, *PLAN.figures, *PLAN.paper_names], files_made()))
