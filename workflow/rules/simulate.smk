"""From experiments to runs: one job per curve, with its inner axes and all runs inside."""


rule simulate:
    """Run one curve of an experiment on one engine."""
    input:
        lambda wildcards: data_files(job_of(wildcards).work),
    output:
        paths.RUNS,
    log:
        "results/logs/simulate/{experiment}/{engine}/{curve}.log",
    benchmark:
        "results/benchmarks/simulate/{experiment}/{engine}/{curve}.tsv"
    group:
        lambda wildcards: on_cluster(
            GROUPS.get(wildcards.experiment) or curve_group(job_of(wildcards), PLAN.job_seconds)
        )
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        runtime=lambda wildcards, attempt: minutes(job_of(wildcards).seconds, attempt),
    params:
        work=lambda wildcards: job_of(wildcards).work,
        code=lambda wildcards: digest_of_job(wildcards.engine),
    message:
        "Run {wildcards.experiment} on {wildcards.engine}: {wildcards.curve}"
    script:
        "../scripts/simulate.py"
