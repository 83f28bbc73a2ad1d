"""From runs to curves: one file per experiment with the quantities for its figures."""


rule collect:
    """Stack the runs of an experiment over its axes."""
    input:
        unpack(lambda wildcards: looked_up(paths.run_files, PLAN, wildcards.experiment)),
    output:
        paths.CURVES,
    log:
        "results/logs/collect/{experiment}.log",
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
