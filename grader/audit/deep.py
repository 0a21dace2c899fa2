"""The deep audit: thousands of mutants of right solutions through the judge and through `check`.

Each mutant that differs from the right answer on some legal input should fail, by both, with the same marks and name
whatever the seed, and with a sentence that holds. What does not is listed.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from grader.audit.mutation.differential import TooLong, find_difference, legal_inputs, seconds_of_cpu, shown
from grader.audit.mutation.mutants import Solution, known_mistakes, mutants
from grader.audit.pool import prepare, run_all
from grader.audit.sampling import Log, sample
from grader.audit.sentences.claims import false_claims
from grader.bank.entry import Entry
from grader.bank.registry import find_entry
from grader.children import Child, Limits
from grader.judging.examine import examine
from gradschool.check.api import check_here
from gradschool.core import protocol
from gradschool.core.calling import call_once, call_twice
from gradschool.core.report import Report

# Mistakes that say that numbers are wrong, or which, and nothing of how.
VAGUE = ("values", "parts-right")
CHUNK = 60  # mutants of one exercise that one process does
ROUND = 12  # the same of a sample, whose exercises come round in turn
SILENCE = 120.0  # seconds after which a process that says nothing is ended
ALIVE: dict[str, Any] = {}  # what it says after each seed
BY_JUDGE = 60.0  # seconds of CPU for what the judge asks one mutant with one seed, and for all that follows
FIRST_SEED = 1_000


@dataclass(frozen=True)
class Options:
    """How deep the audit goes.

    ``search`` seeds make the legal inputs of the differential search, with ``changes`` changed forms of each case
    (None: all). ``luck`` fresh seeds judge each mutant, and ``known_luck`` each known mistake of the bank. ``most``
    mutants of an exercise are taken, evenly spaced (None: all). ``sample`` mutants are taken altogether, of every
    exercise and of every operator (None: all). ``claims`` fresh inputs test each sentence.
    """

    search: int = 2
    changes: int | None = None
    luck: int = 3
    known_luck: int = 100
    claims: int = 20
    most: int | None = None
    sample: int | None = None

    @property
    def of_one_mutant(self) -> str:
        """What one mutant's findings depend on; which other mutants are examined is no part of it."""
        return repr(replace(self, most=None, sample=None))


@dataclass
class DeepAudit:
    """The figures of a deep audit; its lists name what is wrong and are empty in a healthy grader.

    ``mutants`` counts those that differ from the right answer, ``equivalent`` those for which the search found no
    difference; ``vague`` is the share of failed mutants that are told no more than where the numbers are wrong.
    """

    mutants: int = 0
    equivalent: int = 0
    survivors: list[dict[str, Any]] = field(default_factory=list)
    false_sentences: list[dict[str, Any]] = field(default_factory=list)
    vague: float = 0.0
    unlucky: list[dict[str, Any]] = field(default_factory=list)
    disagree: list[dict[str, Any]] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        """Whether every list is empty."""
        return not (self.survivors or self.false_sentences or self.unlucky or self.disagree)


@dataclass(frozen=True)
class Chunk:
    """Some of the mutants of one exercise, by their numbers."""

    exercise: str
    numbers: tuple[int, ...]
    options: Options


def deep_audit(
    exercise_ids: Sequence[str],
    options: Options,
    jobs: int,
    told: Callable[[str], None] | None = None,
    log: Path | None = None,
) -> DeepAudit:
    """Run the deep audit of these exercises, and return its figures.

    ``told`` hears of each mutant's exercise. What is found is appended to ``log``, and what stands there already is
    not examined again.
    """
    result, failed, vague = DeepAudit(), 0, 0
    for found in findings(exercise_ids, options, jobs, log):
        if told:
            told(found["exercise"])
        result.mutants += found["differs"]
        result.equivalent += found["status"] == "equivalent"
        for name in ("survivors", "false_sentences", "unlucky", "disagree"):
            if found.get(name):
                about = {key: found[key] for key in ("exercise", "mutant", "source", "what", "input", "arguments")}
                getattr(result, name).append({**about, "why": found[name]})
        failed += found["status"] == "failed"
        vague += bool(found.get("vague"))
    result.vague = round(vague / max(failed, 1), 4)
    return result


def findings(
    exercise_ids: Sequence[str], options: Options, jobs: int, log: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what was found of each mutant, in an order that is always the same; first what the log holds."""
    written, chunks = Log(log, options.of_one_mutant), []
    for exercise_id, chosen in _chosen(exercise_ids, options).items():
        every, left = _all_mutants(exercise_id), []
        for number in chosen:
            known = written.found(every[number])
            if known is None:
                left.append(number)
            else:
                yield known
        size = ROUND if options.sample else CHUNK
        chunks += [(k, Chunk(exercise_id, tuple(left[k : k + size]), options)) for k in range(0, len(left), size)]
    if options.sample:
        chunks.sort(key=lambda pair: pair[0])  # a run that is cut short has met every exercise
    ordered = [chunk for _, chunk in chunks]
    for chunk, some in zip(ordered, run_all(_chunk, ordered, jobs, lambda chunk: []), strict=True):
        for number, found in zip(chunk.numbers, some, strict=False):
            written.add(_all_mutants(chunk.exercise)[number], found)
            yield found


def _chosen(exercise_ids: Sequence[str], options: Options) -> dict[str, Sequence[int]]:
    """Return the numbers of the mutants of each exercise that are to be examined."""
    chosen: dict[str, Sequence[int]] = {}
    for exercise_id in exercise_ids:
        prepare(exercise_id)
        every = range(len(_all_mutants(exercise_id)))
        chosen[exercise_id] = every[:: max(1, -(-len(every) // options.most))] if options.most else every
    if options.sample is None:
        return chosen
    some = {name: [_all_mutants(name)[n] for n in numbers] for name, numbers in chosen.items()}
    return {name: [chosen[name][k] for k in places] for name, places in sample(some, options.sample).items()}


@cache
def _all_mutants(exercise_id: str) -> tuple[Solution, ...]:
    entry = find_entry(exercise_id)
    return (*known_mistakes(entry), *mutants(entry))


def _chunk(chunk: Chunk) -> list[dict[str, Any]]:
    """Examine a chunk in children of this process: whichever mutant ends its child, the next begins another."""
    legal_inputs(chunk.exercise, chunk.options.search, chunk.options.changes)  # shared by all children
    found: list[dict[str, Any]] = []
    while len(found) < len(chunk.numbers):
        left = chunk.numbers[len(found) :]

        def work(connection: socket.socket, left: tuple[int, ...] = left) -> None:
            entry = find_entry(chunk.exercise)
            for number in left:
                mutant, alive = _all_mutants(chunk.exercise)[number], partial(protocol.send, connection, ALIVE)
                protocol.send(connection, _sendable(examine_mutant(entry, mutant, chunk.options, alive)))

        with tempfile.TemporaryDirectory(prefix="audit-", ignore_cleanup_errors=True) as folder:
            seeds = max(chunk.options.luck, chunk.options.known_luck)
            limits = Limits(60.0 + (2 + seeds) * BY_JUDGE * len(left), 2**31)
            with Child(work, limits, folder) as child:
                found += _received(child, len(left))
        if len(found) < len(chunk.numbers):
            found.append(_lost(_all_mutants(chunk.exercise)[chunk.numbers[len(found)]], "ends or stops its process"))
    return found


def _received(child: Child, most: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    child.connection.settimeout(SILENCE)
    try:
        while len(found) < most:
            message = protocol.receive(child.connection)
            assert isinstance(message, dict)
            if message != ALIVE:
                found.append({str(key): value for key, value in message.items()})
    except (OSError, protocol.ProtocolError):
        pass
    return found


def _sendable(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if value is not None}


def _lost(mutant: Solution, what: str) -> dict[str, Any]:
    """Return the finding of a mutant that loops or crashes: it fails, and no sentence is about its numbers."""
    return {**_about(mutant), "status": "stopped", "differs": True, "what": what}


def _about(mutant: Solution) -> dict[str, Any]:
    return {
        "exercise": mutant.exercise,
        "mutant": f"{mutant.origin}, {mutant.operator}",
        "source": mutant.source,
        "input": "",
        "arguments": "",
    }


def examine_mutant(
    entry: Entry, mutant: Solution, options: Options, alive: Callable[[], Any] = lambda: None
) -> dict[str, Any]:
    """Return what is found of one mutant: whether it differs, and if so what judge and `check` make of it.

    `alive` is called after each seed: a hundred of them may take minutes.
    """
    try:
        difference = find_difference(entry, mutant, options.search, options.changes)
        if not difference.runs:  # it raises wherever it is called: no mistake that anybody hands in
            return {**_about(mutant), "status": "never runs", "differs": False, "what": difference.what}
        if difference.case is None:
            return {**_about(mutant), "status": "equivalent", "differs": False, "what": ""}
        reports = list(_reports(entry, mutant, options, alive))
        with seconds_of_cpu(BY_JUDGE):
            found = _judged(entry, mutant, reports, options.claims)
    except TooLong:
        return _lost(mutant, "loops")
    where = {"what": difference.what, "input": difference.case.name}
    if "survivors" in found:
        where["arguments"] = repr(shown(dict(difference.case.args)))[:20_000]
    return {**_about(mutant), "differs": True, **where, **found}


def _reports(entry: Entry, mutant: Solution, options: Options, alive: Callable[[], Any]) -> Iterator[Report]:
    """The judge's reports, a seed each."""
    seeds = options.known_luck if mutant.origin == "known mistake" else options.luck
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        with seconds_of_cpu(BY_JUDGE):
            report = by_judge(entry, mutant, seed)
        alive()
        yield report


def _judged(entry: Entry, mutant: Solution, reports: Sequence[Report], claims: int) -> dict[str, Any]:
    """Return what judge and `check` say of a mutant that differs, and what is wrong with it."""
    report, checked = reports[0], check_here(entry.exercise, mutant.fresh())
    found: dict[str, Any] = {"status": "survived" if report.passed else "failed"}
    if report.passed:
        found["survivors"] = f"the judge passes it, though it {'passes' if checked.passed else 'fails'} at home"
    if report.passed != checked.passed:
        found["disagree"] = f"the judge: {_verdict(report)}; check: {_verdict(checked)}"
    if len({(r.fraction, r.mistake) for r in reports}) > 1:
        found["unlucky"] = "; ".join(sorted({_verdict(r) for r in reports}))
    if not report.passed:
        found["vague"] = report.mistake in VAGUE
        false = false_claims(entry, mutant, (report, checked), claims)
        found |= {"false_sentences": false} if false else {}
    return found


def by_judge(entry: Entry, mutant: Solution, seed: int) -> Report:
    """Examine a mutant in this process, asked as a student's kernel is."""
    answer = mutant.fresh()
    twice, once = (partial(call, entry.read_once, answer) for call in (call_twice, call_once))
    return examine(entry, twice, seed, once)


def _verdict(report: Report) -> str:
    return f"{report.fraction:.2f} {report.mistake or 'passed'}"
