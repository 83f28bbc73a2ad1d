"""Pages in addition to the figures: the settings of all experiments, and one experiment with sliders."""


rule settings:
    """Write the page of settings."""
    input:
        template=source_file("workflow/report/settings.html.jinja"),
        base=source_file("workflow/report/page.html.jinja"),
        helpers=helpers_of("write_settings.py"),
    output:
        report(
            "results/settings.html",
            caption="../report/settings.rst",
            category="settings",
            labels={"page": "experiments"},
        ),
    log:
        "results/logs/settings.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        grids={name: PLAN.grids(name) for name in PLAN.figures_by_experiment},
        figures=PLAN.figures_by_experiment,
        files=configuration_files(),
        code=code_of("write_settings.py"),
    message:
        "Write the page of settings"
    script:
        "../scripts/write_settings.py"


rule explorer:
    """Write the page with sliders for the experiment under `explorer:`."""
    input:
        curves=lambda wildcards: looked_up(paths.explorer_curves, PLAN),
        template=source_file("workflow/report/explorer.html.jinja"),
        base=source_file("workflow/report/page.html.jinja"),
        script=source_file("workflow/report/explorer.js"),
        helpers=helpers_of("draw_explorer.py"),
    output:
        paths.EXPLORER,
    log:
        "results/logs/explorer.log",
    conda:
        ENVIRONMENT
    threads: 1
    params:
        code=code_of("draw_explorer.py"),
    message:
        "Draw the explorer"
    script:
        "../scripts/draw_explorer.py"
