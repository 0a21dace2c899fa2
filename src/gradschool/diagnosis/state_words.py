"""Words for what a call must leave as it was: the parts of an answer that say how things are after it."""

from __future__ import annotations

import re

# The label of such a part (as a regular expression), and what is said where it differs from what it should be.
SENTENCES: tuple[tuple[str, str], ...] = (
    (r"(actor|critic|net)_weights", "The weights of the {0} are not what they were before the call."),
    (r"(W|W_target|X|G)_after", "`{0}` is not what it was before the call: it was changed in place."),
    (r"batch_after\.(\w+)", "The batch's `{0}` is not what it was before the call: it was changed in place."),
    (r"(actor|critic)_buffers", "The buffers of the {0} are not what they were before the call."),
    (r"(actor|critic|net)_training", "The {0} is not in the mode (train or eval) that it was in before the call."),
    (
        r"(actor|critic|net)_requires_grad",
        "The `requires_grad` flags of the {0}'s parameters are not what they were before the call.",
    ),
    (
        r"(requires_grad_after)",
        "The `requires_grad` flags of `W` and `W_target` are not what they were before the call.",
    ),
    (
        r"(batch|inputs)_require[s]?_grad",
        "The `requires_grad` flags of the {0} are not what they were before the call.",
    ),
    (r"(critic)_gradient", "There is a gradient in the `.grad` of the {0}'s parameters: none may arrive there."),
    (r"(actor)_grad_field", "The `.grad` of the {0}'s parameters is not what it was before the call."),
    (r"(grad_W_target)", "A gradient arrives at `W_target`: the target is a label, and no gradient may reach it."),
    (r"(at_source_of_G)", "A gradient arrives at the tensor that `G` was computed from: `G` is a constant here."),
    (
        r"(called_again)",
        "Called a second time, it returns something else than the first time: what did the first call leave behind, "
        "in `.grad` for example?",
    ),
    (r"optimiser_settings\.(\w+)", "The optimizer's setting `{0}` is not what it was before the call."),
    (r"optimiser_state\.(\w+)", "The optimizer's state `{0}` is not what two steps on the right gradient leave."),
)


def state_sentence(label: str) -> str:
    """Return what is said of a part that must be left alone and is not; "" for any other part.

    >>> state_sentence("critic_weights")
    'The weights of the critic are not what they were before the call.'
    """
    for pattern, words in SENTENCES:
        found = re.fullmatch(pattern, label)
        if found:
            return words.format(found[1])
    return ""
