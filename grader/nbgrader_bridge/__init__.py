"""What nbgrader's own commands and pages use of this grader."""
