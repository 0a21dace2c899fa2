"""Notebooks as documents: a chapter's source, a student's file, and the one overwritten with the other."""
