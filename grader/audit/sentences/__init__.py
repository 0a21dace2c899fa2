"""The sentences that reports say, tested on fresh inputs by code that is no part of the diagnosis."""
