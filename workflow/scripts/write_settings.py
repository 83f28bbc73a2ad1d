"""Write the page of settings: what each experiment runs, with all files of the configuration merged."""

from collections.abc import Mapping, Sequence

import yaml

from _logs import logged
from _pages import write_page

FEW = 8  # values of an axis that are written out


def main(
    grids: Mapping[str, dict], figures: Mapping[str, list], files: Sequence[str], template: str, path: str
) -> None:
    """Write the page from the grids of each experiment by engine, and the figures that are drawn from it."""
    experiments = [
        {"name": name, "figures": figures[name], "engines": [described(**grid) for grid in engines.values()]}
        for name, engines in grids.items()
    ]
    write_page(template, path, experiments=experiments, files=files)


def described(engine: str, spec: dict, outer: dict, inner: dict, runs: int, seed: int) -> dict:
    """Put a grid into the words of the page."""
    return {
        "name": engine,
        "runs": runs,
        "seed": seed,
        "axes": {key: values_in_words(values) for key, values in (outer | inner).items()},
        "spec": yaml.safe_dump(spec, sort_keys=True, default_flow_style=None),
    }


def values_in_words(values: list) -> str:
    """List few values; of many say the first, the last and their number."""
    if len(values) <= FEW:
        return ", ".join(map(str, values))
    return f"{values[0]} to {values[-1]}, {len(values)} values"


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(
            grids=snakemake.params.grids,
            figures=snakemake.params.figures,
            files=snakemake.params.files,
            template=snakemake.input.template,
            path=snakemake.output[0],
        )
