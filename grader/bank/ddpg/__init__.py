"""The private half of chapter 3: one entry a file, in a file of its exercise's name."""
