"""What runs again after a change, and what does not."""

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

ODE = "Run example_errors on ode: all"
NETWORK = {f"Run example_errors on network: similarity~{value}" for value in (0.0, 1.0)}
COLLECT = "Collect the curves of example_errors"
DRAW = {f"Draw figure example_{name}" for name in ("curves", "final")}
CLAIMS = {"Gather the claims", "Write the page of claims"}
EXPLORER = "Draw the explorer"
SETTINGS = "Write the page of settings"
AFTER_RUNS = {COLLECT, *DRAW, *CLAIMS, "Measure the agreement of engines", EXPLORER}


def test_second_run_does_nothing(finished_checkout):
    assert "Nothing to be done" in finished_checkout.snakemake("--cores", "2")


def test_kernel_of_one_engine_reruns_that_engine(checkout):
    with open(checkout.root / "src" / "teacherstudent" / "kernels" / "ode" / "equations.py", "a") as file:
        file.write("\nOTHER = 1\n")
    assert checkout.planned()[1] == {ODE, *AFTER_RUNS}


@pytest.mark.thorough
def test_kernel_of_both_engines_reruns_both(checkout):
    with open(
        checkout.root / "src" / "teacherstudent" / "kernels" / "maths" / "generalisation.py", "a"
    ) as file:
        file.write("\nOTHER = 1\n")
    assert checkout.planned()[1] == {ODE, *NETWORK, *AFTER_RUNS}


def test_comments_docstrings_and_messages_rerun_nothing(checkout):
    for name in (
        "kernels/ode/equations.py",
        "kernels/maths/generalisation.py",
        "store/curves.py",
        "experiments/claims.py",
        "experiments/simulate.py",
    ):
        checkout.edit(f"src/teacherstudent/{name}", '"""', '"""In other words: ')
        with open(checkout.root / "src" / "teacherstudent" / name, "a") as file:
            file.write("\n# a remark\n")
    for name, old in (
        ("spec/rules", "must be in increasing order"),
        ("files/yaml_documents", "its anchors stand for"),
        ("errors/documents", "unknown key"),
        ("store/curves", "is not among"),
        ("experiments/claims", "is not one of"),
    ):
        checkout.edit(f"src/teacherstudent/{name}.py", old, "in other words")
    assert checkout.planned() == ({}, set())


def test_what_a_figure_uses_of_the_library_reruns_that_figure(checkout):
    checkout.edit("src/teacherstudent/analysis/plateaus.py", "/ math.pi", "/ math.e")
    assert checkout.planned()[1] == {"Draw figure example_curves", *CLAIMS}


@pytest.mark.thorough
def test_what_pages_and_one_figure_use_reruns_them(checkout):
    checkout.edit("src/teacherstudent/measures/learning_curves.py", "np.log10", "np.log2")
    agreement = "Measure the agreement of engines"
    assert checkout.planned()[1] == {"Draw figure example_curves", *CLAIMS, agreement, EXPLORER}


def test_what_files_of_runs_have_in_them_reruns_all_simulations(checkout):
    checkout.edit("src/teacherstudent/engines/observables.py", '"time t = steps / N"', '"steps per input"')
    assert checkout.planned()[1] == {ODE, *NETWORK, *AFTER_RUNS}


@pytest.mark.thorough
def test_how_a_job_runs_its_points_reruns_all_simulations(checkout):
    with open(checkout.root / "src" / "teacherstudent" / "experiments" / "simulate.py", "a") as file:
        file.write("\nOTHER = 1\n")
    assert checkout.planned()[1] == {ODE, *NETWORK, *AFTER_RUNS}


def test_script_of_a_figure_reruns_that_figure(checkout):
    checkout.edit("workflow/scripts/figures/example_final.py", "similarity $V$", "$V$")
    assert checkout.planned()[1] == {"Draw figure example_final", *CLAIMS}


@pytest.mark.parametrize(
    ("path", "pages"),
    [
        pytest.param("workflow/styles/paper.mplstyle", set(), marks=pytest.mark.thorough),
        ("workflow/scripts/figures/_figures.py", {EXPLORER}),
    ],
)
def test_what_figures_share_reruns_figures_only(checkout, path, pages):
    with open(checkout.root / path, "a") as file:
        file.write("\n# a remark\n")
    assert checkout.planned()[1] == {*DRAW, *CLAIMS, *pages}


@pytest.mark.thorough
def test_inner_values_rerun_their_curve(checkout):
    def change(experiment):
        experiment["engines"]["ode"]["inner"]["teachers.features.similarity"]["linspace"] = [0.0, 1.0, 5]

    checkout.edit_experiment(change)
    assert checkout.planned()[1] == {ODE, *AFTER_RUNS, SETTINGS}


def test_another_outer_value_computes_only_what_is_new(checkout):
    def change(experiment):
        experiment["engines"]["network"]["outer"]["teachers.features.similarity"].append(0.5)

    checkout.edit_experiment(change)
    assert checkout.planned()[1] == {"Run example_errors on network: similarity~0.5", *AFTER_RUNS, SETTINGS}


@pytest.mark.thorough
def test_cells_in_one_job_make_the_same_curves(checkout):
    checkout.edit("config/config.yaml", "job_seconds: 0.001", "job_seconds: 40")
    assert checkout.planned()[1] == {"Run example_errors on network: similarity~0.0..1.0", *AFTER_RUNS}
    path = checkout.root / "results" / "curves" / "example_errors.h5"
    before = path.read_bytes()
    checkout.snakemake(f"results/curves/{path.name}", "--cores", "2")
    assert path.read_bytes() == before


def test_another_title_reruns_nothing(checkout):
    old, title = "example_final: {", "example_final: {title: Errors at the end, "
    checkout.edit("config/experiments/example.yaml", old, title)
    assert checkout.planned() == ({}, set())


def test_another_quantity_to_collect_runs_no_simulation(checkout):
    checkout.edit_experiment(lambda experiment: experiment["collect"].append("student_readouts"))
    assert checkout.planned()[1] == AFTER_RUNS


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("workflow/report/claims.html.jinja", "Write the page of claims"),
        pytest.param("workflow/report/settings.html.jinja", SETTINGS, marks=pytest.mark.thorough),
        pytest.param("workflow/report/explorer.js", EXPLORER, marks=pytest.mark.thorough),
    ],
)
def test_what_a_page_is_written_from_reruns_that_page(checkout, path, message):
    with open(checkout.root / path, "a") as file:
        file.write("\n")
    assert checkout.planned()[1] == {message}
