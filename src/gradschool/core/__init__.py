"""The base of the check engine: plain data, numerics, exercises, calls, the comparison, reports, the protocol."""
