"""Evidence: measured curves with their sources. No physics."""

from ohmnia.measured._catalog import Curve as Curve
from ohmnia.measured._catalog import catalog as catalog
from ohmnia.measured._catalog import curve as curve
from ohmnia.measured._catalog import curve_of as curve_of
