"""One sentence for each thing that can be found, and the section of the course that explains it."""

from __future__ import annotations

from dataclasses import dataclass

CHAIN, DQN, DDPG = "chapter 1", "chapter 2", "chapter 3"


@dataclass(frozen=True)
class Meaning:
    """What a finding says.

    Attributes
    ----------
    sentence : str
        Without a period; the place and the evidence follow it.
    lesson : str
    """

    sentence: str
    lesson: str = ""


MEANINGS: dict[str, Meaning] = {
    # Labels.
    "broadcast": Meaning(
        "Every row's gradient is made with the labels of all rows: shapes (B, 1) and (B,) were broadcast to (B, B)",
        CHAIN,
    ),
    "reward-averaged": Meaning("Each row learns from the mean reward of the batch, not from its own", CHAIN),
    "bootstrap-averaged": Meaning(
        "Each row bootstraps from an average over the batch, not from its own next state", CHAIN
    ),
    "td-online": Meaning("The label bootstraps from the online network, though there is a target network", DQN),
    "double-swapped": Meaning(
        "Double DQN the wrong way round: the target network chooses the action and the online network gives its value",
        DQN,
    ),
    "minimum": Meaning("The label takes the smallest value of the next state instead of the largest", DQN),
    "mean-over-actions": Meaning("The label takes the mean over actions instead of the largest value", DQN),
    "replayed-action": Meaning("The label takes the value of the next state at the action that was taken in s", DQN),
    "index-as-value": Meaning("The label uses the index of the best action as if it were its value", DQN),
    "fixed-output": Meaning("The label always takes the same output of the network", DQN),
    "wrong-state": Meaning("The label bootstraps from the value of s instead of s'", DQN),
    "argmax-of-s": Meaning("The label takes the value of s' at the action that is best in s", DQN),
    "max-of-twins": Meaning(
        "The label takes the larger of two critics; clipped double Q-learning takes the smaller", DDPG
    ),
    "batch-max": Meaning("The label takes one largest value of the whole batch for every row", DQN),
    "mask-missing": Meaning("Terminated rows bootstrap: the label lacks the factor 1 - terminated", DQN),
    "mask-inverted": Meaning("Only terminated rows bootstrap: the mask is the wrong way round", DQN),
    "mask-on-reward": Meaning("The mask also removes the reward of terminated rows", DQN),
    "mask-truncated": Meaning("Rows that a time limit cut off are treated as terminated", DQN),
    "no-bootstrap": Meaning("The label is the reward alone: nothing is bootstrapped", DQN),
    "bootstrap-sign": Meaning("The bootstrapped value is subtracted from the reward instead of added", DQN),
    "gamma-missing": Meaning("The bootstrapped value is not discounted, though the agent has a gamma", DQN),
    "gamma-other": Meaning("The discount in the label is not the agent's gamma", DQN),
    "gamma-varies": Meaning("The factor of the bootstrapped value changes from update to update", DQN),
    "reward-sign": Meaning("The reward enters the label with the wrong sign", DQN),
    "reward-missing": Meaning("The reward is missing from the label", DQN),
    "ascent": Meaning("The critic's loss is climbed: its gradient has the wrong sign", CHAIN),
    "clip-inside": Meaning(
        "The error is clipped inside the square: rows with a large error have gradient 0 and never learn", DQN
    ),
    "untaken": Meaning("Outputs of actions that were not taken get a gradient", DQN),
    "wrong-column": Meaning("The gradient arrives at outputs that do not belong to the actions taken", DQN),
    "bootstrap-gradient": Meaning(
        "The label is not detached: a gradient goes through the bootstrapped value into the online network", DQN
    ),
    "target-not-detached": Meaning(
        "The label is not detached, but only the target network's own `.grad` fills, which no step applies", DQN
    ),
    "critic-other-action": Meaning("The critic is shown other actions than those stored in the batch", DDPG),
    "critic-width": Meaning("The critic has several outputs for one pair of state and action", DDPG),
    "output-bounded": Meaning("The critic's last layer is bounded, so that it cannot express every return", DQN),
    "unexplained": Meaning("No formula known here explains the critic's gradient"),
    "rows-weighted": Meaning("Rows have weights of their own, as with prioritized replay", DQN),
    "few-rows": Meaning("Too few distinct rows to tell which label was used"),
    "no-target": Meaning("There is no target network; the label comes from the online network (a choice)", DQN),
    # Steps and bookkeeping.
    "detached": Meaning("The loss has no gradient: it was detached, or made anew from numbers", CHAIN),
    "crashed": Meaning("The update raised an error"),
    "in-place": Meaning("The update changes in place what a later backward pass needs", CHAIN),
    "no-step": Meaning("No optimizer takes a step after the backward pass", CHAIN),
    "online-still": Meaning("The network gets a gradient but its weights do not change", CHAIN),
    "zeroed-before-step": Meaning("Gradients are zeroed between the backward pass and the step", CHAIN),
    "grads-not-zeroed": Meaning(
        "Gradients are not zeroed: a step applies again what an earlier step applied already", CHAIN
    ),
    "actor-gradient-left": Meaning(
        "The critic's step also applies the gradient that the actor's loss left in its `.grad`", DDPG
    ),
    "critic-gradient-left": Meaning(
        "The actor's step also applies a gradient that the critic's loss left in its `.grad`", DDPG
    ),
    "critic-moved-by-actor": Meaning("The actor's optimizer moves the critic", DDPG),
    "optimizer-elsewhere": Meaning("The optimizer does not hold the network that gets the gradient", CHAIN),
    "partly-trained": Meaning("Some of the network's parameters get no gradient or are in no optimizer"),
    "target-trained": Meaning("An optimizer moves the target network", DQN),
    "alias": Meaning("Online and target network are one object", DQN),
    "shared-storage": Meaning("Online and target network share their memory: a step moves both", DQN),
    "target-never": Meaning("The target network never changed while it was watched", DQN),
    "one-target-never": Meaning("This target network is never updated, though another one is", DDPG),
    "partly-updated": Meaning("Only some of the target network's parameters follow the online network", DQN),
    "polyak-swapped": Meaning(
        "Soft update the wrong way round: the target takes nearly all of the online weights", DDPG
    ),
    "online-overwritten": Meaning("The online network is overwritten with the target network's weights", DQN),
    "unexplained-target": Meaning("The target network changes in a way that is neither a copy nor a soft update"),
    "twin-untrained": Meaning("One of the twin critics is never trained", DDPG),
    # Actors.
    "actor-sign": Meaning("The actor descends Q instead of climbing it", DDPG),
    "actor-detached": Meaning("The actor's loss does not reach the actor: its action was detached", DDPG),
    "actor-replayed": Meaning("The actor's loss uses stored actions, so that no gradient reaches the actor", DDPG),
    "actor-slope-replayed": Meaning("The actor follows the critic's slope at stored actions instead of its own", DDPG),
    "actor-target-critic": Meaning("The actor follows the target critic instead of the online one", DDPG),
    "actor-mean-over-actions": Meaning("The actor's gradient is also divided by the number of action entries", DDPG),
    "actor-not-q": Meaning("The actor's gradient is not along the critic's slope", DDPG),
    "actor-next-state": Meaning("The actor is trained at the next states of the batch", DDPG),
    "actor-noise": Meaning("Noise or a clamp lies on the actor's path to the critic", DDPG),
    "actor-still": Meaning("No gradient reached the actor in any update", DDPG),
    "actor-penalty": Meaning("A further term is added to the actor's loss", DDPG),
    "entropy-sign": Meaning("The entropy term of the label has the wrong sign", DDPG),
    "actor-entropy-sign": Meaning(
        "The actor is pushed towards less entropy: log pi has the wrong sign in its loss", DDPG
    ),
    "target-action-online": Meaning(
        "The target action comes from the online actor, though there is a target actor", DDPG
    ),
    "target-action-state": Meaning("The target action is chosen at s instead of s'", DDPG),
    "target-action-replayed": Meaning("The target critic is shown the stored action instead of one chosen at s'", DDPG),
    "action-units": Meaning("The critic is shown actions of other units than those that are stored", DDPG),
    # What was not seen.
    "critic-not-seen": Meaning(
        "No critic was recognized: no network was asked about known states before a backward pass"
    ),
    "actor-not-seen": Meaning("The actor's gradient was not seen"),
    "policy-not-examined": Meaning("A policy over discrete actions; its loss is not examined"),
    "target-not-seen": Meaning("How the target network is updated was not seen"),
    "nothing-learned": Meaning("No call of `update` had a backward pass"),
    "out-of-scope": Meaning("Not examined: this is not a DQN, DDPG, TD3 or SAC update"),
}
