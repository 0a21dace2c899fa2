"""From a wrong answer to a sentence: patterns, then what a changed input shows."""
