"""Constants of physics, exact by the definition of the SI units (2019)."""

ELEMENTARY_CHARGE = 1.602176634e-19
BOLTZMANN = 1.380649e-23
