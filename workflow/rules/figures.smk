"""From curves to figures: one rule per figure, and its name and that of its paper as targets.

Scripts are named by a parameter: an expression with the variable of the loop would be evaluated when the job runs.
"""

for figure in PLAN.figures.values():

    rule:
        """Draw a figure, and evaluate its claims."""
        name:
            f"draw_{figure.name}"
        input:
            curves=[CURVES.format(experiment=name) for name in figure.experiments],
            style=source_file("workflow/styles/paper.mplstyle"),
            helpers=helpers_of(script_of(figure)),
        output:
            pdf=figure_file(figure, "pdf"),
            png=in_report(figure, "png", shown="figure"),
            csv=in_report(figure, "csv", shown="numbers"),
            caption=figure_file(figure, "caption"),
            claims=CLAIMS.format(figure=figure.name),
        log:
            f"results/logs/figures/{figure.name}.log",
        group:
            group_of_figure(figure)
        conda:
            ENVIRONMENT
        threads: 1
        params:
            name=figure.name,
            about=about(figure),
            code=code_of(script_of(figure)),
        message:
            f"Draw figure {figure.name}"
        script:
            "../scripts/figures/{params.name}.py"

    rule:
        """Make one figure."""
        name:
            figure.name
        input:
            figure_files(figure),
        localrule: True


for paper in PLAN.paper_names:

    rule:
        """Make all figures of a paper."""
        name:
            paper
        input:
            figure_files(*figures_of(paper)),
        localrule: True
