"""The bank: for each exercise a reference, points, known mistakes and alternative solutions."""
