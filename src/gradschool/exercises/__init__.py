"""The public halves of the exercises, one module a chapter (each lists its ``EXERCISES`` in the lesson's order)."""
