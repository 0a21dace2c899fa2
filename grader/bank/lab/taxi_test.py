"""Reference, known mistakes and alternative solutions of ``lab.taxi_test``: tests of an agent."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def every_update(agent, batches):
    """Both tables after every update are what the formula says."""
    target = agent.target_net.weight.detach().clone()
    for k, batch in enumerate(batches):
        obs, action, reward, next_obs, done = batch
        expected = agent.q_net.weight.detach().clone()
        q = (obs @ expected.T)[torch.arange(len(action)), action]
        y = reward + agent.gamma * (1 - done) * (next_obs @ target.T).max(dim=1).values
        expected[action, obs.argmax(dim=1)] -= 0.5 * (q - y) / len(action)
        agent.learn(batch)
        assert torch.allclose(agent.q_net.weight, expected)
        if (k + 1) % agent.sync_every == 0:
            target = expected
        assert torch.allclose(agent.target_net.weight, target)


taxi_test = entry("lab.taxi_test", points=6, reference=every_update)


@taxi_test.mutant(
    "first-update-alone",
    "It tests the first update alone, and passes agents whose fault shows in the second one or after the copy.",
)
def only_the_first(agent, batches):
    obs, action, reward, next_obs, done = batches[0]
    expected = agent.q_net.weight.detach().clone()
    q = (obs @ expected.T)[torch.arange(len(action)), action]
    y = reward + agent.gamma * (1 - done) * (next_obs @ agent.target_net.weight.T).max(dim=1).values
    expected[action, obs.argmax(dim=1)] -= 0.5 * (q - y) / len(action)
    agent.learn(batches[0])
    assert torch.allclose(agent.q_net.weight, expected)


@taxi_test.mutant(
    "passes-everything",
    "It passes every agent, right or wrong. What would a wrong one do, and which assert would fail then?",
)
def passes_everything(agent, batches):
    for batch in batches:
        agent.learn(batch)
        assert torch.isfinite(agent.q_net.weight).all()


@taxi_test.mutant("fails-everything", "It fails for every agent, also for a right one. Try it on your fixed class.")
def fails_everything(agent, batches):
    before = agent.q_net.weight.detach().clone()
    agent.learn(batches[0])
    assert torch.allclose(agent.q_net.weight, before)


@taxi_test.mutant(
    "label-of-the-fault",
    "It expects 0 instead of the reward in terminated rows: the test has the fault of the file, and fails right agents.",
)
def expects_the_fault(agent, batches):
    obs, action, reward, next_obs, done = batches[0]
    expected = agent.q_net.weight.detach().clone()
    q = (obs @ expected.T)[torch.arange(len(action)), action]
    y = (reward + agent.gamma * (next_obs @ agent.target_net.weight.T).max(dim=1).values) * (1 - done)
    expected[action, obs.argmax(dim=1)] -= 0.5 * (q - y) / len(action)
    agent.learn(batches[0])
    assert torch.allclose(agent.q_net.weight, expected)


@taxi_test.mutant(
    "target-alone", "It tests the target network alone: it does not test what the steps do to the online network."
)
def target_alone(agent, batches):
    target = agent.target_net.weight.detach().clone()
    for k, batch in enumerate(batches):
        agent.learn(batch)
        if (k + 1) % agent.sync_every == 0:
            target = agent.q_net.weight.detach().clone()
        assert torch.allclose(agent.target_net.weight, target)


@taxi_test.alternative_solution
def by_autograd_on_copies(agent, batches):
    from copy import deepcopy

    q, target = deepcopy(agent.q_net), deepcopy(agent.target_net)
    for k, batch in enumerate(batches):
        obs, action, reward, next_obs, done = batch
        with torch.no_grad():
            y = torch.where(done.bool(), reward, reward + agent.gamma * target(next_obs).amax(dim=1))
        loss = 0.5 * (q(obs)[torch.arange(len(action)), action] - y).square().mean()
        (gradient,) = torch.autograd.grad(loss, q.weight)
        with torch.no_grad():
            q.weight -= 0.5 * gradient
        if (k + 1) % agent.sync_every == 0:
            target = deepcopy(q)
        agent.learn(batch)
        torch.testing.assert_close(agent.q_net.weight, q.weight)
        torch.testing.assert_close(agent.target_net.weight, target.weight)


@taxi_test.alternative_solution
def one_property_for_each_fault(agent, batches):
    for k, batch in enumerate(batches):
        obs, action, reward, _, done = batch
        before, label_net = agent.q_net.weight.detach().clone(), agent.target_net.weight.detach().clone()
        agent.learn(batch)
        moved = agent.q_net.weight.detach() - before
        state = obs.argmax(dim=1)
        over = done.bool()
        toward = reward - before[action, state]
        assert torch.allclose(moved[action, state][over], 0.5 * toward[over] / len(action)), "a row that ends"
        still = torch.ones_like(moved, dtype=torch.bool)
        still[action, state] = False
        assert torch.equal(moved[still], torch.zeros_like(moved[still])), "a row that is not in the batch"
        if (k + 1) % agent.sync_every:
            assert torch.equal(agent.target_net.weight, label_net), "the target moved without a copy"
            assert agent.target_net is not agent.q_net
