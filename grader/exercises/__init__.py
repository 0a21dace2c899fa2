"""The private halves of the exercises, one module a chapter (each lists its ``ENTRIES`` in the lesson's order)."""
