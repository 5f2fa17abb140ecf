"""Records of a chain of layers: addresses first, so that they make a matrix."""

from __future__ import annotations

from ohmnia.kernels import LAYER, READ
from ohmnia.kernels import _contract_network as contract


def test_addresses_come_first_and_every_record_is_whole_words() -> None:
    for record, addresses in ((LAYER, ("x", "y", "d", "bias", "bias_gradient")), (READ, ("weights", "variance"))):
        assert record.names is not None
        assert record.names[: len(addresses)] == addresses
        assert [record.fields[name][1] for name in addresses] == [8 * k for k in range(len(addresses))]
        assert record.itemsize % 8 == 0


def test_codes_do_not_collide() -> None:
    for codes in (("IDENTITY", "SIGMOID", "TANH", "RELU"), ("FINE", "BAD_INPUTS", "BAD_GRADIENTS", "BAD_LABEL")):
        assert len({getattr(contract, code) for code in codes}) == len(codes)
    assert contract.CROSS_ENTROPY != contract.SQUARED_ERROR
