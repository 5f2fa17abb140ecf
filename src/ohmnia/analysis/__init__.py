"""What a run says: numbers, figures, report. Figures are in `ohmnia.analysis.plots` and `.device_plots`, loaded on demand."""

from ohmnia.analysis.metrics import AccuracyAt as AccuracyAt
from ohmnia.analysis.metrics import accuracy_over_time as accuracy_over_time
from ohmnia.analysis.metrics import points_below as points_below
from ohmnia.analysis.metrics import pulses_per_cell as pulses_per_cell
from ohmnia.analysis.metrics import series as series
from ohmnia.analysis.metrics import summary_rows as summary_rows
from ohmnia.analysis.report import write_report as write_report
