"""Arrays and cells as ngspice netlists, written from the same equations as the solvers.

Nodes: `r3_7` and `c3_7` are the row line and the column line at row 3, column 7, `x3_7` the node between a cell and its
transistor. Sources: `vr3` and `vc7` stand behind the terminals of row 3 and of column 7.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from ohmnia._errors import InvalidValueError
from ohmnia.array.circuit.cells import AbstractCells, HoppingCells, OhmicCells, TransistorCells
from ohmnia.array.circuit.wires import Line, Wires
from ohmnia.device._constants import BOLTZMANN, ELEMENTARY_CHARGE
from ohmnia.device.compact import HoppingCell

# ngspice's own defaults judge no better than 1e-3; 1e-12 S of gmin would be seen in an array of open switches.
OPTIONS = ".options reltol=1e-9 abstol=1e-15 vntol=1e-12 gmin=1e-18 itl1=500"
# Gear with tight tolerances; a larger shunt or the trapezoidal rule rings on the thermal node.
TRANSIENT_OPTIONS = ".options method=gear reltol=1e-5 vntol=1e-9 abstol=1e-15 gmin=1e-22"
READ_VOLTS, READ_SECONDS, GAP_SECONDS = 0.2, 1e-7, 5e-8
_EV = ELEMENTARY_CHARGE

Element = Callable[[int, int, str, str], Iterator[str]]


def array_netlist(
    cells: AbstractCells,
    wires: Wires,
    rows_volts: Float[Tensor, " rows"],
    columns_volts: Float[Tensor, " columns"],
    title: str = "ohmnia array",
) -> str:
    """An array at one operating point, without any analysis command.

    Parameters
    ----------
    cells
        `OhmicCells`, `HoppingCells`, or one of them in `TransistorCells`.
    wires
        What surrounds them.
    rows_volts, columns_volts
        Behind the terminals of the lines.
    title
        First line.

    Raises
    ------
    InvalidValueError
        Cells of another kind.
    """
    rows, columns = len(rows_volts), len(columns_volts)
    element = _element(cells, (rows, columns), wires.access_ohm)
    row, column = wires.lines()
    text = [f"* {title}", OPTIONS]
    for i in range(rows):
        text += _line(f"r{i}", [f"r{i}_{j}" for j in range(columns)], row, float(rows_volts[i]))
    for j in range(columns):
        text += _line(f"c{j}", [f"c{i}_{j}" for i in range(rows)], column, float(columns_volts[j]))
    for i in range(rows):
        for j in range(columns):
            text += element(i, j, f"r{i}_{j}", f"c{i}_{j}")
    text += _models(cells)
    return "\n".join(text) + "\n"


def _number(value: float) -> str:
    return f"{value:.17g}"


def _resistor(name: str, a: str, b: str, ohm: float) -> str:
    # ngspice turns a resistor of 0 into 1 mohm; a source of 0 V is exact.
    return f"r{name} {a} {b} {_number(ohm)}" if ohm else f"v{name} {a} {b} 0"


def _line(name: str, nodes: list[str], line: Line, volts: float) -> Iterator[str]:
    source = f"s{name}"
    yield f"v{name} {source} 0 {_number(volts)}"
    for k, (a, b) in enumerate(itertools.pairwise(nodes)):
        yield _resistor(f"w{name}_{k}", a, b, line.segment_ohm)
    for at, node in (("start", nodes[0]), ("end", nodes[-1])):
        if line.side in (at, "both"):
            yield _resistor(f"t{name}_{at}", source, node, line.terminal_ohm)


def _element(cells: AbstractCells, shape: tuple[int, int], access_ohm: float) -> Element:
    if isinstance(cells, OhmicCells):
        return _ohmic(cells, access_ohm)
    if isinstance(cells, HoppingCells):
        return _hopping(cells)
    if isinstance(cells, TransistorCells) and isinstance(cells.cells, OhmicCells | HoppingCells):
        return _transistor(cells, shape)
    raise InvalidValueError(
        f"{type(cells).__name__} has no netlist; valid: OhmicCells, HoppingCells, or one of them in TransistorCells."
    )


def _ohmic(cells: OhmicCells, access_ohm: float) -> Element:
    def lines(i: int, j: int, a: str, b: str) -> Iterator[str]:
        siemens = float(cells.conductance[i, j])
        if siemens > 0:
            yield _resistor(f"g{i}_{j}", a, b, 1.0 / siemens + access_ohm)

    return lines


def _hopping(cells: HoppingCells) -> Element:
    scale = cells.law.scale_volts
    shape = f"{_number(cells.law.read_volts)}/sinh({_number(cells.law.read_volts / scale)})*sinh("

    def lines(i: int, j: int, a: str, b: str) -> Iterator[str]:
        siemens = _number(float(cells.conductance[i, j]))
        yield f"bg{i}_{j} {a} {b} i={siemens}*{shape}(v({a})-v({b}))/{_number(scale)})"

    return lines


def _transistor(cells: TransistorCells, shape: tuple[int, int]) -> Element:
    inner, gate = _element(cells.cells, shape, 0.0), cells.gate_volts.expand(shape)

    def lines(i: int, j: int, a: str, b: str) -> Iterator[str]:
        yield from inner(i, j, a, f"x{i}_{j}")
        yield f"vg{i}_{j} g{i}_{j} 0 {_number(float(gate[i, j]))}"
        size = f"w={_number(cells.transistor.width_metres)} l={_number(cells.transistor.length_metres)}"
        yield f"m{i}_{j} x{i}_{j} g{i}_{j} {b} 0 access {size}"

    return lines


def _models(cells: AbstractCells) -> Iterator[str]:
    if isinstance(cells, TransistorCells):
        law = cells.transistor
        numbers = f"vto={_number(law.threshold_volts)} kp={_number(law.transconductance_si)}"
        yield f".model access nmos level=1 {numbers} gamma=0 lambda=0 is=1e-30"


def cell_subcircuit(model: HoppingCell, density: float, name: str = "cell") -> str:
    """The compact model as a subcircuit with two terminals, top and bottom.

    Energies are in eV: ngspice adds 1e-32 to every denominator, which drowns (kT)^2 in joule. The state ln C is the voltage
    of a 1 F capacitor, the temperature rise that of R_th parallel to C_th. Start a transient with `uic`, or the state starts
    at 0.

    Parameters
    ----------
    model
        Equations and parameters.
    density
        C at the start (1/m^3).
    name
        Of the subcircuit.
    """
    kt, c, log_c = f"({_number(BOLTZMANN / _EV)}*t)", "exp(v(lc))", _number(float(torch.tensor(density).double().log()))
    hop = f"max({_number(model.electron_hop_min_metres)},{_sum(model.electron_hop_metres, model.electron_hop_slope_m4, c)})"
    barrier = _sum(model.electron_barrier_joules / _EV, model.electron_barrier_slope_jm3 / _EV, c)
    rising = _sum(model.set_barrier_joules / _EV, model.set_barrier_slope_jm3 / _EV, c)
    field = f"(v(in,bottom)/{_number(model.length_metres)})"
    area = torch.pi * model.filament_radius_metres**2
    carriers = _number(2 * area * model.current_factor * ELEMENTARY_CHARGE * model.electron_frequency_hertz)
    attempts = _number(2 * model.ion_hop_metres * model.ion_frequency_hertz / model.length_metres)
    reach = _number(model.ion_charges * model.ion_hop_metres / 2)
    window = f"(1-{c}/{_number(model.density_max_per_m3)})**{_number(model.density_exponent)}"
    ions = f"(v(in,bottom)>=0 ? {rising} : {_number(model.reset_barrier_joules / _EV)})"
    kt = kt.replace("*t", f"*({_number(model.ambient_kelvin)}+v(heat))")
    return "\n".join(
        [
            f".subckt {name} top bottom",
            f"vi top a 0\nrs a in {_number(model.series_ohm)}",
            f"bi in bottom i={carriers}*{c}*{hop}*exp(-({barrier})/{kt})*sinh({field}*{hop}/(2*{kt}))",
            f"bp 0 heat i=v(top,bottom)*i(vi)\nrh heat 0 {_number(model.thermal_kelvin_per_watt)}",
            f"ch heat 0 {_number(model.heat_joules_per_kelvin)} ic=0",
            f"bc 0 lc i={attempts}*exp(-{ions}/{kt})*sinh({reach}*{field}/{kt})*{window}\ncc lc 0 1 ic={log_c}",
            ".ends",
        ]
    )


def _sum(start: float, slope: float, density: str) -> str:
    return f"({_number(start)}+({_number(slope)})*{density})"


def train_netlist(
    model: HoppingCell, density: float, volts: list[float], width_seconds: float, edge_seconds: float = 1e-9
) -> tuple[str, list[float]]:
    """A cell under write pulses, each followed by a read of 0.2 V, and the times at the middle of the reads.

    Parameters
    ----------
    model, density
        The cell and its C at the start (1/m^3).
    volts
        Amplitudes of the pulses.
    width_seconds
        Their flat top.
    edge_seconds
        Of every edge.
    """
    time, points, reads = 0.0, [(0.0, 0.0)], []
    for amplitude in volts:
        for level, flat in ((amplitude, width_seconds), (READ_VOLTS, READ_SECONDS)):
            start = time + GAP_SECONDS
            top = start + edge_seconds
            end = top + flat
            points += [(start, 0.0), (top, level), (end, level), (end + edge_seconds, 0.0)]
            time = end + edge_seconds
        reads.append(time - edge_seconds - READ_SECONDS / 2)
    points.append((time + GAP_SECONDS, 0.0))
    wave = "\n".join(f"+ {_number(t)} {_number(v)}" for t, v in points)
    cell = cell_subcircuit(model, density)
    return f"* ohmnia cell\n{TRANSIENT_OPTIONS}\n{cell}\nvp p 0 pwl(\n{wave})\nx1 p 0 cell\n", reads
