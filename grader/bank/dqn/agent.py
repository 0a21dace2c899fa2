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


@agent.mutant(
    "no-terminal-mask",
    "Terminated rows bootstrap: their label holds gamma max Q of a state after the end of the episode. Which "
    "factor is 0 there?",
    "b7",
)
def update_without_mask(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "truncated-as-terminal",
    "Rows that the time limit cut off do not bootstrap. The clock is no end of the task: mask with `terminated` alone.",
    "b9",
)
def update_masks_the_clock(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        done = torch.maximum(batch.terminated, batch.truncated)
        y = batch.reward + gamma * (1 - done) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "mask-on-reward",
    "Terminated rows learn Q = 0: the mask takes their reward away too. Only what comes after the end is masked.",
    "b10",
)
def update_masks_the_reward(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = (1 - batch.terminated) * (batch.reward + gamma * target_q(batch.next_obs).max(dim=1).values)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "mask-inverted",
    "Only terminated rows bootstrap, all others learn their reward alone: the mask is the wrong way round.",
)
def update_inverts_the_mask(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * batch.terminated * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "no-bootstrap",
    "The label is the reward alone: what the next state is worth is missing.",
)
def update_without_bootstrap(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "bootstrap-subtracted",
    "The next state's value is subtracted from the reward. What is still to come is added.",
)
def update_subtracts_the_bootstrap(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward - gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "gamma-missing",
    "The next state's value is not discounted: gamma is handed over and not used.",
)
def update_without_gamma(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "reward-missing",
    "The label holds no reward: Q - gamma max Q alone explains the step.",
)
def update_without_reward(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "online-in-target",
    "The label is made of q itself, though no gradient runs through it; target_q makes no difference. Two "
    "networks: which one is asked about s'?",
    "b6",
)
def update_asks_the_online_net(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "through-online-target",
    "The label is made of q, and a gradient runs through it: outputs of s' move. Ask target_q, and block the "
    "gradient where the label is made.",
    "b3",
)
def update_through_its_label(q, target_q, optimizer, batch, gamma, copy_target):
    y = batch.reward + gamma * (1 - batch.terminated) * q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "double-swapped",
    "Double DQN the wrong way round: target_q chooses the action and q gives its value. The online network chooses.",
    "b17",
)
def update_double_swapped(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        best = target_q(batch.next_obs).argmax(dim=1, keepdim=True)
        y = batch.reward + gamma * (1 - batch.terminated) * q(batch.next_obs).gather(1, best).squeeze(1)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "action-of-the-replay",
    "The label takes target_q(s') at the action that was taken in s. In s' the largest output counts.",
)
def update_at_the_old_action(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).gather(
            1, batch.action[:, None]
        ).squeeze(1)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "smallest",
    "The label takes the smallest output of target_q(s'). What would the greedy agent do there?",
)
def update_takes_the_smallest(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).min(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "mean-over-actions",
    "The label takes the mean of target_q's outputs. Q-learning takes the largest.",
)
def update_takes_the_mean(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).mean(dim=1)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "index-as-value",
    "The number of the best action stands in the label, and not its value: max gives both, and argmax the number "
    "alone.",
    "b4",
)
def update_takes_the_index(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).indices
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "label-at-s",
    "The label bootstraps from s, where it should look at s'.",
    "b5",
)
def update_looks_at_s(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "one-max-for-all",
    "Every row bootstraps from one number, the largest output of the whole batch: max() without dim=1.",
)
def update_with_one_max(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max()
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "broadcast",
    "Each Q(s, a) is pulled to the mean of all labels: a column (B, 1) met a row (B,), and torch made (B, B) of "
    "them without an error. squeeze(1), and compare the shapes.",
    "b11",
)
def update_broadcasts(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None])
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "untaken-to-zero",
    "Outputs of actions that were not taken are pulled to 0. No evidence, no error.",
    "b1",
)
def update_pulls_untaken_to_zero(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    labels = torch.zeros_like(q(batch.obs)).scatter(1, batch.action[:, None], y[:, None])
    loss = (q(batch.obs) - labels).square().sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "untaken-to-target",
    "Outputs of actions that were not taken are pulled to target_q's predictions. Let them stand at q's own "
    "outputs, where their error is 0.",
)
def update_pulls_untaken_to_the_target(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    labels = target_q(batch.obs).detach().scatter(1, batch.action[:, None], y[:, None])
    loss = (q(batch.obs) - labels).square().sum(dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "best-instead-of-taken",
    "The output of the best action learns, whichever action was taken. The reward was earned by `batch.action`.",
)
def update_trains_the_best(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).max(dim=1).values
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "ascent",
    "Q(s, a) moves away from its label: the loss is climbed. Optimizers descend.",
    "b14",
)
def update_ascends(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = -(taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "clipped-inside",
    "Rows with an error beyond 1 have no gradient: the error is clipped inside the square, where its slope is 0. "
    "Huber's loss keeps a slope of 1 there.",
    "b18",
)
def update_clips_inside(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).clamp(-1, 1).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "gradient-clipped",
    "The step has the right direction, and a length that depends on the batch, as after clip_grad_norm_. Here the"
    " loss's own gradient is asked for.",
)
def update_clips_the_norm(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(q.parameters(), 0.01)
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "not-zeroed",
    "The second call applies the first one's gradient once more: gradients add up in `.grad`. Where is it cleared?",
    "a18",
)
def update_never_zeroes(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "nothing-moves",
    "No weight of q moves: no step is taken, or the gradient is cleared between backward() and step(), or never "
    "arrives.",
)
def update_zeroes_before_the_step(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "not-a-gradient",
    "q has moved, but not by -lr times a gradient at its outputs, so that no formula can be read from it. Clipped"
    " or scaled gradients, weight decay, a step or an optimizer of your own do that: let `optimizer` take the "
    "step that backward() left.",
)
def update_clips_by_value(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(q.parameters(), 0.01)
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "never-copied",
    "target_q stays as it was, also where `copy_target` is true. `target_q = q` would only give another object "
    "that name.",
)
def update_never_copies(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q = q


@agent.mutant(
    "always-copied",
    "target_q becomes q in every call, whatever `copy_target` says.",
)
def update_always_copies(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    target_q.load_state_dict(q.state_dict())


@agent.mutant(
    "copied-before-the-step",
    "target_q gets q's weights of before the step. Copy when the step is done.",
)
def update_copies_too_early(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    if copy_target:
        target_q.load_state_dict(q.state_dict())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@agent.mutant(
    "shared-memory",
    "Copying makes both networks share their memory: in the next call target_q moves with q, and its weights are "
    "q's. Copy the numbers, not the tensors.",
)
def update_shares_memory(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        for old, new in zip(target_q.parameters(), q.parameters(), strict=True):
            old.data = new.data


@agent.mutant(
    "wrong-way-copied",
    "q is overwritten with the weights of target_q, so that all it learned is lost: the copy goes the other way.",
)
def update_copies_the_wrong_way(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        q.load_state_dict(target_q.state_dict())


@agent.mutant(
    "half-copied",
    "Of target_q only the weights are copied, and the biases stay.",
)
def update_copies_weights_alone(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        for old, new in zip(target_q, q, strict=True):
            if isinstance(old, torch.nn.Linear):
                old.weight.data.copy_(new.weight.data)


@agent.mutant(
    "averaged-instead-of-copied",
    "target_q moves a small part of the way to q. That is DDPG's soft update; here `copy_target` asks for a copy.",
)
def update_averages(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        with torch.no_grad():
            for old, new in zip(target_q.parameters(), q.parameters(), strict=True):
                old.lerp_(new, 0.01)


@agent.alternative_solution
def update_with_half_the_sum(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = 0.5 * (taken - y).square().sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_with_huber(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = torch.nn.functional.smooth_l1_loss(taken, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_with_wide_huber(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = torch.nn.functional.huber_loss(taken, y, reduction="sum", delta=0.5)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_double(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        best = q(batch.next_obs).argmax(dim=1, keepdim=True)
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).gather(1, best).squeeze(1)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_without_detach(q, target_q, optimizer, batch, gamma, copy_target):
    y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).amax(dim=1)
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = torch.nn.functional.mse_loss(taken, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


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
def update_on_all_outputs(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
    outputs = q(batch.obs)
    labels = outputs.detach().clone()
    labels[torch.arange(len(y)), batch.action] = y
    loss = torch.nn.functional.mse_loss(outputs, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
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


@agent.alternative_solution
def update_live_rows_only(q, target_q, optimizer, batch, gamma, copy_target):
    y, live = batch.reward.clone(), batch.terminated == 0
    with torch.no_grad():
        if live.any():
            y[live] += gamma * target_q(batch.next_obs[live]).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())


@agent.alternative_solution
def update_with_flags_in_float32(q, target_q, optimizer, batch, gamma, copy_target):
    with torch.no_grad():
        keep = gamma * (~batch.terminated.bool()).float()
        y = batch.reward + keep * target_q(batch.next_obs).max(dim=1).values
    taken = q(batch.obs).gather(1, batch.action[:, None]).squeeze(1)
    loss = (taken - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if copy_target:
        target_q.load_state_dict(q.state_dict())
