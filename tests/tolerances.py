"""Tolerances that follow from the number of samples: 4.5 standard errors, 7 false alarms in a million."""

from __future__ import annotations

import math

from hypothesis import settings
from scipy.stats import chi2

ERRORS = 4.5
UNIFORM_KURTOSIS = 1.8
PROPERTY = settings(deadline=None, derandomize=True, database=None, max_examples=150)


def of_mean(sigma: float, samples: int) -> float:
    """Tolerance of a sample mean: sigma / sqrt(n)."""
    return ERRORS * sigma / math.sqrt(samples)


def of_sigma(sigma: float, samples: int, kurtosis: float = 3.0) -> float:
    """Tolerance of a sample standard deviation: sigma sqrt((kurtosis - 1) / 4 n)."""
    return ERRORS * sigma * math.sqrt((kurtosis - 1.0) / (4.0 * samples))


def of_correlation(samples: int, correlation: float = 0.0) -> float:
    """Tolerance of a sample correlation: (1 - r**2) / sqrt(n)."""
    return ERRORS * (1.0 - correlation**2) / math.sqrt(samples)


def of_share(share: float, samples: int) -> float:
    """Tolerance of a share of samples: sqrt(p (1 - p) / n)."""
    return ERRORS * math.sqrt(share * (1.0 - share) / samples)


def chi_square_limit(degrees: int) -> float:
    """Value that chi-square exceeds once in a million draws."""
    return float(chi2.isf(1e-6, degrees))
