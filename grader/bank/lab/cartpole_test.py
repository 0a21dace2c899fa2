"""Reference, known mistakes and alternative solutions of ``lab.cartpole_test``: tests of an agent."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def first_update(agent, batches):
    """Both networks after the first update are what the formula says."""
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    q, target = deepcopy(agent.q_net), deepcopy(agent.target_net)
    with torch.no_grad():
        chosen = q(next_obs).argmax(dim=1, keepdim=True)
        y = reward + agent.gamma * (1 - done) * target(next_obs).gather(1, chosen).squeeze(1)
    loss = 0.5 * (q(obs).gather(1, action[:, None]).squeeze(1) - y).square().mean()
    gradients = torch.autograd.grad(loss, list(q.parameters()))
    agent.learn(batches[0])
    for p, old, g in zip(agent.q_net.parameters(), q.parameters(), gradients, strict=True):
        assert torch.allclose(p, old - 0.5 * g)
    for t, old, p in zip(agent.target_net.parameters(), target.parameters(), agent.q_net.parameters(), strict=True):
        assert torch.allclose(t, (1 - agent.tau) * old + agent.tau * p)


cartpole_test = entry("lab.cartpole_test", points=6, reference=first_update)


@cartpole_test.mutant(
    "online-alone", "It tests the online network alone, and passes an agent whose target network is wrong."
)
def online_alone(agent, batches):
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    q, target = deepcopy(agent.q_net), deepcopy(agent.target_net)
    with torch.no_grad():
        chosen = q(next_obs).argmax(dim=1, keepdim=True)
        y = reward + agent.gamma * (1 - done) * target(next_obs).gather(1, chosen).squeeze(1)
    loss = 0.5 * (q(obs).gather(1, action[:, None]).squeeze(1) - y).square().mean()
    gradients = torch.autograd.grad(loss, list(q.parameters()))
    agent.learn(batches[0])
    for p, old, g in zip(agent.q_net.parameters(), q.parameters(), gradients, strict=True):
        assert torch.allclose(p, old - 0.5 * g)


@cartpole_test.mutant(
    "target-alone",
    "It tests the target network alone: it does not test which TD target the online network learned from.",
)
def target_alone(agent, batches):
    old = [p.detach().clone() for p in agent.target_net.parameters()]
    agent.learn(batches[0])
    for t, before, p in zip(agent.target_net.parameters(), old, agent.q_net.parameters(), strict=True):
        assert torch.allclose(t, (1 - agent.tau) * before + agent.tau * p)


@cartpole_test.mutant(
    "passes-everything",
    "It passes every agent, right or wrong. What would a wrong one do, and which assert would fail then?",
)
def passes_everything(agent, batches):
    for batch in batches:
        agent.learn(batch)
        assert all(torch.isfinite(p).all() for p in agent.q_net.parameters())


@cartpole_test.mutant("fails-everything", "It fails for every agent, also for a right one. Try it on your fixed class.")
def fails_everything(agent, batches):
    before = [p.detach().clone() for p in agent.q_net.parameters()]
    agent.learn(batches[0])
    assert all(torch.allclose(p, x) for p, x in zip(agent.q_net.parameters(), before, strict=True))


@cartpole_test.mutant(
    "plain-label",
    "It expects the maximum of the target network: that is plain DQN, and a right double DQN fails the test.",
)
def plain_label(agent, batches):
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    q, target = deepcopy(agent.q_net), deepcopy(agent.target_net)
    with torch.no_grad():
        y = reward + agent.gamma * (1 - done) * target(next_obs).max(dim=1).values
    loss = 0.5 * (q(obs).gather(1, action[:, None]).squeeze(1) - y).square().mean()
    gradients = torch.autograd.grad(loss, list(q.parameters()))
    agent.learn(batches[0])
    for p, old, g in zip(agent.q_net.parameters(), q.parameters(), gradients, strict=True):
        assert torch.allclose(p, old - 0.5 * g)
    for t, old, p in zip(agent.target_net.parameters(), target.parameters(), agent.q_net.parameters(), strict=True):
        assert torch.allclose(t, (1 - agent.tau) * old + agent.tau * p)


@cartpole_test.alternative_solution
def by_the_last_bias(agent, batches):
    obs, action, reward, next_obs, done = batches[0]
    with torch.no_grad():
        q, q_next, promised = agent.q_net(obs), agent.q_net(next_obs), agent.target_net(next_obs)
        rows = torch.arange(len(action))
        y = reward + agent.gamma * (1 - done) * promised[rows, q_next.argmax(dim=1)]
        error = torch.zeros_like(q)
        error[rows, action] = (q[rows, action] - y) / len(action)
        bias, target_bias = agent.q_net[-1].bias.clone(), agent.target_net[-1].bias.clone()
    agent.learn(batches[0])
    expected = bias - 0.5 * error.sum(dim=0)
    torch.testing.assert_close(agent.q_net[-1].bias.detach(), expected)
    torch.testing.assert_close(agent.target_net[-1].bias.detach(), torch.lerp(target_bias, expected, agent.tau))


@cartpole_test.alternative_solution
def all_updates_with_an_optimizer(agent, batches):
    from copy import deepcopy

    q, target = deepcopy(agent.q_net), deepcopy(agent.target_net)
    optimizer = torch.optim.SGD(q.parameters(), lr=0.5)
    for batch in batches:
        obs, action, reward, next_obs, done = batch
        y = reward + agent.gamma * (1 - done) * target(next_obs).gather(1, q(next_obs).max(1).indices[:, None])[:, 0]
        loss = 0.5 * torch.nn.functional.mse_loss(q(obs).gather(1, action[:, None])[:, 0], y.detach())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for t, p in zip(target.parameters(), q.parameters(), strict=True):
                t.lerp_(p, agent.tau)
        agent.learn(batch)
        for name in ("q_net", "target_net"):
            mine = q if name == "q_net" else target
            for p, expected in zip(getattr(agent, name).parameters(), mine.parameters(), strict=True):
                assert torch.allclose(p, expected)
