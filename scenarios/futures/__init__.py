"""Futures: a plan played against what may come, thousands of times; see `docs/futures.md`."""
