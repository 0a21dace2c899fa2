"""The check of a student's function: its assessment, the card that shows it, and the log of the checks."""
