"""The site as a whole: no warnings, and nothing that is loaded from elsewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"?(?:https?:)?//[^\"> ]+")


@pytest.mark.slow
def test_it_is_made_without_warnings_and_stands_alone(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "Material" not in done.stderr
    pages = {path: path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    assert len(pages) > 25
    assert [(path.name, found) for path, text in pages.items() for found in LOADED.findall(text)] == []
    assert "{{" not in pages[tmp_path / "index.html"]
    assert "student.hidden" in pages[tmp_path / "model.html"]
