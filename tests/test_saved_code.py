"""Code of tests that is saved on the disk."""

from numba import config

from saved_code import saved


def twice(x):
    return 2 * x


def test_code_is_loaded_until_a_file_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    file = tmp_path / "file.py"

    def loaded():
        function = saved(file)(twice)
        assert function(2) == 4
        return sum(function.stats.cache_hits.values())

    for content in ("x = 1", "x = 2"):
        file.write_text(content)
        assert [loaded(), loaded()] == [0, 1]
