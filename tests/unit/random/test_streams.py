"""The random streams: bits, moments, and independence between everything that should be independent."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import tolerances
from ohmnia.random import Stream, mix, normal, normal_like, permutation, uniform, words

SAMPLES = 1 << 18
MASK = 0xFFFFFFFF
WORD = st.integers(0, MASK)
ROOT = Stream.root(2025)
LANES = torch.arange(SAMPLES)
# A second counter of its own for every a, so that lanes are compared along both.
BOTH = (torch.arange(512)[:, None], torch.arange(512)[None, :])


def correlation(left: Tensor, right: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([left.flatten(), right.flatten()]))[0, 1])


def chi_square(counts: Tensor) -> float:
    expected = counts.sum() / counts.numel()
    return float(((counts - expected) ** 2 / expected).sum())


def unmix(value: int) -> int:
    """The inverse of `mix`, from the modular inverses of its two multipliers."""
    value ^= value >> 16
    value = value * pow(0x846CA68B, -1, 1 << 32) & MASK
    value ^= value >> 15 ^ value >> 30
    value = value * pow(0x7FEB352D, -1, 1 << 32) & MASK
    return value ^ value >> 16


def counter_of(word: int) -> int:
    """The counter a of ROOT's word (a, 0), found by undoing the formula."""
    return unmix(unmix(word) ^ ROOT.key1) ^ ROOT.key0


# --- bits -------------------------------------------------------------------------------------------------------------


@given(WORD)
@tolerances.PROPERTY
def test_mix_is_a_bijection(value: int) -> None:
    assert unmix(mix(value)) == value
    assert 0 <= mix(value) <= MASK


@given(st.tuples(WORD, WORD), WORD, WORD)
@tolerances.PROPERTY
def test_words_are_the_documented_formula_in_exact_integers(key: tuple[int, int], a: int, b: int) -> None:
    exact = mix(((mix(a ^ key[0]) + b * 0x9E3779B9) & MASK) ^ key[1])
    assert words(Stream(*key), a, b).item() == exact


def test_words_of_one_lane_are_all_different() -> None:
    # For a fixed a, and for a fixed b, the word is a bijection of the other counter.
    assert len(torch.unique(words(ROOT, 5, LANES))) == SAMPLES
    assert len(torch.unique(words(ROOT, LANES, 5))) == SAMPLES


def test_every_bit_is_fair_and_flips_when_any_counter_bit_flips() -> None:
    before = words(ROOT, LANES, 7)
    for bit in range(32):
        share = float((before >> bit & 1).double().mean())
        assert abs(share - 0.5) < tolerances.of_share(0.5, SAMPLES)
    few = LANES[: 1 << 16]
    for bit in range(32):
        for a, b in ((few ^ 1 << bit, 7), (few, 7 ^ 1 << bit)):
            changed = words(ROOT, a, b) ^ before[: len(few)]
            shares = (changed[:, None] >> torch.arange(32) & 1).double().mean(0)
            # Flipping a low bit of `few` pairs its members up, so that only half of the changes are independent.
            assert float((shares - 0.5).abs().max()) < tolerances.of_share(0.5, len(few) // 2)


def test_counters_broadcast_like_tensors() -> None:
    table = words(ROOT, torch.arange(3)[:, None], torch.arange(4))
    assert table.shape == (3, 4)
    assert all(table[a, b] == words(ROOT, a, b) for a in range(3) for b in range(4))


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_same_bits_for_any_number_of_threads(threads: None) -> None:
    draws = []
    for number in (1, 2):
        torch.set_num_threads(number)
        draws.append((words(ROOT, LANES, 3), uniform(ROOT, LANES), normal(ROOT, LANES, 9), permutation(ROOT, 10_000)))
    assert all(torch.equal(one, two) for one, two in zip(*draws, strict=True))


def test_draws_read_and_move_no_global_generator() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = normal(ROOT, LANES[:100])
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(normal(ROOT, LANES[:100]), first)


# --- distributions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counters", [(LANES, 0), (3, LANES), BOTH], ids=["a", "b", "both"])
def test_uniform_fills_1024_bins_evenly(counters: tuple[Tensor | int, Tensor | int]) -> None:
    draws = uniform(ROOT, *counters).flatten()
    assert chi_square(torch.histc(draws, bins=1024, min=0.0, max=1.0)) < tolerances.chi_square_limit(1023)
    # Low bits count as much as high ones: the fractional part of 2**20 u holds the last 12.
    assert chi_square(torch.histc(draws * 2**20 % 1.0, bins=1024, min=0.0, max=1.0)) < tolerances.chi_square_limit(1023)


def test_uniform_is_never_0_or_1_and_is_the_middle_of_its_cell() -> None:
    zero, top = counter_of(0), counter_of(MASK)
    assert words(ROOT, zero, 0) == 0
    assert uniform(ROOT, zero).item() == 0.5 / 2**32
    assert words(ROOT, top, 0) == MASK
    assert uniform(ROOT, top).item() == 1.0 - 0.5 / 2**32


@given(WORD, st.integers(0, (1 << 31) - 1))
@tolerances.PROPERTY
def test_normal_is_box_muller_on_the_documented_pair_of_words(a: int, b: int) -> None:
    first, second = ((words(ROOT, a, slot).item() + 0.5) / 2**32 for slot in (2 * b, 2 * b + 1))
    exact = math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)
    assert normal(ROOT, a, b).item() == pytest.approx(exact, rel=1e-12, abs=1e-14)


def test_normal_stays_finite_at_the_smallest_uniform() -> None:
    draw = float(normal(ROOT, counter_of(0), 0))
    assert math.isfinite(draw)
    assert abs(draw) <= math.sqrt(2.0 * 33.0 * math.log(2.0))


@pytest.mark.parametrize("counters", [(torch.arange(1 << 20), 0), (3, torch.arange(1 << 20))], ids=["a", "b"])
def test_moments_of_normal_to_fourth_order(counters: tuple[Tensor | int, Tensor | int]) -> None:
    z = normal(ROOT, *counters)
    n = z.numel()
    # Standard errors of the raw moments of N(0, 1): var(z**k) = 1, 2, 15, 96.
    for power, expected, variance in ((1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)):
        assert abs(float((z**power).mean()) - expected) < tolerances.of_mean(math.sqrt(variance), n)
    centred = z - z.mean()
    assert abs(float((centred**4).mean() / z.var() ** 2) - 3.0) < 0.05


def test_shape_of_normal_and_its_tails() -> None:
    z = normal(ROOT, torch.arange(1 << 20), 1)
    beyond = math.erfc(3.0 / math.sqrt(2.0))
    assert abs(float((z.abs() > 3.0).double().mean()) / beyond - 1.0) < 0.10
    assert abs(float((z > 0).double().mean()) - 0.5) < tolerances.of_share(0.5, z.numel())
    # The distribution function of a true normal makes it uniform.
    counts = torch.histc(torch.special.ndtr(z), bins=256, min=0.0, max=1.0)
    assert chi_square(counts) < tolerances.chi_square_limit(255)


def test_normal_like_numbers_its_elements_whatever_the_shape() -> None:
    flat = normal_like(ROOT, (12,))
    assert torch.equal(normal_like(ROOT, (3, 4)), flat.reshape(3, 4))
    assert torch.equal(flat[5:8], normal(ROOT, torch.arange(5, 8)))
    assert normal_like(ROOT, ()).shape == ()
    assert normal_like(ROOT, (0, 4)).shape == (0, 4)


# --- independence -----------------------------------------------------------------------------------------------------


def neighbours() -> dict[str, tuple[tuple[Stream, Tensor | int, Tensor | int], tuple[Stream, Tensor | int, Tensor | int]]]:
    """Pairs of draws that differ in one thing only."""
    own = (ROOT, *BOTH)
    pairs = {f"a+{lag}": (own, (ROOT, BOTH[0] + lag, BOTH[1])) for lag in (1, 2, 256)}
    pairs |= {f"b+{lag}": (own, (ROOT, BOTH[0], BOTH[1] + lag)) for lag in (1, 2, 256)}
    pairs |= {"diagonal": (own, (ROOT, BOTH[0] + 1, BOTH[1] + 1)), "transposed": (own, (ROOT, BOTH[1], BOTH[0] + 512))}
    for step in (0, 1, 4095, 1 << 32):
        pairs[f"at({step}) and next"] = ((ROOT.at(step), *BOTH), (ROOT.at(step + 1), *BOTH))
    pairs["stream and its at(0)"] = (own, (ROOT.at(0), *BOTH))
    pairs["at of two seeds"] = ((Stream.root(1).at(3), *BOTH), (Stream.root(2).at(3), *BOTH))
    pairs["children 0 and 1"] = ((ROOT.child(0), *BOTH), (ROOT.child(1), *BOTH))
    pairs["children by name"] = ((ROOT.child("x"), *BOTH), (ROOT.child("y"), *BOTH))
    pairs["parent and child"] = (own, (ROOT.child(0), *BOTH))
    pairs["seeds 0 and 1"] = ((Stream.root(0), *BOTH), (Stream.root(1), *BOTH))
    # Keys one bit apart, as the worst that a hash of names could give.
    pairs["key0 by one bit"] = (own, (Stream(ROOT.key0 ^ 1 << 20, ROOT.key1), *BOTH))
    pairs["key1 by one bit"] = (own, (Stream(ROOT.key0, ROOT.key1 ^ 1), *BOTH))
    return pairs


@pytest.mark.parametrize("name", neighbours())
def test_neighbours_are_independent(name: str) -> None:
    one, two = neighbours()[name]
    u, v = uniform(*one), uniform(*two)
    limit = tolerances.of_correlation(SAMPLES)
    assert abs(correlation(u, v)) < limit
    assert abs(correlation((u - 0.5).abs(), (v - 0.5).abs())) < limit
    # All 32 x 32 pairs of bins are equally likely, which a correlation alone would not see.
    joint = torch.bincount(((u * 32).long() * 32 + (v * 32).long()).flatten(), minlength=1024).double()
    assert chi_square(joint) < tolerances.chi_square_limit(1023)


@pytest.mark.parametrize("name", neighbours())
def test_normals_of_neighbours_are_independent(name: str) -> None:
    one, two = neighbours()[name]
    y, z = normal(*one), normal(*two)
    limit = tolerances.of_correlation(SAMPLES)
    for left, right in ((y, z), (y**2, z**2), (y.abs(), z), (y, z.abs())):
        assert abs(correlation(left, right)) < limit
    # var(y + z) = 2, with the standard error of a chi-square.
    assert abs(float((y + z).var()) - 2.0) < tolerances.ERRORS * 2.0 * math.sqrt(2.0 / SAMPLES)


def test_streams_of_a_family_never_meet() -> None:
    family = [Stream.root(seed) for seed in range(500)] + [ROOT.at(step) for step in range(5000)]
    family += [ROOT.child("layer", k) for k in range(500)] + [ROOT.at(step << 32) for step in range(1, 500)]
    assert len(set(family)) == len(family)
    assert all(0 <= key <= MASK for stream in family for key in (stream.key0, stream.key1))
    # Lanes of streams that share key1 are windows of one cycle of words: two in 6000 meet by chance once in 200 families.
    assert len({stream.key1 for stream in family}) >= len(family) - 1


def test_a_stream_is_a_function_of_its_names() -> None:
    assert Stream.root(3).child("a", 1).at(7) == Stream.root(3).child("a", 1).at(7)
    assert ROOT.child("a").child("b") != ROOT.child("b").child("a")
    assert ROOT.child("ab") != ROOT.child("a", "b")
    assert ROOT.child(1, 23) != ROOT.child(12, 3)
    assert ROOT.child(1) != ROOT.child("1")
    assert len({Stream(*keys).child("a") for keys in ((1, 2), (2, 1), (1, 1), (2, 2))}) == 4


def test_a_slash_in_a_name_is_no_separator() -> None:
    assert ROOT.child("a/b") != ROOT.child("a", "b")


# --- permutations -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 300), WORD)
@tolerances.PROPERTY
def test_permutation_holds_every_index_once(length: int, seed: int) -> None:
    order = permutation(Stream.root(seed), length)
    assert sorted(order.tolist()) == list(range(length))
    assert order.dtype == torch.int64


def test_every_order_is_equally_likely() -> None:
    n = 6_000
    codes = torch.stack([permutation(ROOT.at(k), 4) for k in range(n)]) @ torch.tensor([64, 16, 4, 1])
    _, counts = torch.unique(codes, return_counts=True)
    assert len(counts) == 24
    assert chi_square(counts.double()) < tolerances.chi_square_limit(23)
