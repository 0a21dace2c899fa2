"""Verification of the grader itself, and of any one answer: known mistakes, mutants, luck, agreement and claims."""
