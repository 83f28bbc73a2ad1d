"""Disks of a size, and folders that cannot be written to; skipped where nothing may be mounted."""

import os
import subprocess
from contextlib import contextmanager

import pytest

PAGE = 4096  # bytes that a file takes at least, and a multiple of which it takes


@contextmanager
def mounted(folder, *options):
    """Mount a small disk in memory on a folder."""
    command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder, options):
    """Change a mounted disk."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def fill(path, pages):
    """Fill a disk but for some pages with one file."""
    free = os.statvfs(path.parent).f_bavail
    path.write_bytes(bytes((free - pages) * PAGE))
