"""What an examination found: conventions, findings in three strengths, and what was not seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from gradexaminer.conventions import in_lines
from gradexaminer.page import as_fragment, as_page
from gradexaminer.pictures.flow import as_lines
from gradexaminer.pictures.marks import picture_of
from gradexaminer.words import MEANINGS

FAULT, SUSPICION, NOTE, NOT_SEEN = "fault", "suspicion", "note", "not seen"
ORDER = (FAULT, SUSPICION, NOT_SEEN, NOTE)
NOTHING = "Nothing to object to: every role was seen, and its gradient is what the formula says."
LEGEND = "(==> carries gradient, ~~> leaks, -x- is cut)"

# One fault shows in several ways. Where the left one was found, the right ones follow from it and are not said.
EXPLAINS: dict[str, frozenset[str]] = {
    "broadcast": frozenset({"unexplained", "reward-averaged", "gamma-other", "td-online", "no-bootstrap"}),
    "alias": frozenset(
        {
            "no-target",
            "online-overwritten",
            "target-action-online",
            "td-online",
            "bootstrap-gradient",
            "target-never",
            "target-not-detached",
            "shared-storage",
            "target-trained",
            "target-not-seen",
        }
    ),
    "shared-storage": frozenset(
        {"online-overwritten", "no-target", "td-online", "target-never", "polyak-swapped", "target-trained"}
    ),
    "error-not-squared": frozenset({"actor-replayed"}),
    "detached": frozenset({"no-step", "actor-not-seen", "critic-not-seen", "clip-without-effect"}),
    "target-trained": frozenset(
        {"no-target", "td-online", "bootstrap-gradient", "target-not-detached", "partly-updated", "unexplained-target"}
    ),
    "bootstrap-gradient": frozenset({"unexplained"}),
    "softmax-over-batch": frozenset(
        {"bootstrap-averaged", "broadcast", "reward-averaged", "unexplained", "critic-not-seen"}
    ),
    "states-changed": frozenset({"unexplained", "critic-not-seen", "actor-not-seen", "target-action-not-seen"}),
    "states-rounded": frozenset({"unexplained", "critic-not-seen", "actor-not-seen", "target-action-not-seen"}),
    "label-trained": frozenset(
        {
            "actor-not-seen",
            "bootstrap-gradient",
            "clip-without-effect",
            "critic-not-seen",
            "critic-untrained",
            "target-not-detached",
            "unexplained",
        }
    ),
    "target-action-parameters": frozenset({"log-prob-other-action"}),
    "actor-detached": frozenset({"actor-not-seen", "critic-moved-by-actor", "unexplained", "actor-still"}),
    "actor-replayed": frozenset({"actor-not-seen", "unexplained", "actor-still"}),
    "actor-slope-replayed": frozenset({"unexplained"}),
    "critic-moved-by-actor": frozenset({"actor-gradient-left"}),
    "actor-entropy-weight": frozenset({"temperature-unused"}),
    "temperature-log": frozenset({"entropy-sign", "actor-entropy-sign", "actor-entropy-weight"}),
    "grads-not-zeroed": frozenset({"actor-gradient-left"}),
    "untaken": frozenset({"unexplained"}),
    "rows-misaligned": frozenset({"mask-missing", "target-action-state"}),
    "wrong-column": frozenset({"unexplained", "untaken"}),
    "critic-other-action": frozenset({"unexplained"}),
    "zeroed-before-step": frozenset({"no-step", "online-still", "twin-untrained", "clip-without-effect"}),
    "optimizer-elsewhere": frozenset(
        {"critic-moved-by-actor", "twin-untrained", "no-step", "online-still", "clip-without-effect"}
    ),
    "no-step": frozenset({"twin-untrained", "online-still", "clip-without-effect"}),
    "critic-untrained": frozenset({"twin-untrained", "critic-not-seen", "clip-without-effect"}),
    "online-overwritten": frozenset({"target-not-seen", "target-never", "polyak-swapped", "unexplained-target"}),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    level : str
        `fault` (numerically certain), `suspicion`, `note` (harmless), or `not seen`.
    code : str
        A short name that programs can compare, such as `bootstrap-gradient`.
    where : str
        The network or optimizer that it concerns.
    evidence : str
        The number or the experiment behind it.
    """

    level: str
    code: str
    where: str = ""
    evidence: str = ""

    @property
    def meaning(self) -> str:
        """What it is, in a sentence."""
        return MEANINGS[self.code].sentence

    @property
    def lesson(self) -> str:
        """Where the course explains it."""
        section = MEANINGS[self.code].lesson
        return section.words if section else ""

    @property
    def lesson_page(self) -> str:
        """The same as an address on the course's website, from the site's top."""
        section = MEANINGS[self.code].lesson
        return section.page if section else ""

    @property
    def sentence(self) -> str:
        """Level, place, meaning and evidence as one line of text."""
        where = f" ({self.where})" if self.where else ""
        evidence = f" Seen: {self.evidence}." if self.evidence else ""
        return f"{self.meaning}{where}.{evidence}"

    def as_dict(self) -> dict[str, str]:
        """Plain data."""
        return {
            "level": self.level,
            "code": self.code,
            "where": self.where,
            "meaning": self.meaning,
            "evidence": self.evidence,
            "lesson": self.lesson,
            "lesson_page": self.lesson_page,
        }


@dataclass
class Report:
    """Everything that an examination can say.

    Attributes
    ----------
    conventions : list of str
        What the agent does, in the field's words: kind, label, loss, target.
    findings : list of Finding
        Faults first. Empty only if every role was seen and nothing is wrong with it.
    updates : int
        How many updates were recorded.
    milliseconds : float
    sandboxed : bool, optional
        Whether the code ran in a sandbox; None where it ran in the caller's own process.
    discrete : bool
        Whether actions are discrete, so that a critic has outputs of other actions.
    """

    conventions: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    updates: int = 0
    milliseconds: float = 0.0
    sandboxed: bool | None = None
    discrete: bool = True

    def add(self, level: str, code: str, where: str = "", evidence: str = "") -> None:
        """Add a finding, once for each code and place."""
        if not any(f.code == code and f.where == where for f in self.findings):
            self.findings.append(Finding(level, code, where, evidence))

    def convention(self, text: str) -> None:
        """Add a convention, once."""
        if text and text not in self.conventions:
            self.conventions.append(text)

    def settle(self) -> Report:
        """Leave out what follows from another finding, say once what several networks share, the strongest first."""
        codes = {f.code for f in self.findings if f.level == FAULT}
        follows = {code for cause in codes for code in EXPLAINS.get(cause, ())}
        kept = _said_once([f for f in self.findings if f.code not in follows])
        self.findings = sorted(kept, key=lambda f: ORDER.index(f.level))
        return self

    def of(self, level: str) -> list[Finding]:
        """Findings of one level."""
        return [f for f in self.findings if f.level == level]

    @property
    def codes(self) -> set[str]:
        """Codes of faults and suspicions."""
        return {f.code for f in self.findings if f.level in {FAULT, SUSPICION}}

    @property
    def verdict(self) -> str:
        """The strongest level there is; `nothing to object to` where there are only notes, or nothing."""
        levels = {f.level for f in self.findings}
        return next((level for level in (FAULT, SUSPICION, NOT_SEEN) if level in levels), "nothing to object to")

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for `--json`."""
        return {
            "verdict": self.verdict,
            "conventions": self.conventions,
            "findings": [f.as_dict() for f in self.findings],
            "updates": self.updates,
            "milliseconds": round(self.milliseconds, 1),
            "sandboxed": self.sandboxed,
            "discrete": self.discrete,
        }

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> Report:
        """The report whose :meth:`as_dict` this is."""
        findings = [Finding(f["level"], f["code"], f["where"], f["evidence"]) for f in said["findings"]]
        numbers = said["updates"], said["milliseconds"], said["sandboxed"], said["discrete"]
        return cls(said["conventions"], findings, *numbers)

    @property
    def summary(self) -> list[str]:
        """The conventions, a line each."""
        return in_lines(self.conventions)

    def as_text(self, *, lessons: bool = False) -> str:
        """A line for each convention, then one for each finding.

        With `lessons`, the gradient's way where it is cut or leaks, and the course's section that explains the finding.
        """
        lines = self.summary
        drawn = False
        for f in self.findings:
            lines.append(f"[{f.level}] {f.code}: {f.sentence}")
            if lessons:
                ways = self._ways(f)
                lines += [f"    gradient: {way}" for way in ways]
                lines += [f"    Explained in {f.lesson}."] if f.lesson else []
                drawn = drawn or bool(ways)
        if all(f.level == NOTE for f in self.findings):
            lines.append(NOTHING)
        return "\n".join([*lines, LEGEND] if drawn else lines)

    def _ways(self, finding: Finding) -> list[str]:
        picture = picture_of(finding.code, discrete=self.discrete)
        return as_lines(picture) if picture else []

    def as_html(self, *, lessons: str = "") -> str:
        """Return the report as a page of its own: words, pictures, and links to the course's sections.

        Parameters
        ----------
        lessons : str
            Address of the course's website, from which the links lead on. Without it sections are named, not linked.
        """
        return as_page({**self.as_dict(), "summary": self.summary, "nothing": NOTHING}, lessons)

    def _repr_html_(self) -> str:
        return as_fragment({**self.as_dict(), "summary": self.summary, "nothing": NOTHING})

    def __str__(self) -> str:
        return self.as_text()


def _said_once(findings: list[Finding]) -> list[Finding]:
    """Findings of several networks that are one and the same thing, as twin critics share one label."""
    merged: dict[tuple[str, str], Finding] = {}
    for f in findings:
        before = merged.setdefault((f.level, f.code), f)
        known = before.where.split(", ")
        places = [p for p in f.where.split(", ") if p not in known]
        if not places:
            continue
        told = f"; {', '.join(places)}: {f.evidence}" if f.evidence not in {"", before.evidence} else ""
        where, evidence = ", ".join([*known, *places]), before.evidence + told
        merged[f.level, f.code] = replace(before, where=where, evidence=evidence)
    return list(merged.values())
