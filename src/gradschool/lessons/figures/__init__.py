"""The pictures of the lessons: gradient flow, computation graphs, curves."""
