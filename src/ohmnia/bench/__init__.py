"""Benchmarks of the hot loops, alone or in turn with another simulator."""
