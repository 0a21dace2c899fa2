"""The diagnosis of a wrong answer: patterns in its numbers, relations to its inputs, and what changed inputs show."""
