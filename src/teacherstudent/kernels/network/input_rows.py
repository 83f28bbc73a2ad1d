"""Passes through weights that are stored by input, as vector instructions.

Row n of the weights (N, k) has those of all units on input n. A loop of numba over several rows is not
vectorised: LLVM would have to compare the addresses of all of them, to be sure that no store changes what is
read later. Here the instructions are written as vectors. Several rows share each load of the fields and of
the moves, which limits the speed.
"""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

BYTES = 64  # of a vector; processors with shorter ones take several instructions
ROWS = 8  # rows of one pass, which leave registers for the rest


def add_fields(W, x, fields):
    """Compute fields_k += sum_n w_nk x_n, one fused multiply-add after the other in the order of n.

    Parameters
    ----------
    W : array (N, k)
        Weights, contiguous; the bytes of a row are a multiple of 64.
    x : array (N,)
        Inputs, of the type of W.
    fields : array (k,)
        Fields, of the type of W; changed in place.
    """
    for n in range(len(W)):
        fields += x[n] * W[n]


def move_and_add_fields(W, moves, old, x, fields):
    """Compute w_nk += old_n moves_k, and then `add_fields`, in one pass.

    Parameters
    ----------
    W : array (N, k)
        Weights as in `add_fields`; changed in place.
    moves : array (k,)
        Moves of the weights of each unit, in units of the old inputs, of the type of W.
    old, x : array (N,)
        Inputs of the previous step and of this one, of the type of W.
    fields : array (k,)
        Fields, of the type of W; changed in place.
    """
    for n in range(len(W)):
        W[n] += old[n] * moves
        fields += x[n] * W[n]


@overload(add_fields)
def _compiled_add(W, x, fields):
    """Return the compiled implementation of `add_fields`."""

    def compiled(W, x, fields):
        _pass(W, x, fields)

    return compiled


@overload(move_and_add_fields)
def _compiled_move(W, moves, old, x, fields):
    """Return the compiled implementation of `move_and_add_fields`."""

    def compiled(W, moves, old, x, fields):
        _moving_pass(W, x, fields, moves, old)

    return compiled


@intrinsic
def _pass(typingctx, W, x, fields):
    """Emit the instructions of `add_fields`."""
    return types.none(W, x, fields), _emit


@intrinsic
def _moving_pass(typingctx, W, x, fields, moves, old):
    """Emit the instructions of `move_and_add_fields`."""
    return types.none(W, x, fields, moves, old), _emit


def _emit(context, builder, signature, args):
    """Emit a loop over groups of rows, and the instructions for the last, smaller group."""
    kinds = signature.args
    if any(kind.dtype != kinds[0].dtype or kind.layout != "C" for kind in kinds):
        raise TypeError("weights, inputs, fields and moves need one type and contiguous memory")
    W, *vectors = (context.make_array(kind)(context, builder, a) for kind, a in zip(kinds, args, strict=True))
    N, k = cgutils.unpack_tuple(builder, W.shape, 2)
    data = [W.data, *(vector.data for vector in vectors)]
    rest = builder.srem(N, N.type(ROWS))
    full = builder.sub(N, rest)
    with cgutils.for_range_slice(builder, N.type(0), full, N.type(ROWS)) as (n, _):
        _emit_rows(builder, ROWS, n, k, *data)
    for rows in range(1, ROWS):
        with builder.if_then(builder.icmp_signed("==", rest, N.type(rows))):
            _emit_rows(builder, rows, full, k, *data)
    return context.get_dummy_value()


def _emit_rows(builder, rows, first, k, W, x, fields, moves=None, old=None):
    """Emit a loop over vectors of units, with the instructions for some rows from a first one on."""
    number, offset = W.type.pointee, first.type
    lanes = BYTES // (4 if number == ir.FloatType() else 8)
    vector = ir.VectorType(number, lanes)
    numbers = [builder.add(first, offset(row)) for row in range(rows)]
    starts = [builder.gep(W, [builder.mul(n, k)]) for n in numbers]
    new = [_spread(builder, x, n, vector) for n in numbers]
    name = f"llvm.fma.v{lanes}{number.intrinsic_name}"
    fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
    past = [_spread(builder, old, n, vector) for n in numbers] if moves else []
    with cgutils.for_range_slice(builder, offset(0), k, offset(lanes)) as (unit, _):

        def at(pointer):
            return builder.bitcast(builder.gep(pointer, [unit]), vector.as_pointer())

        def load(pointer):
            return builder.load(at(pointer), align=number_bytes)

        number_bytes = BYTES // lanes
        total = load(fields)
        step = load(moves) if moves else None
        for row, start in enumerate(starts):
            w = load(start)
            if moves:
                w = builder.call(fused, [past[row], step, w])
                builder.store(w, at(start), align=number_bytes)
            total = builder.call(fused, [new[row], w, total])
        builder.store(total, at(fields), align=number_bytes)


def _spread(builder, array, index, vector):
    """Emit a vector whose numbers are all the one at an index of an array."""
    one = builder.load(builder.gep(array, [index]))
    lanes, zero = vector.count, ir.Constant(ir.IntType(32), 0)
    alone = builder.insert_element(ir.Constant(vector, ir.Undefined), one, zero)
    same = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    return builder.shuffle_vector(alone, ir.Constant(vector, ir.Undefined), same)
