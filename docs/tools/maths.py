"""Formulas in Markdown as MathML, made when the site is built: $...$ in a line, blocks fenced as `math`."""

from latex2mathml.converter import convert
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor

INLINE = r"(?<![\\$\w])\$(?=\S)([^$\n]*(?:\n[^$\n]+)?\S|\S)\$(?![\w$])"
BEFORE_ESCAPES = 185  # before the pattern of escapes (backslashes belong to formulas), after that of code


class Maths(Extension):
    """Formulas between dollars."""

    def extendMarkdown(self, md):
        """Register the pattern, and the escape of a dollar sign by a backslash."""
        md.ESCAPED_CHARS.append("$")
        md.inlinePatterns.register(_Inline(INLINE, md), "maths", BEFORE_ESCAPES)


class _Inline(InlineProcessor):
    def handleMatch(self, m, data):
        """Return MathML, stored so that other patterns do not change it."""
        return self.md.htmlStash.store(convert(m.group(1))), m.start(0), m.end(0)


def fence(source, language, class_name, options, md, **others):
    """Return a fenced block as displayed MathML."""
    return convert(source, display="block")
