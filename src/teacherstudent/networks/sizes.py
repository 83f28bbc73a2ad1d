"""Sizes of networks that decide how they are sampled; no compiled code."""

# Most rows of a frame: for more of them the products of all pairs take longer than the networks themselves.
MOST_FRAME_ROWS = 32
