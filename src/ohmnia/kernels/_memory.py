"""Arrays by their addresses, for compiled loops: numba counts the uses of every array of its own, at each call of a function.

Each count is an atomic operation, and a call with twenty arrays makes dozens of them. Arrays made here are not counted, so
that whoever holds the memory has to keep it alive.
"""

# numba gives an intrinsic's function another signature.
# pyright: reportCallIssue=false, reportPrivateImportUsage=false

from __future__ import annotations

import numpy as np
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from ohmnia.kernels._jit import jit

_U64 = np.uint64
_LINE = np.uint64(63)


@intrinsic
def _pointer(typing_context, address):
    """An address as the pointer that `carray` takes."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uint64), generate


@intrinsic
def _fetch_add(typing_context, array, amount):
    """Add to the first number of an int64 array, in one step for all threads; its old value."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.atomic_rmw("add", data, arguments[1], "seq_cst")

    return types.int64(array, types.int64), generate


@jit
def add_shared(number, amount):
    """Add to an int64 array (1,) that threads share; returns what it was. What they wrote before is seen afterwards."""
    return _fetch_add(number, np.int64(amount))


@jit
def address(array):
    """Where the data of an array are."""
    return _U64(array.ctypes.data)


@jit
def after(place, size):
    """The next address beyond `size` bytes at `place` that starts a line of a cache."""
    return (place + _U64(size) + _LINE) & ~_LINE


@jit
def array_at(place, shape, dtype):
    """The array of a shape that lies at an address, not counted."""
    return carray(_pointer(place), shape, dtype)


@jit
def uncounted(array):
    """The same array, one-dimensional, but not counted."""
    return carray(_pointer(address(array)), (array.size,), array.dtype)
