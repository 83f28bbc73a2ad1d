"""Experiments: grids, their cost, their division into jobs, their results, and claims about these."""
