"""Seaborn without scipy, which takes longer to import than a figure to draw.

Seaborn uses it for densities and clusters only, and is also imported where it is not installed.
"""

import sys

absent = [name for name in ("scipy.stats", "scipy.cluster") if name not in sys.modules]
sys.modules.update(dict.fromkeys(absent))  # an import of them fails
try:
    import seaborn
finally:
    for name in absent:
        del sys.modules[name]

__all__ = ["seaborn"]
