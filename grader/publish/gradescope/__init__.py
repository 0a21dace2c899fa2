"""Gradescope: a zip that is an autograder there, and what it runs for each submission."""
