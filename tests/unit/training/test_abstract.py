"""The interface of a rule: how requests reach the blocks, in which order, and with which learning rate."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch

from helpers import IDEAL, make_synapse, values
from ohmnia._errors import UnknownNameError
from ohmnia.array import ArrayConfig, Block, UpdateRequest
from ohmnia.device import Device
from ohmnia.training import RULES, AbstractRule

SPLIT = ArrayConfig(acceptance_range=0.02, periphery=IDEAL, max_rows=3, max_cols=4)


class Recorder(AbstractRule):
    """Writes down what it is asked."""

    calls: ClassVar[list[tuple[Block, UpdateRequest, float]]] = []

    def prepare(self, block: Block) -> None:
        """Nothing."""

    def learn(self, block: Block, request: UpdateRequest, learning_rate: float) -> None:
        """Remember the call."""
        self.calls.append((block, request, learning_rate))


@pytest.fixture(autouse=True)
def forget() -> None:
    Recorder.calls.clear()


def test_the_interface_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        AbstractRule()


def test_every_block_gets_its_own_part(device: Device) -> None:
    synapse = make_synapse(device, (5, 7), SPLIT)
    x, d = values(1, 2, 7), values(2, 2, 5)
    synapse.request(x, d)
    Recorder().apply(synapse, 0.1)
    assert [block for block, _, _ in Recorder.calls] == synapse.blocks
    for block, request, _ in Recorder.calls:
        assert torch.equal(request.x, x[:, block.cols])
        assert torch.equal(request.d, d[:, block.rows])


def test_requests_are_taken_in_their_order_as_one_batch(device: Device) -> None:
    synapse = make_synapse(device)
    for k in range(4):
        synapse.request(torch.full((1, 6), float(k)), torch.ones(1, 4))
    Recorder().apply(synapse, 0.1)
    ((_, request, _),) = Recorder.calls
    assert request.x[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert request.d.shape == (4, 4)
    assert not synapse.requests
    Recorder().apply(synapse, 0.1)
    assert len(Recorder.calls) == 1


@pytest.mark.parametrize("scale", [0.5, 1.0, 8.0])
def test_the_learning_rate_acts_on_effective_weights(device: Device, scale: float) -> None:
    synapse = make_synapse(device, scale=scale)
    synapse.request(values(1, 2, 6), values(2, 2, 4))
    Recorder().apply(synapse, 0.3)
    assert Recorder.calls[0][2] == pytest.approx(0.3 / scale)


def test_the_registry_knows_every_rule() -> None:
    names = ["agad", "chopped-ttv2", "mixed-precision", "residual-tiles", "rider", "sgd", "tiki-taka", "ttv2"]
    assert list(RULES) == names
    for name in RULES:
        assert issubclass(RULES.get(name), AbstractRule)
        assert RULES.get(name).__name__.lower() == name.replace("-", "")
    with pytest.raises(UnknownNameError, match="Unknown learning rule 'agda'.*Did you mean 'agad'"):
        RULES.get("agda")
