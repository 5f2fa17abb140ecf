"""The handwritten digits that ship with scikit-learn, as a task and as a changed task.

1,797 images of 8 x 8 in 10 classes; 360 are held out, stratified by class. Pedregosa et al., JMLR 12, 2825 (2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ohmnia._errors import InvalidValueError, out_of_range
from ohmnia.random import Stream, permutation

CLASSES = 10
PIXELS = 64
_HELD_OUT = 360
_SIDE = 8


@final
@dataclass(frozen=True, slots=True)
class Task:
    """Images and labels to learn from, and held-out ones.

    Parameters
    ----------
    x, y
        Training images in [0, 1], and labels.
    x_test, y_test
        Held out.
    """

    x: Float[Tensor, "samples pixels"]
    y: Int[Tensor, " samples"]
    x_test: Float[Tensor, "held_out pixels"]
    y_test: Int[Tensor, " held_out"]

    def __post_init__(self) -> None:
        for name in ("x", "x_test"):
            if not torch.isfinite(getattr(self, name)).all():
                raise InvalidValueError(f"Task: {name} holds NaN or infinity; clean the data first.")

    def first(self, images: int) -> Task:
        """The same task with the first training images alone.

        Raises
        ------
        InvalidValueError
            Fewer than one image, or more than there are.
        """
        if not 1 <= images <= len(self.x):
            raise out_of_range("images", images, f"1 to {len(self.x)}")
        return Task(self.x[:images], self.y[:images], self.x_test, self.y_test)


def digits(seed: int) -> Task:
    """The digits, split by the seed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    split = train_test_split(images / 16.0, labels, test_size=_HELD_OUT, stratify=labels, random_state=seed)
    x, x_test = (torch.tensor(part, dtype=torch.float32) for part in split[:2])
    y, y_test = (torch.tensor(part, dtype=torch.int64) for part in split[2:])
    return Task(x, y, x_test, y_test)


def rotated(task: Task, degrees: float) -> Task:
    """The same task with every image turned, bilinear, dark outside."""
    from scipy.ndimage import rotate

    def turn(x: Tensor) -> Tensor:
        images = x.reshape(-1, _SIDE, _SIDE).numpy()
        turned = rotate(images, degrees, axes=(1, 2), reshape=False, order=1, mode="constant", cval=0.0)
        return torch.from_numpy(turned).reshape(-1, PIXELS).clamp(0.0, 1.0)

    return Task(turn(task.x), task.y, turn(task.x_test), task.y_test)


def permuted(task: Task, stream: Stream) -> Task:
    """The same images with the classes renamed by a random cyclic order, so that none keeps its name."""
    order = permutation(stream, CLASSES)
    names = torch.empty_like(order)
    names[order] = order.roll(1)
    return Task(task.x, names[task.y], task.x_test, names[task.y_test])
