"""The instructor's commands, a module for each kind."""
