"""Learn on the chip, keep it for ten years, infer, learn again: the same arrays all the way."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from sklearn.datasets import load_digits
from torch import nn

import ohmnia

torch.manual_seed(0)
images, labels = load_digits(return_X_y=True)
x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
tech = ohmnia.technology("cmo-hfox")
network = nn.Sequential(nn.Linear(64, 32), nn.Sigmoid(), nn.Linear(32, 10))
model = ohmnia.nn.convert(network, tech, seed=0)
optimizer = ohmnia.AnalogOptimizer(model, rule=ohmnia.AGAD(), lr=1.0)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
for _ in range(10):
    for start in range(0, 1400, 10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[start : start + 10]), y[start : start + 10])
        loss.backward()
        optimizer.step()
    schedule.step()


def accuracy() -> float:
    """Of the last 397 digits, which were never trained on."""
    with torch.no_grad():
        return float((model(x[1400:]).argmax(1) == y[1400:]).float().mean())


chip = ohmnia.Chip(model)
chip.record_reference()
print(f"learned: {accuracy():.3f}")
chip.advance(years=10)
chip.calibrate()
with chip.compensated():
    print(f"after ten years: {accuracy():.3f}")
with TemporaryDirectory() as folder:
    chip.save(Path(folder) / "chip.safetensors")
    model = ohmnia.load_chip(Path(folder) / "chip.safetensors").model
assert accuracy() > 0.75
