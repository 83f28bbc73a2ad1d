"""Claims about forgetting and transfer against similarity (Lee et al. 2021, main result)."""

import numpy as np
from _lee2021 import DRAWN, errors, inverted_u, levels, median, peak
from matplotlib import ticker

from teacherstudent.claims import Claim

FIGURE = "lee2021_feature_similarity"
SWITCH, END = 100.0, 300.0
SWEEP = "sweep over similarity, recomputed from the equations"
FOUR = SWEEP + " for four initial conditions"
ALIKE = SWEEP + " for an initial condition with the same solution of task 1"

# Peak of forgetting by time after the switch: lowest and highest of the four, on a grid of this step.
PEAKS = {1: (0.75, 0.80), 5: (0.60, 0.60), 10: (0.45, 0.45), 20: (0.25, 0.40), 50: (0.25, 0.40), 200: (0.25, 0.35)}
STEP = 0.05
# Final log10 of the error of task 1 by similarity: lowest and highest of those recomputed, and what a change of V by
# 0.02 does to it; teachers that are drawn at random have their similarity to this precision.
LEVELS = {0.0: (-2.30, -1.03, 0.0), 0.25: (-0.756, -0.608, 0.04), 0.5: (-0.733, -0.70, 0.01), 1.0: (-2.90, -2.74, 0.0)}
# Final forgetting and transfer by similarity; initial conditions that are alike differ by less than SPREAD.
FORGETTING = {0.0: 2.19, 0.5: 3.43, 1.0: 1.35}
TRANSFER = {0.5: 3.71, 1.0: 4.17}
SPREAD = 0.1
