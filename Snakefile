"""Figures of papers on online learning in the teacher-student setup, from simulations and theory.

`snakemake --cores 8` makes the figures of the papers in config/config.yaml; the name of a figure or of a paper makes
only that; `verify` checks the claims. config/README.md explains the settings.
"""

from snakemake.utils import min_version

min_version("9.0")


include: "workflow/rules/guard.smk"


configfile: str(CONFIG / "config.yaml")


for path in EXPERIMENT_FILES:

    configfile: path


include: "workflow/rules/common.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/animations.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/pages.smk"


report: "workflow/report/workflow.rst"


rule all:
    """Make all figures and animations of the selected papers, gather their claims, and write the pages."""
    default_target: True
    input:
        paths.figure_files(PLAN.selected_figures),
        rules.gather_claims.output,
        rules.write_claims_page.output,
        rules.settings.output,
        paths.explorer_page(PLAN),
        paths.animation_files(SELECTED_ANIMATIONS),
    localrule: True


include: "workflow/rules/targets.smk"
