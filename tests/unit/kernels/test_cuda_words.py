"""Words, normals and arithmetic inside Triton kernels, against `ohmnia.random` and numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from contracts.on_device import triton_device
from ohmnia.random import Stream, normal_table, quantile_normal, table_normal, words

DEVICE = triton_device()

import triton  # noqa: E402
import triton.language as tl  # noqa: E402

from ohmnia.kernels import _cuda_words as own  # noqa: E402

KEY, SIZE = (2**32 - 5, 77), 64


@triton.jit(do_not_specialize=["key0", "key1"])
def draw_kernel(table, out, normals, quantiles, key0, key1, SIZE: tl.constexpr):
    a = tl.arange(0, SIZE)
    word = own.finish(own.lane(key0.to(tl.uint32), a.to(tl.uint32)), key1.to(tl.uint32), (a * 1000 + 7).to(tl.uint32))
    tl.store(out + a, word.to(tl.int64))
    tl.store(normals + a, own.table_normal(table, word))
    tl.store(quantiles + a, own.quantile(word))


@triton.jit
def round_kernel(values, rounded, powers, digits, SIZE: tl.constexpr):
    a = tl.arange(0, SIZE)
    value = tl.load(values + a)
    tl.store(rounded + a, own.round_even(value))
    tl.store(powers + a, own.power(tl.maximum(value, 0.0), 0.7))
    tl.store(digits + a, own.digitise(value, 2.0, 0.5))


def empty(dtype: torch.dtype) -> Any:
    return torch.empty(SIZE, dtype=dtype, device=DEVICE)


def test_signed_words_have_the_same_bits() -> None:
    assert [own.signed(word) for word in (0, 2**31 - 1, 2**31, 2**32 - 1)] == [0, 2**31 - 1, -(2**31), -1]
    assert own.words_of(KEY) == (-5, 77)


def test_numbers_are_copied_once() -> None:
    device = torch.device(DEVICE)
    assert own.numbers(device, 1.5, 2.0).tolist() == [1.5, 2.0]
    assert own.numbers(device, 1.5, 2.0) is own.numbers(device, 1.5, 2.0)
    assert torch.equal(own.table(device).cpu(), normal_table())


def test_words_and_normals_are_those_of_the_streams() -> None:
    out, normals, quantiles = empty(torch.int64), empty(torch.float32), empty(torch.float32)
    draw_kernel[(1,)](own.table(torch.device(DEVICE)), out, normals, quantiles, *own.words_of(KEY), SIZE=SIZE, **own.LAUNCH)
    a, stream = torch.arange(SIZE), Stream(*KEY)
    assert torch.equal(out.cpu(), words(stream, a, a * 1000 + 7))
    assert torch.equal(normals.cpu().double(), table_normal(stream, a, a * 1000 + 7))
    torch.testing.assert_close(quantiles.cpu().double(), quantile_normal(stream, a, a * 1000 + 7), rtol=2e-6, atol=1e-6)


def test_rounding_powers_and_digits() -> None:
    values = torch.linspace(-4.0, 4.0, SIZE, dtype=torch.float64)
    values[:6] = torch.tensor([0.5, 1.5, -2.5, 0.0, 1e18, -3e15 - 1])
    outputs = [empty(torch.float64) for _ in range(3)]
    round_kernel[(1,)](values.to(DEVICE), *outputs, SIZE=SIZE, **own.LAUNCH)
    rounded, powers, digits = (part.cpu().numpy() for part in outputs)
    np.testing.assert_array_equal(rounded, np.round(values.numpy()))
    np.testing.assert_allclose(powers, np.maximum(values.numpy(), 0.0) ** 0.7, rtol=1e-14)
    np.testing.assert_array_equal(digits, np.clip(0.5 * np.round(values.numpy() / 0.5), -2.0, 2.0))
