"""A program that grades a class with stand-ins for kernels, for tests that kill it."""

# Grading a class for real, but for the kernel: what a killed run can lose lies between the worker's answer and the
# files on the disk. A "kernel" that takes 30 ms and answers from the notebook's text makes thirty kills a minute.
QUICK = """
import os, sys, time
sys.path.insert(0, {root!r})
os.environ["GRADSCHOOL_NO_FORK"] = "1"  # no fork server: there will be no kernel
from grader.execution import canary, notebook_run
from grader.bank.registry import entries
from gradschool.core.report import Report

def run(self):
    time.sleep(0.03)
    share = self.notebook.cells[0].source.count("x") / 10
    for e in self.bank.values():
        found = Report(e.exercise.id, e.exercise.title, share, (), "values", "hint", points=e.points)
        self.reports[e.exercise.id] = found
    return self.reports

notebook_run.NotebookRun.run = run
canary.problem = lambda *_: ""  # there is no kernel to try
from grader.cli.main import main
if __name__ == "__main__":
    main()
"""
