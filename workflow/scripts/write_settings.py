"""Write the page of settings: the experiments of the merged configuration."""

from collections.abc import Mapping, Sequence

import yaml

from _logs import logged
from _pages import write_page

FEW = 8  # values of an axis that are written out


def main(
    grids: Mapping[str, dict], figures: Mapping[str, list], files: Sequence[str], template: str, path: str
) -> None:
    """Write the page of settings.

    Parameters
    ----------
    grids : mapping of str to dict
        For each experiment the fields of the `Grid` of each engine.
    figures : mapping of str to list of str
        For each experiment the names of the figures that need it.
    files : sequence of path
        The files of the configuration.
    template : path
        The template of the page.
    path : path
        The page to write.
    """
    experiments = [
        {"name": name, "figures": figures[name], "engines": [described(**grid) for grid in engines.values()]}
        for name, engines in grids.items()
    ]
    write_page(template, path, experiments=experiments, files=files)


def described(engine: str, spec: dict, outer: dict, inner: dict, runs: int, seed: int) -> dict:
    """Return a grid as the template shows it; the parameters are the fields of a `Grid`."""
    return {
        "name": engine,
        "runs": runs,
        "seed": seed,
        "axes": {key: values_in_words(values) for key, values in (outer | inner).items()},
        "spec": yaml.safe_dump(spec, sort_keys=True, default_flow_style=None),
    }


def values_in_words(values: list) -> str:
    """List a few values; of many values give the first, the last and their number."""
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
