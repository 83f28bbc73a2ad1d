"""Code blocks of the guides, as readers would copy them."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """The code blocks of a page in a language, in order."""
    return [code for kind, _, code in BLOCK.findall(_text(page)) if kind == language]


def named_files(page):
    """What a page says to write, by path."""
    return {title: code for _, title, code in BLOCK.findall(_text(page)) if title}


def commands(page):
    """The commands that a page says to type, as words."""
    return [line.split() for block in blocks(page, "bash") for line in block.splitlines()]


def _text(page):
    return (DOCS / page).read_text(encoding="utf-8")
