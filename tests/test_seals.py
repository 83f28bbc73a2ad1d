import io

import pytest

from teacherstudent.errors import RunError
from teacherstudent.seals import BLOCK, LENGTH, check_seal, check_seal_of, seal


@pytest.mark.parametrize("size", [0, 5, BLOCK, 2 * BLOCK + 1])
def test_a_seal_holds_for_its_content_only(size):
    content = bytes(size)
    assert len(seal(content)) == LENGTH
    assert check_seal_of(content + seal(content))
    with pytest.raises(RunError, match="does not have its checksum"):
        check_seal_of(b"x" + content + seal(content))


@pytest.mark.parametrize("content", [b"", b"text", bytes(LENGTH), bytes(2 * LENGTH)])
def test_other_files_have_no_seal(content):
    assert not check_seal(io.BytesIO(content))


def test_every_bit_counts():
    whole = b"content" + seal(b"content")
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            assert not check_seal_of(bytes(changed))  # it is the mark that was hit
            assert bytes(changed[:7]) == b"content"
        except RunError:
            pass
