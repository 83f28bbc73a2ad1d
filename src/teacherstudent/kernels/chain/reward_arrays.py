"""Arrays of the chain of the reward rule: episodes with their rewards, and the work space of an episode."""

from typing import NamedTuple

import numpy as np

from teacherstudent.kernels.compile.alignment import aligned_zeros

# Conditions of a reward; all right is AT_LEAST with as many right decisions as the episode has.
AT_LEAST, FIRST, PER_STEP = range(3)
# Rows of normals before those of the inputs: length of the move outside of the frame, and its second normal.
OUTSIDE, SECOND, INPUTS = range(3)


class Episodes(NamedTuple):
    """Episodes and their rewards, in units of the learning rate; each chain has its own numbers."""

    condition: int  # AT_LEAST, FIRST or PER_STEP, the same for all chains
    length: int  # decisions T of an episode, or the largest number of them; the same for all chains
    has_optimal_rate: bool
    has_optimal_length: bool  # only where all decisions must be right
    count: np.ndarray  # (C,) right decisions that are necessary (AT_LEAST), or first decisions (FIRST)
    value: np.ndarray  # (C,)
    penalty: np.ndarray  # (C,)
    bonus: np.ndarray  # (C,)


class EpisodeBuffers(NamedTuple):
    """Work space of an episode."""

    u: np.ndarray  # (INPUTS + T (p + r), C) normals
    bits: np.ndarray  # (2, C) uint64, random bits
    sums: np.ndarray  # (2, p + r, C) sum_t a_t u_t, and the same with the numbers m_t of bonuses as weights
    fields: np.ndarray  # (2, C) fields of student and teacher
    decisions: np.ndarray  # (2, C) decision a_t, and 1 where it is right
    counts: np.ndarray  # (4, C) right decisions, m_t, sum_t m_t, sum_t m_t^2
    lengths: np.ndarray  # (C,) decisions of the episode
    rate: np.ndarray  # (C,) learning rate divided by N
    factors: np.ndarray  # (2, C) factors of the sums in a move
    outside: np.ndarray  # (C,) length of the move outside of the frame over the chi variate


def new_buffers(p: int, r: int, length: int, C: int) -> EpisodeBuffers:
    """Allocate the work space for the episodes of some chains.

    Parameters
    ----------
    p, r : int
        Axes of the frame: of the student alone, and of the teachers.
    length : int
        Largest number of decisions of an episode.
    C : int
        Number of chains.

    Returns
    -------
    EpisodeBuffers
    """
    rows = -(-(INPUTS + length * (p + r)) // 4) * 4
    rate, lengths, outside = aligned_zeros((3, C))
    return EpisodeBuffers(
        u=aligned_zeros((rows, C)),
        bits=aligned_zeros((2, C), np.uint64),
        sums=aligned_zeros((2, p + r, C)),
        fields=aligned_zeros((2, C)),
        decisions=aligned_zeros((2, C)),
        counts=aligned_zeros((4, C)),
        lengths=lengths,
        rate=rate,
        factors=aligned_zeros((2, C)),
        outside=outside,
    )
