"""Saved answers: computed once for the same sources, again if a file is damaged or cannot be made."""

import pytest

from teacherstudent.store.saved_answers import saved_answer

ANSWER = "0123456789abcdef" * 4


class Counted:
    """A computation that counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return ANSWER


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.py").write_text("x = 1\n")
    (folder / "sub" / "schema.yaml").write_text("title: a\n")
    return folder


@pytest.fixture
def compute():
    return Counted()


def test_an_answer_is_computed_once(cache, sources, compute):
    assert [saved_answer(sources, "ode", compute) for _ in range(3)] == [ANSWER] * 3
    assert compute.calls == 1


@pytest.mark.parametrize("name", ["a.py", "sub/schema.yaml", "sub/new.py"])
def test_it_is_computed_again_for_other_sources(cache, sources, compute, name):
    saved_answer(sources, "ode", compute)
    with (sources / name).open("a") as file:
        file.write("# more\n")
    saved_answer(sources, "ode", compute)
    assert compute.calls == 2


def test_a_line_that_moves_to_another_file_counts(cache, sources, compute):
    (sources / "b.py").write_text("")
    saved_answer(sources, "ode", compute)
    (sources / "a.py").write_text("")
    (sources / "b.py").write_text("x = 1\n")
    saved_answer(sources, "ode", compute)
    assert compute.calls == 2


def test_it_is_computed_again_for_another_question(cache, sources, compute):
    saved_answer(sources, "ode", compute)
    saved_answer(sources, "chain", compute)
    assert compute.calls == 2


DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\n",
    "other": lambda content: content.replace(b"0", b"1", 1),
    "no text": lambda content: b"\xff" * len(content),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_replaced(cache, sources, compute, damage):
    saved_answer(sources, "ode", compute)
    (path,) = (cache / "teacherstudent" / "answers").iterdir()
    content = path.read_bytes()
    path.write_bytes(DAMAGES[damage](content))
    assert saved_answer(sources, "ode", compute) == ANSWER
    assert compute.calls == 2
    assert path.read_bytes() == content


def test_without_a_folder_it_is_computed_every_time(cache, sources, compute):
    cache.write_text("a file in place of the folder\n")
    assert [saved_answer(sources, "ode", compute) for _ in range(2)] == [ANSWER] * 2
    assert compute.calls == 2
