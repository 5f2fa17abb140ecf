"""Benchmarks of the hot loops, alone or in turn with another simulator."""

from ohmnia.bench.facts import all_facts as all_facts
from ohmnia.bench.output import fact_lines as fact_lines
from ohmnia.bench.output import notes as notes
from ohmnia.bench.output import table as table
from ohmnia.bench.output import write as write
from ohmnia.bench.suite import PEERS as PEERS
from ohmnia.bench.suite import Results as Results
from ohmnia.bench.suite import Row as Row
from ohmnia.bench.suite import run_suite as run_suite
from ohmnia.bench.suite import run_work as run_work
from ohmnia.bench.works import WORKS as WORKS
from ohmnia.bench.works import Work as Work
from ohmnia.bench.works import chosen as chosen
