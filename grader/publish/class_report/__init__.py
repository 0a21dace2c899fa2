"""The class report: one page for the next lesson."""
