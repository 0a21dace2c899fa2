"""Mutants of every right solution, and the search that tells whether one differs from the right answer."""
