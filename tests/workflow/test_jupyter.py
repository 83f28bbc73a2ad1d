"""A real Jupyter kernel: commands that a notebook starts, and the library in it.

A kernel sets MPLBACKEND for all processes that it starts. Its module is in the environment of these tests;
that of Jupyter's widgets is missing, as both are where this project is installed without Jupyter.
"""

import base64
import os
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from samples import document

pytestmark = pytest.mark.slow
PNG = b"\x89PNG"


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """Return a function that runs cells in a kernel with no settings of a user; it returns their outputs."""
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{scripts}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / "jupyter"))

    def execute(folder, *cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        client = NotebookClient(notebook, timeout=120, kernel_name="python3")
        client.execute(cwd=str(folder))
        return [cell.outputs for cell in notebook.cells]

    return execute


def text(outputs):
    return "".join(output.text for output in outputs if output.output_type == "stream")


def picture(outputs):
    (shown,) = [output.data for output in outputs if "data" in output and "image/png" in output.data]
    return base64.b64decode(shown["image/png"])


LIBRARY = """
import teacherstudent
run = teacherstudent.run("spec.yaml", engine="ode", seed=0)
several = teacherstudent.run("spec.yaml", engine="network", seed=0, runs=2)
figure = teacherstudent.plotting.plot_runs([run, several])
figure.savefig("figure.png")
figure
"""


def test_commands_and_the_library(executed, tmp_path):
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(document()), encoding="utf-8")
    status = "; echo status $?"
    run = "teacherstudent run spec.yaml --engine ode --output run.h5"
    plot = "teacherstudent plot run.h5 --output"
    backend, ran, plotted, widgets, bare, inline, changed = executed(
        tmp_path,
        "import os; print(os.environ['MPLBACKEND'])",
        f"!{run}{status}",
        f"!{plot} run.png{status}",
        f"%env MPLBACKEND=module://ipympl.backend_nbagg\n!{plot} widgets.png{status}",
        LIBRARY,
        "%matplotlib inline\nfigure",
        "import matplotlib\nmatplotlib.rcParams.update({'text.usetex': True, 'savefig.dpi': 30})\n"
        "figure.savefig('changed.png')\nfigure",
    )
    assert text(backend) == "module://matplotlib_inline.backend_inline\n"
    for outputs in (ran, plotted, widgets):
        assert text(outputs).splitlines()[-1] == "status 0", text(outputs)
        assert "Traceback" not in text(outputs)
    files = [(tmp_path / f"{name}.png").read_bytes() for name in ("run", "widgets", "figure", "changed")]
    assert files[0] == files[1] != files[2] == files[3]
    assert [picture(outputs)[:4] for outputs in (bare, inline, changed)] == [PNG] * 3
    assert picture(bare) == files[2]


@pytest.mark.workflow
@pytest.mark.thorough
def test_snakemake(executed, checkout):
    figure = "results/figures/example/example_final.png"
    expected = (checkout.root / figure).read_bytes()
    command = f"python -m snakemake {figure} --cores 1 --force"
    planned, made = executed(
        checkout.root,
        f"%env MPLBACKEND=module://ipympl.backend_nbagg\n!{command} -n; echo status $?",
        f"!{command}; echo status $?",
    )
    assert "draw_example_final" in text(planned)
    for outputs in (planned, made):
        assert text(outputs).splitlines()[-1] == "status 0", text(outputs)
    assert (checkout.root / figure).read_bytes() == expected
