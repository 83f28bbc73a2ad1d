"""From runs to curves: one file per experiment with what its figures need."""


rule collect:
    """Stack the runs of an experiment over its axes."""
    input:
        unpack(runs),
    output:
        CURVES,
    log:
        "results/logs/collect/{experiment}.log",
    group:
        group_of_curves
    conda:
        ENVIRONMENT
    threads: 1
    params:
        grids=grids,
        looped=looped,
        keep=kept,
        code=code_of("collect.py"),
    message:
        "Collect the curves of {wildcards.experiment}"
    script:
        "../scripts/collect.py"
