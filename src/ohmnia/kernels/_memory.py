"""Arrays by their addresses, for compiled loops: numba counts the uses of every array of its own, at each call of a function.

Each count is an atomic operation, and a call with twenty arrays makes dozens of them. Arrays made here are not counted, so
that whoever holds the memory has to keep it alive.
"""

# pyright: reportPrivateImportUsage=false

from __future__ import annotations

import numpy as np
from numba import types
from numba.core import cgutils
from numba.np.arrayobj import np_cfarray

from ohmnia.kernels._jit import intrinsic, jit

_U64 = np.uint64
_LINE = np.uint64(63)


def data_of(context, builder, signature, arguments, n=0):
    """Inside an intrinsic: the pointer to the data of argument `n`, which is an array."""
    return context.make_array(signature.args[n])(context, builder, arguments[n]).data


@intrinsic
def array_at(typing_context, place, shape, dtype):
    """The array of a shape that lies at an address (uint64), not counted."""

    def generate(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], cgutils.voidptr_t)
        own = signature.replace(args=(types.voidptr, signature.args[1]))
        return np_cfarray(context, builder, own, (pointer, arguments[1]))

    return types.Array(dtype.dtype, len(shape), "C")(types.uint64, shape, dtype), generate


@intrinsic
def address(typing_context, array):
    """Where the data of an array are."""

    def generate(context, builder, signature, arguments):
        return builder.ptrtoint(data_of(context, builder, signature, arguments), context.get_value_type(types.uint64))

    return types.uint64(array), generate


@intrinsic
def _fetch_add(typing_context, array, amount):
    """Add to the first number of an int64 array, in one step for all threads; its old value."""

    def generate(context, builder, signature, arguments):
        return builder.atomic_rmw("add", data_of(context, builder, signature, arguments), arguments[1], "seq_cst")

    return types.int64(array, types.int64), generate


@jit
def add_shared(number, amount):
    """Add to an int64 array (1,) that threads share; returns what it was. What they wrote before is seen afterwards."""
    return _fetch_add(number, np.int64(amount))


@jit
def after(place, size):
    """The next address beyond `size` bytes at `place` that starts a line of a cache."""
    return (place + _U64(size) + _LINE) & ~_LINE


@jit
def uncounted(array):
    """The same array, one-dimensional, but not counted."""
    return array_at(address(array), (array.size,), array.dtype)
