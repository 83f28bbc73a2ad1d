from _imports import helpers


def test_helpers_are_followed_through_one_another(tmp_path):
    texts = {
        "figure.py": "import csv\nimport _shared\n",
        "_shared.py": "from _deeper import name\nfrom __future__ import annotations\n",
        "_deeper.py": "def f():\n    import _shared\n    import public\n",
        "_other.py": "",
        "public.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [path.name for path in helpers(tmp_path / "figure.py")] == ["_deeper.py", "_shared.py"]
