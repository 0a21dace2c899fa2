"""What serves a student at a terminal: progress, and the state of the installation."""
