"""A script that asks for a GPU by name, on a machine without one: what it puts there stays where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from gradexaminer.recording.wrapping import replace_in

LACKING = ("Torch not compiled with CUDA", "Found no NVIDIA driver", "No CUDA GPUs are available")
KINDS = ("FloatTensor", "DoubleTensor", "LongTensor", "IntTensor", "ByteTensor", "BoolTensor")
STAYS = (torch.Tensor.cuda, torch.Tensor.pin_memory)


def lacks_a_gpu(error: str) -> bool:
    """Whether PyTorch says in this error that there is no GPU."""
    return any(words in error for words in LACKING)


class _OnCpu(TorchFunctionMode):
    """Functions of PyTorch's, with the CPU in place of a GPU among their arguments."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in STAYS:
            return args[0]
        given = {name: _here(x) for name, x in (kwargs or {}).items()}
        return func(*map(_here, args), **given)


def _here(x: Any) -> Any:
    name = str(x) if isinstance(x, str | torch.device) else ""
    return "cpu" if name == "cuda" or name.startswith("cuda:") else x


@contextmanager
def on_cpu() -> Iterator[None]:
    """Run what is written for a GPU without one."""
    with ExitStack() as stack:
        for kind in KINDS:
            replace_in(stack, torch.cuda, kind, getattr(torch, kind))
        stack.enter_context(_OnCpu())
        yield
