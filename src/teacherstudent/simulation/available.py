"""The memory that this process can allocate, as limited by the computer, control groups, Slurm and ulimit."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
# Files of limit and usage, and the name of the reclaimable part in memory.stat, by version of control groups.
CGROUP_FILES = {
    2: ("memory.max", "memory.current", "inactive_file"),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def available_memory() -> tuple[float, str]:
    """Return the number of bytes that this process can allocate, and a description of the limit."""
    found = [(float(psutil.virtual_memory().available), "free memory of this computer")]
    found += [(free, "limit of the control group") for free in cgroup_memory()]
    found += [(free, "limit of the address space, ulimit -v") for free in _address_space()]
    found += [(free, "SLURM_MEM_PER_NODE") for free in _slurm()]
    return min(found)


def cgroup_memory(listing: str | Path = "/proc/self/cgroup", root: str | Path = CGROUPS) -> Iterator[float]:
    """Yield the free bytes of each control group of this process that has a limit.

    In a container the listed paths may be those of the host, which do not exist: its groups are at the root.
    """
    try:
        lines = Path(listing).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            version, top = (1, Path(root) / "memory") if controllers else (2, Path(root))
            own = top / path.lstrip("/")
            for folder in (own, *(parent for parent in own.parents if parent.is_relative_to(top))):
                yield from _free_in(folder, *CGROUP_FILES[version])


def _free_in(folder: Path, limit: str, usage: str, reclaimable: str) -> Iterator[float]:
    try:
        most, used = ((folder / name).read_text(encoding="utf-8").strip() for name in (limit, usage))
        counts = dict(line.split() for line in (folder / "memory.stat").read_text("utf-8").splitlines())
    except (OSError, ValueError):
        return
    if most.isdigit():  # `max` means no limit
        yield max(0.0, float(most) - int(used) + int(counts.get(reclaimable, 0)))


def _address_space() -> Iterator[float]:
    try:
        import resource  # exists on POSIX systems only
    except ImportError:
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        yield max(0.0, float(limit - psutil.Process().memory_info().vms))


def _slurm() -> Iterator[float]:
    megabytes = os.environ.get("SLURM_MEM_PER_NODE", "")
    if megabytes.isdigit() and int(megabytes) > 0:  # 0 means all memory of the node
        yield max(0.0, int(megabytes) * 2.0**20 - psutil.Process().memory_info().rss)
