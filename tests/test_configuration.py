"""The reader of the configuration, compared with that of Snakemake."""

import random
from copy import deepcopy

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from plans import FILES, QUICK, config, read
from samples import document
from teacherstudent.errors import RunError, SpecError
from teacherstudent.experiments.configuration import merged, read_file, read_folder
from teacherstudent.files.yaml_documents import read_yaml
from teacherstudent.spec.schema import package_schema


def random_block(rng, depth=3):
    """A block with few keys, so that two of them share some; values of all kinds."""

    def value():
        kinds = [None, 3, "text", [1, {"a": 2}], {}]
        return random_block(rng, depth - 1) if depth and rng.random() < 0.6 else deepcopy(rng.choice(kinds))

    return {key: value() for key in rng.sample("abcd", rng.randrange(5))}


def test_documents_merge_as_in_snakemake():
    rng = random.Random(1)
    replaced = 0
    for _ in range(2000):
        documents = [random_block(rng) for _ in range(3)]
        expected = {}
        for block in deepcopy(documents):
            update_config(expected, block)
        before = deepcopy(documents)
        found = merged(documents)
        assert repr(found) == repr(expected)  # the order of keys too
        assert documents == before
        replaced += found != documents[0] | documents[1] | documents[2]
    assert replaced > 500


def test_a_merged_configuration_shares_no_block_with_its_parts():
    part = {"a": {"b": {"c": 1}}}
    merged([part, {"a": {"b": {"c": 2}}}])["a"]["b"]["c"] = 3
    assert part == {"a": {"b": {"c": 1}}}


def folder_with(tmp_path, **documents):
    (tmp_path / "config" / "experiments").mkdir(parents=True)
    for name, content in documents.items():
        path = tmp_path / "config" / ("config.yaml" if name == "main" else f"experiments/{name}.yaml")
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


def test_the_configuration_of_a_folder_is_that_of_a_run(tmp_path):
    content = config()
    main, experiments = (
        {key: content[key] for key in keys}
        for keys in (("papers", "job_seconds"), ("experiments", "figures"))
    )
    root = folder_with(tmp_path, main=main, one=experiments)
    assert read_folder(root) == content
    (root / "config" / "config.yaml").unlink()
    assert read_folder(root)["figures"] == content["figures"]


def test_a_folder_without_a_workflow_is_named(tmp_path):
    with pytest.raises(
        RunError, match="there is no folder .*config/experiments here; go to the folder of a workflow"
    ):
        read_folder(tmp_path)


def test_a_template_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("__use_yte__: true\n", encoding="utf-8")
    with pytest.raises(SpecError, match="config.yaml: remove __use_yte__: templates run code"):
        read_file(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1]", "a configuration must be a block of keys, not a list"), ("# all of it\n", "the file is empty")],
)
def test_a_file_must_be_a_block_of_keys(tmp_path, text, words):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=f"config.yaml: {words}"):
        read_file(path)


def test_the_quick_form_only_changes_values():
    """It names no experiment, engine or axis that the full form does not have."""
    full_form = merged(map(read_yaml, FILES))
    quick = read_yaml(QUICK)
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

    check(package_schema("configuration"), "config")


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
        read_file(path)
    shown = key.replace("~", "null")
    place = f"experiments.{shown}" if "experiments" in text else f"a[0].b.{shown}"
    remedy = "write a word that starts with a letter"
    assert str(error.value) == f"{path}: {place}: the key {shown} is not a text; {remedy}"


def test_keys_given_twice_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("papers: []\npapers: []\n", encoding="utf-8")
    with pytest.raises(SpecError, match=r"config.yaml: line 2: papers: given twice \(first in line 1\)"):
        read({"papers": [], "job_seconds": 40}, [path])


def test_an_experiment_of_two_files_is_refused(tmp_path):
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(config()), encoding="utf-8")
    with pytest.raises(SpecError, match="two.yaml: experiments.errors is already defined in .*one.yaml"):
        read(config(), [tmp_path / "one.yaml", tmp_path / "two.yaml"])


def test_axes_keep_the_order_of_the_files_under_an_overlay(tmp_path):
    """Snakemake lays an overlay over the files in such a way that the overlay's keys come first."""
    axes = {"training.learning_rate": [0.5, 1.0], "student.hidden": [2, 3], "duration": [5.0]}
    full = config()
    full["experiments"]["errors"]["engines"]["ode"] = {"inner": axes}
    small = {"experiments": {"errors": {"engines": {"ode": {"inner": {"student.hidden": [2]}}}}}}
    paths = [tmp_path / "full.yaml", tmp_path / "small.yaml"]
    for path, content in zip(paths, (full, small), strict=True):
        path.write_text(yaml.safe_dump(content, sort_keys=False))
    seen = {}
    for content in (small, full, small):
        update_config(seen, content)
    assert list(seen["experiments"]["errors"]["engines"]["ode"]["inner"])[0] == "student.hidden"
    (experiment,) = read(seen, paths[:1], paths[1:]).experiments.values()
    assert list(experiment.grids["ode"].axes) == list(axes)
    assert experiment.grids["ode"].axes["student.hidden"] == [2]
