"""From experiments to runs: one job per curve, with its inner axes and all runs inside."""


rule simulate:
    """Run one curve of an experiment on one engine."""
    input:
        datasets,
    output:
        RUNS,
    log:
        "results/logs/simulate/{experiment}/{engine}/{curve}.log",
    benchmark:
        "results/benchmarks/simulate/{experiment}/{engine}/{curve}.tsv"
    group:
        group_of_curve
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        runtime=runtime,
    params:
        work=work,
        code=engine_code,
    message:
        "Run {wildcards.experiment} on {wildcards.engine}: {wildcards.curve}"
    script:
        "../scripts/simulate.py"
