import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from teacherstudent.errors import RunError
from teacherstudent.files.writing import (
    check_archive,
    check_place,
    reason,
    whole_file,
    whole_text,
    write_whole,
)


def test_a_file_appears_when_its_block_ends(tmp_path):
    place = tmp_path / "out"
    with whole_file(place) as temporary:
        temporary.write_text("new")
        assert not place.exists()
    assert place.read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_an_old_file_stays_until_the_new_one_is_complete(tmp_path):
    place = tmp_path / "out"
    place.write_text("old")
    with whole_file(place) as temporary:
        temporary.write_text("new")
        assert place.read_text() == "old"
    assert place.read_text() == "new"


def test_a_failing_block_leaves_nothing_behind(tmp_path):
    place = tmp_path / "out"
    place.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(place) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert place.read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(RunError, match="out: No such file"), whole_file(tmp_path / "out"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    link.symlink_to(target)
    with whole_file(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    with whole_file(tmp_path / "out") as temporary:
        temporary.write_text("")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing/out", "folder .*missing does not exist"),
        (".", "exists and is not a file"),
        ("/dev/null", "exists and is not a file"),
    ],
)
def test_places_where_no_file_can_be_are_refused(tmp_path, monkeypatch, path, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=message):
        check_place(path)


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may write anywhere
    with pytest.raises(RunError, match="cannot be written to"):
        check_place(tmp_path / "out")


@pytest.fixture
def as_another_user(tmp_path_factory):
    """Make this process another user's until the end of the test; gives a folder that both can write to."""
    if os.getuid() != 0:
        pytest.skip("only the superuser can become another")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder), lambda: os.setresuid(65534, 65534, 0)
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize(("mode", "folder_mode"), [(0o644, 0o777), (0o666, 0o1777)])
def test_a_file_of_another_user_is_refused(as_another_user, mode, folder_mode):
    """It may not be written to, or not be replaced in a folder such as /tmp."""
    folder, become = as_another_user
    (folder / "out").write_text("")
    os.chmod(folder / "out", mode)
    os.chmod(folder, folder_mode)
    check_place(folder / "out")
    become()
    with pytest.raises(RunError, match="out: exists and cannot be written to; choose another name"):
        check_place(folder / "out")
    check_place(folder / "another")


def test_a_file_that_is_write_protected_is_refused(as_another_user):
    folder, become = as_another_user
    become()
    (folder / "out").write_text("")
    check_place(folder / "out")
    os.chmod(folder / "out", 0o444)
    with pytest.raises(RunError, match="out: exists and cannot be written to"):
        check_place(folder / "out")


@pytest.mark.parametrize("character", ["x", "é"])
def test_names_have_at_most_as_many_bytes_as_the_disk_allows(tmp_path, character):
    fits = 255 // len(character.encode())
    check_place(tmp_path / (character * fits))
    with pytest.raises(RunError, match="longer than 255 bytes"):
        check_place(tmp_path / (character * (fits + 1)))
    with pytest.raises(RunError, match="File name too long|does not exist"):
        check_place(tmp_path / ("x" * 300) / "out")


def test_reason_is_one_line():
    assert reason(OSError(28, "disk", "file")) == "No space left on device"
    assert reason(OSError("first line\nsecond line")) == "first line"
    assert reason(OSError()) == "OSError"


def test_a_text_or_a_content_appears_when_it_is_complete(tmp_path):
    with whole_text(tmp_path / "text") as file:
        file.write("é\r\n")
        assert not (tmp_path / "text").exists()
    write_whole(tmp_path / "content", b"bytes")
    assert (tmp_path / "text").read_bytes() == "é\r\n".encode()
    assert (tmp_path / "content").read_bytes() == b"bytes"


def test_errors_about_other_files_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), whole_file(tmp_path / "out"):
        open(tmp_path / "elsewhere").close()


def test_an_array_with_another_shape_is_noticed(tmp_path):
    """Numpy reads less of it, and never comes to the checksum."""
    np.savez(tmp_path / "whole.npz", x=np.ones((3, 4000)))
    changed = (tmp_path / "whole.npz").read_bytes().replace(b"(3, 4000)", b"(3, 2000)")
    (tmp_path / "changed.npz").write_bytes(changed)
    with np.load(tmp_path / "changed.npz") as arrays:
        assert arrays["x"].shape == (3, 2000)
        with pytest.raises(zipfile.BadZipFile, match=r"Bad CRC-32 for file 'x\.npy'"):
            check_archive(arrays.zip)
