"""From curves to figures: one rule for each figure, and targets with the names of figures and papers.

The script is given by a parameter, because an expression with the variable of the loop is evaluated when the job runs.
"""

for figure in PLAN.figures.values():

    rule:
        """Draw a figure, and evaluate its claims."""
        name:
            f"draw_{figure.name}"
        input:
            curves=paths.curve_files(figure.experiments),
            style=source_file("workflow/styles/paper.mplstyle"),
            helpers=helpers_of(FIGURE_SCRIPTS[figure.name]),
        output:
            pdf=paths.figure_file(figure, "pdf"),
            png=in_report(figure, "png", shown="figure"),
            csv=in_report(figure, "csv", shown="numbers"),
            caption=paths.figure_file(figure, "caption"),
            claims=paths.claim_files([figure])[0],
        log:
            f"results/logs/figures/{figure.name}.log",
        group:
            lambda wildcards, name=figure.name: on_cluster(name)
        conda:
            ENVIRONMENT
        threads: 1
        params:
            name=figure.name,
            about=description(FIGURE_SCRIPTS[figure.name]),
            code=code_of(FIGURE_SCRIPTS[figure.name]),
        message:
            f"Draw figure {figure.name}"
        script:
            "../scripts/figures/{params.name}.py"

    rule:
        """Make one figure."""
        name:
            figure.name
        input:
            paths.figure_files([figure]),
        localrule: True


for paper in PLAN.paper_names:

    rule:
        """Make all figures of a paper."""
        name:
            paper
        input:
            paths.figure_files(PLAN.figures_of([paper])),
        localrule: True
