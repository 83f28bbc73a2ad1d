"""Online SGD of the weights on fresh Gaussian inputs, with the weights of one unit in consecutive memory.

One step, with the old values throughout: the fields are lambda_k = w_k x / sqrt N and rho_m = v_m x / sqrt N;
the law (`law`) computes the moves of w_k in units of x and moves the readouts. Weight decay multiplies the
trained weights by 1 - decay / N. If there is noise on the inputs, the student has x plus noise as input. A
batch is used with the mean of its gradients. Saad & Solla, Phys. Rev. E 52 (1995) 4225; Goldt et al., NeurIPS
2019.
"""

from teacherstudent.kernels.compile.flags import entry, inner, part
from teacherstudent.kernels.maths.single_normals import fill_single_part
from teacherstudent.kernels.network.by_unit import PIECE, add, add_dots, make_last_moves, move_and_add_fields
from teacherstudent.kernels.network.constants import FIELD, INPUT, INPUT_NOISE, STREAMS
from teacherstudent.kernels.network.law import learn


@entry
def train(W, h, p, buffers, key0, key1, first, steps):
    """Train the student for some steps on fresh Gaussian inputs with labels of the active teacher.

    Parameters
    ----------
    W : array (K, n)
        First layer of the student, with the padding of `by_unit.padded`; changed in place.
    h : array (H, K)
        Readouts of all heads; those of `p.head` are changed in place.
    p : StepConstants
        Constants of the phase.
    buffers : Buffers
        Work space from `by_unit.new_buffers`.
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    first, steps : int
        Number of the first step, counted from the start of the run, and number of steps.

    Returns
    -------
    int
        Number of completed steps: `steps`, or fewer if an error is no longer finite.
    """
    done = 0
    buffers.moves[:] = 0.0
    for step in range(first, first + steps):
        old, new = buffers.X[done % 2], buffers.X[(done + 1) % 2]
        _move_and_draw(W, p, buffers, old, new, done == 0, key0, key1, step)
        if not learn(p.law, h[p.head], p, buffers, key0, key1, step):
            return done
        done += 1
    if done > 0:
        make_last_moves(W, p, buffers, buffers.X[done % 2])
    return done


@part
def _move_and_draw(W, p, buffers, old, new, first, key0, key1, step):
    """Apply the moves of the previous step, if there is one, draw new inputs and compute their fields."""
    fields, teacher_fields = buffers.student[:, FIELD], buffers.teacher[:, FIELD]
    fields[:], teacher_fields[:] = 0.0, 0.0
    for start in range(0, W.shape[1], PIECE):
        for b in range(p.batch):
            x, stream = new[b, start : start + PIECE], STREAMS * b
            draw(x, p.N, start, buffers.bits, key0, key1, step, stream + INPUT)
            add_dots(p.V, x, start, teacher_fields[b])
            if p.input_noise > 0.0:
                noise = buffers.noise[start : start + PIECE]
                draw(noise, p.N, start, buffers.bits, key0, key1, step, stream + INPUT_NOISE)
                add(x, p.input_noise, noise)
        move_and_add_fields(W, p, buffers.moves, old, new, fields, first, start)


@inner
def draw(x, N, start, bits, key0, key1, step, stream):
    """Draw a piece of the N inputs, and set the padding to zero.

    Parameters
    ----------
    x : array (m,)
        The piece, which receives standard normals of single precision in both precisions of networks.
    N : int
        Number of inputs.
    start : int
        Index of the first input of the piece.
    bits : array of uint64
        Work space (`Buffers.bits`).
    key0, key1 : uint32
        Key of the random numbers, see `maths.philox`.
    step, stream : int
        Number of the step, counted from the start of the run, and of the stream within it.
    """
    fill_single_part(x, bits, start, key0, key1, step, stream)
    for n in range(max(N - start, 0), len(x)):
        x[n] = 0.0
