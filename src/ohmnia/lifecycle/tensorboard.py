"""Learning curves in TensorBoard: numbers as scalars, weights as histograms, from the records of `LearningCurves`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

from ohmnia._errors import StateError
from ohmnia.array import EDGES


@final
class TensorBoard:
    """A board that writes event files; see them with `tensorboard --logdir FOLDER`.

    Parameters
    ----------
    folder
        Where the event files go.
    after
        The epoch after which a training goes on; TensorBoard hides what an earlier part of it wrote behind that.

    Raises
    ------
    StateError
        The package tensorboard is not installed.
    """

    def __init__(self, folder: Path | str, after: float = 0) -> None:
        self._writer = summary_writer()(str(folder), purge_step=int(after) + 1 if after > 0 else None)

    def write(self, record: dict[str, Any]) -> None:
        """Write one record to the disk, at the whole part of its `epoch` as the step."""
        step = int(record["epoch"])
        for name, value in record.items():
            if name not in ("epoch", "samples", "layers") and value is not None:
                self._writer.add_scalar(name, value, step)
        for layer, kinds in record["layers"].items():
            for kind, found in kinds.items():
                self._write_array(f"{layer or 'layer'}/{kind}", found, step)
        self._writer.flush()

    def _write_array(self, name: str, found: dict[str, Any], step: int) -> None:
        numbers = {key: found.get(key) for key in ("pulses", "pulses_per_sample", "at_bound")}
        for key in ("symmetry_error", "reference_error"):
            numbers |= {f"{key}_{moment}": value for moment, value in found.get(key, {}).items()}
        for key, value in numbers.items():
            if value is not None:
                self._writer.add_scalar(f"{name}/{key}", value, step)
        weights = found["weights"]
        least, most, mean, rms = (weights[key] for key in ("least", "most", "mean", "rms"))
        if None in (least, most, mean, rms):
            return
        count = sum(weights["histogram"])
        limits = [*EDGES[1:-1], max(EDGES[-1], most)]
        parts = {"min": least, "max": most, "num": count, "sum": mean * count, "sum_squares": rms**2 * count}
        parts |= {"bucket_limits": limits, "bucket_counts": weights["histogram"]}
        self._writer.add_histogram_raw(f"{name}/weights", **parts, global_step=step)

    def close(self) -> None:
        """Close the event file."""
        self._writer.close()


def summary_writer() -> Any:
    """TensorBoard's writer, a class.

    Raises
    ------
    StateError
        The package tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError as error:
        fix = "pip install 'ohmnia[tensorboard]', or leave TensorBoard out: the curves are in the file of JSON lines too."
        raise StateError(f"TensorBoard needs the package tensorboard, which is not installed. {fix}") from error
    return SummaryWriter
