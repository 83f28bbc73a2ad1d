"""From the claims of the figures to one table of verdicts, and a page with the agreement of engines."""


rule gather_claims:
    """Gather the claims about all figures of the selected papers."""
    input:
        paths.claim_files(PLAN.selected_figures),
    output:
        report(
            "results/verification/claims.csv",
            caption="../report/claims.rst",
            category="claims",
            labels={"table": "claims", "show": "numbers"},
        ),
    log:
        "results/logs/gather_claims.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        code=code_of("gather_claims.py"),
    message:
        "Gather the claims"
    script:
        "../scripts/gather_claims.py"


rule measure_agreement:
    """Measure the largest distance of the engines in each experiment that has more than one."""
    input:
        paths.curve_files(PLAN.compared_experiments),
    output:
        report(
            "results/verification/agreement.csv",
            caption="../report/agreement.rst",
            category="claims",
            labels={"table": "agreement of engines", "show": "numbers"},
        ),
    log:
        "results/logs/measure_agreement.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        code=code_of("measure_agreement.py"),
    message:
        "Measure the agreement of engines"
    script:
        "../scripts/measure_agreement.py"


rule write_claims_page:
    """Write the page of claims and agreement."""
    input:
        claims=rules.gather_claims.output[0],
        agreement=rules.measure_agreement.output[0],
        template=source_file("workflow/report/claims.html.jinja"),
        base=source_file("workflow/report/page.html.jinja"),
        helpers=helpers_of("write_claims_page.py"),
    output:
        report(
            "results/verification/claims.html",
            caption="../report/claims.rst",
            category="claims",
            labels={"table": "claims and agreement", "show": "page"},
        ),
    log:
        "results/logs/write_claims_page.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        files=configuration_files(),
        code=code_of("write_claims_page.py"),
    message:
        "Write the page of claims"
    script:
        "../scripts/write_claims_page.py"


rule verify:
    """Print the verdict on every claim; fails if one does not hold."""
    input:
        claims=rules.gather_claims.output[0],
        page=rules.write_claims_page.output[0],
    log:
        "results/logs/verify.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Verify the claims"
    script:
        "../scripts/verify.py"
