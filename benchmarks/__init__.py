"""Timed scenarios: each hot path beside its limit, pair by pair in one run. `python -m benchmarks`."""
