"""Ohio's server consolidation, replayed on a made-up state of the size that Ohio published."""
