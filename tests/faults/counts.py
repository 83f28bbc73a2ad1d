"""How often each fault is tried. `docs/reliability.md` says the same numbers: test_page.py compares them."""

CORRUPTIONS = {"flipped bits": 150, "files cut short": 40, "foreign files": 10}
SPECS = 10_000  # generated, each tried on all three engines
FULL_DISKS = 17  # writers, each with up to three sizes of what is left
KILLS = {"the whole workflow": 15, "a job": 85, "a process that writes": 85}
FULL_FROM = (1, 2, 7)  # checkpoints of a run, from each of which on the disk is full
ODD_DOCUMENTS = 24
WRITES_AT_ONCE = 100
