"""Whole scripts watched in a made-up environment, and a stranger's file in a process of its own."""
