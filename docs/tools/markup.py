"""Escapes plain text for Markdown pages."""

import html

MARKS = "*_$|`\\["


def plain(text: str) -> str:
    """Escape all characters with a meaning in Markdown or HTML."""
    escaped = html.escape(text, quote=False)
    return "".join(f"&#{ord(letter)};" if letter in MARKS else letter for letter in escaped)
