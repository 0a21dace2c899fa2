"""Review in a terminal: old questions again, with other numbers, after growing numbers of days."""
