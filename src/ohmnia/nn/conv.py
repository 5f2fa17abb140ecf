r"""Convolution on arrays, in one to three dimensions.

    y[b, o, p] = sum over c, q of W[o, c, q] x[b, c, stride p + dilation q]

is the product of `AnalogLinear` at every position p, on the patch of the padded input that lies there: the patches of all
images and positions go through one array as so many vectors. A group of channels has an array of its own.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal, final

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ohmnia._errors import InvalidValueError
from ohmnia._validation import Strict
from ohmnia.nn._abstract import AbstractComposite
from ohmnia.nn._digital import filled
from ohmnia.nn.linear import Matrix

_CLASSES = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


@final
class ConvSettings(Strict):
    """Shape and options of a convolution, named and understood as torch does.

    Parameters
    ----------
    in_channels, out_channels
        Channels; both a multiple of `groups`.
    kernel_size, stride, dilation
        One number for each dimension.
    padding
        One number for each dimension, "same" or "valid".
    groups
        Independent parts of the channels.
    bias
        Whether there is one.
    padding_mode
        What stands in the padding.
    """

    in_channels: int = Field(ge=1)
    out_channels: int = Field(ge=1)
    kernel_size: tuple[int, ...] = Field(min_length=1, max_length=3)
    stride: tuple[int, ...]
    padding: tuple[int, ...] | Literal["same", "valid"]
    dilation: tuple[int, ...]
    groups: int = Field(default=1, ge=1)
    bias: bool = True
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    @model_validator(mode="after")
    def _fits(self) -> ConvSettings:
        lengths = {len(value) for value in (self.kernel_size, self.stride, self.dilation)}
        lengths |= {len(self.padding)} if isinstance(self.padding, tuple) else set()
        if len(lengths) != 1:
            raise ValueError("kernel_size, stride, padding and dilation need one number for each dimension")
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError("in_channels and out_channels must be multiples of groups")
        if self.padding == "same" and set(self.stride) != {1}:
            raise ValueError("padding 'same' needs a stride of 1")
        return self

    @property
    def dimensions(self) -> int:
        """1, 2 or 3."""
        return len(self.kernel_size)

    @property
    def spans(self) -> tuple[int, ...]:
        """Extent of a dilated kernel in each dimension."""
        return tuple(step * (size - 1) + 1 for step, size in zip(self.dilation, self.kernel_size, strict=True))

    @property
    def margins(self) -> tuple[int, ...]:
        """Padding before and after each dimension, the last dimension first, as `torch.nn.functional.pad` takes it."""
        if self.padding == "valid":
            return (0,) * (2 * self.dimensions)
        if self.padding == "same":
            pairs = [((span - 1) // 2, span - 1 - (span - 1) // 2) for span in self.spans]
        else:
            pairs = [(int(width), int(width)) for width in self.padding]
        return tuple(width for pair in reversed(pairs) for width in pair)


@final
class AnalogConv(AbstractComposite[ConvSettings]):
    """`torch.nn.Conv1d`, `Conv2d` or `Conv3d` on arrays; `ohmnia.nn.convert` makes it.

    Parameters
    ----------
    settings
        Shape and options.
    parts
        "group_0", ...: (out_channels / groups, in_channels / groups times the size of the kernel) each.
    """

    settings_type: ClassVar[type[Strict]] = ConvSettings

    @classmethod
    def shapes(cls, settings: ConvSettings) -> dict[str, tuple[int, int]]:
        """One matrix for each group."""
        rows, channels = settings.out_channels // settings.groups, settings.in_channels // settings.groups
        return {f"group_{group}": (rows, channels * math.prod(settings.kernel_size)) for group in range(settings.groups)}

    @classmethod
    def split(cls, module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> tuple[ConvSettings, dict[str, Matrix]]:
        """Settings and matrices of a torch convolution."""
        names = [name for name in ConvSettings.model_fields if name != "bias"]
        settings = ConvSettings(bias=module.bias is not None, **{name: getattr(module, name) for name in names})
        weights = module.weight.flatten(1).chunk(settings.groups)
        biases = [None] * settings.groups if module.bias is None else module.bias.chunk(settings.groups)
        matrices = [Matrix(weight, bias) for weight, bias in zip(weights, biases, strict=True)]
        return settings, dict(zip(cls.shapes(settings), matrices, strict=True))

    def join(self, matrices: dict[str, Matrix]) -> nn.Module:
        """The torch convolution of these matrices."""
        settings = self.settings
        weight = torch.cat([matrix.weight for matrix in matrices.values()])
        biases = [matrix.bias for matrix in matrices.values() if matrix.bias is not None]
        weight = weight.reshape(settings.out_channels, -1, *settings.kernel_size)
        parameters = {"weight": weight, "bias": torch.cat(biases) if biases else None}
        return filled(_CLASSES[settings.dimensions], dict(settings), parameters)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        x
            (batch, channels, *sizes), or without the batch.

        Returns
        -------
        Tensor
            (batch, out_channels, *sizes), or without the batch.

        Raises
        ------
        InvalidValueError
            Another number of dimensions or channels, or an input smaller than the kernel.
        """
        settings, dimensions = self.settings, self.settings.dimensions
        if x.ndim not in (dimensions + 1, dimensions + 2) or x.shape[-dimensions - 1] != settings.in_channels:
            raise InvalidValueError(
                f"The input of a convolution in {dimensions} d has the shape {tuple(x.shape)}; "
                f"valid: ([batch,] {settings.in_channels}{', size' * dimensions})."
            )
        batched = x if x.ndim == dimensions + 2 else x[None]
        vectors = self._patches(batched).unbind(dimensions + 1)
        products = [part(vector) for part, vector in zip(self.parts().values(), vectors, strict=True)]
        y = torch.cat(products, -1).movedim(-1, 1).contiguous()
        return y if x.ndim == dimensions + 2 else y[0]

    def _patches(self, x: Tensor) -> Tensor:
        """What each position sees, (batch, *positions, groups, inputs of a group)."""
        settings, dimensions = self.settings, self.settings.dimensions
        mode = "constant" if settings.padding_mode == "zeros" else settings.padding_mode
        if any(settings.margins):
            x = nn.functional.pad(x, settings.margins, mode)
        if any(size < span for size, span in zip(x.shape[2:], settings.spans, strict=True)):
            raise InvalidValueError(
                f"The padded input has the size {tuple(x.shape[2:])}, less than the kernel's extent {settings.spans}."
            )
        for k, (span, stride, step) in enumerate(zip(settings.spans, settings.stride, settings.dilation, strict=True)):
            x = x.unfold(2 + k, span, stride)[..., ::step]
        x = x.movedim(1, dimensions + 1)
        return x.reshape(*x.shape[: dimensions + 1], settings.groups, -1)
