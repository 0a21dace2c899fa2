"""The private half of chapter 2: one entry a file, in a file of its exercise's name."""
