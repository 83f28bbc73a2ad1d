"""Text that is not Markdown, for pages that are."""

import html

MARKS = "*_$|`\\["


def plain(text: str) -> str:
    """Return a text in which nothing has a meaning for Markdown or HTML."""
    escaped = html.escape(text, quote=False)
    return "".join(f"&#{ord(letter)};" if letter in MARKS else letter for letter in escaped)
