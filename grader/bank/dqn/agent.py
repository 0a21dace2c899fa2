"""Reference, known mistakes and alternative solutions of ``dqn.agent``: a whole update in torch.

A name here stands for what the weights show. Several texts have one effect from outside: whether the step is missing
or the gradient was cleared before it, no weight has moved.
"""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def whole_update(q, target_q, optimizer, batch, gamma, copy_target):
    """One step on the mean of squared errors, then the copy."""
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


agent = entry("dqn.agent", points=12, reference=whole_update)

TARGET = "target_q(batch.next_obs).max(dim=1).values"
MASK = "(1 - batch.terminated)"
LABEL = f"y = batch.reward + gamma * {MASK} * {TARGET}"
TAKEN = "taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)"
LOSS = "loss = (taken - y).square().mean()"
ZERO = "    optimizer.zero_grad()\n"
BACKWARD = "    loss.backward()\n"
STEP = "    optimizer.step()\n"
COPY = "target_q.load_state_dict(q.state_dict())"
COPIED = f"    if copy_target:\n        {COPY}\n"
LABELED = f"    with torch.no_grad():\n        {LABEL}\n"
FITTED = f"    {TAKEN}\n    {LOSS}\n"

agent.changed(
    "no-terminal-mask",
    "Terminated rows bootstrap: their target contains gamma max Q of a state after the end of the episode. "
    "Which factor should be 0 there?",
    (f" * {MASK}", ""),
    misconception_id="b7",
)
agent.changed(
    "truncated-as-terminal",
    "Rows that the time limit cut off do not bootstrap. The time limit is not part of the MDP: mask with "
    "`terminated` alone.",
    (
        LABEL,
        "done = torch.maximum(batch.terminated, batch.truncated)\n"
        f"        y = batch.reward + gamma * (1 - done) * {TARGET}",
    ),
    misconception_id="b9",
)
agent.changed(
    "mask-on-reward",
    "Terminated rows learn Q = 0: the mask removes their reward too. Only the value of the next state is masked.",
    (LABEL, f"y = {MASK} * (batch.reward + gamma * {TARGET})"),
    misconception_id="b10",
)
agent.changed(
    "mask-inverted",
    "Only terminated rows bootstrap, all others learn their reward alone: the mask is inverted.",
    (MASK, "batch.terminated"),
)
agent.changed(
    "no-bootstrap",
    "The target is the reward alone: the value of the next state is missing.",
    (LABEL, "y = batch.reward"),
)
agent.changed(
    "bootstrap-subtracted",
    "The next state's value is subtracted from the reward. It should be added.",
    ("batch.reward + gamma", "batch.reward - gamma"),
)
agent.changed(
    "gamma-missing",
    "The next state's value is not discounted: the argument gamma is not used.",
    (f"gamma * {MASK}", MASK),
)
agent.changed(
    "reward-missing",
    "The target contains no reward: Q - gamma max Q alone explains the step.",
    ("batch.reward + gamma", "gamma"),
)
agent.changed(
    "online-in-target",
    "The target is computed from q itself, though no gradient runs through it; target_q makes no "
    "difference. Which of the two networks should be asked about s'?",
    (TARGET, "q(batch.next_obs).max(dim=1).values"),
    misconception_id="b6",
)
agent.changed(
    "through-online-target",
    "The target is computed from q, and a gradient runs through it: outputs of s' move. Use target_q, and "
    "block the gradient where the target is computed.",
    (LABELED, f"    {LABEL.replace('target_q', 'q')}\n"),
    misconception_id="b3",
)
agent.changed(
    "double-swapped",
    "Double DQN with the roles swapped: target_q chooses the action and q gives its value. The online "
    "network should choose.",
    (
        LABEL,
        "best = target_q(batch.next_obs).argmax(dim=1, keepdim=True)\n"
        f"        y = batch.reward + gamma * {MASK} * q(batch.next_obs).gather(1, best).squeeze(1)",
    ),
    misconception_id="b17",
)
agent.changed(
    "action-of-the-replay",
    "The target takes target_q(s') at the action that was taken in s. In s' the largest output counts.",
    (
        TARGET,
        "target_q(batch.next_obs).gather(\n            1, batch.action[:, None]\n        ).squeeze(1)",
    ),
)
agent.changed(
    "smallest",
    "The target takes the smallest output of target_q(s'). What would the greedy agent do there?",
    (TARGET, "target_q(batch.next_obs).min(dim=1).values"),
)
agent.changed(
    "mean-over-actions",
    "The target takes the mean of target_q's outputs. Q-learning takes the largest.",
    (TARGET, "target_q(batch.next_obs).mean(dim=1)"),
)
agent.changed(
    "index-as-value",
    "The target contains the index of the best action instead of its value: max returns both, and argmax "
    "the index alone.",
    (TARGET, "target_q(batch.next_obs).max(dim=1).indices"),
    misconception_id="b4",
)
agent.changed(
    "label-at-s",
    "The target bootstraps from s instead of s'.",
    (TARGET, "target_q(batch.obs).max(dim=1).values"),
    misconception_id="b5",
)
agent.changed(
    "one-max-for-all",
    "Every row bootstraps from one number, the largest output of the whole batch: max() without dim=1.",
    (TARGET, "target_q(batch.next_obs).max()"),
)
agent.changed(
    "broadcast",
    "Each Q(s, a) is pulled to the mean of all targets: a column (B, 1) met a row (B,), and torch broadcast"
    " them to (B, B) without an error. Use squeeze(1), and compare the shapes.",
    (TAKEN, "taken = q(batch.obs).gather(1, batch.action[:, None])"),
    misconception_id="b11",
)
agent.changed(
    "untaken-to-zero",
    "Outputs of actions that were not taken are pulled to 0. No evidence, no error.",
    (
        FITTED,
        "    labels = torch.zeros_like(q(batch.obs)).scatter(1, batch.action[:, None], y[:, None])\n"
        "    loss = (q(batch.obs) - labels).square().sum(dim=1).mean()\n",
    ),
    misconception_id="b1",
)
agent.changed(
    "untaken-to-target",
    "Outputs of actions that were not taken are pulled to target_q's predictions. Their targets should be "
    "q's own outputs, so that their error is 0.",
    (
        FITTED,
        "    labels = target_q(batch.obs).detach().scatter(1, batch.action[:, None], y[:, None])\n"
        "    loss = (q(batch.obs) - labels).square().sum(dim=1).mean()\n",
    ),
)
agent.changed(
    "best-instead-of-taken",
    "The output of the best action learns, whichever action was taken. The reward belongs to `batch.action`.",
    (TAKEN, "taken = q(batch.obs).max(dim=1).values"),
)
agent.changed(
    "ascent",
    "Q(s, a) moves away from its target: this step ascends the loss. Optimizers descend.",
    (LOSS, "loss = -(taken - y).square().mean()"),
    misconception_id="b14",
)
agent.changed(
    "clipped-inside",
    "Rows with an error beyond 1 have no gradient: the error is clipped inside the square, where the "
    "derivative is 0. The Huber loss keeps a derivative of 1 there.",
    (LOSS, "loss = (taken - y).clamp(-1, 1).square().mean()"),
    misconception_id="b18",
)
agent.changed(
    "gradient-clipped",
    "The step has the right direction, but a length that depends on the batch, as after clip_grad_norm_. "
    "This exercise asks for the loss's own gradient.",
    (STEP, "    torch.nn.utils.clip_grad_norm_(q.parameters(), 0.01)\n" + STEP),
)
agent.changed(
    "not-zeroed",
    "The second call applies the first call's gradient again: gradients accumulate in `.grad`. Where is it cleared?",
    (ZERO, ""),
    misconception_id="a18",
)
agent.changed(
    "nothing-moves",
    "No weight of q moves: no step is taken, or the gradient is cleared between backward() and step(), or "
    "it never arrives.",
    (BACKWARD, ""),
    (ZERO, BACKWARD + ZERO),
)
agent.changed(
    "not-a-gradient",
    "q has moved, but not by -lr times a gradient at its outputs, so no formula can be read from the step. "
    "Possible causes are clipped or scaled gradients, weight decay, frozen layers, and a step or an optimizer of your own:"
    " let `optimizer` take the step that backward() left.",
    (STEP, "    torch.nn.utils.clip_grad_value_(q.parameters(), 0.01)\n" + STEP),
)
agent.changed(
    "never-copied",
    "target_q is unchanged, even where `copy_target` is true. `target_q = q` only gives another object that name.",
    (COPY, "target_q = q"),
)
agent.changed(
    "always-copied",
    "target_q becomes q in every call, whatever `copy_target` says.",
    (COPIED, f"    {COPY}\n"),
)
agent.changed(
    "copied-before-the-step",
    "target_q gets the weights that q had before the step. Copy after the step.",
    (COPIED, ""),
    (ZERO, COPIED + ZERO),
)
agent.changed(
    "shared-memory",
    "After the copy both networks share their memory: in the next call target_q moves with q. Copy the "
    "numbers, not the tensors.",
    (
        COPY,
        "for old, new in zip(target_q.parameters(), q.parameters(), strict=True):\n            old.data = new.data",
    ),
)
agent.changed(
    "wrong-way-copied",
    "q is overwritten with the weights of target_q, so everything it learned is lost: the copy goes the other way.",
    (COPY, "q.load_state_dict(target_q.state_dict())"),
)
agent.changed(
    "half-copied",
    "Only the weights of target_q are copied, not its biases.",
    (
        COPY,
        "for old, new in zip(target_q, q, strict=True):\n"
        "            if isinstance(old, torch.nn.Linear):\n"
        "                old.weight.data.copy_(new.weight.data)",
    ),
)
agent.changed(
    "averaged-instead-of-copied",
    "target_q moves a small part of the way to q. That is DDPG's soft update; `copy_target` asks for a copy.",
    (
        COPY,
        "with torch.no_grad():\n"
        "            for old, new in zip(target_q.parameters(), q.parameters(), strict=True):\n"
        "                old.lerp_(new, 0.01)",
    ),
)
agent.changed("update_with_half_the_sum", "", (LOSS, "loss = 0.5 * (taken - y).square().sum()"), right=True)
agent.changed("update_with_huber", "", (LOSS, "loss = torch.nn.functional.smooth_l1_loss(taken, y)"), right=True)
agent.changed(
    "update_with_wide_huber",
    "",
    (LOSS, 'loss = torch.nn.functional.huber_loss(taken, y, reduction="sum", delta=0.5)'),
    right=True,
)
agent.changed(
    "update_double",
    "",
    (
        LABEL,
        "best = q(batch.next_obs).argmax(dim=1, keepdim=True)\n"
        f"        y = batch.reward + gamma * {MASK} * target_q(batch.next_obs).gather(1, best).squeeze(1)",
    ),
    right=True,
)
agent.changed(
    "update_without_detach",
    "",
    (LABELED, f"    {LABEL.replace('.max(dim=1).values', '.amax(dim=1)')}\n"),
    (LOSS, "loss = torch.nn.functional.mse_loss(taken, y)"),
    right=True,
)
agent.changed(
    "update_on_all_outputs",
    "",
    (
        FITTED,
        "    outputs = q(batch.obs)\n"
        "    labels = outputs.detach().clone()\n"
        "    labels[torch.arange(len(y)), batch.action] = y\n"
        "    loss = torch.nn.functional.mse_loss(outputs, labels)\n",
    ),
    right=True,
)
agent.changed(
    "update_live_rows_only",
    "",
    (
        "    with torch.no_grad():\n",
        "    y, live = batch.reward.clone(), batch.terminated == 0\n    with torch.no_grad():\n",
    ),
    (LABEL, "if live.any():\n            y[live] += gamma * target_q(batch.next_obs[live]).max(dim=1).values"),
    right=True,
)
agent.changed(
    "update_with_flags_in_float32",
    "",
    (
        LABEL,
        f"keep = gamma * (~batch.terminated.bool()).float()\n        y = batch.reward + keep * {TARGET}",
    ),
    right=True,
)


@agent.alternative_solution
def update_by_one_hot(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        best = target_q(batch.next_obs).max(1)[0]
        y = torch.where(batch.terminated.bool(), batch.reward, batch.reward + gamma * best)
    outputs = q(batch.obs)
    taken = (outputs * torch.nn.functional.one_hot(batch.action, outputs.shape[1])).sum(dim=1)
    loss = (taken - y).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_from_the_known_gradient(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    outputs = q(batch.obs)
    g = torch.zeros_like(outputs)
    rows = torch.arange(len(y))
    g[rows, batch.action] = (outputs[rows, batch.action] - y).detach() / len(y)
    optimizer.zero_grad(set_to_none=False)
    outputs.backward(g)
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_by_autograd_grad(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    for p, g in zip(q.parameters(), torch.autograd.grad(loss, list(q.parameters())), strict=True):
        p.grad = g
    optimizer.step()
    if copy_target:
        with torch.no_grad():
            for old, new in zip(target_q.parameters(), q.parameters(), strict=True):
                old.copy_(new)


@agent.alternative_solution
def update_by_torch_func(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values

    def loss_of(weights):
        outputs = torch.func.functional_call(q, weights, (batch.obs,))
        return (outputs[torch.arange(len(y)), batch.action] - y).square().mean()

    weights = {name: p.detach() for name, p in q.named_parameters()}
    gradients = torch.func.grad(loss_of)(weights)
    for name, p in q.named_parameters():
        p.grad = gradients[name]
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_row_by_row(q, target_q, optimizer, batch, gamma, copy_target):
    optimizer.zero_grad()
    for obs, action, reward, next_obs, end, _ in zip(*batch, strict=True):
        y = reward if end else reward + gamma * target_q(next_obs).max().detach()
        (q(obs)[action] - y).square().div(2 * len(batch.obs)).backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())
