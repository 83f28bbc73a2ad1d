"""How often each fault is tried. `docs/reliability.md` says the same numbers: test_page.py compares them."""

CORRUPTIONS = {"flipped bits": 150, "files cut short": 40, "foreign files": 10}
