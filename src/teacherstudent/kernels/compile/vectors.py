"""Vectors of eight numbers of double precision as a type of compiled code: one number for each of eight runs.

Kernels that are written for numbers and arrays of them are compiled for vectors without a second version.
Each operation is that of IEEE 754 in every lane, so that a lane has the bits of the same kernel compiled for
numbers, whatever the other lanes contain. Python sees a vector as the last axis, of length `WIDTH`, of an
array of numbers; `as_vectors` converts such arrays, alone or as fields of NamedTuples, inside a kernel.
"""

import math
import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import (
    intrinsic,
    lower_builtin,
    lower_cast,
    models,
    overload,
    register_model,
)

WIDTH = 8  # numbers of a vector; a power of two

_NUMBERS = ir.VectorType(ir.DoubleType(), WIDTH)
_SINGLES = ir.VectorType(ir.FloatType(), WIDTH)
_FLAGS = ir.VectorType(ir.IntType(1), WIDTH)
_SCALARS = (types.Float, types.Integer)


class Vector(types.Type):
    """The numba type of a vector of `WIDTH` numbers; numbers are converted to vectors of equal numbers."""

    def __init__(self):
        super().__init__(name="float64_vector")

    def can_convert_from(self, typingctx, other):
        """Return how a type is converted to a vector, or None."""
        return Conversion.safe if isinstance(other, _SCALARS) else None

    def unify(self, typingctx, other):
        """Return the type of a variable that is a vector at one place and a number at another."""
        return self if isinstance(other, _SCALARS) else None


class Mask(types.Type):
    """The numba type of the result of a comparison of vectors."""

    def __init__(self):
        super().__init__(name="vector_mask")


VECTOR, MASK = Vector(), Mask()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _NUMBERS)


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _FLAGS)


def _broadcast(builder, number):
    """Return the vector of equal numbers."""
    first = builder.insert_element(
        ir.Constant(_NUMBERS, ir.Undefined), number, ir.Constant(ir.IntType(32), 0)
    )
    order = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(_NUMBERS, ir.Undefined), order)


@lower_cast(types.Float, Vector)
@lower_cast(types.Integer, Vector)
def _vector_of_number(context, builder, kind, target, value):
    return _broadcast(builder, context.cast(builder, value, kind, types.float64))


def _call(builder, name, result, *arguments):
    """Call a function of LLVM that exists for vectors."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _binary(function, inplace, emit, result):
    """Define an operator of two vectors, or of a vector and a number."""

    class Template(AbstractTemplate):
        def generic(self, args, kws):
            if (
                len(args) == 2
                and VECTOR in args
                and all(arg is VECTOR or isinstance(arg, _SCALARS) for arg in args)
            ):
                return signature(result, VECTOR, VECTOR)
            return None

    for name in filter(None, (function, inplace)):
        infer_global(name)(type(f"Vector_{name.__name__}", (Template,), {}))
        lower_builtin(name, VECTOR, VECTOR)(lambda context, builder, sig, args: emit(builder)(*args))


_binary(operator.add, operator.iadd, lambda builder: builder.fadd, VECTOR)
_binary(operator.sub, operator.isub, lambda builder: builder.fsub, VECTOR)
_binary(operator.mul, operator.imul, lambda builder: builder.fmul, VECTOR)
_binary(operator.truediv, operator.itruediv, lambda builder: builder.fdiv, VECTOR)


def _compare(sign):
    return lambda builder: lambda a, b: builder.fcmp_ordered(sign, a, b)


for _function, _sign in ((operator.gt, ">"), (operator.lt, "<"), (operator.ge, ">="), (operator.le, "<=")):
    _binary(_function, None, _compare(_sign), MASK)


def _unary(function, emit):
    """Define a function of one vector."""

    class Template(AbstractTemplate):
        def generic(self, args, kws):
            return signature(VECTOR, VECTOR) if tuple(args) == (VECTOR,) else None

    infer_global(function)(type(f"Vector_{function.__name__}", (Template,), {}))
    lower_builtin(function, VECTOR)(lambda context, builder, sig, args: emit(builder, *args))


_unary(operator.neg, lambda builder, x: builder.fneg(x))
_unary(abs, lambda builder, x: _call(builder, f"llvm.fabs.v{WIDTH}f64", _NUMBERS, x))
_unary(math.sqrt, lambda builder, x: _call(builder, f"llvm.sqrt.v{WIDTH}f64", _NUMBERS, x))


def select(condition, a, b):
    """Return a where a condition holds, otherwise b.

    Parameters
    ----------
    condition : bool, or comparison of vectors
        The condition.
    a, b : float
        Numbers or vectors; both are computed.

    Returns
    -------
    float
    """
    return a if condition else b


@overload(select, jit_options={"forceinline": True})
def _compiled_select(condition, a, b):
    if condition is MASK:
        return lambda condition, a, b: _selected(condition, a, b)
    return lambda condition, a, b: a if condition else b


@intrinsic
def _selected(typingctx, condition, a, b):
    def codegen(context, builder, sig, args):
        return builder.select(*args)

    return VECTOR(MASK, VECTOR, VECTOR), codegen


def is_used(x):
    """Return whether a number is not 0, or one number of a vector."""
    return x != 0.0


@overload(is_used, jit_options={"forceinline": True})
def _compiled_is_used(x):
    """Return the compiled implementation of `is_used`."""
    if x is VECTOR:
        return lambda x: _any_nonzero(x)
    return lambda x: x != 0.0


@intrinsic
def _any_nonzero(typingctx, x):
    """Emit the instructions of `is_used` for a vector."""

    def codegen(context, builder, sig, args):
        flags = builder.fcmp_unordered("!=", args[0], ir.Constant(_NUMBERS, [0.0] * WIDTH))
        bits = builder.bitcast(flags, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(VECTOR), codegen


def is_any(condition):
    """Return whether a condition holds, or a comparison of vectors holds in one of their numbers."""
    return condition


@overload(is_any, jit_options={"forceinline": True})
def _compiled_is_any(condition):
    """Return the compiled implementation of `is_any`."""
    if condition is MASK:
        return lambda condition: _any_true(condition)
    return lambda condition: condition


@intrinsic
def _any_true(typingctx, condition):
    """Emit the instructions of `is_any` for a comparison of vectors."""

    def codegen(context, builder, sig, args):
        bits = builder.bitcast(args[0], ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(MASK), codegen


def fma(a, b, c):
    """Return a b + c in the precision of a; compiled code rounds once, Python twice.

    Parameters
    ----------
    a, b, c : float
        Numbers or vectors; b and c are converted to the type of a.

    Returns
    -------
    float
        The fused multiply-add of IEEE 754.
    """
    return a * b + c


@intrinsic
def _fused(typingctx, a, b, c):
    """Emit the instruction of LLVM for a fused multiply-add."""
    kind = VECTOR if VECTOR in (a, b, c) else a

    def codegen(context, builder, sig, args):
        if kind is VECTOR:
            return _call(builder, f"llvm.fma.v{WIDTH}f64", _NUMBERS, *args)
        return builder.fma(*args)

    return kind(kind, kind, kind), codegen


@overload(fma)
def _compiled_fma(a, b, c):
    """Return the compiled implementation of `fma`."""

    def compiled(a, b, c):
        return _fused(a, b, c)

    return compiled


def first_guess(x):
    """Return 1 / sqrt x for a number or a vector; compiled code has the precision of numbers of 32 bits."""
    return 1.0 / math.sqrt(x)


@intrinsic
def _single_inverse_root(typingctx, x):
    """Emit the instructions of `first_guess`."""
    single, root = (_SINGLES, f"llvm.sqrt.v{WIDTH}f32") if x is VECTOR else (ir.FloatType(), "llvm.sqrt.f32")

    def codegen(context, builder, sig, args):
        narrow = builder.fptrunc(args[0], single)
        one = ir.Constant(single, [1.0] * WIDTH if x is VECTOR else 1.0)
        return builder.fpext(builder.fdiv(one, _call(builder, root, single, narrow)), args[0].type)

    return x(x), codegen


@overload(first_guess, jit_options={"forceinline": True})
def _compiled_guess(x):
    """Return the compiled implementation of `first_guess`."""
    return lambda x: _single_inverse_root(x)


@intrinsic
def as_vectors(typingctx, x):
    """Return a NamedTuple or an array with vectors in place of the last axis of arrays of numbers.

    Arrays of one axis become a vector, the present one; others share their memory with the result. Everything
    else is unchanged.
    """
    target = _vectorised(x)

    def codegen(context, builder, sig, args):
        value = _converted(context, builder, x, target, args[0])
        return impl_ret_borrowed(context, builder, target, value)

    return target(x), codegen


def _vectorised(kind):
    """Return the type of `as_vectors`."""
    if isinstance(kind, types.Array) and kind.dtype == types.float64:
        if kind.layout != "C":
            raise TypeError("arrays of vectors are contiguous")
        return types.Array(VECTOR, kind.ndim - 1, "C") if kind.ndim > 1 else VECTOR
    if isinstance(kind, types.BaseNamedTuple):
        kinds = [_vectorised(part) for part in kind]
        return types.BaseTuple.from_types(kinds, kind.instance_class)
    return kind


def _converted(context, builder, kind, target, value):
    """Return the value of `as_vectors`."""
    if isinstance(kind, types.BaseNamedTuple):
        parts = cgutils.unpack_tuple(builder, value)
        made = [_converted(context, builder, *part) for part in zip(kind, target, parts, strict=True)]
        return context.make_tuple(builder, target, made)
    if kind == target:
        return value
    old = context.make_array(kind)(context, builder, value)
    if target is VECTOR:
        pointer = builder.bitcast(old.data, _NUMBERS.as_pointer())
        return builder.load(pointer, align=64)
    new = context.make_array(target)(context, builder)
    shape, strides = (cgutils.unpack_tuple(builder, part)[:-1] for part in (old.shape, old.strides))
    one = context.get_constant(types.intp, WIDTH)
    new.data = builder.bitcast(old.data, new.data.type)
    new.nitems = builder.sdiv(old.nitems, one)
    new.itemsize = builder.mul(old.itemsize, one)
    new.shape, new.strides = (cgutils.pack_array(builder, part) for part in (shape, strides))
    new.meminfo, new.parent = old.meminfo, old.parent
    return new._getvalue()
