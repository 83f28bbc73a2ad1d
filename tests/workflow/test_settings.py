"""Settings that a user has for matplotlib do not reach the scripts of the workflow."""

import pytest

import drawn

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.thorough]


def test_figures_have_the_same_bytes(checkout, monkeypatch, tmp_path):
    figures = {path: content for path, content in checkout.results().items() if path.startswith("figures")}
    red = "".join(f"{name}: {value}\n" for name, value in drawn.HUGE.items())
    (tmp_path / "matplotlibrc").write_text(red)
    (checkout.root / "matplotlibrc").write_bytes(b"axes.facecolor: red  # caf\xe9\n")
    monkeypatch.setenv("MPLBACKEND", "module://ipympl.backend_nbagg")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "xx_XX")
    for path in figures:
        (checkout.root / "results" / path).unlink()
    checkout.snakemake("--cores", "2")
    after = checkout.results()
    assert {path: after[path] for path in figures} == figures
