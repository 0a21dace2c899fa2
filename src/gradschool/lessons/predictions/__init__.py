"""Predictions that are kept: a guess before a measurement, and both side by side after it."""

from gradschool.lessons.predictions.lesson_calls import calibration, predict, reconcile

__all__ = ["calibration", "predict", "reconcile"]
