"""Numbers of axes of a frame of chains (`kernels.chain.frames`), by sizes; no compiled code."""


def frame_axes(N: int, K: int, fixed: int, batch: int, drifting: int = 0) -> tuple[int, int, int]:
    """Return the numbers of axes of a frame.

    Parameters
    ----------
    N : int
        Number of inputs.
    K, fixed : int
        Numbers of units of the student, and of all teachers and anchors.
    batch : int
        Samples of a step.
    drifting : int
        Number of units of teachers that drift.

    Returns
    -------
    p : int
        Axes of G: K, or 0 where N is too small for an axis of each unit, sample and drift of a step.
    r : int
        Axes of A: `fixed`, or N in that case.
    q : int
        Further axes for the inputs of a batch: `batch`, or 0 in that case.
    """
    return (K, fixed, batch) if K + fixed + max(batch, drifting) <= N else (0, N, 0)
