"""Environments, networks and training loops that run on the student's own functions."""
