"""Everything that a grading process imports, once, for the process from which all of them are forked.

Importing this is the whole of its work: one thread, no autograd (torch refuses it in the child of a process that has
used it), and no garbage collector that would touch, and so copy, what the children share.
"""

from __future__ import annotations

import gc
import importlib
import os

from grader.sandbox.bubblewrap import ONE_THREAD
from gradschool.core.exercise import CHAPTERS

os.environ.update(ONE_THREAD)  # before numpy is imported: its threads would be there already
gc.disable()  # nothing of an import is garbage, and looking for some takes a third of the time
importlib.import_module("grader.execution.grade_notebook")
for part in CHAPTERS:
    importlib.import_module("grader.bank.registry").entries(part)
torch = importlib.import_module("torch")
torch.set_num_threads(1)
importlib.import_module("grader.execution.module_copies").use(torch)
gc.freeze()
gc.enable()
