"""The configuration of a run: strict, frozen, every field with a default; `ohmnia run` without a file uses all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, final

from pydantic import Field

from ohmnia._errors import InvalidValueError
from ohmnia._units import seconds
from ohmnia._validation import Strict, read_toml, validated
from ohmnia.array import ArrayConfig
from ohmnia.training import RULES, AbstractRule


@final
class Network(Strict):
    """A multilayer perceptron with sigmoid units.

    Parameters
    ----------
    hidden
        Units of each hidden layer.
    output_scale
        Digital scale of each layer of arrays, hidden layers first; one number serves all. None: from the fan-in.
    """

    hidden: tuple[int, ...] = Field(default=(32,), min_length=1)
    output_scale: tuple[float, ...] | float | None = None


class Training(Strict):
    """One training, on arrays and in floating point beside it: the same data, epochs, order and schedule.

    Parameters
    ----------
    epochs, batch_size
        Both networks.
    lr
        Initial learning rate on the arrays and of their digital biases.
    float_lr
        Initial learning rate of the floating-point network.
    schedule
        "cosine" (to 0 over the epochs) or "constant".
    """

    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=10, ge=1)
    lr: float = Field(default=1.0, gt=0)
    float_lr: float = Field(default=1.0, gt=0)
    schedule: Literal["cosine", "constant"] = "cosine"


@final
class Learn(Training):
    """The first task.

    Parameters
    ----------
    rule
        Name of the learning rule.
    rule_options
        Its hyper-parameters.
    """

    rule: str = "agad"
    rule_options: dict[str, Any] = {}

    def build_rule(self) -> AbstractRule:
        """The rule, its options checked."""
        return validated(RULES.get(self.rule, "learn.rule"), self.rule_options, "learn.rule_options")


@final
class Retain(Strict):
    """When the chip is looked at after its last write.

    Parameters
    ----------
    times
        Rising ages, e.g. "1s", "1h", "10y".
    """

    times: tuple[str, ...] = Field(default=("1s", "1h", "1d", "1mo", "1y", "10y"), min_length=1)

    def ages_seconds(self) -> list[float]:
        """The times in seconds.

        Raises
        ------
        InvalidValueError
            They do not rise.
        """
        ages = [seconds(text) for text in self.times]
        if any(later <= earlier for earlier, later in zip([0.0, *ages[:-1]], ages, strict=True)):
            raise InvalidValueError(f"retain.times = {list(self.times)}; valid: durations that rise, e.g. ['1s', '1d', '10y'].")
        return ages


@final
class Transfer(Strict):
    """The floating-point network on fresh arrays.

    Parameters
    ----------
    acceptance_range
        Of the closed loop, a fraction of the target; None: the technology's own.
    """

    acceptance_range: float | None = Field(default=None, gt=0, le=0.5)


@final
class Relearn(Training):
    """The changed task.

    Parameters
    ----------
    task
        "rotate" turns the digits, "permute" renames the classes.
    degrees
        Angle of "rotate".
    """

    epochs: int = Field(default=40, ge=1)
    task: Literal["rotate", "permute"] = "rotate"
    degrees: float = Field(default=25.0, ge=-180, le=180)


@final
class Programming(Strict):
    """The closed loop by itself: levels over the window, and many cells at 50 uS.

    Parameters
    ----------
    levels, cells_per_level
        Of the iterations.
    cells_at_50_microsiemens
        Of the standard deviation.
    """

    levels: int = Field(default=35, ge=2)
    cells_per_level: int = Field(default=300, ge=10)
    cells_at_50_microsiemens: int = Field(default=3000, ge=100)


@final
class Scenario(Strict):
    """Everything that a run needs to know.

    Parameters
    ----------
    seed
        Of everything: split, initial weights, cells, pulses, reads, order of the data.
    technology
        Id, or path of a file.
    """

    seed: int = Field(default=0, ge=0)
    technology: str = "cmo-hfox"
    network: Network = Network()
    arrays: ArrayConfig = ArrayConfig()
    learn: Learn = Learn()
    retain: Retain = Retain()
    transfer: Transfer = Transfer()
    relearn: Relearn = Relearn()
    programming: Programming = Programming()


def citations(scenario: Scenario) -> list[str]:
    """Bibliography keys of everything that a run of the scenario uses, sorted."""
    from ohmnia.technology import technology

    keys = {*technology(scenario.technology).citations(), *scenario.learn.build_rule().citations}
    return sorted(keys | {"gokmen2016", "pedregosa2011"})


def load_scenario(path: Path | None, seed: int | None = None) -> Scenario:
    """Read a scenario from a TOML file, or the built-in one; everything in it is checked now, not after an hour.

    Parameters
    ----------
    path
        The file, or None.
    seed
        Replaces the file's.

    Raises
    ------
    OhmniaError
        An unknown field, rule or technology (the nearest one is named), or a value out of range.
    """
    from ohmnia.device import resolve
    from ohmnia.technology import technology

    data = {} if path is None else read_toml(path)
    if seed is not None:
        data["seed"] = seed
    scenario = validated(Scenario, data, where=str(path or "built-in scenario"))
    scenario.learn.build_rule()
    scenario.retain.ages_seconds()
    scenario.arrays.check(resolve(technology(scenario.technology)))
    return scenario
