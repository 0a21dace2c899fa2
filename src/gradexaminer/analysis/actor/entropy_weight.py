"""Whether log pi has the same factor in the actor's loss as in the critics' label: one temperature, in both places.

The label is r + gamma (Q - alpha log pi), and the actor's loss alpha log pi - Q (Haarnoja et al. 2018,
arXiv 1812.05905, eqs. 3 and 7). With two factors, the critic values another entropy than the one that the actor seeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.findings import FAULT, NOTE, Report

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView

FEWEST = 3  # updates in which both are known
KNOWN = ("entropy-", "actor-entropy-", "twins-summed")  # findings that change a factor of log pi, or what is read of it
APART = 1.25  # a temperature that is learned moves by less between two losses of one update
SAME = 0.03  # relative difference from the number of entries
LEAST = 1e-6  # of a factor: what is smaller is no entropy term
VISIBLE = 0.01  # of the actor's gradient, that an entropy term with the label's factor would be
NONE = 0.02  # of the label's factor: less is none


@dataclass(frozen=True)
class Weight:
    """Log pi's factor in a discrete actor's loss, 0 where none was seen, and the share of a factor of 1."""

    alpha: float
    shown: float


def examine_entropy_weight(views: list[CriticView], given: dict[int, float], size: int, report: Report) -> None:
    """Compare the factors update by update; `given` holds the actor's, by the update's number.

    A factor of `size`, the number of an action's entries, may be that of a mean over them where a sum is read.
    """
    labels = of_labels(views)
    pairs = [(labels[n], alpha) for n, alpha in given.items() if alpha > LEAST and labels.get(n, 0.0) > LEAST]
    if len(pairs) < FEWEST or any(f.code.startswith(KNOWN) for f in report.findings):
        return
    ratios = np.array([actor / label for label, actor in pairs])
    averaged = any(np.abs(ratios / x - 1).max() < SAME for x in (size, 1 / size))
    if not averaged and ((ratios > APART).all() or (ratios < 1 / APART).all()):
        label, actor = np.median(pairs, axis=0)
        told = f"log pi's factor is {actor:.3g} in the actor's loss and {label:.3g} in the label"
        report.add(FAULT, "actor-entropy-weight", "", told)


def say_label_without(given: dict[int, float], report: Report) -> None:
    """Say so where the actor's loss has an entropy term, and neither a label nor a state value has one."""
    labels = [text for text in report.conventions if text.startswith(("label of ", "state value "))]
    soft = [alpha for alpha in given.values() if alpha > LEAST]
    known = any("log pi" in text for text in labels) or any("entropy" in f.code for f in report.findings)
    if len(soft) >= FEWEST and labels and not known:
        told = f"log pi's factor in the actor's loss is {np.median(soft):.3g}"
        report.add(NOTE, "label-entropy-missing", "", told)


def say_actor_without(views: list[CriticView], given: dict[int, Weight], report: Report) -> None:
    """Name a discrete actor's loss without the entropy that the label has; `given` is by the update's number."""
    labels = of_labels(views)
    known = [(labels[n], w) for n, w in given.items() if n in labels and labels[n] * w.shown > VISIBLE]
    if len(known) >= FEWEST and all(abs(w.alpha) < NONE * label for label, w in known):
        told = f"log pi's factor is {np.median([label for label, _ in known]):.3g} in the label"
        report.add(FAULT, "actor-entropy-missing", "", f"{told}, and d loss / d logits holds Q alone")


def of_labels(views: list[CriticView]) -> dict[int, float]:
    """The factor in the critics' labels, by the update's number, where every row has an entropy of its own."""
    found: dict[int, list[float]] = {}
    for view in views:
        if not view.agreed or len(view.labels) != len(view.rows):
            continue
        first = view.agreed[0][0]
        if not first.entropy_of or first.steps > 1 or first.mixed:
            continue
        for labels, (update, _, _) in zip(view.labels, view.rows, strict=True):
            found.setdefault(update.number, []).extend(
                x.entropy / x.gamma for x in labels if x.key == first.key and x.certain and x.gamma
            )
    return {number: float(np.median(x)) for number, x in found.items() if x}
