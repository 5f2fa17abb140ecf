"""One weight matrix on a grid of blocks: layout, products, requests, what rules ask for, saving, and errors."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from helpers import IDEAL, QUICK, QUICK_IDEAL, make_synapse, scatter, values
from ohmnia._errors import InvalidValueError, UnknownNameError
from ohmnia.array import SLOW, ArrayConfig, Compensation, Synapse
from ohmnia.array.circuit import Wires
from ohmnia.array.reading import even_parts
from ohmnia.device import Device
from ohmnia.random import Stream

SPLIT = ArrayConfig(acceptance_range=0.02, periphery=IDEAL, max_rows=3, max_cols=4)
PAIR = ArrayConfig(acceptance_range=0.02, periphery=IDEAL, mapping="differential")


def snapshot(synapse: Synapse) -> tuple[dict[str, torch.Tensor], dict]:
    """A state that later changes cannot reach."""
    tensors, metadata = synapse.state()
    return {name: value.clone() for name, value in tensors.items()}, metadata


# --- layout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "most"), [(1, 1), (1, 512), (7, 3), (10, 4), (512, 512), (513, 512), (1000, 7)])
def test_parts_cover_a_length_evenly(length: int, most: int) -> None:
    parts = even_parts(length, most)
    sizes = [part.stop - part.start for part in parts]
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(length))
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == -(-length // most)


def test_blocks_tile_the_matrix(device: Device) -> None:
    synapse = make_synapse(device, (7, 9), SPLIT)
    covered = torch.zeros(7, 9)
    for block in synapse.blocks:
        covered[block.rows, block.cols] += 1
        assert (block.slow.rows, block.slow.cols) == block.shape
        assert block.shape[0] <= 3
        assert block.shape[1] <= 4
    assert (covered == 1).all()
    assert len(synapse.blocks) == 9


def test_blocks_and_tiles_draw_their_own_cells(device: Device) -> None:
    synapse = make_synapse(device, (6, 8), SPLIT)
    for block in synapse.blocks:
        block.ensure_tile("fast")
    steps = torch.cat([tile.parameters[0].flatten() for tile in synapse.tiles()])
    assert len(steps.unique()) == len(steps) == 2 * 48


def test_a_new_tile_is_written_to_weight_zero_but_the_slow_one_waits(device: Device) -> None:
    synapse = Synapse((8, 9), device, QUICK, Stream.root(0), 1.0)
    block = synapse.blocks[0]
    assert block.slow.activity.verify_reads == 0
    tile = block.ensure_tile("fast")
    assert tile.activity.verify_reads >= 72
    # 2 % of 43.15 uS over half the window, 39.6 uS.
    assert float(tile.weights().abs().max()) < 0.02 * 43.15 / 39.6 * 1.001


# --- products ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [SPLIT, PAIR, QUICK_IDEAL])
def test_products_are_those_of_the_effective_weights(device: Device, config: ArrayConfig) -> None:
    synapse = make_synapse(device, (7, 9), config, scale=2.5)
    for tile in synapse.tiles():
        scatter(tile)
    x, d, w = values(1, 5, 9), values(2, 5, 7), synapse.weights()
    torch.testing.assert_close(synapse.forward(x, "read"), x @ w.T, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(synapse.backward(d, "read"), d @ w, rtol=1e-5, atol=1e-5)


def test_a_split_matrix_gives_the_same_product(device: Device) -> None:
    whole, split = make_synapse(device, (7, 9), QUICK_IDEAL), make_synapse(device, (7, 9), SPLIT)
    scatter(whole.blocks[0].slow)
    for block in split.blocks:
        block.slow.conductance.copy_(whole.blocks[0].slow.conductance[:, block.rows, block.cols])
        block.slow.touched()
    x, d = values(1, 5, 9), values(2, 5, 7)
    assert torch.equal(whole.weights(), split.weights())
    torch.testing.assert_close(split.forward(x, "read"), whole.forward(x, "read"), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(split.backward(d, "read"), whole.backward(d, "read"), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("config", [SPLIT, PAIR])
@pytest.mark.parametrize("scale", [0.7, 3.0])
def test_program_writes_effective_weights(device: Device, config: ArrayConfig, scale: float) -> None:
    synapse = make_synapse(device, (5, 6), config, scale=scale)
    weights = scale * values(3, 5, 6, low=-0.8, high=0.8)
    synapse.program(weights)
    # 2 % of at most 88.2 uS, over half the window of 39.6 uS, or twice that over the window.
    torch.testing.assert_close(synapse.weights(), weights, rtol=0, atol=scale * 0.02 * 88.2 / 39.6 * 1.001)
    before = synapse.weights()
    synapse.program(weights, 0.001)
    assert float((synapse.weights() - weights).abs().max()) < 0.2 * float((before - weights).abs().max())


def test_compensation_acts_where_it_is_switched_on(device: Device) -> None:
    synapse = make_synapse(device, (4, 6))
    scatter(synapse.blocks[0].slow)
    x = values(1, 5, 6)
    plain = synapse.forward(x, "read")
    scale, offset = values(2, 4), values(3, 4)
    synapse.blocks[0].compensation = Compensation(scale, offset)
    assert torch.equal(synapse.forward(x, "read"), plain)
    synapse.compensated = True
    torch.testing.assert_close(synapse.forward(x, "read"), scale * plain + offset * x.sum(1, keepdim=True), rtol=1e-5, atol=1e-5)


# --- what a rule asks for ---------------------------------------------------------------------------------------------


def test_a_tile_and_a_buffer_are_made_once(device: Device) -> None:
    block = make_synapse(device).blocks[0]
    start = torch.ones(2)
    tile, buffer = block.ensure_tile("fast"), block.ensure_buffer("hidden", start)
    buffer += 1
    assert block.ensure_tile("fast") is tile
    assert block.ensure_buffer("hidden", torch.zeros(2)) is buffer
    assert start.tolist() == [1.0, 1.0]
    assert block.slow is block.ensure_tile(SLOW)


def test_a_late_tile_shares_the_clock(device: Device) -> None:
    synapse = make_synapse(device)
    synapse.advance(1e6)
    tile = synapse.blocks[0].ensure_tile("fast")
    assert tile.clock_seconds == 1e6
    synapse.advance(5.0)
    assert {tile.clock_seconds for tile in synapse.tiles()} == {1e6 + 5.0}


def test_a_late_tile_is_new(device: Device) -> None:
    synapse = make_synapse(device)
    synapse.advance(1e6)
    assert not synapse.blocks[0].ensure_tile("fast").ages().any()


def test_activity_is_summed_by_tile_name(device: Device) -> None:
    synapse = make_synapse(device, (7, 9), SPLIT)
    for block in synapse.blocks:
        block.ensure_tile("fast")
    already = synapse.activity()[SLOW].verify_reads
    synapse.forward(values(1, 5, 9), "read")
    counts = synapse.activity()
    assert counts[SLOW].verify_reads == already == sum(block.slow.activity.verify_reads for block in synapse.blocks)
    # Three blocks of rows each read all inputs.
    assert (counts[SLOW].reads, counts[SLOW].dac_conversions, counts[SLOW].adc_conversions) == (45, 3 * 5 * 9, 3 * 5 * 7)
    assert counts["fast"].reads == 0


def test_requests_queue_in_order_without_a_graph(device: Device) -> None:
    synapse = make_synapse(device)
    for k in range(3):
        x = torch.full((2, 6), float(k), requires_grad=True)
        synapse.request(x, torch.ones(2, 4))
    assert [request.x[0, 0].item() for request in synapse.requests] == [0.0, 1.0, 2.0]
    assert not any(request.x.requires_grad for request in synapse.requests)


# --- saving -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [QUICK, SPLIT, PAIR])
def test_a_restored_synapse_lives_on_bit_by_bit(device: Device, config: ArrayConfig) -> None:
    original, other = make_synapse(device, (5, 6), config, scale=2.0), make_synapse(device, (5, 6), config, seed=1)
    for block in original.blocks:
        block.ensure_tile("fast")
        block.ensure_buffer("hidden", values(4, *block.shape))
        block.compensation = Compensation(values(5, block.shape[0]), values(6, block.shape[0]))
    original.compensated = True
    original.advance(50.0)
    other.request(values(1, 2, 6), values(1, 2, 5))
    other.restore(*snapshot(original))
    assert not other.requests
    for step in range(2):
        (tensors, metadata), (expected, wanted) = other.state(), original.state()
        assert metadata == wanted
        assert tensors.keys() == expected.keys()
        assert all(torch.equal(tensors[name], expected[name]) for name in tensors)
        outputs = []
        for synapse in (original, other):
            synapse.advance(10.0)
            synapse.program(values(step, 5, 6))
            outputs.append(synapse.forward(values(2, 3, 6), "read"))
        assert torch.equal(*outputs)


@pytest.mark.parametrize(
    ("shape", "saved_as", "config"),
    [
        ((1, 1), QUICK_IDEAL, QUICK_IDEAL),
        ((4, 6), QUICK_IDEAL, PAIR),
        ((4, 6), SPLIT, QUICK_IDEAL),
        ((4, 5), QUICK_IDEAL, QUICK_IDEAL),
    ],
)
def test_a_state_of_another_layout_is_refused(
    device: Device, shape: tuple[int, int], saved_as: ArrayConfig, config: ArrayConfig
) -> None:
    saved = snapshot(make_synapse(device, shape, saved_as, scale=2.0))
    synapse = make_synapse(device, (4, 6), config)
    before, _ = snapshot(synapse)
    with pytest.raises(InvalidValueError, match="layer"):
        synapse.restore(*saved)
    after, _ = synapse.state()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert synapse.output_scale == 1.0


@pytest.mark.parametrize("part", ["tile.fast.parameters", "buffer.hidden"])
def test_a_state_with_a_part_missing_is_refused(device: Device, part: str) -> None:
    original = make_synapse(device, scale=2.0)
    original.blocks[0].ensure_tile("fast")
    original.blocks[0].ensure_buffer("hidden", torch.zeros(4, 6))
    tensors, metadata = snapshot(original)
    del tensors[f"0.{part}"]
    synapse = make_synapse(device, seed=1)
    before, _ = snapshot(synapse)
    with pytest.raises(InvalidValueError, match="layer"):
        synapse.restore(tensors, metadata)
    after, _ = synapse.state()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert synapse.output_scale == 1.0


def test_restore_drops_what_the_state_does_not_have(device: Device) -> None:
    synapse = make_synapse(device)
    saved = snapshot(synapse)
    synapse.blocks[0].ensure_tile("fast")
    synapse.blocks[0].ensure_buffer("hidden", torch.zeros(4, 6))
    synapse.restore(*saved)
    assert list(synapse.blocks[0].tiles) == [SLOW]
    assert not synapse.blocks[0].buffers


def test_new_weights_drop_the_buffers_of_the_old_network(device: Device) -> None:
    synapse = make_synapse(device)
    synapse.blocks[0].ensure_buffer("hidden", torch.ones(4, 6))
    synapse.program(torch.zeros(4, 6))
    assert not synapse.blocks[0].buffers


def test_new_weights_drop_everything_of_the_old_network(device: Device) -> None:
    synapse = make_synapse(device)
    synapse.blocks[0].compensation = Compensation(torch.ones(4), torch.ones(4))
    synapse.request(torch.ones(2, 6), torch.ones(2, 4))
    synapse.program(torch.zeros(4, 6))
    assert synapse.blocks[0].compensation is None
    assert not synapse.requests


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_no_array_can_take_name_the_layer(device: Device, bad: float) -> None:
    synapse = make_synapse(device)
    x, d, w = torch.ones(2, 6), torch.ones(2, 4), torch.zeros(4, 6)
    x[1, 5] = d[1, 3] = w[3, 5] = bad
    for call in (
        lambda: synapse.forward(x, "read"),
        lambda: synapse.backward(d, "read"),
        lambda: synapse.request(torch.ones(2, 6), d),
        lambda: synapse.program(w),
    ):
        with pytest.raises(InvalidValueError, match="'layer'.*(NaN or infinity|out of range)"):
            call()
    assert not synapse.requests


def test_a_weight_outside_the_window_names_the_layer_and_the_fix(device: Device) -> None:
    synapse, weights = make_synapse(device, scale=0.5), torch.zeros(4, 6)
    weights[0, 0] = 0.6
    with pytest.raises(InvalidValueError, match="Layer 'layer': tile weight = 0 to 1.2 .*valid: -0.8.* to 1.1.*output scale"):
        synapse.program(weights)


@pytest.mark.parametrize("shape", [(4, 5), (4, 7), (3, 6), (5, 6), (8, 12)])
def test_weights_of_another_shape_are_refused(device: Device, shape: tuple[int, int]) -> None:
    with pytest.raises(InvalidValueError, match="'layer'.*\\(4, 6\\)"):
        make_synapse(device).program(torch.zeros(shape))


@pytest.mark.parametrize("config", [QUICK_IDEAL, SPLIT])
@pytest.mark.parametrize("width", [1, 5, 7, 12])
def test_inputs_of_another_width_are_refused(device: Device, config: ArrayConfig, width: int) -> None:
    synapse = make_synapse(device, (4, 6), config)
    with pytest.raises(InvalidValueError, match="'layer'.*6"):
        synapse.forward(torch.ones(2, width), "read")


@pytest.mark.parametrize("scale", [0.0, -1.0, float("inf"), float("nan")])
def test_an_output_scale_is_a_positive_number(device: Device, scale: float) -> None:
    with pytest.raises(InvalidValueError, match="layer: output_scale = .*positive"):
        make_synapse(device, scale=scale)


def test_time_runs_forward_only(device: Device) -> None:
    synapse = make_synapse(device, (7, 9), SPLIT)
    synapse.advance(3.0)
    with pytest.raises(InvalidValueError, match="time to advance"):
        synapse.advance(-1.0)
    assert {tile.clock_seconds for tile in synapse.tiles()} == {3.0}


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [({"mapping": "diferential"}, "Did you mean 'differential'"), ({"zero": "midwindow"}, "Did you mean 'mid-window'")],
)
def test_unknown_names_answer_with_the_nearest(device: Device, wrong: dict[str, str], answer: str) -> None:
    with pytest.raises(UnknownNameError, match=answer):
        Synapse((2, 2), device, ArrayConfig.model_validate(wrong), Stream.root(0), 1.0)


@pytest.mark.parametrize(
    "wrong", [{"max_rows": 0}, {"max_cols": -1}, {"acceptance_range": 0.0}, {"acceptance_range": 0.6}, {"rows": 3}]
)
def test_wrong_layouts_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ArrayConfig.model_validate(wrong)


def test_exact_wires_are_those_that_the_technology_names(device: Device) -> None:
    read = {}
    for name, wires in {"ideal": "ideal", "exact": "exact", "given": Wires(row_ohm=0.35, column_ohm=0.35)}.items():
        synapse = make_synapse(device, config=ArrayConfig(wires=wires, periphery=IDEAL))
        read[name] = synapse.forward(values(1, 3, 6), "read")
    assert torch.equal(read["exact"], read["given"])
    assert not torch.equal(read["exact"], read["ideal"])
