"""From what was recorded to what is wrong."""
