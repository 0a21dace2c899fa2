"""Agents with a planted fault, for a student to diagnose: one module a chapter."""
