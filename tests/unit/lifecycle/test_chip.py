"""A chip: one clock, one file, compensation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import ohmnia
from ohmnia import AGAD, AnalogOptimizer, Chip, ChipFileError, InvalidValueError, StateError, load_chip
from ohmnia._units import YEAR
from ohmnia.random import Stream, uniform
from ohmnia.technology import Technology

X = uniform(Stream.root(5), torch.arange(160)).reshape(20, 8).float()
Y = torch.arange(20) % 3


def fresh(technology: Technology, seed: int = 0) -> Chip:
    model = nn.Sequential(nn.Linear(8, 6), nn.Sigmoid(), nn.Linear(6, 3))
    for k, parameter in enumerate(model.parameters()):
        values = uniform(Stream.root(k), torch.arange(parameter.numel()))
        parameter.data.copy_((values.reshape(parameter.shape) - 0.5) * 0.5)
    return Chip(ohmnia.nn.convert(model, technology, seed=seed))


def trainer(chip: Chip) -> tuple[AnalogOptimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimizer = AnalogOptimizer(chip.model, AGAD(), lr=0.1)
    return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)


def learn(chip: Chip, optimizer: AnalogOptimizer, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(chip.model(X), Y).backward()
        optimizer.step()


def bits(chip: Chip) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in chip.state()[0].items()}


def assert_same(left: Chip, right: Chip) -> None:
    first, second = bits(left), bits(right)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_one_clock_for_every_array(technology: Technology) -> None:
    chip = fresh(technology)
    trainer(chip)
    chip.advance(5.0, hours=1, days=2)
    chip.advance(months=1, years=2, minutes=3)
    expected = 5 + 3600 + 2 * 86400 + 30 * 86400 + 2 * YEAR + 180
    assert chip.clock_seconds == expected
    clocks = {tile.clock_seconds for layer in chip.layers.values() for tile in layer.synapse.tiles()}
    assert clocks == {expected}
    with pytest.raises(InvalidValueError, match="runs forward"):
        chip.advance(days=-1)


def test_counts(technology: Technology) -> None:
    chip = fresh(technology)
    optimizer, _ = trainer(chip)
    assert chip.devices() == {"slow": 66, "fast": 66}
    learn(chip, optimizer, 3)
    counts = chip.activity()
    assert counts["fast"].pulses > 0
    # Forward reads of both layers and one backward read of the second, 20 samples each, 3 steps.
    assert counts["slow"].reads == 3 * 3 * 20
    assert counts["fast"].reads == 2 * 3 * 20


def test_a_chip_in_a_file_is_the_chip(technology: Technology, tmp_path: Path) -> None:
    """Learn, wait, save, load, learn on: the same bits as the chip that was never saved."""
    chip = fresh(technology)
    optimizer, scheduler = trainer(chip)
    learn(chip, optimizer, 4)
    scheduler.step()
    chip.advance(days=1)
    chip.record_reference()
    chip.advance(days=1)
    chip.calibrate()
    chip.save(tmp_path / "chip", optimizer=optimizer, scheduler=scheduler, epoch=4)

    loaded = load_chip(tmp_path / "chip")
    assert_same(chip, loaded)
    again, plan = trainer(loaded)
    assert loaded.resume(again, plan) == 4
    assert again.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]
    for one, steps, schedule in ((chip, optimizer, scheduler), (loaded, again, plan)):
        with torch.no_grad(), one.compensated():
            one.outputs = one.model(X)
        learn(one, steps, 4)
        schedule.step()
        one.advance(years=1)
        learn(one, steps, 2)
    assert torch.equal(chip.outputs, loaded.outputs)
    assert_same(chip, loaded)


def test_loading_into_another_network_changes_nothing(technology: Technology, tmp_path: Path) -> None:
    fresh(technology).save(tmp_path / "chip")
    other = Chip(ohmnia.nn.convert(nn.Sequential(nn.Linear(8, 5)), technology))
    before = bits(other)
    with pytest.raises(ChipFileError, match="Nothing was loaded"):
        load_chip(tmp_path / "chip", model=other.model)
    assert all(torch.equal(before[name], value) for name, value in bits(other).items())


def test_a_network_of_the_users_own_needs_the_model(technology: Technology, tmp_path: Path) -> None:
    class Own(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x)

    chip = Chip(Own(fresh(technology).model))
    chip.save(tmp_path / "chip")
    with pytest.raises(ChipFileError, match="model="):
        load_chip(tmp_path / "chip")
    loaded = load_chip(tmp_path / "chip", model=Own(fresh(technology, seed=9).model))
    assert_same(chip, loaded)


def test_what_cannot_be_saved_is_refused(technology: Technology, tmp_path: Path) -> None:
    chip = fresh(technology)
    chip.model(X).sum().backward()
    with pytest.raises(StateError, match="update requests"):
        chip.save(tmp_path / "chip")
    trainer(chip)[0].zero_grad()
    chip.save(tmp_path / "chip")
    with pytest.raises(StateError, match="saved without its optimizer"):
        load_chip(tmp_path / "chip").resume(trainer(chip)[0])


def test_momentum_goes_into_the_file(technology: Technology, tmp_path: Path) -> None:
    def adam(chip: Chip) -> AnalogOptimizer:
        return AnalogOptimizer(chip.model, AGAD(), lr=0.1, digital=torch.optim.Adam(chip.model.parameters(), 0.05))

    chip = fresh(technology)
    optimizer = adam(chip)
    learn(chip, optimizer, 4)
    chip.save(tmp_path / "chip", optimizer=optimizer)
    loaded = load_chip(tmp_path / "chip")
    again = adam(loaded)
    loaded.resume(again)
    assert again.state_dict()["state"].keys() == optimizer.state_dict()["state"].keys()
    for one, steps in ((chip, optimizer), (loaded, again)):
        learn(one, steps, 4)
    assert_same(chip, loaded)
    chip.save(tmp_path / "plain")
    assert not [name for name in load_chip(tmp_path / "plain").state()[0] if name.startswith("optimizer")]


def test_calibration_needs_a_reference_and_a_write_takes_it_away(technology: Technology) -> None:
    chip = fresh(technology)
    with pytest.raises(StateError, match="record_reference"):
        chip.calibrate()
    chip.record_reference()
    chip.calibrate()
    synapse = next(iter(chip.layers.values())).synapse
    synapse.program(synapse.weights())
    with pytest.raises(StateError, match="record_reference"):
        chip.calibrate()


def test_compensation_is_off_outside_and_helps_inside(technology: Technology) -> None:
    chip = fresh(technology)
    with torch.no_grad():
        before = chip.model(X)
        chip.record_reference()
        chip.advance(years=10)
        chip.calibrate()
        raw = chip.model(X)
        with chip.compensated():
            mended = chip.model(X)
        again = chip.model(X)
    error, left = (raw - before).square().mean(), (mended - before).square().mean()
    assert left < error / 2
    assert (again - raw).square().mean() < error / 2


def test_a_model_without_arrays_is_no_chip() -> None:
    with pytest.raises(InvalidValueError, match="no analog layer"):
        Chip(nn.Sequential(nn.ReLU()))
