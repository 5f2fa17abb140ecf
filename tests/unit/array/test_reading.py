"""Terms of a read: gains, signs, digital memories, and what they cost."""

from __future__ import annotations

import torch

from helpers import make_tile, scatter, values
from ohmnia.array import Term
from ohmnia.device import Device

SIGNS = torch.tensor([1, -1, 1, 1, -1, 1], dtype=torch.int32)


def test_a_term_is_a_scaled_and_signed_product(device: Device) -> None:
    tiles, buffers = {"slow": scatter(make_tile(device))}, {"memory": values(3, 4, 6), "signs": SIGNS}
    x, d = values(1, 5, 6), values(2, 5, 4)
    for part, matrix in (("slow", tiles["slow"].weights()), ("memory", buffers["memory"])):
        term, wanted = Term(part, -0.5, "signs"), -0.5 * matrix * SIGNS
        torch.testing.assert_close(term.weights(tiles, buffers), wanted)
        torch.testing.assert_close(term.forward(x, tiles, buffers, "read"), x @ wanted.T, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(term.backward(d, tiles, buffers, "read"), d @ wanted, rtol=1e-4, atol=1e-5)
    assert tiles["slow"].activity.digital_macs == 2 * 5 * 24
    assert tiles["slow"].activity.reads == 10


def test_without_signs_inputs_go_in_as_they_are(device: Device) -> None:
    tiles = {"slow": scatter(make_tile(device))}
    x = values(1, 5, 6)
    assert torch.equal(Term("slow", 1.0).forward(x, tiles, {}, "evaluate"), tiles["slow"].mvm(x, "evaluate"))
