"""Reference, known mistakes and alternative solutions of ``dqn.torch_loss``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def gathered_loss(W, W_target, state, action, reward, next_state, terminated, gamma):
    """1/2 mean (Q(s, a) - y)^2, with y made where no gradient is recorded."""
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    taken = W[state].gather(1, action[:, None]).squeeze(1)
    return 0.5 * (taken - y).square().mean()


torch_loss = entry("dqn.torch_loss", points=5, reference=gathered_loss)


@torch_loss.mutant(
    "target-gets-a-gradient",
    "W's gradient is right, but a gradient also arrives at W_target: the target is a label. Block the "
    "gradient where the target is computed.",
    "b3",
)
def target_gets_gradient(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "online-in-target",
    "The target is computed from W, though no gradient runs through it, and W_target makes no difference. "
    "Which of the two networks should be asked about s'?",
    "b6",
)
def online_in_target(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "through-online-target",
    "The target is computed from W, and a gradient runs through it: rows of s' move by -gamma times the "
    "error. The target should be a constant.",
    "b3",
)
def through_online_target(W, W_target, state, action, reward, next_state, terminated, gamma):
    y = reward + gamma * (1 - terminated) * W[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "broadcast",
    "Every Q(s, a) is pulled to the mean of all targets: the loss is the mean over all B x B pairs of an "
    "output and a target. This happens, for example, where a column (B, 1) from gather meets a row (B,), "
    "and torch gives no error. Use squeeze(1), and compare the shapes.",
    "b11",
)
def torch_broadcast(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]) - y).square().mean()


@torch_loss.mutant(
    "over-A",
    "1/A of the loss and of the gradient, as a mean over all outputs gives, of which only one carries an error.",
    "b2",
)
def torch_over_a(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
        targets = W[state].clone()
        targets[torch.arange(len(state)), action] = y
    return 0.5 * (W[state] - targets).square().mean()


@torch_loss.mutant(
    "untaken-to-zero",
    "Untaken outputs are pulled to 0 as well. No evidence, no error.",
    "b1",
)
def torch_untaken(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
        targets = torch.zeros_like(W[state])
        targets[torch.arange(len(state)), action] = y
    return 0.5 * (W[state] - targets).square().sum(dim=1).mean()


@torch_loss.mutant(
    "no-terminal-mask",
    "Terminated rows bootstrap: gamma max Q is added after the end of the episode.",
    "b7",
)
def torch_no_mask(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * W_target[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "frozen-for-good",
    "After the call W_target no longer requires a gradient, for example because of requires_grad_(False): "
    "the function changes its argument. no_grad or detach block the path and leave the network alone.",
)
def frozen_for_good(W, W_target, state, action, reward, next_state, terminated, gamma):
    W_target.requires_grad_(False)
    y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "lost-half", "Twice the loss and twice the gradient: the stated loss has a 1/2, mse_loss has none.", "a8"
)
def torch_lost_half(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    return torch.nn.functional.mse_loss(W[state].gather(1, action[:, None]).squeeze(1), y)


@torch_loss.mutant(
    "huber",
    "Errors beyond 1 have a slope of 1 whatever their size, as in smooth_l1_loss and huber_loss. The stated loss is the "
    "square of every error, small or large.",
)
def torch_huber(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    error = W[state, action] - y
    return torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5).mean()


@torch_loss.mutant(
    "sum",
    "B times too large, as the sum over the batch is. The stated loss is the mean.",
    "a9",
)
def torch_sum(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().sum()


@torch_loss.mutant(
    "target-copied",
    "The loss and its gradient are right, but W_target is W afterwards: your function also copies the "
    "network. The training loop decides when to copy; here W_target only provides targets.",
)
def torch_copies_target(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
        W_target.copy_(W)
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "reward-overwritten",
    "The loss and its gradient are right, but `reward` has changed: it contains the targets now. The next "
    "epoch over this batch would add to them; make y a new tensor.",
)
def torch_overwrites_reward(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward.add_(gamma * (1 - terminated) * W_target[next_state].max(dim=1).values)
    return 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()


@torch_loss.mutant(
    "steps-at-once",
    "The loss and its gradient are right, but W has changed during the call. The loss is only built here; "
    "the step comes later.",
)
def torch_steps_at_once(W, W_target, state, action, reward, next_state, terminated, gamma):
    with torch.no_grad():
        y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    loss = 0.5 * (W[state].gather(1, action[:, None]).squeeze(1) - y).square().mean()
    (gradient,) = torch.autograd.grad(loss, W, retain_graph=True)
    W.data -= 1e-3 * gradient
    return loss


@torch_loss.alternative_solution
def torch_frozen_meanwhile(W, W_target, state, action, reward, next_state, terminated, gamma):
    W_target.requires_grad_(False)
    y = reward + gamma * (1 - terminated) * W_target[next_state].max(dim=1).values
    W_target.requires_grad_(True)
    return 0.5 * (W[state, action] - y).square().mean()


@torch_loss.alternative_solution
def torch_detached(W, W_target, state, action, reward, next_state, terminated, gamma):
    best = W_target.detach()[next_state].amax(dim=1)
    y = torch.where(terminated.bool(), reward, reward + gamma * best)
    return 0.5 * torch.nn.functional.mse_loss(W[state, action], y)


@torch_loss.alternative_solution
def torch_one_hot(W, W_target, state, action, reward, next_state, terminated, gamma):
    S, A = W.shape
    x, taken = (torch.nn.functional.one_hot(i, n).to(W.dtype) for i, n in ((state, S), (action, A)))
    y = (reward + gamma * (1 - terminated) * W_target[next_state].max(1)[0]).detach()
    return ((((x @ W) * taken).sum(dim=1) - y) ** 2).mean() / 2
