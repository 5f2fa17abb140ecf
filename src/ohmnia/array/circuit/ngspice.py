"""ngspice as an outside judge: run a netlist in batch mode and read numbers back.

ngspice is the Debian package `ngspice`; nothing else of the library needs it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ohmnia._errors import StateError
from ohmnia.array.circuit.nonlinear import OperatingPoint

_VALUE = re.compile(r"^(\S+) = (\S+)\s*$", re.MULTILINE)
_PER_LINE = 8


def installed() -> bool:
    """Whether a command `ngspice` is there."""
    return shutil.which("ngspice") is not None


def _run(netlist: str, control: list[str], folder: Path, timeout_seconds: float) -> str:
    if not installed():
        raise StateError("ngspice is not installed; `apt-get install ngspice` on Debian, or skip the comparison.")
    deck = folder / "deck.cir"
    deck.write_text("\n".join([netlist, ".control", "set numdgt=15", *control, "quit", ".endc", ".end", ""]), encoding="utf-8")
    try:
        done = subprocess.run(
            ["ngspice", "-b", deck.name], cwd=folder, capture_output=True, text=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StateError(f"ngspice has not finished after {timeout_seconds:g} s; give a smaller netlist or more time.") from error
    return done.stdout + done.stderr


def operating_point(netlist: str, vectors: list[str], timeout_seconds: float = 300.0) -> NDArray[np.float64]:
    """Values of some vectors, e.g. "i(vc3)" or "v(r0_1)", at the operating point.

    Raises
    ------
    StateError
        ngspice is missing, too slow, or gave no value for a vector; the text ends with what it said.
    """
    prints = [f"print {' '.join(vectors[k : k + _PER_LINE])}" for k in range(0, len(vectors), _PER_LINE)]
    with tempfile.TemporaryDirectory() as folder:
        said = _run(netlist, ["op", *prints], Path(folder), timeout_seconds)
    values = {name: float(value) for name, value in _VALUE.findall(said)}
    missing = [name for name in vectors if name not in values]
    if missing:
        raise StateError(f"ngspice gave no value for {missing[:3]}; its last words: {said.strip()[-300:]}")
    return np.array([values[name] for name in vectors])


def line_currents(netlist: str, rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Current into each row line and out of each column line of an exported array (A)."""
    names = [f"i(vr{i})" for i in range(rows)] + [f"i(vc{j})" for j in range(columns)]
    found = operating_point(netlist, names)
    # A source's current counts from its plus terminal through the source.
    return -found[:rows], found[rows:]


def transient(
    netlist: str, command: str, vectors: list[str], timeout_seconds: float = 600.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and values of some vectors, (points,) and (points, vectors).

    Parameters
    ----------
    netlist
        Without analysis commands.
    command
        For example "tran 1n 10u 0 20n uic".
    vectors
        What to record.
    timeout_seconds
        When to give up.

    Raises
    ------
    StateError
        As `operating_point`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        control = [command, "set wr_singlescale", f"wrdata out.txt {' '.join(vectors)}"]
        said = _run(netlist, control, folder, timeout_seconds)
        if not (folder / "out.txt").is_file():
            raise StateError(f"ngspice wrote no result; its last words: {said.strip()[-300:]}")
        table = np.loadtxt(folder / "out.txt", ndmin=2)
    return table[:, 0], table[:, 1:]


def largest_difference(point: OperatingPoint, sample: int, netlist: str) -> float:
    """Largest difference of the line currents of one sample from ngspice, as a fraction of the largest line current."""
    rows, columns = line_currents(netlist, point.row_amperes.shape[1], point.column_amperes.shape[1])
    own = np.concatenate([point.row_amperes[sample].numpy(), point.column_amperes[sample].numpy()])
    other = np.concatenate([rows, columns])
    return float(np.abs(own - other).max() / np.abs(other).max())
