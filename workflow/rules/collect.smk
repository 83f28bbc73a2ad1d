"""From runs to curves: one file per experiment with the quantities for its figures.

Short experiments that are needed for the same figures are collected by one job.
"""


rule collect:
    """Stack the runs of an experiment over its axes."""
    input:
        unpack(lambda wildcards: looked_up(paths.run_files, PLAN, wildcards.experiment)),
    output:
        paths.CURVES,
    log:
        "results/logs/collect/{experiment}.log",
    wildcard_constraints:
        experiment=no_start_of([name for names in SHARED_COLLECTIONS for name in names], "[.]h5"),
    group:
        lambda wildcards: on_cluster(GROUPS.get(wildcards.experiment))
    conda:
        ENVIRONMENT
    threads: 1
    params:
        grids=lambda wildcards: looked_up(PLAN.grids, wildcards.experiment),
        inner_axes=lambda wildcards: looked_up(PLAN.inner_axes, wildcards.experiment),
        quantities=lambda wildcards: looked_up(PLAN.experiment, wildcards.experiment).collect,
        code=code_of("collect.py"),
    message:
        "Collect the curves of {wildcards.experiment}"
    script:
        "../scripts/collect.py"


for names in SHARED_COLLECTIONS:

    rule:
        """Stack the runs of several short experiments over their axes."""
        name:
            f"collect_{names[0]}"
        input:
            [file for name in names for files in paths.run_files(PLAN, name).values() for file in files],
        output:
            paths.curve_files(names),
        log:
            f"results/logs/collect/{names[0]}.log",
        group:
            lambda wildcards, names=names: on_cluster(common_group(names))
        conda:
            ENVIRONMENT
        threads: 1
        params:
            experiments=[collected(name) for name in names],
            code=code_of("collect.py"),
        message:
            f"Collect the curves of {len(names)} short experiments, the first of them {names[0]}"
        script:
            "../scripts/collect_several.py"
