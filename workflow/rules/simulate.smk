"""From experiments to runs: one job per curve, with its inner axes and all runs inside.

Short curves of an engine that are needed for the same figures are computed by one job.
"""


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
    wildcard_constraints:
        experiment=no_start_of(
            [f"{job.experiment}/{job.engine}" for shared in SHARED_JOBS for job in shared.jobs], "/"
        ),
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


for shared in SHARED_JOBS:

    rule:
        """Run several short experiments on one engine."""
        name:
            f"simulate_{shared.name}_{shared.engine}"
        input:
            [file for job in shared.jobs for file in data_files(job.work)],
        output:
            [paths.run_file(job) for job in shared.jobs],
        log:
            f"results/logs/simulate/{shared.name}/{shared.engine}/several.log",
        benchmark:
            f"results/benchmarks/simulate/{shared.name}/{shared.engine}/several.tsv"
        group:
            lambda wildcards, name=shared.name: on_cluster(GROUPS.get(name))
        conda:
            ENVIRONMENT
        threads: 1
        resources:
            runtime=lambda wildcards, attempt, seconds=shared.seconds: minutes(seconds, attempt),
        params:
            works=[job.work for job in shared.jobs],
            code=lambda wildcards, engine=shared.engine: digest_of_job(engine),
        message:
            f"Run {len(shared.jobs)} short experiments on {shared.engine}, the first of them {shared.name}"
        script:
            "../scripts/simulate_several.py"
