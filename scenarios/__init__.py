"""A study goes in, results come out: intake, tables, parameters, the way through, and what is left behind."""
