"""The configuration as a whole, the one of this repository and broken ones."""

from copy import deepcopy

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from _config import check_file, data_files, read_plan
from samples import document
from scripts.configurations import FILES, ROOT, SCHEMA, config, merged
from teacherstudent.errors import SpecError
from teacherstudent.files.yaml_documents import read_yaml


def read(config, files=(), overlays=()):
    return read_plan(config, files, overlays, SCHEMA, reserved=["all", "verify"])


@pytest.mark.parametrize("overlay", [[], [ROOT / "config" / "quick.yaml"]], ids=["paper", "quick"])
def test_the_configuration_of_this_repository_is_sound(overlay):
    plan = read(merged(FILES + overlay), FILES, overlay)
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


def test_the_quick_form_only_changes_values():
    """It names no experiment, engine or axis that the full form does not have."""
    full_form = merged(FILES)
    quick = read_yaml(ROOT / "config" / "quick.yaml")
    assert set(quick) <= {"experiments"}
    for name, experiment in quick["experiments"].items():
        full = full_form["experiments"][name]
        for engine, grid in experiment.get("engines", {}).items():
            for part in ("outer", "inner"):
                assert set(grid.get(part, {})) <= set(full["engines"][engine].get(part, {})), (name, engine)


def test_the_schema_describes_every_key():
    def check(schema, place):
        if schema.get("type") == "object":
            assert schema.get("additionalProperties") is not None, place
        for key, sub in schema.get("properties", {}).items():
            assert sub.get("description"), f"{place}.{key}"
            check(sub, f"{place}.{key}")
        if isinstance(schema.get("additionalProperties"), dict):
            check(schema["additionalProperties"], f"{place}.*")

    check(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")), "config")


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
    (job,) = read(long_names(240)).jobs_of("errors")
    assert len(f"{job.curve}.h5.checkpoints") == 255


def test_names_of_files_that_are_too_long_are_refused():
    with pytest.raises(SpecError, match="experiment errors: engines.ode.outer: .* longer than 240 bytes"):
        read(long_names(241))
    with pytest.raises(SpecError, match="figure aaaa.*: has 241 letters; use at most 240"):
        read(config(figures={"a" * 241: {"paper": "lee", "experiments": ["errors"]}}))


def test_a_plan_knows_jobs_and_papers():
    plan = read(config())
    assert list(plan.jobs) == [("errors", "ode", "all"), ("errors", "network", "all")]
    assert plan.paper_names == ["lee"]
    assert [job.engine for job in plan.jobs_of("errors")] == ["ode", "network"]


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


def as_snakemake_merges(files, overlays, settings):
    """Merge as Snakemake does: overlays and settings before and after every file."""
    over = {}
    for path in overlays:
        update_config(over, load_configfile(path))
    update_config(over, settings)
    content = deepcopy(over)
    for path in files:
        update_config(content, load_configfile(path))
        update_config(content, over)
    return content


def test_numbers_in_files_are_those_of_specs(tmp_path):
    """Snakemake takes 1e-3 for a text, and no for false."""
    base = yaml.safe_dump(config(experiments={})).replace("experiments: {}\n", "")
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    spec = yaml.safe_dump(document(training={"learning_rate": "RATE"})).replace("RATE", "5e-1")
    block = "".join(f"      {line}\n" for line in spec.splitlines())
    inner = "    engines: {ode: {inner: {training.learning_rate: [1e-1, 2E-1]}, runs: 2.0}}\n"
    for name, path in (("errors", "one.yaml"), ("no", "two.yaml")):
        (tmp_path / path).write_text(f"experiments:\n  {name}:\n    spec:\n{block}{inner}", encoding="utf-8")
    (tmp_path / "over.yaml").write_text("job_seconds: 1e-3\nexplorer: errors\n", encoding="utf-8")
    files, overlays = [tmp_path / f"{name}.yaml" for name in ("base", "one", "two")], [tmp_path / "over.yaml"]
    plan = read(as_snakemake_merges(files, overlays, {}), files, overlays)
    assert list(plan.experiments) == ["errors", "no"]
    assert plan.job_seconds == 0.001
    grid = plan.experiments["no"].grids["ode"]
    assert (grid.spec["training"]["learning_rate"], grid.runs) == (0.5, 2)
    assert grid.inner == {"training.learning_rate": [0.1, 0.2]}


def test_what_is_set_beside_the_files_counts_most(tmp_path):
    """As with `--config`, whose values only Snakemake has."""
    for name, content in (("base", config()), ("over", {"job_seconds": 30, "papers": ["lee"]})):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    files, overlays = [tmp_path / "base.yaml"], [tmp_path / "over.yaml"]
    plan = read(as_snakemake_merges(files, overlays, {}), files, overlays)
    assert (plan.job_seconds, plan.papers) == (30, ["lee"])
    settings = {"job_seconds": 20, "papers": [], "experiments": {"errors": {"spec": {"duration": 4.0}}}}
    plan = read(as_snakemake_merges(files, overlays, settings), files, overlays)
    assert (plan.job_seconds, plan.papers) == (20, [])
    grid = plan.experiments["errors"].grids["ode"]
    assert grid.spec == dict(sorted((document() | {"duration": 4.0}).items()))


def test_what_is_not_in_the_configuration_of_snakemake_is_left_out(tmp_path):
    """As with `--replace-workflow-config`, and where the workflow is a module of another one."""
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(config()), encoding="utf-8")
    kept = {"papers": [], "job_seconds": 1.0, "experiments": {"other": config()["experiments"]["errors"]}}
    plan = read(kept, [tmp_path / "base.yaml"])
    assert (list(plan.experiments), plan.figures, plan.job_seconds) == (["other"], {}, 1.0)


@pytest.mark.parametrize("key", ["2021", "true", "null", "1.5", "~"])
@pytest.mark.parametrize("text", ["experiments: {KEY: {}}", "{a: [{b: {KEY: 1}}]}"])
def test_keys_that_are_not_texts_are_named(tmp_path, key, text):
    path = tmp_path / "config.yaml"
    path.write_text(text.replace("KEY", key), encoding="utf-8")
    with pytest.raises(SpecError) as error:
        check_file(path)
    shown = {"2021": "2021", "1.5": "1.5", "true": "True"}.get(key, "None")
    place = f"experiments.{shown}" if "experiments" in text else f"a[0].b.{shown}"
    remedy = "write a word that starts with a letter"
    assert str(error.value) == f"{path}: {place}: the key {shown} is not a text; {remedy}"


def test_keys_given_twice_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: []\npapers: []\n", encoding="utf-8")
    with pytest.raises(SpecError, match="config.yaml: papers: given twice"):
        read({"papers": [], "job_seconds": 40}, [path])


def test_an_experiment_of_two_files_is_refused(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(config()), encoding="utf-8")
    with pytest.raises(SpecError, match="two.yaml: experiments.errors: stands in .*one.yaml already"):
        read(config(), [tmp_path / "one.yaml", tmp_path / "two.yaml"])


def test_a_job_needs_the_files_of_its_data_sets():
    block = {"file": "a.gz", "labels_file": "b.gz"}
    work = {"spec": {"inputs": {"dataset": block}}, "inner": {"training.learning_rate": [0.1]}}
    assert data_files(work) == ["a.gz", "b.gz"]
    assert data_files(work | {"inner": {"inputs.dataset.file": ["c.gz", "d.gz"]}}) == ["c.gz", "d.gz", "b.gz"]
    assert data_files({"spec": {"inputs": {"dimension": 3}}, "inner": {}}) == []


def test_axes_keep_the_order_of_the_files_under_an_overlay(tmp_path):
    """Snakemake lays an overlay over the files in such a way that the overlay's keys come first."""
    axes = {"training.learning_rate": [0.5, 1.0], "student.hidden": [2, 3], "duration": [5.0]}
    full = config()
    full["experiments"]["errors"]["engines"]["ode"] = {"inner": axes}
    small = {"experiments": {"errors": {"engines": {"ode": {"inner": {"student.hidden": [2]}}}}}}
    paths = [tmp_path / "full.yaml", tmp_path / "small.yaml"]
    for path, content in zip(paths, (full, small), strict=True):
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    merged = {}
    for content in (small, full, small):
        update_config(merged, content)
    assert list(merged["experiments"]["errors"]["engines"]["ode"]["inner"])[0] == "student.hidden"
    (experiment,) = read(merged, paths[:1], paths[1:]).experiments.values()
    assert list(experiment.grids["ode"].axes) == list(axes)
    assert experiment.grids["ode"].axes["student.hidden"] == [2]
