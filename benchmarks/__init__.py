"""Runnable comparisons; their last results are in BENCHMARKS.md. Not part of the wheel."""
