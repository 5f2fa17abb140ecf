"""Counter-based random streams, the only source of randomness in the project."""

from ohmnia.random._quantile import quantile_normal as quantile_normal
from ohmnia.random._streams import Stream as Stream
from ohmnia.random._streams import mix as mix
from ohmnia.random._streams import normal as normal
from ohmnia.random._streams import normal_like as normal_like
from ohmnia.random._streams import permutation as permutation
from ohmnia.random._streams import uniform as uniform
from ohmnia.random._streams import words as words
from ohmnia.random._table import TABLE_SHIFT as TABLE_SHIFT
from ohmnia.random._table import normal_table as normal_table
from ohmnia.random._table import table_normal as table_normal
