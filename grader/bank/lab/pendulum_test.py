"""Reference, known mistakes and alternative solutions of ``lab.pendulum_test``: tests of an agent."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def critic_then_actor(agent, batches):
    """Critic and actor after the first update are what the formulas say."""
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    actor, critic = deepcopy(agent.actor), deepcopy(agent.critic)
    with torch.no_grad():
        y = reward + agent.gamma * (1 - done) * agent.target_critic(next_obs, agent.target_actor(next_obs))
    loss = 0.5 * (critic(obs, action) - y).square().mean()
    with torch.no_grad():
        for p, g in zip(critic.parameters(), torch.autograd.grad(loss, list(critic.parameters())), strict=True):
            p -= 0.5 * g
    loss = -critic(obs, actor(obs)).mean()
    with torch.no_grad():
        for p, g in zip(actor.parameters(), torch.autograd.grad(loss, list(actor.parameters())), strict=True):
            p -= 0.5 * g
    agent.learn(batches[0])
    for net, expected in ((agent.critic, critic), (agent.actor, actor)):
        for p, e in zip(net.parameters(), expected.parameters(), strict=True):
            assert torch.allclose(p, e)


pendulum_test = entry("lab.pendulum_test", points=6, reference=critic_then_actor)


@pendulum_test.mutant(
    "critic-alone", "It tests the critic alone, and passes an actor that follows a wrong action gradient."
)
def critic_alone(agent, batches):
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    critic = deepcopy(agent.critic)
    with torch.no_grad():
        y = reward + agent.gamma * (1 - done) * agent.target_critic(next_obs, agent.target_actor(next_obs))
    loss = 0.5 * (critic(obs, action) - y).square().mean()
    gradients = torch.autograd.grad(loss, list(critic.parameters()))
    agent.learn(batches[0])
    for p, old, g in zip(agent.critic.parameters(), critic.parameters(), gradients, strict=True):
        assert torch.allclose(p, old - 0.5 * g)


@pendulum_test.mutant(
    "passes-everything",
    "It passes every agent, right or wrong. What would a wrong one do, and which assert would fail then?",
)
def passes_everything(agent, batches):
    for batch in batches:
        agent.learn(batch)
        assert all(torch.isfinite(p).all() for p in agent.actor.parameters())


@pendulum_test.mutant("fails-everything", "It fails for every agent, also for a right one. Try it on your fixed class.")
def fails_everything(agent, batches):
    before = [p.detach().clone() for p in agent.critic.parameters()]
    agent.learn(batches[0])
    assert all(torch.allclose(p, x) for p, x in zip(agent.critic.parameters(), before, strict=True))


@pendulum_test.mutant(
    "actor-alone",
    "It tests the actor alone and takes the critic as it is after the update: it does not test what moved the critic.",
)
def actor_alone(agent, batches):
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    actor, critic = deepcopy(agent.actor), deepcopy(agent.critic)
    with torch.no_grad():
        y = reward + agent.gamma * (1 - done) * agent.target_critic(next_obs, agent.target_actor(obs))
        right = reward + agent.gamma * (1 - done) * agent.target_critic(next_obs, agent.target_actor(next_obs))
    found = []
    for label in (y, right):
        stepped = deepcopy(critic)
        loss = 0.5 * (stepped(obs, action) - label).square().mean()
        with torch.no_grad():
            for p, g in zip(stepped.parameters(), torch.autograd.grad(loss, list(stepped.parameters())), strict=True):
                p -= 0.5 * g
        gradients = torch.autograd.grad(-stepped(obs, actor(obs)).mean(), list(actor.parameters()))
        found.append([p.detach() - 0.5 * g for p, g in zip(actor.parameters(), gradients, strict=True)])
    agent.learn(batches[0])
    mine = list(agent.actor.parameters())
    assert any(all(torch.allclose(p, e) for p, e in zip(mine, expected, strict=True)) for expected in found)


@pendulum_test.alternative_solution
def with_optimizers_of_its_own(agent, batches):
    from copy import deepcopy

    nets = [deepcopy(n) for n in (agent.actor, agent.critic, agent.target_actor, agent.target_critic)]
    actor, critic, target_actor, target_critic = nets
    steps = torch.optim.SGD(critic.parameters(), lr=0.5), torch.optim.SGD(actor.parameters(), lr=0.5)
    for obs, action, reward, next_obs, done in batches[:2]:
        y = (reward + agent.gamma * (1 - done) * target_critic(next_obs, target_actor(next_obs))).detach()
        steps[0].zero_grad()
        (0.5 * (critic(obs, action) - y).square().mean()).backward()
        steps[0].step()
        steps[1].zero_grad()
        (-critic(obs, actor(obs)).mean()).backward()
        steps[1].step()
        with torch.no_grad():
            for t, n in ((target_actor, actor), (target_critic, critic)):
                for x, p in zip(t.parameters(), n.parameters(), strict=True):
                    x.lerp_(p, agent.tau)
    for batch in batches[:2]:
        agent.learn(batch)
    for net, expected in zip((agent.actor, agent.critic, agent.target_actor, agent.target_critic), nets, strict=True):
        for p, e in zip(net.parameters(), expected.parameters(), strict=True):
            assert torch.allclose(p, e)


@pendulum_test.alternative_solution
def last_bias_and_by_hand(agent, batches):
    from copy import deepcopy

    obs, action, reward, next_obs, done = batches[0]
    critic = deepcopy(agent.critic)
    with torch.no_grad():
        y = reward + agent.gamma * (1 - done) * agent.target_critic(next_obs, agent.target_actor(next_obs))
        error = (critic(obs, action) - y).mean()
        bias = next(p for p in reversed(list(critic.parameters()))).clone()
    actor = deepcopy(agent.actor)
    agent.learn(batches[0])
    assert torch.allclose(list(agent.critic.parameters())[-1], bias - 0.5 * error)
    at = actor(obs).detach().requires_grad_()
    (slope,) = torch.autograd.grad(agent.critic(obs, at).mean(), at)
    gradients = torch.autograd.grad(-(slope * actor(obs)).sum(), list(actor.parameters()))
    for p, old, g in zip(agent.actor.parameters(), actor.parameters(), gradients, strict=True):
        assert torch.allclose(p, old - 0.5 * g)
