"""An LSTM on arrays, from torch and back: recall the first symbol of a sequence."""

import torch
from torch import nn

import ohmnia

STEPS, SYMBOLS = 4, 4


class Recall(nn.Module):
    """The last output of an LSTM, read by a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(SYMBOLS, 16, batch_first=True)
        self.head = nn.Linear(16, SYMBOLS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, symbols) to (batch, symbols)."""
        return self.head(self.lstm(x)[0][:, -1])


def batch(samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Random sequences, and the first symbol of each."""
    symbols = torch.randint(SYMBOLS, (samples, STEPS), generator=generator)
    return nn.functional.one_hot(symbols, SYMBOLS).float(), symbols[:, 0]


torch.manual_seed(0)
generator = torch.Generator().manual_seed(0)
model = ohmnia.nn.convert(Recall(), ohmnia.technology("cmo-hfox"), seed=0)
print(model)
optimizer = ohmnia.AnalogOptimizer(model, ohmnia.AGAD(), lr=1.0, digital=torch.optim.Adam(model.parameters(), 0.01))
for _ in range(250):
    x, y = batch(20)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()

x, y = batch(500)
with torch.no_grad():
    analog = float((model(x).argmax(1) == y).float().mean())
    digital = float((ohmnia.nn.to_digital(model)(x).argmax(1) == y).float().mean())
print(f"on arrays: {analog:.3f}; its weights in floating point: {digital:.3f}; by chance: {1 / SYMBOLS}")
assert analog > 0.8
