"""Normals by inversion, as in `ohmnia.random`, for compiled loops, eight or sixteen at a time.

Every type is 32 bits wide, and nothing branches, so that a loop over the first counter becomes vector code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from ohmnia.kernels._jit import intrinsic, jit
from ohmnia.kernels._memory import data_of

f32, i32, u32 = np.float32, np.int32, np.uint32
_U64, _EIGHT = np.uint64, np.uint64(8)
_TWO_POW_MINUS_31 = f32(2.0**-31)
_LARGEST_INT = i32(0x7FFFFFFF)
_SQRT_HALF_BITS = i32(0x3F3504F3)
_LN2 = f32(0.6931471805599453)
# Least-squares fits at Chebyshev points, highest power first; relative errors below 1e-8, 1e-7 and 5e-7.
_LOG = (-0.0810227022, 0.1271267831, -0.1297214478, 0.1420211494, -0.1664225012, 0.2000147104, -0.2500029504, 0.3333332837)
_NEAR = (
    3.95832096e-8,
    4.85179100e-7,
    -4.98119471e-6,
    -6.20788023e-6,
    3.09115101e-4,
    -1.77304179e-3,
    -5.90812974e-3,
    0.348802686,
    2.12331367,
)
_FAR = (
    -4.5572524e-6,
    -2.32673759e-4,
    1.6493989e-3,
    -4.76596178e-3,
    8.18465743e-3,
    -1.09258955e-2,
    1.33421402e-2,
    1.41659403,
    4.00643444,
)


@intrinsic
def bits_of(context: Any, value: Any) -> Any:
    """The bits of a float32 as an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.int32))

    return types.int32(types.float32), generate


@intrinsic
def float_of(context: Any, value: Any) -> Any:
    """The float32 of the bits in an int32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.int32), generate


@intrinsic
def _look_up_eight(typing_context, table, index, at, found):
    """found[at + k] = table[index[at + k]] for k < 8, with one store: eight small ones would delay the load that follows."""

    def generate(context, builder, signature, arguments):
        word, vector = ir.IntType(32), ir.VectorType(ir.FloatType(), 8)

        def place(n, offset):
            return builder.gep(data_of(context, builder, signature, arguments, n), [offset])

        numbers, result = place(1, arguments[2]), ir.Constant(vector, ir.Undefined)
        for k in range(8):
            number = builder.load(builder.gep(numbers, [word(k)]))
            value = builder.load(place(0, builder.zext(number, ir.IntType(64))))
            result = builder.insert_element(result, value, word(k))
        builder.store(result, builder.bitcast(place(3, arguments[2]), vector.as_pointer()), align=4)
        return context.get_dummy_value()

    # No signature: numba refuses other types by name.
    if (table.dtype, index.dtype, found.dtype) != (types.float32, types.uint32, types.float32):
        return None
    return types.void(table, index, types.uint64, found), generate


@jit
def look_up(table, index, count, found):
    """The float32 entries of a table at the first `count` places, which are uint32, into `found`."""
    eights = _U64(count) // _EIGHT * _EIGHT
    for j in range(_U64(0), eights, _EIGHT):
        _look_up_eight(table, index, j, found)
    for j in range(eights, _U64(count)):
        found[j] = table[index[j]]


@jit
def log(x):
    """Natural logarithm of a positive, normal float32, to about 1e-7 of max(|log x|, 1)."""
    bits = bits_of(f32(x))
    exponent = i32(i32(bits - _SQRT_HALF_BITS) >> i32(23))
    y = float_of(i32(bits - i32(exponent << i32(23)))) - f32(1.0)
    # log(1 + y) on [sqrt(1/2) - 1, sqrt(2) - 1], least squares on y**3.
    p = f32(_LOG[0])
    p = p * y + f32(_LOG[1])
    p = p * y + f32(_LOG[2])
    p = p * y + f32(_LOG[3])
    p = p * y + f32(_LOG[4])
    p = p * y + f32(_LOG[5])
    p = p * y + f32(_LOG[6])
    p = p * y + f32(_LOG[7])
    square = y * y
    return f32(exponent) * _LN2 + (y - f32(0.5) * square + y * square * p)


@jit
def _horner(x, coefficients):
    total = f32(coefficients[0])
    total = total * x + f32(coefficients[1])
    total = total * x + f32(coefficients[2])
    total = total * x + f32(coefficients[3])
    total = total * x + f32(coefficients[4])
    total = total * x + f32(coefficients[5])
    total = total * x + f32(coefficients[6])
    total = total * x + f32(coefficients[7])
    return total * x + f32(coefficients[8])


@jit
def quantile(word):
    """`ohmnia.random.quantile_normal` of one word, in float32.

    With t = 2 min(u, 1 - u), c = 1 - t and q = -log(1 - c**2), z / c is a polynomial in q, and beyond q = 5 one in sqrt(q).
    """
    signed = i32(u32(word))
    upper = i32(signed >> i32(31))
    folded = i32(signed ^ upper)
    t = (f32(folded) + f32(0.5)) * _TWO_POW_MINUS_31
    c = (f32(i32(_LARGEST_INT - folded)) + f32(0.5)) * _TWO_POW_MINUS_31
    q = -log(t * (f32(1.0) + c))
    near = _horner(q - f32(2.5), _NEAR)
    far = _horner(np.sqrt(q) - f32(3.0), _FAR)
    z = (near if q < f32(5.0) else far) * c
    return -z if upper == i32(0) else z
