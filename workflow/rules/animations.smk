"""Short animations for the front page of the documentation, from curves of figures."""

for animation, source in ANIMATIONS.items():

    rule:
        """Draw an animation, as GIF and as MP4."""
        name:
            f"animate_{animation}"
        input:
            curves=paths.curve_files([source]),
            style=source_file("workflow/styles/paper.mplstyle"),
            helpers=helpers_of(f"animations/{animation}.py"),
        output:
            gif=paths.animation_files([animation])[0],
            mp4=paths.animation_files([animation])[1],
        log:
            f"results/logs/animations/{animation}.log",
        conda:
            ENVIRONMENT
        threads: 1
        params:
            name=animation,
            code=code_of(f"animations/{animation}.py"),
        message:
            f"Draw animation {animation}"
        script:
            "../scripts/animations/{params.name}.py"


rule animations:
    """Make all animations."""
    input:
        paths.animation_files(ANIMATIONS),
    localrule: True
