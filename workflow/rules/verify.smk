"""From the claims of the figures to one table of verdicts."""


rule gather_claims:
    """Gather the claims about all figures of the configured papers."""
    input:
        [CLAIMS.format(figure=figure.name) for figure in figures_of(*PLAN.papers)],
    output:
        report("results/verification/claims.csv", caption="../report/claims.rst", category="claims"),
    log:
        "results/logs/gather_claims.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        code=code_digest("teacherstudent.claims"),
    message:
        "Gather the claims"
    script:
        "../scripts/gather_claims.py"


rule verify:
    """Print the verdict on every claim; fails if one does not hold."""
    input:
        rules.gather_claims.output,
    log:
        "results/logs/verify.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Verify the claims"
    script:
        "../scripts/verify.py"
