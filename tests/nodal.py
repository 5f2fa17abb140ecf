"""Modified nodal analysis of an array, stamp by stamp: slow, obvious, float64, and independent of the library's solver.

Every resistor's current is an unknown, so that a resistance may be zero.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from ohmnia.array.circuit import Wires

Array = NDArray[np.float64]
_DENSE = 3000


class Network:
    """Nodes, resistors and sources of one array, all lines with a source behind each terminal."""

    def __init__(self, conductance: Array, wires: Wires, drive: str = "rows") -> None:
        self.rows, self.columns = conductance.shape
        self.resistors: list[tuple[int, int, float]] = []
        self.lines: dict[tuple[str, int], int] = {}
        self.terminals: dict[tuple[str, int], list[int]] = {}
        self.nodes = 2 * self.rows * self.columns
        row_end, column_end = (wires.drive_ohm, wires.sense_ohm) if drive == "rows" else (wires.sense_ohm, wires.drive_ohm)
        for i in range(self.rows):
            self._line(
                ("row", i), [self.row_node(i, j) for j in range(self.columns)], wires.row_ohm, row_end, wires, wires.row_side
            )
        for j in range(self.columns):
            nodes = [self.column_node(i, j) for i in range(self.rows)]
            self._line(("column", j), nodes, wires.column_ohm, column_end, wires, wires.column_side)
        self.cells: dict[tuple[int, int], int] = {}
        for i, j in np.ndindex(*conductance.shape):
            if conductance[i, j] > 0:
                self.cells[i, j] = len(self.resistors)
                ohm = 1.0 / conductance[i, j] + wires.access_ohm
                self.resistors.append((self.row_node(i, j), self.column_node(i, j), ohm))

    def row_node(self, i: int, j: int) -> int:
        return i * self.columns + j

    def column_node(self, i: int, j: int) -> int:
        return (self.rows + i) * self.columns + j

    def _line(self, name: tuple[str, int], nodes: list[int], segment: float, end: float, wires: Wires, side: str) -> None:
        self.resistors += [(a, b, segment) for a, b in itertools.pairwise(nodes)]
        source = self.nodes
        self.nodes += 1
        self.lines[name] = source
        ends = {"start": [nodes[0]], "end": [nodes[-1]], "both": [nodes[0], nodes[-1]]}[side]
        self.terminals[name] = []
        for node in ends:
            self.terminals[name].append(len(self.resistors))
            self.resistors.append((source, node, end + wires.lead_segments * segment))

    def solve(self, rows_volts: Array, columns_volts: Array) -> tuple[Array, Array]:
        """Node voltages and resistor currents, (nodes, samples) and (resistors, samples)."""
        count, samples = len(self.resistors), len(rows_volts)
        entries: list[tuple[int, int, float]] = []
        right = np.zeros((self.nodes + count, samples))
        sources = set(self.lines.values())
        for (kind, k), node in self.lines.items():
            entries.append((node, node, 1.0))
            right[node] = rows_volts[:, k] if kind == "row" else columns_volts[:, k]
        for k, (a, b, ohm) in enumerate(self.resistors):
            branch = self.nodes + k
            entries += [(branch, a, 1.0), (branch, b, -1.0)] + ([(branch, branch, -ohm)] if ohm else [])
            entries += [(node, branch, sign) for node, sign in ((a, 1.0), (b, -1.0)) if node not in sources]
        r, c, value = zip(*entries, strict=True)
        matrix = csc_matrix((value, (r, c)), shape=(self.nodes + count,) * 2)
        dense = self.nodes + count <= _DENSE
        found = np.linalg.solve(matrix.toarray(), right) if dense else splu(matrix).solve(right)
        return found[: self.nodes], found[self.nodes :]

    def into(self, kind: str, currents: Array) -> Array:
        """Current into each line of a kind from its terminals, (samples, lines)."""
        count = self.rows if kind == "row" else self.columns
        return np.stack([sum(currents[t] for t in self.terminals[kind, k]) for k in range(count)], -1)


def effective(conductance: Array, wires: Wires, drive: str = "rows") -> Array:
    """Current out of each sensed line for one volt on each driven line, (rows, columns)."""
    network = Network(conductance, wires, drive)
    rows, columns = conductance.shape
    if drive == "rows":
        _, currents = network.solve(np.eye(rows), np.zeros((rows, columns)))
        return -network.into("column", currents)
    _, currents = network.solve(np.zeros((columns, rows)), np.eye(columns))
    return -network.into("row", currents).T
