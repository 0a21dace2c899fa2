"""The one line of a lesson that looks at a student's function: assessment, and the card that shows it."""
