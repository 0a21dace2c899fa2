"""What kind of agent it is, by what was measured of it and not by its name: DDPG, TD3, SAC or NAF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradexaminer.recording.observe import actor_steps

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView
    from gradexaminer.findings import Report
    from gradexaminer.recording.observe import Observed

SMOOTHING, DELAY = "target policy smoothing", "delayed policy updates"


def say_kind(seen: Observed, views: list[CriticView], report: Report) -> None:
    """Say the kind of an agent of continuous actions, and in how many updates its actor learned.

    SAC is what has an entropy term, TD3 what takes the smaller of two critics and smooths or delays (Haarnoja et al.
    2018; Fujimoto et al. 2018); what takes the smaller one and does neither is DDPG with clipped double Q-learning.
    """
    labels = [view.agreed[0][0] for view in views if view.agreed]
    said = {x.candidate.convention for x in labels if x.candidate is not None} - {""}
    learned, updates = actor_steps(seen.updates), len(seen.updates)
    if 0 < learned < updates:
        report.convention(f"{DELAY}: the actor learned in {learned} of {updates} updates")
    if not labels or not (learned or "NAF" in report.conventions):
        for text in sorted(said):
            report.convention(text)
    elif "NAF" not in report.conventions:
        report.convention(_named(said, report, has_entropy=any(x.entropy_of for x in labels)))


def _named(said: set[str], report: Report, *, has_entropy: bool) -> str:
    clipped = "clipped double Q" in said
    seen = [name for name in (SMOOTHING, DELAY) if any(text.startswith(name) for text in report.conventions)]
    more = sorted(said - {"clipped double Q", "state value"})
    parts = ["clipped double Q"] * clipped + seen + more
    if has_entropy or any("log pi" in text for text in report.conventions):
        name = "SAC with a state value" if "state value" in said else "SAC"
    elif clipped and seen:
        name, parts = "TD3", parts + [f"no {name} seen" for name in (SMOOTHING, DELAY) if name not in seen]
    else:
        name = "DDPG"
    return f"{name} ({', '.join(parts)})" if parts else name
