"""The instructor's half of Grad School: builds, judges, grades. Run from the checkout as ``python -m grader``."""
