"""Pages that are made: every key of the schemas, figures built and not built, examples as they run."""

import re
from pathlib import Path
from xml.etree import ElementTree

import dataset_pages
import example_pages
import figure_pages
import markdown
import maths
import notebooks
import pytest
import schema_pages
import yaml
from markup import plain

from teacherstudent.engines.observables import DIMENSIONS, OBSERVABLES
from teacherstudent.experiments.claims import Claim, write_claims

ROOT = Path(__file__).parents[2]


def keys(schema):
    for key, sub in schema.get("properties", {}).items():
        yield key, sub
        yield from keys(sub)
    if "items" in schema:
        yield from keys(schema["items"])


@pytest.mark.parametrize("path", schema_pages.PAGES)
def test_every_key_of_a_schema_is_in_its_table(path):
    page = schema_pages.files(ROOT)[path]
    schema = yaml.safe_load((ROOT / schema_pages.PAGES[path][1]).read_text(encoding="utf-8"))
    rows = {
        re.sub(r"[*`]", "", line.split(" | ")[0][2:]): line for line in page.splitlines() if line[:2] == "| "
    }
    for key, sub in keys(schema):
        assert key in rows
        assert "description" in sub, key


def test_a_row_says_what_is_allowed_and_the_default():
    page = schema_pages.files(ROOT)["reference/spec.md"]
    listed = "erf, relu, linear, sigmoid, tanh, quadratic, custom"
    assert f"| `activation` | one of {listed} | `erf` | Activation of the student" in page
    assert "| **`hidden`** | an integer &gt;= 1 and &lt;= 100000 |  | Hidden units K; a list" in page
    assert "## `inputs`" in page
    assert "### `teachers.features`" in page


def test_blocks_in_a_list_have_their_own_table():
    page = schema_pages.files(ROOT)["reference/spec.md"]
    start = page.index("### `curriculum.mixture`")
    table = page[start : page.index("## `", start + 5)]
    assert "Keys of each block in the list:\n\n| key | allowed |" in table
    assert "| **`probabilities`** | a list of at least 1 entry |" in table


def test_every_dataset_is_in_the_table():
    """With the key that records it, if not all runs have it."""
    (page,) = dataset_pages.files().values()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert rows.keys() == OBSERVABLES.keys() | DIMENSIONS.keys() - {"time"}
    for name, entry in OBSERVABLES.items():
        assert rows[name].endswith("| always |") == (entry.when is None)
    assert "| `importances` | `switch`, `student_unit` | a |" in page


SCRIPT = '''"""What is drawn.

The reader should see a_b * c.
"""
A, B = 1, 2
CAPTION = """
Of a script.
"""
'''


@pytest.fixture
def root(tmp_path):
    """A repository with one figure that is not built."""
    for folder in (
        "config/experiments",
        "workflow/scripts/figures",
        "results/claims",
        "results/figures/mine",
    ):
        (tmp_path / folder).mkdir(parents=True)
    figures = {
        "figures": {"mine_rates": {"title": "Errors *at* rates", "paper": "mine", "experiments": ["rates"]}}
    }
    (tmp_path / "config/experiments/mine.yaml").write_text(yaml.safe_dump(figures))
    (tmp_path / "config/experiments/none.yaml").write_text("{}")
    (tmp_path / "workflow/scripts/figures/mine_rates.py").write_text(SCRIPT)
    return tmp_path


def build(root):
    folder = root / "results/figures/mine"
    (folder / "mine_rates.png").write_bytes(b"picture")
    (folder / "mine_rates.csv").write_text("x\n1\n")
    (folder / "mine_rates.txt").write_text("As it was built.\n")
    claims = [
        Claim("mine_rates", "It is so | or not.", -1.25, high=2.0, source="ours"),
        Claim("mine_rates", "Not.", 3.0, 1.0, 2.0),
    ]
    write_claims(root / "results/claims/mine_rates.csv", claims)


def test_a_figure_that_is_not_built_has_its_caption_and_a_note(root):
    pages = figure_pages.files(root)
    page = pages["figures/mine_rates.md"]
    assert "Of a script." in page
    assert "has not been built yet: `snakemake --cores all" in page
    assert "has not been built yet" in pages["figures/index.md"]
    assert set(pages) == {"figures/index.md", "figures/mine_rates.md"}


def test_a_figure_that_is_built_is_shown_with_its_claims(root):
    build(root)
    pages = figure_pages.files(root)
    page = pages["figures/mine_rates.md"]
    assert pages["figures/mine_rates.png"] == b"picture"
    assert "As it was built." in page
    assert "Of a script." not in page
    assert "| It is so &#124; or not. | −1.25 | −∞ to 2 | ours, read | yes |" in page
    assert "| Not. | 3 | 1 to 2 | read | no |" in page
    assert "has not been built" not in page + pages["figures/index.md"]


def test_what_a_script_says_is_no_markup(root):
    assert "a&#95;b &#42; c" in figure_pages.files(root)["figures/mine_rates.md"]


def test_figures_are_in_the_navigation_by_paper(root):
    title = "Errors &#42;at&#42; rates"
    assert figure_pages.navigation(root) == [{"mine": [{title: "figures/mine_rates.md"}]}]


def test_a_title_stands_beside_the_name_of_the_target(root):
    pages = figure_pages.files(root)
    assert pages["figures/mine_rates.md"].startswith("# Errors &#42;at&#42; rates\n\nTarget: `mine_rates`.\n")
    assert "### [Errors &#42;at&#42; rates](mine_rates.md)\n\n`mine_rates`: What" in pages["figures/index.md"]


def test_a_figure_without_a_title_has_its_name(root):
    path = root / "config/experiments/mine.yaml"
    path.write_text(path.read_text().replace("title: Errors *at* rates", ""))
    assert "### [mine&#95;rates](mine_rates.md)" in figure_pages.files(root)["figures/index.md"]


def test_animations_are_shown_where_they_are_built(root):
    folder = root / "workflow/scripts/animations"
    folder.mkdir()
    for name in ("_animations", "one", "two"):
        (folder / f"{name}.py").write_text(SCRIPT)
    assert "images/lee2021_feature_similarity.png" in figure_pages.animations(root)
    (root / "results/animations").mkdir()
    for ending in ("gif", "mp4"):
        (root / f"results/animations/one.{ending}").write_bytes(b"film")
    assert figure_pages.animations(root) == (
        "![What is drawn.](animations/one.gif)\n\n*What is drawn.* [MP4](animations/one.mp4)\n"
    )
    assert figure_pages.files(root)["animations/one.mp4"] == b"film"


NOTEBOOK = """# %% [markdown]
# # Title
# text

# %%
from matplotlib.figure import Figure

x = 2
print("printed")
x + 1

# %%
Figure(figsize=(1, 1))
"""


def test_cells_run_in_one_namespace_and_show_what_they_make(tmp_path):
    (tmp_path / "docs/examples").mkdir(parents=True)
    (tmp_path / "docs/examples/one.py").write_text(NOTEBOOK)
    made = example_pages.files(tmp_path)
    assert made["examples/one.md"].startswith("# Title\ntext\n")
    assert "```text\nprinted\n3\n```" in made["examples/one.md"]
    assert made["examples/one_2.png"].startswith(b"\x89PNG")
    assert "![figure drawn by the cell](one_2.png)" in made["examples/one.md"]


def test_a_cell_that_fails_fails_the_run():
    with pytest.raises(ZeroDivisionError):
        notebooks.run_cells([notebooks.Cell(notebooks.CODE, "1 / 0")])


@pytest.mark.parametrize("path", example_pages.scripts(ROOT), ids=lambda path: path.stem)
def test_examples_run(path):
    cells = notebooks.run_cells(notebooks.read_cells(path))
    assert any(notebooks.picture(cell.value) for cell in cells)


@pytest.mark.parametrize(
    "text", ["a_b_c *d*", "|a| < b > c & d", "$x$ costs 5\\$", "`code` [link](here)", "<name>.py"]
)
def test_plain_text_is_shown_as_it_is(text):
    html = markdown.markdown(f"| t |\n|---|\n| {plain(text)} |", extensions=["tables", maths.Maths()])
    (cell,) = ElementTree.fromstring(html).iter("td")
    assert cell.text == text
    assert len(cell) == 0
