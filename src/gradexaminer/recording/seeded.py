"""The generators that strangers' code draws from, set anew for an examination and put back after it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Have `random`, `np.random` and `torch` draw the same numbers each time: the same code gets the same report."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002  # what most public agents draw from
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
