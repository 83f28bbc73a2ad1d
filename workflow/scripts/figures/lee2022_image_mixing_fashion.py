"""Forgetting and re-use of units against the similarity of two image tasks, clothes of Fashion-MNIST.

The data mixing of Lee, Mannelli, Clopath, Goldt & Saxe 2022 with the classes of their code for images. The
reader should see that the loss of task 1 rises most at intermediate shares, where task 2 changes from units
of its own to those of task 1.
"""

from functools import partial

import _figures
from _lee2022_images import draw, statements

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2022_image_mixing_fashion"
CAPTION = """
As figure lee2022_image_mixing, for Fashion-MNIST: task 1 has classes 0 and 5 (T-shirt and sandal), task 2
classes 2 and 7 (pullover and sneaker), with labels 0 and 1. Means over runs with standard errors. (a) Test
loss of task 1 over time; dashed: switch to task 2. (b) Rise of this loss from the switch to the end. (c)
Re-use of units. (d) Fraction of correct test images at the end. Classes, units, learning rate and the number
of steps (50 passes through 12 000 images) are those of the authors' code, here with 28 x 28 pixels, 10 000
training and 2000 test images for each task, without whitening and without early stopping. The claims were
not tried on these data.
"""


def entries(curves):
    """Return the runs by the name of their labels."""
    return {"0, 1": curves["lee2022_mixing_fashion"]["network"]}


def figure(curves):
    """Draw losses, forgetting, re-use and accuracies."""
    return draw(entries(curves))


def claims(curves):
    """State the inverted U and the change of units."""
    ((name, found),) = entries(curves).items()
    return statements(partial(Claim, FIGURE), name, found, (1.2, 50.0), 0.4)


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
