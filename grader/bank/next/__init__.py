"""The private half of chapter 5: one entry a file, in a file of its exercise's name."""
