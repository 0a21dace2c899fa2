"""Is the file on the disk what the student last ran? By the log of the checks, and by what a kernel has run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from gradschool.check.check_log import events
from gradschool.core.exercise import in_chapter
from gradschool.student.hand_in.lesson_file import LessonFile, defined

SLACK = 2.0  # seconds between a check and a saved file that mean nothing


def checked_since(file: LessonFile) -> str:
    """Say that one of the chapter's checks ran after the file was last saved; "" if none did."""
    saved = file.path.stat().st_mtime
    own = {e.id for e in in_chapter(file.part)}
    later = [e for e in events() if e.exercise in own and e.at > saved + SLACK]
    if not later:
        return ""
    last = later[-1]
    return (
        f"{file.path.name} was saved at {clock(saved)}, and {last.exercise} was checked at {clock(last.at)}: the file "
        "is older than what you ran. Save the notebook (Ctrl+S, on a Mac Cmd+S), then hand in again. (--anyway packs "
        "the file as it is.)"
    )


def clock(at: float) -> str:
    """Return a time of the clock, with the date if it is not today's."""
    then, now = time.localtime(at), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)


def not_as_run(file: LessonFile, ran: Sequence[str]) -> list[str]:
    """Return the functions of the chapter whose text in the file is not the one that the kernel ran last.

    Parameters
    ----------
    file
        The notebook as it stands on the disk.
    ran
        The texts of all cells that the kernel has run, in order.
    """
    in_file, in_kernel = _last_texts([c.source for c in file.cells if c.kind == "code"]), _last_texts(ran)
    wanted = [e.function for e in in_chapter(file.part)]
    return [name for name in wanted if name in in_kernel and in_kernel[name] != in_file.get(name)]


def _last_texts(sources: Sequence[str]) -> Mapping[str, str]:
    """Return for each function the text of the last cell that defines it, without white space at line ends."""
    return {name: "\n".join(s.strip().split()) for s in sources for name in defined(s)}
