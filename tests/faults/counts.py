"""How often each fault is tried. `docs/reliability.md` says the same numbers: test_page.py compares them."""

CORRUPTIONS = {"flipped bits": 150, "files cut short": 40, "foreign files": 10}
SPECS = 10_000  # generated, each tried on all three engines
FULL_DISKS = 16  # writers, each with up to three sizes of what is left
KILLS = 80  # of processes that write
ODD_DOCUMENTS = 18
WRITES_AT_ONCE = 100
