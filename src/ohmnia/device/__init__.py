"""Physics laws: pure functions over conductances and parameters."""

from ohmnia.device._parts import build as build
from ohmnia.device._resolve import LAWS as LAWS
from ohmnia.device._resolve import Device as Device
from ohmnia.device._resolve import resolve as resolve
from ohmnia.device.programming._abstract import AbstractClosedLoop as AbstractClosedLoop
from ohmnia.device.programming._abstract import ProgramResult as ProgramResult
from ohmnia.device.read_noise._abstract import AbstractLogNoise as AbstractLogNoise
from ohmnia.device.read_noise._abstract import AbstractReadNoiseLaw as AbstractReadNoiseLaw
from ohmnia.device.retention._abstract import AbstractAgeRelaxation as AbstractAgeRelaxation
from ohmnia.device.retention._abstract import AbstractRetentionLaw as AbstractRetentionLaw
from ohmnia.device.retention._abstract import RestingCells as RestingCells
from ohmnia.device.update._abstract import AbstractUpdateLaw as AbstractUpdateLaw
