"""Words for what a call must leave as it was: the parts of an answer that say how things are after it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part

NET = "(actor|critic|critic_1|critic_2|net)"
NAMES = {"critic_1": "first critic", "critic_2": "second critic"}
# The label of such a part (as a regular expression), and what is said where it differs from what it should be.
SENTENCES: tuple[tuple[str, str], ...] = (
    (rf"{NET}_weights", "The weights of the {0} are not what they were before the call."),
    (r"(W|W_target|X|G)_after", "`{0}` is not what it was before the call: it was changed in place."),
    (r"batch_after\.(\w+)", "The batch's `{0}` is not what it was before the call: it was changed in place."),
    (r"(actor|critic)_buffers", "The buffers of the {0} are not what they were before the call."),
    (rf"{NET}_training", "The {0} is not in the mode (train or eval) that it was in before the call."),
    (
        rf"{NET}_requires_grad",
        "The `requires_grad` flags of the {0}'s parameters are not what they were before the call.",
    ),
    (
        r"(requires_grad_after)",
        "The `requires_grad` flags of `W` and `W_target` are not what they were before the call.",
    ),
    (
        r"(batch|inputs|target)_require[s]?_grad",
        "The `requires_grad` flags of the {0} are not what they were before the call.",
    ),
    (r"(critic)_gradient", "There is a gradient in the `.grad` of the {0}'s parameters: none may arrive there."),
    (rf"{NET}_grad_field", "The `.grad` of the {0}'s parameters is not what it was before the call."),
    (r"(grad_W_target)", "A gradient arrives at `W_target`: the target is a label, and no gradient may reach it."),
    (r"target_after\.(\w+)", "`{0}` is not what it was before the call: it was changed in place."),
    (
        r"actor_loss_at_critic_2",
        "The actor's loss has a gradient in the second critic's parameters: the actor follows the first critic alone.",
    ),
    (
        r"critic_loss_at_the_actor",
        "The critics' loss has a gradient in the actor's parameters: it is a loss of the critics alone.",
    ),
    (r"(at_source_of_G)", "A gradient arrives at the tensor that `G` was computed from: `G` is a constant here."),
    (
        r"(called_again)",
        "Called a second time, it returns something else than the first time: what did the first call leave behind, "
        "in `.grad` for example?",
    ),
    (
        r"(beside_old_gradients)",
        "Where the parameters' `.grad` holds something before the call, it returns something else: clear `.grad` "
        "before each way, or use torch.autograd.grad.",
    ),
    (
        r"(acts)",
        "`act` was right in the file and is not any more: where it does not explore, it should return the action "
        "with the largest output of `q_net`.",
    ),
    (
        r"(acts_within_limits)",
        "`act` was right in the file and is not any more: it should return the actor's action with the noise added, "
        "clipped to -2 and 2.",
    ),
    (
        r"(adds_noise)",
        "`act` was right in the file and is not any more: it should add `noise` times a number from a standard normal "
        "distribution, drawn anew in each call and for each motor.",
    ),
    (
        r"(explores)",
        "`act` was right in the file and is not any more: with epsilon 1 it should draw every action at random.",
    ),
    (
        r"(starts_alike)",
        "In the file, every target network starts with the weights of its network, and here it does not: the "
        "constructor should copy them.",
    ),
    (r"optimizer_settings\.(\w+)", "The optimizer's setting `{0}` is not what it was before the call."),
    (r"optimizer_state\.(\w+)", "The optimizer's state `{0}` is not what two steps on the right gradient leave."),
)


def state_sentence(label: str) -> str:
    """Return what is said of a part that must be left alone and is not; "" for any other part.

    >>> state_sentence("critic_weights")
    'The weights of the critic are not what they were before the call.'
    """
    for pattern, words in SENTENCES:
        found = re.fullmatch(pattern, label)
        if found:
            return words.format(*(NAMES.get(name, name) for name in found.groups()))
    return ""


def of_optimizer(label: str, step: str, parts: Sequence[Part]) -> Diagnosis:
    """Say that a step is wrong, and with it what the optimizer keeps; or that the optimizer took no step at all."""
    kept, compared = label.partition(".")[2], f"compared on {len(parts)} inputs"
    if all(p.of_numbers and not p.got.any() for p in parts):
        said = f"`{step}` is wrong, and the optimizer keeps no `{kept}` as after a step: is its `step()` called?"
        return Diagnosis("no-optimizer-step", said, Claim("no-trace", label), compared)
    said = (
        f"`{step}` is wrong, and so is what the optimizer keeps, its `{kept}`: look at the gradient that is there "
        "when it steps, and at how often it steps."
    )
    return Diagnosis(f"state-{label}", said, Claim("state", label), compared)
