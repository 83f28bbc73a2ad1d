"""The plan of the workflow, for the configuration of this repository and for broken ones."""

from dataclasses import replace

import pytest
from snakemake.common.configfile import load_configfile

from plans import FILES, QUICK, ROOT, config, read
from samples import document
from teacherstudent.errors import SpecError
from teacherstudent.experiments import paths
from teacherstudent.experiments.configuration import merged
from teacherstudent.experiments.figures import read_figures
from teacherstudent.experiments.plan import data_files
from teacherstudent.files.yaml_documents import read_yaml


@pytest.mark.parametrize("overlay", [[], [QUICK]], ids=["paper", "quick"])
def test_the_configuration_of_this_repository_is_sound(overlay):
    plan = read(merged(map(load_configfile, FILES + overlay)), FILES, overlay)
    for figure in plan.figures.values():
        assert (ROOT / "workflow" / "scripts" / "figures" / f"{figure.name}.py").is_file()


def test_a_figure_has_its_name_where_no_title_is_given():
    figures = {name: {"paper": "lee", "experiments": ["errors"]} for name in ("a", "b")}
    figures["b"]["title"] = "Errors of two tasks"
    plan = read(config(figures=figures))
    assert {name: figure.title for name, figure in plan.figures.items()} == {
        "a": "a",
        "b": "Errors of two tasks",
    }


LONG_AXES = {
    "training.learning_rate": [0.123456789012],
    "training.readout_learning_rate": [0.123456789012],
    "training.weight_decay": [1.23456789012e-05],
    "student.initial.weights_std": [0.00123456789012],
    "student.initial.readouts_std": [0.00123456789012],
    "numerics.relative_tolerance": [1.23456789012e-09],
    "teachers.features.norm": [0.00123456789012],
}


def long_names(size):
    """A configuration with a curve whose name has so many bytes: the duration fills it up."""
    axes = LONG_AXES | {"duration": [1]}
    curve = "__".join(f"{name.split('.')[-1]}~{values[0]}" for name, values in axes.items())
    axes["duration"] = [int("1" * (1 + size - len(curve)))]
    return config(experiments={"errors": {"spec": document(), "engines": {"ode": {"outer": axes}}}})


def test_names_of_files_are_as_long_as_file_systems_allow():
    (job,) = read(long_names(240)).jobs_of("errors")["ode"]
    assert len(f"{job.curve}.h5.checkpoints") == 255


def test_names_of_files_that_are_too_long_are_refused():
    with pytest.raises(SpecError, match="experiment errors: engines.ode.outer: .* longer than 240 bytes"):
        read(long_names(241))
    with pytest.raises(SpecError, match="figure aaaa.*: has 241 letters; use at most 240"):
        read(config(figures={"a" * 241: {"paper": "lee", "experiments": ["errors"]}}))


def test_a_plan_has_jobs_and_papers():
    plan = read(config())
    assert list(plan.jobs) == [("errors", "ode", "all"), ("errors", "network", "all")]
    assert plan.paper_names == ["lee"]
    assert list(plan.jobs_of("errors")) == ["ode", "network"]


def test_a_configuration_may_be_empty():
    assert read({"papers": [], "job_seconds": 40}).jobs == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"paper": []}, ["unknown key paper", "papers, job_seconds, explorer, experiments, figures"]),
        ({"papers": "lee"}, ["papers", "a list"]),
        ({"job_seconds": 0}, ["job_seconds: 0 is not allowed", "> 0"]),
        ({"papers": ["saad"]}, ["papers: saad has no figures", "lee"]),
        ({"experiments": {}}, ["figures.lee_errors.experiments: unknown experiment errors"]),
        ({"explorer": "error"}, ["explorer: unknown experiment error; there are errors"]),
        ({"experiments": {"errors": 1}}, ["experiments.errors"]),
        ({"experiments": {"errors": {"spec": {}}}}, ["experiment errors: missing key engines"]),
        ({"figures": {"a": {"title": 1, "paper": "lee", "experiments": ["errors"]}}}, ["figures.a.title"]),
        ({"figures": {"lee_errors": {"paper": "lee"}}}, ["figures.lee_errors", "missing key experiments"]),
        ({"figures": {"a-b": {"paper": "lee", "experiments": ["errors"]}}}, ["figure a-b", "letters"]),
        ({"figures": {"all": {"paper": "lee", "experiments": ["errors"]}}}, ["all", "another target"]),
        ({"figures": {"lee": {"paper": "lee", "experiments": ["errors"]}}}, ["lee", "another target"]),
    ],
)
def test_mistakes_are_named_in_one_line(changes, words):
    with pytest.raises(SpecError) as caught:
        read(config(**changes))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_job_needs_the_files_of_its_data_sets():
    block = {"file": "a.gz", "labels_file": "b.gz"}
    work = {"spec": {"inputs": {"dataset": block}}, "inner": {"training.learning_rate": [0.1]}}
    assert data_files(work) == ["a.gz", "b.gz"]
    assert data_files(work | {"inner": {"inputs.dataset.file": ["c.gz", "d.gz"]}}) == ["c.gz", "d.gz", "b.gz"]
    assert data_files({"spec": {"inputs": {"dimension": 3}}, "inner": {}}) == []


@pytest.fixture(scope="module")
def plan():
    """Two papers, one of which is selected; `shared` is needed by a figure of each."""
    entry = config()["experiments"]["errors"]
    grid = {"outer": {"training.learning_rate": [0.1, 0.2]}, "inner": {"duration": [4.0, 5.0]}, "runs": 3}
    rates = {"spec": document(), "engines": {"ode": grid}}
    return read(
        config(
            experiments={"shared": entry, "rates": rates, "other": entry},
            figures={
                "first": {"paper": "lee", "experiments": ["shared", "rates"]},
                "second": {"paper": "saad", "experiments": ["shared", "other"]},
                "third": {"paper": "lee", "experiments": ["shared"]},
            },
            job_seconds=1e-9,
            explorer="other",
        )
    )


def test_figures_of_selected_papers(plan):
    assert [figure.name for figure in plan.selected_figures] == ["first", "third"]
    assert [figure.name for figure in plan.figures_of(["saad"])] == ["second"]
    assert plan.figures_by_experiment == {"shared": ["first", "third"], "rates": ["first"]}
    assert plan.compared_experiments == ["shared"]


def test_grids_and_inner_axes_by_engine(plan):
    assert [grid["runs"] for grid in plan.grids("rates").values()] == [3]
    assert plan.inner_axes("rates") == {"ode": 2 * [{"duration": [4.0, 5.0]}]}
    assert plan.inner_axes("shared") == {"ode": [{}], "network": [{}]}
    assert plan.experiments["rates"].grids["ode"].total_runs == 12


def test_names_that_are_not_in_the_plan_are_errors(plan):
    assert plan.job("shared", "ode", "all").work["engine"] == "ode"
    with pytest.raises(SpecError, match="no experiment in the configuration has the curve shared/ode/rate"):
        plan.job("shared", "ode", "rate")
    with pytest.raises(SpecError, match="no experiment odd in .*; there are shared, rates, other"):
        plan.grids("odd")


def test_files_of_a_plan(plan):
    assert paths.run_files(plan, "rates") == {
        "ode": [f"results/runs/rates/ode/learning_rate~{rate}.h5" for rate in (0.1, 0.2)]
    }
    assert paths.curve_files(["rates"]) == ["results/curves/rates.h5"]
    assert paths.claim_files(plan.selected_figures) == [
        "results/claims/first.csv",
        "results/claims/third.csv",
    ]
    assert paths.figure_files(plan.figures_of(["saad"])) == [
        f"results/figures/saad/second.{ending}" for ending in ("pdf", "png", "csv", "txt")
    ]
    assert paths.animation_files(["film"]) == ["results/animations/film.gif", "results/animations/film.mp4"]


def test_the_explorer_is_made_where_a_selected_figure_needs_its_experiment(plan):
    assert paths.explorer_curves(plan) == "results/curves/other.h5"
    assert paths.explorer_page(plan) == []
    assert paths.explorer_page(replace(plan, explorer="rates")) == ["results/explorer.html"]
    with pytest.raises(SpecError, match="explorer: no experiment is given"):
        paths.explorer_curves(replace(plan, explorer=None))


def test_figures_come_in_the_order_of_the_selected_papers():
    found = list(dict.fromkeys(figure.paper for figure in read_figures(ROOT).values()))
    selected = read_yaml(ROOT / "config" / "config.yaml")["papers"]
    assert found == [*selected, "lee2021_full", "lee2022_more_images"]
