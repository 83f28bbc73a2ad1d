"""Forgetting and re-use of units against the similarity of two image tasks, digits of 8 x 8 pixels.

The data mixing of Lee, Mannelli, Clopath, Goldt & Saxe 2022; the number of the published figure is not known.
The similarity is the share of task 1 in the inputs of task 2. The reader should see that the loss of task 1
rises most at intermediate shares, where task 2 changes from units of its own to those of task 1.
"""

from functools import partial

import _figures
import numpy as np
from _lee2022_images import PROGRAM, average, draw, loss, reuse, rise, statements, switch

from teacherstudent.experiments.claims import Claim

FIGURE = "lee2022_image_mixing"
ENTRIES = {"0, 1": "lee2022_mixing_digits", "-1, 1": "lee2022_mixing_digits_signs"}
CAPTION = """
Task 1: digits 0 and 5 of scikit-learn (8 x 8 pixels). Task 2: digits 2 and 7, whose images are mixed with
those of task 1, a x_1 + (1 - a) x_2; so are the labels, which are equal. Student with K = 8 sigmoid units,
biases in both layers and a head for each task; 40 000 steps on one image each per task; means over runs with
standard errors, with 123 training and 54 test images of each class in a random order of each run. Test
loss: mean of (output - label)^2 over test images, in units of the squared distance of the labels.
(a) Test loss of task 1 over time for labels 0 and 1; dashed: switch to task 2. (b) Rise of this loss from
the switch to the end, for labels 0 and 1 (circles), and -1 and 1 (squares). (c) Re-use: sum over units of
the share in the output of head 1 at the switch times that in head 2 at the end; the share of a unit is
h_k^2 times the variance of its activation over test images, divided by the sum over units. (d) Fraction
of correct test images at the end.
The protocol is that of the authors' code for images (Lee, Mannelli, Clopath, Goldt and Saxe, ICML 2022),
which uses Fashion-MNIST with classes of the same numbers, whitened images, and the weights with the lowest
test loss of task 1 at the switch. Here images are not whitened, because the eigenvectors of each task would
permute the inputs, and task 1 ends after a fixed number of steps, when its loss is close to its lowest
value (see the claims). The learning rate and the digits are chosen. The inverted U depends on the classes:
it is absent for digits 6 and 7, then 2 and 5.
"""
claim = partial(Claim, FIGURE)
recomputed = partial(claim, source=PROGRAM, certainty="recomputed")


def entries(curves):
    """Return the runs by the name of their labels."""
    return {name: curves[experiment]["network"] for name, experiment in ENTRIES.items()}


def figure(curves):
    """Draw losses, forgetting, re-use and accuracies."""
    return draw(entries(curves))


def claims(curves):
    """State the inverted U and the change of units, for both kinds of labels."""
    zero, signs = entries(curves).values()
    return [
        *statements(claim, "0, 1", zero, (1.2, 3.5), 0.8),
        *statements(claim, "-1, 1", signs, (1.4, 6.0), 0.45),
        *number_claims(zero),
        clearer(zero, signs),
        early_stopping(zero),
    ]


def number_claims(curves):
    """Compare rises with those of the independent program, and state where the units change."""
    mean, error = average(rise(curves))
    shares, again = curves.axis("mixing"), average(reuse(curves))[0]
    crossed = int(np.argmax(again > 0.5))
    for index, low, high in ((0, 0.005, 0.035), (int(mean.argmax()), 0.015, 0.055), (-1, 0.0, 0.004)):
        where = "at its peak" if index not in (0, -1) else f"at share {shares[index]:g}"
        yield recomputed(
            f"Labels 0, 1: mean rise of the loss of task 1 {where}.",
            value=mean[index],
            uncertainty=error[index],
            low=low,
            high=high,
        )
    yield recomputed(
        "Labels 0, 1: share at which the mean re-use crosses 1/2, by interpolation.",
        value=np.interp(0.5, again[crossed - 1 : crossed + 1], shares[crossed - 1 : crossed + 1]),
        low=0.1,
        high=0.4,
    )


def clearer(zero, signs):
    """State that labels of both signs make the inverted U clearer."""
    means = [average(rise(curves))[0] for curves in (signs, zero)]
    first, second = (mean.max() / max(mean[0], mean[-1]) for mean in means)
    return recomputed(
        "Peak divided by the larger end, of mean rises: with labels -1, 1 relative to labels 0, 1.",
        value=first / second,
        low=1.0,
    )


def early_stopping(curves):
    """State that the loss of task 1 is not lower at an earlier time."""
    first = average(np.moveaxis(loss(curves)[0, :, : switch(curves) + 1, 0], 0, -1))[0]
    return claim(
        "Labels 0, 1: lowest mean loss of task 1 up to the switch, divided by that at the switch.",
        value=first.min() / first[-1],
        low=0.8,
        high=1.0,
        source="early stopping would make a small difference, derived",
        certainty="recomputed",
    )


if __name__ == "__main__":
    _figures.make(snakemake, figure, claims, CAPTION)
