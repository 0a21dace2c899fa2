"""One sentence for each thing that can be found, and the section of the course that explains it."""

from __future__ import annotations

import re
from dataclasses import dataclass

PAGES = {
    1: "course/01-loss-as-chain-rule/loss_as_chain_rule.html",
    2: "course/02-dqn-on-taxi/dqn_on_taxi.html",
    3: "course/03-ddpg-on-pendulum/ddpg_on_pendulum.html",
}


@dataclass(frozen=True)
class Section:
    """A section of the course, by its heading without the number.

    >>> Section(2, "Way 1: inject the known gradient").page
    'course/02-dqn-on-taxi/dqn_on_taxi.html#way-1-inject-the-known-gradient'
    """

    chapter: int
    heading: str

    @property
    def words(self) -> str:
        """As it stands in a report."""
        return f'chapter {self.chapter}, "{self.heading}"'

    @property
    def page(self) -> str:
        """Its address on the course's website, from the site's top; Sphinx makes the anchor from the heading."""
        return f"{PAGES[self.chapter]}#{'-'.join(re.findall('[a-z0-9]+', self.heading.lower()))}"


TRAP = Section(1, "A mean over the batch, and a trap")
KEY = Section(1, "Injecting an upstream gradient")
PATHS = Section(1, "Paths add")
HILL = Section(1, "Maximizing through a frozen function")
STEP = Section(1, "Taking the step")
TARGET = Section(2, "Acting, and the TD target")
WAY_2 = Section(2, "Way 2: targets with zero error")
GATHER = Section(2, "Way 3: gather, and let autograd do it")
LABEL = Section(2, "The target is a label")
REMEDIES = Section(2, "Two remedies")
RANGE = Section(3, "The action range")
JUDGE = Section(3, "The critic: TD target, gradient, Polyak")
SLOPE = Section(3, "The action gradient")
ROADS = Section(3, "Five equivalent implementations")
ROAD_3 = Section(3, "Implementation 3: `-action_gradients * actions`")
MOVE = Section(3, "One actor step without touching the critic")
INVERT = Section(3, "Inverting gradients: why the factors are kept apart")
EXPLOIT = Section(3, "The actor exploits the critic's errors")


@dataclass(frozen=True)
class Meaning:
    """What a finding says.

    Attributes
    ----------
    sentence : str
        Without a period; the place and the evidence follow it.
    lesson : Section, optional
        Where the course explains it.
    """

    sentence: str
    lesson: Section | None = None


MEANINGS: dict[str, Meaning] = {
    # Labels.
    "broadcast": Meaning(
        "Every row's gradient is made with the labels of all rows: shapes (B, 1) and (B,) were broadcast to (B, B)",
        TRAP,
    ),
    "several-labels": Meaning(
        "A row's one value is compared with several labels, such as one for each action: their shapes were broadcast",
        TRAP,
    ),
    "error-averaged": Meaning(
        "The errors are averaged over the batch before they are squared: every row gets the same gradient", TRAP
    ),
    "weights-averaged": Meaning(
        "The loss of a whole batch has one weight, another one in each update, as where rows' weights are averaged",
        TRAP,
    ),
    "reward-averaged": Meaning("Each row learns from the mean reward of the batch, not from its own", TRAP),
    "advantage-averaged": Meaning(
        "The network subtracts the mean advantage of the whole batch, so that a row's values depend on the other rows"
    ),
    "softmax-over-batch": Meaning(
        "The network's softmax is taken over the batch instead of over the actions, so that a row's outputs depend on "
        "the other rows"
    ),
    "entropy-averaged": Meaning(
        "Each row's label holds one log pi of the whole batch, such as its mean, not the row's own", TRAP
    ),
    "entropy-unmasked": Meaning(
        "The label subtracts log pi of the next action in terminated rows, too, which have no next action", TARGET
    ),
    "bootstrap-standardized": Meaning(
        "The label standardizes the next states' values over the batch, so that their size is lost", TARGET
    ),
    "bootstrap-averaged": Meaning(
        "Each row bootstraps from an average over the batch, not from its own next state", TRAP
    ),
    "td-online": Meaning("The label bootstraps from the online network, though there is a target network", LABEL),
    "double-swapped": Meaning(
        "Double DQN the wrong way round: the target network chooses the action and the online network gives its value",
        REMEDIES,
    ),
    "minimum": Meaning("The label takes the smallest value of the next state instead of the largest", TARGET),
    "mean-over-actions": Meaning(
        "The label takes the mean over actions instead of the largest value, or of the sum over a policy", TARGET
    ),
    "replayed-action": Meaning("The label takes the value of the next state at the action that was taken in s", TARGET),
    "index-as-value": Meaning("The label uses the index of the best action as if it were its value", TARGET),
    "fixed-output": Meaning("The label takes one and the same output of the network for all rows", TARGET),
    "wrong-state": Meaning("The label bootstraps from the value of s instead of s'", TARGET),
    "state-overwritten": Meaning(
        "What learns as s is s': `state = next_state` comes before the transition is stored or learned, or Q is asked "
        "at s'",
        TARGET,
    ),
    "states-swapped": Meaning(
        "s and s' are exchanged: the prediction is of s', and the label bootstraps from s", TARGET
    ),
    "argmax-of-s": Meaning("The label takes the value of s' at the action that is best in s", REMEDIES),
    "policy-left-out": Meaning(
        "The label sums over all actions without the policy's probabilities, as if each action were certain"
    ),
    "policy-of-s": Meaning("The label weights the values of s' with the policy's probabilities in s"),
    "max-of-twins": Meaning(
        "The label takes the larger of two critics; clipped double Q-learning takes the smaller", EXPLOIT
    ),
    "twins-summed": Meaning(
        "The label adds the values of several critics; clipped double Q-learning takes the smaller", EXPLOIT
    ),
    "one-bootstrap": Meaning("Every row bootstraps one and the same number, not the value of its own next state", TRAP),
    "batch-max": Meaning("The label takes one largest value of the whole batch for every row", TARGET),
    "mask-missing": Meaning("Terminated rows bootstrap: the label lacks the factor 1 - terminated", TARGET),
    "mask-inverted": Meaning("Only terminated rows bootstrap: the mask is the wrong way round", TARGET),
    "mask-on-reward": Meaning("The mask also removes the reward of terminated rows", TARGET),
    "mask-truncated": Meaning("Rows that a time limit cut off are treated as terminated", TARGET),
    "no-bootstrap": Meaning("The label is the reward alone: nothing is bootstrapped", TARGET),
    "bootstrap-sign": Meaning("The bootstrapped value is subtracted from the reward instead of added", TARGET),
    "gamma-missing": Meaning("The bootstrapped value is not discounted, though the agent has a gamma", TARGET),
    "gamma-other": Meaning("The discount in the label is not the agent's gamma", TARGET),
    "label-scaled": Meaning("The whole label has a factor: reward and bootstrapped value alike", TARGET),
    "gamma-varies": Meaning("The factor of the bootstrapped value changes from update to update", TARGET),
    "n-step-discount": Meaning(
        "The rewards and the bootstrapped value of the n-step label are not discounted by powers of one gamma", TARGET
    ),
    "reward-sign": Meaning("The reward enters the label with the wrong sign", TARGET),
    "reward-discounted": Meaning(
        "The reward is discounted, too: gamma belongs to the next state's value alone", TARGET
    ),
    "reward-rounded": Meaning("The rewards are rounded to whole numbers", TARGET),
    "rows-misaligned": Meaning("Parts of different transitions are combined in one row", TARGET),
    "mask-averaged": Meaning(
        "Each row's value is masked by the mean mask of the batch: shapes (B, 1) and (B,) were broadcast", TRAP
    ),
    "error-not-squared": Meaning("The loss is the error itself, neither squared nor Huber's: it has no minimum", TRAP),
    "reward-missing": Meaning("The reward is missing from the label", TARGET),
    "ascent": Meaning("The critic climbs its loss: the gradient has the wrong sign", STEP),
    "clip-inside": Meaning(
        "The error is clipped inside the square: rows with a large error have gradient 0 and never learn", REMEDIES
    ),
    "untaken": Meaning("Outputs of actions that were not taken get a gradient", WAY_2),
    "wrong-column": Meaning("The gradient arrives at outputs that do not belong to the actions taken", GATHER),
    "bootstrap-gradient": Meaning(
        "The label is not detached: a gradient goes through the bootstrapped value into the online network", LABEL
    ),
    "label-trained": Meaning(
        "The prediction is detached and the label is not: Q(s, a) learns nothing, and the value of s' is pulled until "
        "the label equals it",
        LABEL,
    ),
    "target-not-detached": Meaning(
        "The label is not detached, but only the target network's own `.grad` fills, which no step applies", LABEL
    ),
    "critic-other-action": Meaning("The critic is shown other actions than those stored in the batch", JUDGE),
    "states-changed": Meaning(
        "One end of the transitions is changed before networks are asked about it, as by noise, a clamp or a factor",
        TARGET,
    ),
    "states-rounded": Meaning("States become whole numbers before the networks are asked about them", TARGET),
    "actions-rounded": Meaning("Continuous actions become whole numbers before the critic learns from them", JUDGE),
    "critic-width": Meaning("The critic has several outputs for one pair of state and action", JUDGE),
    "output-bounded": Meaning("The critic's outputs are bounded, so that it cannot express every return", TARGET),
    "unexplained": Meaning("The critic's gradient fits none of the formulas that are known here"),
    "low-precision": Meaning(
        "The network's outputs have 16 bits, whose rounding hides the formula: examine it without autocast"
    ),
    "critic-one-row": Meaning("The critic learns from a single row of the batch"),
    "rows-weighted": Meaning("Rows have weights of their own, as with prioritized replay"),
    "few-rows": Meaning(
        "A batch has too few distinct rows, or too little in which they differ, to tell which label was used"
    ),
    "no-target": Meaning("The label comes from the online network itself, not from a target network (a choice)", LABEL),
    # Steps and bookkeeping.
    "detached": Meaning("The loss has no gradient: it was detached, or rebuilt from plain numbers", KEY),
    "question-open": Meaning("A question was left open because of an error in the examiner itself"),
    "crashed": Meaning("The update raised an error, so that it could not be examined to its end"),
    "script-crashed": Meaning("The script raised an error, so that it could not be examined to its end"),
    "in-place": Meaning("The update changes in place what a later backward pass needs"),
    "no-step": Meaning("No optimizer takes a step after the backward pass", STEP),
    "online-still": Meaning("The network gets a gradient but its weights do not change", STEP),
    "zeroed-before-step": Meaning("Gradients are zeroed between the backward pass and the step", STEP),
    "grads-not-zeroed": Meaning(
        "A step applies a gradient again that an earlier step has applied: it was not zeroed in between", PATHS
    ),
    "gradient-zero": Meaning(
        "The loss sends a gradient of exactly 0 to the network, as where label and prediction share their memory", KEY
    ),
    "gradient-one-sided": Meaning(
        "A clamp removes all gradient entries of one sign, so that weights move in one direction only", STEP
    ),
    "clip-without-effect": Meaning(
        "Gradients are clipped that no step applies: before the backward pass, after the step, or of another network",
        STEP,
    ),
    "actor-gradient-left": Meaning(
        "The critic's step also applies what the actor's loss left in the critic's `.grad`", MOVE
    ),
    "critic-gradient-left": Meaning(
        "The actor's step also applies what the critic's loss left in the actor's `.grad`", MOVE
    ),
    "critic-moved-by-actor": Meaning("The actor's loss moves the critic's weights, not the actor's alone", MOVE),
    "optimizer-elsewhere": Meaning(
        "The network gets a gradient, and no optimizer that takes a step holds its parameters", STEP
    ),
    "partly-trained": Meaning("Some of the network's parameters get no gradient or are in no optimizer"),
    "target-trained": Meaning("An optimizer moves the target network", LABEL),
    "alias": Meaning("Online and target network are one object", LABEL),
    "shared-storage": Meaning("Online and target network share their memory: a step moves both", LABEL),
    "target-never": Meaning("The target network did not change while it was watched", JUDGE),
    "one-target-never": Meaning("This target network is never updated, though another one is", JUDGE),
    "partly-updated": Meaning("Only some of the target network's parameters follow the online network", JUDGE),
    "polyak-whole": Meaning(
        "Soft update that takes all of the online weights: the target is a copy after each update", JUDGE
    ),
    "target-copied": Meaning(
        "The target network becomes a copy of the online network in every update, so that it is no slower than that",
        JUDGE,
    ),
    "polyak-swapped": Meaning(
        "Soft update the wrong way round: the target network takes over nearly all of the online weights at once", JUDGE
    ),
    "polyak-weights": Meaning(
        "The soft update is no average: the two networks' weights do not add up to 1, or one is negative",
        JUDGE,
    ),
    "polyak-uneven": Meaning(
        "Parameters of one target network take over different shares of their online weights: some are copied", JUDGE
    ),
    "polyak-crossed": Meaning(
        "The soft update keeps a share of another network's weights, and not of the target's", JUDGE
    ),
    "target-of-twin": Meaning("Two target networks follow one critic, and none follows its twin", JUDGE),
    "online-overwritten": Meaning("The online network is overwritten with the target network's weights", JUDGE),
    "unexplained-target": Meaning("The target network changes, and neither a copy nor a soft update explains how"),
    "target-unasked": Meaning("This target network follows its critic, and no label asks it", JUDGE),
    "twin-untrained": Meaning("One of the twin critics is never trained", EXPLOIT),
    "critic-untrained": Meaning(
        "The critic never learns: no backward pass goes through its values of the stored actions", STEP
    ),
    # Actors.
    "actor-sign": Meaning("The actor descends Q instead of climbing it", HILL),
    "actor-detached": Meaning(
        "The critic's slope does not reach the actor: its action, its probabilities, or Q in its loss was detached",
        MOVE,
    ),
    "actor-replayed": Meaning("The actor's loss uses stored actions, so that no gradient reaches the actor", SLOPE),
    "actor-slope-replayed": Meaning(
        "The actor follows the critic's slope at the stored actions instead of at its own", SLOPE
    ),
    "actor-target-critic": Meaning(
        "The actor follows the target critic, and should follow the online one alone", SLOPE
    ),
    "actor-mean-over-actions": Meaning("The actor's gradient is also divided by the number of action entries", ROAD_3),
    "actor-not-q": Meaning("The actor's gradient does not follow the critic's slope dQ/da", ROADS),
    "actor-other-state": Meaning(
        "The actor's action for one state is judged with the critic's values of another state", SLOPE
    ),
    "actor-one-row": Meaning("The actor learns from a single row of the batch", SLOPE),
    "actor-next-state": Meaning("The actor is trained at the next states of the batch", SLOPE),
    "actor-noise": Meaning("Noise or a clamp lies on the actor's path to the critic", SLOPE),
    "actor-still": Meaning("No gradient reached the actor in any update", ROADS),
    "actor-penalty": Meaning("A further term is added to the actor's loss", INVERT),
    "entropy-sign": Meaning("The entropy term of the label has the wrong sign"),
    "actor-entropy-sign": Meaning("The actor is pushed towards less entropy: log pi has the wrong sign in its loss"),
    "log-prob-uncorrected": Meaning("Log pi lacks the correction for the tanh that bounds the action"),
    "log-prob-missing": Meaning("Log pi is the tanh's correction alone, without the density of the drawn number"),
    "log-prob-correction": Meaning(
        "The correction for the tanh enters log pi with the wrong sign, or at the wrong number"
    ),
    "log-prob-other-action": Meaning("Log pi is evaluated at another action than the one that was drawn"),
    "log-prob-density": Meaning("Log pi is not the logarithm of the density of the action that the critic is shown"),
    "temperature-sign": Meaning(
        "The temperature falls where the policy has too little entropy: its loss has the wrong sign"
    ),
    "temperature-unweighted": Meaning(
        "The temperature learns from the mean of log pi over all actions, not over those that the policy chooses"
    ),
    "temperature-unreachable": Meaning(
        "No policy has the target entropy of the temperature's loss: the temperature moves in one direction only"
    ),
    "temperature-averaged": Meaning(
        "The temperature's loss averages log pi over the action's entries, where the target entropy is that of all"
    ),
    "temperature-target": Meaning("The target entropy enters the temperature's loss with the wrong sign"),
    "temperature-target-missing": Meaning("The temperature's loss leaves the target entropy out"),
    "temperature-still": Meaning(
        "No gradient reaches the number that an optimizer holds, such as a temperature: no step moves it"
    ),
    "temperature-log": Meaning(
        "Log pi's factor is the temperature's logarithm, which is below 0 for every temperature below 1"
    ),
    "temperature-unused": Meaning(
        "A temperature is learned, and log pi has another factor, the same one in every update"
    ),
    "actor-policy-left-out": Meaning(
        "The actor's loss sums over all actions without the policy's probabilities, so that no Q reaches the policy"
    ),
    "actor-entropy-missing": Meaning(
        "The label has an entropy term, and log pi in the actor's loss sends no gradient to the actor"
    ),
    "rows-left-out": Meaning("Some places of every batch have labels and get no gradient"),
    "ends-left-out": Meaning("Terminated rows get no gradient, so that the reward of an end is never learned"),
    "critic-without-action": Meaning("The critic's value does not depend on the action that it is shown"),
    "actor-max-of-twins": Meaning(
        "The actor climbs the larger of two critics, whose value is the more overrated one; SAC takes the smaller",
        EXPLOIT,
    ),
    "label-entropy-missing": Meaning(
        "The actor's loss has an entropy term and the critics' label has none (some programs choose so)"
    ),
    "state-value-replayed": Meaning(
        "The state value learns the critics' values at the stored actions, not at actions of the policy"
    ),
    "actor-entropy-weight": Meaning("Log pi has another factor in the actor's loss than in the critics' label"),
    "target-action-online": Meaning(
        "The target action comes from the online actor, though there is a target actor", JUDGE
    ),
    "target-action-state": Meaning("The target action is chosen at s instead of s'", JUDGE),
    "target-action-constant": Meaning("The target critic is shown one and the same action in every row", JUDGE),
    "target-action-parameters": Meaning(
        "The target critic is shown what the policy network put out, such as a mean, instead of an action made of it",
        JUDGE,
    ),
    "target-action-units": Meaning(
        "The target critic is shown the target actor's action in other units than the critic is shown the actor's",
        RANGE,
    ),
    "target-action-reshaped": Meaning(
        "The label's action is a function of the target actor's output that the actor's loss does not apply"
    ),
    "target-action-clamped": Meaning("The target action is clamped to a part of the actions' range", RANGE),
    "target-noise-biased": Meaning(
        "The noise on the target action is not centered on 0: it moves every target action the same way", JUDGE
    ),
    "target-noise-shared": Meaning(
        "Entries or rows of one batch share one draw of the noise on the target action", JUDGE
    ),
    "target-action-replayed": Meaning(
        "The target critic is shown the stored action instead of one chosen at s'", JUDGE
    ),
    "action-units": Meaning("The critic is shown actions in other units than the stored ones", RANGE),
    # What was not seen.
    "critic-not-seen": Meaning(
        "No critic was recognized: no network that fits the actions was asked about known states before a backward pass"
    ),
    "actor-not-seen": Meaning("The actor's gradient was not seen"),
    "policy-not-examined": Meaning("This network is a policy over discrete actions, whose loss is not examined"),
    "temperature-not-examined": Meaning("How the temperature is learned fits none of the formulas that are known here"),
    "mask-not-seen": Meaning("Whether terminated rows bootstrap was not seen"),
    "target-not-seen": Meaning("How the target network is updated was not seen"),
    "target-action-not-seen": Meaning("Where the target action comes from was not seen"),
    "nothing-learned": Meaning("No backward pass ran in the calls of `update` that were recorded"),
    "script-learned-nothing": Meaning("The script ran no backward pass while it was watched"),
    "out-of-scope": Meaning("Not examined: this is none of DQN, DDPG, TD3, SAC and NAF"),
}
