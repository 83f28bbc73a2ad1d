import struct

import h5py
import pytest

from samples import spec, trajectory
from teacherstudent.errors import RunError
from teacherstudent.files.heaps import check_heaps
from teacherstudent.store.runs import read_run, write_run


def heap(*objects, size=64):
    """A heap of (index, bytes) with free space to its end, written by hand."""
    content = b"GCOL\x01\x00\x00\x00" + struct.pack("<Q", size)
    for index, length in objects:
        content += struct.pack("<HHxxxxQ", index, 1, length) + bytes(-(-length // 8) * 8)
    return (
        content + struct.pack("<HHxxxxQ", 0, 0, size - len(content)) + bytes(max(0, size - len(content) - 16))
    )


@pytest.mark.parametrize("objects", [[], [(1, 3)], [(1, 3), (2, 0)], [(1, 8), (2, 40)]])
def test_whole_heaps_pass(objects):
    check_heaps(b"before" + heap(*objects, size=128) + b"after")


@pytest.mark.parametrize("changed", [{"index": 0, "size": 0}, {"index": 1, "size": 2**64 - 16}])
def test_an_object_without_space_is_found(changed):
    content = bytearray(heap((1, 3)))
    struct.pack_into("<HHxxxxQ", content, 16, changed["index"], 1, changed["size"])
    with pytest.raises(RunError, match="it is damaged: a text takes no space in its heap"):
        check_heaps(bytes(content))


def test_a_run_is_refused_before_the_library_reads_it(tmp_path):
    """Without the look at heaps the process never ends."""
    path = tmp_path / "run.h5"
    write_run(path, spec(), "ode", 0, trajectory())
    assert read_run(path).seed == 0
    content = bytearray(path.read_bytes())
    struct.pack_into("<HHxxxxQ", content, content.index(b"GCOL") + 16, 0, 0, 0)  # the first text
    path.write_bytes(content)
    with pytest.raises(RunError, match="run.h5: it is damaged: a text takes no space"):
        read_run(path)


def test_the_end_of_a_file_is_no_heap():
    check_heaps(b"")
    check_heaps(b"GCOL\x01")
    with h5py.File("memory.h5", "w", driver="core", backing_store=False) as file:
        file.attrs["text"] = "x" * 10000
        file.flush()
        check_heaps(file.id.get_file_image())
