"""What the fork server does once, before the first kernel: imports, the shell, and memory that is cheap to fork.

Like :mod:`grader.execution.fork_server`, this file lies inside the sandbox, where nothing of ``grader`` is in sight.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grader.execution import module_copies
    from grader.execution.walls import COLLAPSE, LARGE, LIBC
else:
    import module_copies
    from walls import COLLAPSE, LARGE, LIBC  # inside the sandbox, beside this file

PRELOADED = (
    "gradschool",  # what an environment may lack begins: the server then ends at once, and why is told
    "numpy",
    "matplotlib.pyplot",
    "gymnasium",
    "torch",
    "sqlite3",  # from here on: what the lessons' first cells import
    "pydoc",
    "tracemalloc",
    "gradschool.exercises.chain",
    "gradschool.exercises.dqn",
    "gradschool.exercises.ddpg",
    "gradschool.exercises.lab",
    "gradschool.exercises.next",
    "gradschool.student.hand_in.button",
    "gradschool.student.progress",
    "gradschool.student.setup_cell",
)
WITH_MODULES = ("gradschool.lessons", "gradschool.rl")
NEVER = ("gradschool.lessons.live_figures.widget",)  # imports what a graded notebook never shows


def preload() -> object:
    """Import everything that kernels need, and return their shell; one thread must be left, or no child is whole.

    No garbage is looked for: nothing of an import is any, and looking takes a third of the time.
    """
    gc.disable()
    runner = importlib.import_module("cell_runner")
    del sys.path[0]  # the folder of this script
    for name in PRELOADED:
        importlib.import_module(name)
    for name in WITH_MODULES:
        import_all(name)
    module_copies.use(sys.modules["torch"])
    warm_up(sys.modules["torch"])
    shell: object = runner.make_shell()
    _freeze()
    return shell


def _freeze() -> None:
    """Keep what was imported from the children's garbage collectors, which would look at it and so copy it."""
    if (threads := len(os.listdir("/proc/self/task"))) != 1:
        raise RuntimeError(f"the imports left {threads} threads")
    gc.freeze()
    gc.enable()


def import_all(package: str) -> None:
    """Import a package's modules, but for those that need what may be lacking."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}.", onerror=lambda _: None):
        if module.name not in NEVER:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)


def warm_up(torch: Any) -> None:
    """Let torch do what it does at the first call of a network, without autograd's backward pass."""
    torch.set_num_threads(1)
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    torch.nn.functional.mse_loss(net(torch.ones(4, 2)), torch.zeros(4, 1))


def warm_up_optimizers() -> None:
    """Let torch do what it does at an optimizer's first step: it imports ``torch._dynamo``, for a second.

    It does so once, before the first kernel of a chapter with optimizers, or when a class is large: of many students
    some step one anywhere. A run of a few notebooks of another chapter is spared that second.
    """
    if "torch._dynamo" in sys.modules:
        return
    gc.disable()
    torch = sys.modules["torch"]
    optimizer = torch.optim.Adam(torch.nn.Linear(2, 1).parameters())
    optimizer.zero_grad()
    optimizer.step()
    _freeze()


def gather_memory() -> None:
    """Put what was imported into pages of 2 MB: a fork then copies hundreds of entries, not tens of thousands.

    It takes half a second, which a class saves and a few notebooks do not. Linux before 6.1 cannot, and forks more
    slowly.
    """
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        place, rights, _, _, _, *name = line.split()
        start, end = (int(edge, 16) for edge in place.split("-"))
        start, end = -(-start // LARGE) * LARGE, end // LARGE * LARGE
        if rights == "rw-p" and name in ([], ["[heap]"]) and start < end:
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), COLLAPSE)
