"""Where each finding lies on the gradient's way: which ways it changes, and in which boxes it lies."""

from __future__ import annotations

from dataclasses import dataclass, field

from gradexaminer.pictures.flow import ACTOR, CRITIC, CUT, FLOW, IDLE, LEAK, RIGHT, UNSEEN, Flow, make_flow

Way = tuple[str, str]


@dataclass(frozen=True)
class Mark:
    """What a finding changes in the picture of a right update."""

    which: str
    nodes: frozenset[str] = frozenset()
    ways: dict[Way, str] = field(default_factory=dict)


def _in(which: str, *nodes: str) -> Mark:
    return Mark(which, frozenset(nodes))


def _cut(which: str, way: Way) -> Mark:
    """Nothing arrives behind the cut."""
    ways, behind = {way: CUT}, [way[1]]
    while behind:
        start = behind.pop()
        for (a, b), kind in RIGHT[which].items():
            if a == start and kind == FLOW:
                ways[a, b] = IDLE
                behind.append(b)
    return Mark(which, ways=ways)


def _ways(which: str, kind: str, *ways: Way) -> Mark:
    return Mark(which, ways=dict.fromkeys(ways, kind))


_LABEL, _LOSS, _OUTPUT = _in(CRITIC, "label"), _in(CRITIC, "loss"), _in(CRITIC, "prediction")
_NO_LOSS = _cut(CRITIC, ("loss", "prediction"))
_NO_STEP = _cut(CRITIC, ("online", "optimizer"))
_NO_COPY = _ways(CRITIC, IDLE, ("online", "target"))
_ONE_MEMORY = _ways(CRITIC, LEAK, ("online", "target"))
_NO_ACTOR = _cut(ACTOR, ("action", "actor"))
_ACTION, _ACTORS_LOSS = _in(ACTOR, "action"), _in(ACTOR, "loss")

MARKS: dict[str, Mark] = {
    **dict.fromkeys(
        (
            *(
                "broadcast",
                "several-labels",
                "reward-averaged",
                "bootstrap-averaged",
                "td-online",
                "double-swapped",
                "minimum",
            ),
            *("mean-over-actions", "replayed-action", "index-as-value", "fixed-output", "wrong-state", "argmax-of-s"),
            "state-overwritten",
            "states-swapped",
            *(
                "max-of-twins",
                "batch-max",
                "one-bootstrap",
                "mask-missing",
                "mask-inverted",
                "mask-on-reward",
                "mask-truncated",
            ),
            *("no-bootstrap", "bootstrap-sign", "gamma-missing", "gamma-other", "gamma-varies", "reward-sign"),
            "label-scaled",
            "n-step-discount",
            *("reward-missing", "entropy-sign", "target-action-online", "target-action-state"),
            *("target-action-replayed", "target-action-constant", "target-action-parameters"),
            *("entropy-averaged", "entropy-unmasked", "bootstrap-standardized"),
            *("reward-discounted", "reward-rounded", "states-rounded", "rows-misaligned", "mask-averaged"),
            *("policy-left-out", "policy-of-s", "target-action-units", "target-action-clamped"),
            "target-noise-biased",
            *("target-noise-shared", "twins-summed"),
            "target-action-not-seen",
            *("log-prob-uncorrected", "log-prob-missing", "log-prob-correction", "log-prob-other-action"),
            *("log-prob-density", "target-action-reshaped", "state-value-replayed", "states-changed"),
        ),
        _LABEL,
    ),
    **dict.fromkeys(("ascent", "error-averaged", "unexplained", "rows-weighted", "few-rows", "low-precision"), _LOSS),
    **dict.fromkeys(
        (
            *("critic-other-action", "actions-rounded", "critic-width", "output-bounded", "advantage-averaged"),
            "softmax-over-batch",
        ),
        _OUTPUT,
    ),
    "clip-inside": _LOSS,
    "weights-averaged": _LOSS,
    "critic-one-row": _LOSS,
    "error-not-squared": _LOSS,
    "gradient-one-sided": _in(CRITIC, "optimizer"),
    "clip-without-effect": _in(CRITIC, "optimizer"),
    "polyak-weights": _in(CRITIC, "target"),
    "actor-other-state": _ACTION,
    **dict.fromkeys(("actor-one-row", "actor-max-of-twins"), _ACTORS_LOSS),
    "label-entropy-missing": _LABEL,
    "untaken": _ways(CRITIC, LEAK, ("loss", "others"), ("others", "online")),
    "wrong-column": Mark(CRITIC, ways={**_NO_LOSS.ways, ("loss", "others"): LEAK, ("others", "online"): LEAK}),
    "bootstrap-gradient": _ways(CRITIC, LEAK, ("loss", "label"), ("label", "online")),
    "label-trained": _ways(CRITIC, LEAK, ("loss", "label"), ("label", "online")),
    "target-not-detached": _ways(CRITIC, LEAK, ("loss", "label"), ("label", "target")),
    "no-target": _LABEL,
    "detached": _NO_LOSS,
    "gradient-zero": _NO_LOSS,
    "in-place": _NO_LOSS,
    "no-step": _NO_STEP,
    "online-still": _NO_STEP,
    "zeroed-before-step": _NO_STEP,
    "optimizer-elsewhere": _NO_STEP,
    "twin-untrained": _NO_STEP,
    "critic-untrained": _NO_LOSS,
    "partly-trained": _in(CRITIC, "online"),
    "grads-not-zeroed": _in(CRITIC, "optimizer"),
    "target-trained": _ways(CRITIC, LEAK, ("target", "optimizer")),
    "alias": _ONE_MEMORY,
    "shared-storage": _ONE_MEMORY,
    "target-never": _NO_COPY,
    "one-target-never": _NO_COPY,
    "partly-updated": _in(CRITIC, "target"),
    "polyak-swapped": _in(CRITIC, "target"),
    "polyak-whole": _in(CRITIC, "target"),
    "target-copied": _in(CRITIC, "target"),
    "target-of-twin": _in(CRITIC, "target"),
    "polyak-uneven": _in(CRITIC, "target"),
    "polyak-crossed": _in(CRITIC, "target"),
    "unexplained-target": _in(CRITIC, "target"),
    "target-unasked": _in(CRITIC, "target"),
    "online-overwritten": _ways(CRITIC, LEAK, ("target", "online")),
    "mask-not-seen": _in(CRITIC, "label"),
    "rows-left-out": _in(CRITIC, "loss"),
    "ends-left-out": _in(CRITIC, "loss"),
    "critic-without-action": _in(CRITIC, "online"),
    "target-not-seen": _ways(CRITIC, UNSEEN, ("online", "target")),
    "critic-not-seen": _ways(CRITIC, UNSEEN, *RIGHT[CRITIC]),
    "actor-gradient-left": _ways(ACTOR, LEAK, ("critic", "critic's optimizer")),
    "critic-gradient-left": _in(ACTOR, "actor's optimizer"),
    "critic-moved-by-actor": _ways(ACTOR, LEAK, ("critic", "actor's optimizer")),
    "actor-detached": _NO_ACTOR,
    "actor-policy-left-out": _NO_ACTOR,
    "actor-replayed": _NO_ACTOR,
    "actor-still": _NO_ACTOR,
    **dict.fromkeys(("actor-slope-replayed", "actor-not-q", "actor-noise", "action-units"), _ACTION),
    **dict.fromkeys(
        (
            *("actor-sign", "actor-mean-over-actions", "actor-penalty", "actor-entropy-sign", "actor-entropy-missing"),
            *("temperature-sign", "temperature-target", "temperature-unweighted", "temperature-unreachable"),
            *("temperature-averaged", "actor-entropy-weight", "temperature-target-missing", "temperature-still"),
            *("temperature-unused", "temperature-log"),
            "temperature-not-examined",
        ),
        _ACTORS_LOSS,
    ),
    "actor-target-critic": _in(ACTOR, "critic"),
    "actor-next-state": _in(ACTOR, "actor"),
    "actor-not-seen": _ways(ACTOR, UNSEEN, *RIGHT[ACTOR]),
    "policy-not-examined": _ways(ACTOR, UNSEEN, *RIGHT[ACTOR]),
}


def picture_of(code: str, *, discrete: bool = True) -> Flow | None:
    """Return the picture of a finding; None for one that lies nowhere on the gradient's way, such as a crash."""
    mark = MARKS.get(code)
    return make_flow(mark.which, mark.ways, mark.nodes, discrete=discrete) if mark else None
