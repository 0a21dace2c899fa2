"""The measured figures: results as JSON files, written by the commands that measure, and charts drawn from them.

    python -m bench.figures [NAME ...]

Each file in ``bench/results`` says which command wrote it, when, at which commit and on which machine. README's chart
and the charts of the site are drawn from these files alone.
"""
