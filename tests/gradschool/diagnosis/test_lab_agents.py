"""What is said of an agent's update must hold for other batches of it: its inputs are few, and much goes together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.core.report import Report
from gradschool.diagnosis import evidence
from gradschool.diagnosis.search import Search
from gradschool.diagnosis.wording import place_sentence
from gradschool.exercises.lab import adapters
from gradschool.lessons.lab import cartpole_dqn, pendulum_ddpg, taxi_dqn


def said(exercise_id: str, agent: object) -> Report:
    return check_here(find(exercise_id), agent)


class CartPole(cartpole_dqn.CartPoleAgent):
    """The file's class, with its faults fixed and a new one."""

    def learn(self, batch: Any) -> float:
        obs, action, reward, next_obs, done = batch
        q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best = self.q_net(next_obs).argmax(dim=1, keepdim=True)
            value = self.target_net(next_obs).gather(1, best).squeeze(1)
            y = reward + self.gamma * value * (1 - done)
        loss = self.loss(q, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.follow()
        return loss.item()

    def loss(self, q: Any, y: Any) -> Any:
        return 0.5 * (q - y).pow(2).mean()

    @torch.no_grad()
    def follow(self) -> None:
        for p, target in zip(self.q_net.parameters(), self.target_net.parameters(), strict=True):
            target.lerp_(p, self.tau)


class Taxi(taxi_dqn.TaxiAgent):
    """The file's class, with its faults fixed."""

    def learn(self, batch: Any) -> float:
        obs, action, reward, next_obs, done = batch
        q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            y = reward + self.gamma * (1 - done) * self.value(next_obs)
        loss = 0.5 * (q - y).pow(2).mean()
        self.zero()
        loss.backward()
        self.optimizer.step()
        self.updates += 1
        if self.is_time():
            self.target_net.load_state_dict(self.q_net.state_dict())
        return loss.item()

    def zero(self) -> None:
        self.optimizer.zero_grad()

    def value(self, next_obs: Any) -> Any:
        return self.target_net(next_obs).max(dim=1).values

    def is_time(self) -> bool:
        return self.updates % self.sync_every == 0


def test_a_batch_of_one_row_whose_tau_is_0_says_nothing_about_its_size() -> None:
    class NotShrunk(CartPole):
        @torch.no_grad()
        def follow(self) -> None:
            for p, target in zip(self.q_net.parameters(), self.target_net.parameters(), strict=True):
                target.add_(self.tau * p)

    hint = said("lab.cartpole_dqn", NotShrunk).hint
    assert hint.startswith("`target_net` is what it should be plus `tau` times the old `target_net`."), hint

    class Bent(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return torch.nn.functional.smooth_l1_loss(q, y)

    assert "B is" not in said("lab.cartpole_dqn", Bent).hint


@pytest.mark.slow
def test_where_nothing_moves_is_no_place_of_a_fault_that_lies_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tau is 0 the target network stays, whatever the step was that it should have followed."""
    monkeypatch.setattr(evidence, "CPU_SECONDS", 10.0)
    monkeypatch.setattr(evidence, "SECONDS", 30.0)
    monkeypatch.setattr(Search, "_looks", property(lambda search: (search._placed,)))

    class Rounder(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return torch.log(torch.cosh(q - y)).mean()

    assert "`tau`" not in said("lab.cartpole_dqn", Rounder).hint


def test_a_network_that_stays_is_told_as_it_went_in_whatever_the_order_of_its_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Search, "_following", lambda search, label: iter(()))  # which says more

    class Still(CartPole):
        def follow(self) -> None:
            pass

    assert said("lab.cartpole_dqn", Still).hint.startswith("`target_net` is `target_net` as it went in.")


def test_two_values_at_which_it_is_right_are_said_without_two_negations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "_following", lambda search, label: iter(()))  # which says more

    class Twice(CartPole):
        def follow(self) -> None:
            super().follow()
            super().follow()

    hint = said("lab.cartpole_dqn", Twice).hint
    assert hint.startswith("`target_net` is right where `tau` is 0 or 1; with other values it can be wrong.")


def test_a_batch_of_one_row_and_one_action_says_nothing_about_its_size() -> None:
    class Averaged(pendulum_ddpg.PendulumAgent):
        def __init__(self, actor: Any, critic: Any, optimizer: Any, lr: float, gamma: float, tau: float):
            super().__init__(actor, critic, optimizer, lr, gamma, tau)
            self.of_actor = optimizer(self.actor.parameters(), lr=lr)
            self.optimizer = optimizer(self.critic.parameters(), lr=lr)

        def learn_critic(self, obs: Any, action: Any, reward: Any, next_obs: Any, done: Any) -> None:
            with torch.no_grad():
                y = reward + self.gamma * (1 - done) * self.target_critic(next_obs, self.target_actor(next_obs))
            loss = 0.5 * (self.critic(obs, action) - y).pow(2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

        def learn_actor(self, obs: Any, action: Any) -> None:
            at = self.actor(obs).detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.critic(obs, at).mean(), at)
            self.of_actor.zero_grad()
            (-(slope * self.actor(obs)).mean()).backward()
            self.of_actor.step()

        @torch.no_grad()
        def follow(self, net: Any, target_net: Any) -> None:
            for p, target in zip(net.parameters(), target_net.parameters(), strict=True):
                target.lerp_(p, self.tau)

    hint = said("lab.pendulum_ddpg", Averaged).hint
    assert hint.startswith("The step from the old `actor` to `actor_step` is 1/(B A) of what it should be.")


def test_a_step_of_another_length_is_told_from_the_weights_that_it_starts_from() -> None:
    class Whole(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return (q - y).pow(2).mean()

    hint = said("lab.cartpole_dqn", Whole).hint
    assert hint.startswith("The step from the old `q_net` to `discounted` is twice what it should be. Is a factor 1/2")


def test_an_input_that_is_another_says_more_than_a_part_that_should_be_right_elsewhere() -> None:
    class Endless(taxi_dqn.TaxiAgent):
        def learn(self, batch: Any) -> float:
            obs, action, reward, next_obs, _ = batch
            q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
            with torch.no_grad():
                y = reward + self.gamma * self.target_net(next_obs).max(dim=1).values
            loss = 0.5 * (q - y).pow(2).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.updates += 1
            if self.updates % self.sync_every == 0:
                self.target_net.load_state_dict(self.q_net.state_dict())
            return loss.item()

    hint = said("lab.taxi_dqn", Endless).hint
    assert hint.startswith("`one_update` is what would be right if `batch.done` were off everywhere.")


def test_a_value_of_an_option_is_tried_on_what_is_wrong_with_others() -> None:
    """Each batch with gamma 1 is one row that ends: a label of double DQN is right there, and not because of gamma."""

    class Double(Taxi):
        def value(self, next_obs: Any) -> Any:
            best = self.q_net(next_obs).argmax(dim=1, keepdim=True)
            return self.target_net(next_obs).gather(1, best).squeeze(1)

    hint = said("lab.taxi_dqn", Double).hint
    assert hint.startswith(
        "`one_update` is what would be right if `target_net` were replaced in every row by its entry where the row of "
        "`q_net` is largest."
    ), hint
    assert "`gamma` is 1" not in hint


def test_the_first_wrong_update_is_named_where_single_updates_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search, "_following", lambda search, label: iter(()))  # which says more

    class Once(Taxi):
        def is_time(self) -> bool:
            return self.updates == self.sync_every

    assert said("lab.taxi_dqn", Once).hint.startswith(
        "After 4 updates of one agent, `target_net` is wrong, and `q_net` is right. After fewer, all of its networks "
        "are right."
    )


def test_a_target_network_that_starts_with_other_weights_is_told() -> None:
    class Apart(Taxi):
        def __init__(self, make_net: Any, **settings: Any) -> None:
            super().__init__(make_net, **settings)
            self.target_net = make_net()

    assert said("lab.taxi_dqn", Taxi).passed
    report = said("lab.taxi_dqn", Apart)
    assert report.fraction == pytest.approx(0.9)
    assert report.hint.startswith("In the file, every target network starts with the weights of its network")


def test_an_agent_that_explores_now_and_then_is_told() -> None:
    class Exploring(Taxi):
        def act(self, obs: Any) -> int:
            explores = torch.rand(()) < 0.1
            return int(torch.randint(3, ())) if explores else int(self.q_net(obs).argmax())

    torch.manual_seed(0)
    assert not said("lab.taxi_dqn", Exploring).passed


class Pendulum(pendulum_ddpg.PendulumAgent):
    """The file's class, with its faults fixed."""

    def __init__(self, actor: Any, critic: Any, optimizer: Any, lr: float, gamma: float, tau: float) -> None:
        super().__init__(actor, critic, optimizer, lr, gamma, tau)
        self.actor_optimizer = optimizer(self.actor.parameters(), lr=lr)
        self.critic_optimizer = optimizer(self.critic.parameters(), lr=lr)

    def learn_critic(self, obs: Any, action: Any, reward: Any, next_obs: Any, done: Any) -> None:
        with torch.no_grad():
            y = reward + self.gamma * (1 - done) * self.target_critic(next_obs, self.target_actor(next_obs))
        self.critic_optimizer.zero_grad()
        (0.5 * (self.critic(obs, action) - y).pow(2).mean()).backward()
        self.critic_optimizer.step()

    def learn_actor(self, obs: Any, action: Any) -> None:
        self.actor_optimizer.zero_grad()
        (-self.critic(obs, self.actor(obs)).mean()).backward()
        self.actor_optimizer.step()


# -- how target networks follow ---------------------------------------------------------------------------------------


BECOMES = "becomes `q_net` in update"


def taxi_copied(when: Any) -> Any:
    class Copied(Taxi):
        def is_time(self) -> bool:
            return bool(when(self.updates, self.sync_every))

    return Copied


SHOULD = "; it should stay as it is in updates 1 and 3 and become `q_net` in updates 2 and 4."
SCHEDULES = {
    "one late": (lambda n, every: (n - 1) % every == 0, f"{BECOMES}s 1 and 3 and stays as it is in updates 2 and 4"),
    "once": (lambda n, every: n == every, f"stays as it is in updates 1, 3 and 4 and {BECOMES} 2"),
    "always": (lambda n, every: True, "becomes `q_net` in every update"),
    "too rarely": (lambda n, every: n % (2 * every) == 0, f"stays as it is in updates 1, 2 and 3 and {BECOMES} 4"),
    "never": (lambda n, every: False, "stays as it is in every update"),
}


@pytest.mark.parametrize("which", SCHEDULES)
def test_when_the_target_network_is_copied_is_read_from_the_weights(which: str) -> None:
    when, told = SCHEDULES[which]
    hint = said("lab.taxi_dqn", taxi_copied(when)).hint
    assert hint.startswith(f"Read from the weights after each update (`sync_every` is 2): `target_net` {told}{SHOULD}")
    assert "one network" not in hint


@pytest.mark.parametrize(
    ("own", "online", "told"),
    [
        (lambda tau: 1 - tau, lambda tau: 1.0, "becomes 1 - `tau` times itself plus 1 times `q_net`"),
        (lambda tau: 0.0, lambda tau: tau, "becomes `tau` times `q_net`"),
    ],
)
def test_factors_that_do_not_add_up_to_1_are_read_from_the_weights(own: Any, online: Any, told: str) -> None:
    class Summed(CartPole):
        @torch.no_grad()
        def follow(self) -> None:
            for p, target in zip(self.q_net.parameters(), self.target_net.parameters(), strict=True):
                target.mul_(own(self.tau)).add_(online(self.tau) * p)

    assert f"`target_net` {told} in every update" in said("lab.cartpole_dqn", Summed).hint


def test_gradients_that_are_cleared_now_and_then_are_told() -> None:
    class Sometimes(Taxi):
        def zero(self) -> None:
            if self.updates % self.sync_every == 0:
                self.optimizer.zero_grad()

    assert "applied in the second once more" in said("lab.taxi_dqn", Sometimes).hint


def test_a_target_network_that_is_the_online_one_from_the_first_copy_on_is_asked_about() -> None:
    class Alias(Taxi):
        def learn(self, batch: Any) -> float:
            loss = super().learn(batch)
            if self.updates % self.sync_every == 0:
                self.target_net = self.q_net
            return loss

    hint = said("lab.taxi_dqn", Alias).hint
    assert "becomes `q_net` in updates 2, 3 and 4" in hint
    assert "Is `q_net` copied, or are both one network from then on?" in hint


def test_how_far_each_target_network_follows_is_read_from_the_weights() -> None:
    class Rarely(CartPole):
        count = 0

        def follow(self) -> None:
            self.count += 1
            if self.count % 2 == 0:
                super().follow()

    hint = said("lab.cartpole_dqn", Rarely).hint
    told = "`target_net` stays as it is in updates 1 and 3 and moves `tau` of the way to `q_net` in update 2"
    assert f"{told}; it should move `tau` of the way to `q_net` in every update." in hint

    class Hard(Pendulum):
        def follow(self, net: Any, target_net: Any) -> None:
            target_net.load_state_dict(net.state_dict())

    hint = said("lab.pendulum_ddpg", Hard).hint
    assert "`target_actor` becomes `actor` in every update" in hint
    assert "`target_critic` becomes `critic` in every update" in hint


def test_an_answer_that_is_rarely_wrong_is_not_cured_by_a_0_alone() -> None:
    """An action rounded to 2 decimals is wrong next to a kink: there any other input cures it."""

    def action_gradient(actor: Any, critic: Any, batch: Any, low: Any, high: Any) -> Any:
        a = np.round((low + high) / 2 + (high - low) / 2 * np.tanh(actor(batch.obs)), 2)
        q, cache = critic.forward(np.hstack([batch.obs, a]))
        return critic.input_vjp(cache, np.ones_like(q))[:, 3:]

    report = said("ddpg.action_gradient", action_gradient)
    assert not report.passed
    assert "set to 0" not in report.hint


def test_nothing_is_said_of_following_where_another_part_is_wrong_and_the_targets_follow() -> None:
    class Bent(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return (q - y).pow(2).mean()

    assert "after each update" not in said("lab.cartpole_dqn", Bent).hint


# -- other losses -----------------------------------------------------------------------------------------------------

F = torch.nn.functional
LOSSES = {
    "huber": (lambda q, y: F.smooth_l1_loss(q, y), "the step", "errors up to 1 counted as they are"),
    "beta": (lambda q, y: F.smooth_l1_loss(q, y, beta=2.0), "half of the step", "errors up to 2 counted"),
    "cosh": (lambda q, y: (q - y + F.softplus(2 * (y - q))).mean(), "the step", "tanh of each error counted"),
    "clipped inside": (lambda q, y: 0.5 * (q - y).clamp(-1, 1).pow(2).mean(), "the step", "errors beyond 1 had no"),
}


@pytest.mark.slow
@pytest.mark.parametrize("which", LOSSES)
def test_another_loss_is_named_by_its_slope(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any exercise that says which of its parts are made of squared errors."""
    monkeypatch.setattr(evidence, "CPU_SECONDS", 2.0)
    monkeypatch.setattr(evidence, "SECONDS", 10.0)
    loss, step, slope = LOSSES[which]

    class Bent(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return loss(q, y)

    hint = said("lab.cartpole_dqn", Bent).hint
    assert hint.startswith(f"`discounted` is reached from `q_net` by {step} that would be right if {slope}")

    def torch_loss(W: Any, W_target: Any, state: Any, action: Any, reward: Any, next_state: Any, terminated: Any,
                   gamma: float) -> Any:  # fmt: skip
        with torch.no_grad():
            y = reward + gamma * (1 - terminated) * W_target[next_state].max(1).values
        return loss(W[state, action], y)

    times = "half of " if which == "beta" else ""
    assert said("dqn.torch_loss", torch_loss).hint.startswith(f"`grad_W` is {times}what would be right if {slope}")


def test_an_action_that_is_drawn_at_random_is_never_the_best_one_every_time() -> None:
    """For 60,000 observations and three actions; with eight calls for each, some looked greedy."""
    drawn = iter(np.random.default_rng(0).integers(3, size=60_000 * adapters.DRAWS).tolist())
    agent = SimpleNamespace(act=lambda obs: next(drawn), q_net=lambda obs: np.array([0.0, 1.0, 0.0]))
    assert not any(adapters._is_greedy(agent, None) for _ in range(60_000))
    agent.act = lambda obs: 1
    assert adapters._is_greedy(agent, None)


def test_a_state_that_is_left_twice_in_a_batch_counts_twice() -> None:
    """Each batch had a state once only: an agent that keeps one row for each state passed."""

    class OncePerState(Taxi):
        def learn(self, batch: Any) -> float:
            last = {int(s): k for k, s in enumerate(batch[0].argmax(dim=1))}
            return super().learn(tuple(x[list(last.values())] for x in batch))

    report = said("lab.taxi_dqn", OncePerState)
    assert not report.passed
    assert said("lab.taxi_dqn", Taxi).passed


def test_weight_decay_and_a_gradient_of_one_length_are_told_by_the_step() -> None:
    class Decayed(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return super().loss(q, y) + 1e-2 * sum(p.square().sum() for p in self.q_net.parameters())

    says = "plus -0.01 times the old `q_net`, as weight decay, or a penalty on the weights in the loss, adds."
    assert says in said("lab.cartpole_dqn", Decayed).hint

    class Rooted(CartPole):
        def loss(self, q: Any, y: Any) -> Any:
            return super().loss(q, y).sqrt()

    hint = said("lab.cartpole_dqn", Rooted).hint
    assert hint.startswith("The step from `q_net` to `discounted` has the right direction, but another length on each")


OWN = np.random.default_rng(0)
NOISE = {
    "of the file": lambda a, noise: a + noise * torch.randn_like(a),
    "of NumPy, for one observation": lambda a, noise: torch.tensor(OWN.normal(a.tolist(), noise, a.shape)),
    "a number for each motor": lambda a, noise: a + noise * torch.randn(a.shape[-1], dtype=a.dtype),
    "twice": lambda a, noise: a + 2 * noise * torch.randn_like(a),
    "squared": lambda a, noise: a + noise**2 * torch.randn_like(a),
    "none unless it is loud": lambda a, noise: a + (noise > 1) * noise * torch.randn_like(a),
    "uniform": lambda a, noise: a + noise * (2 * torch.rand_like(a) - 1),
    "of one sign": lambda a, noise: a + noise * torch.randn_like(a).abs(),
    "one number for all motors": lambda a, noise: a + noise * torch.randn(()),
    "drawn once": lambda a, noise: a + noise * torch.linspace(-1.2, 1.2, a.shape[-1]),
}
OF_ONE_MOTOR = ("one number for all motors",)  # this is what is asked for


@pytest.mark.parametrize("which", NOISE)
@pytest.mark.parametrize("motors", [1, 3])
def test_the_noise_of_an_agent_has_the_size_that_is_asked_for(which: str, motors: int) -> None:
    def act(obs: Any, noise: float = 0.0) -> Any:
        action = actor(obs)
        return NOISE[which](action, noise).clamp(-2.0, 2.0) if noise else action.clamp(-2.0, 2.0)

    def actor(obs: Any) -> Any:
        return 1.5 * torch.tanh(obs[..., :motors])

    torch.manual_seed(0)
    agent, obs = SimpleNamespace(act=act, actor=actor), torch.randn(5, 3, dtype=torch.float64)
    right = list(NOISE).index(which) < 3 or (motors == 1 and which in OF_ONE_MOTOR)
    assert adapters._adds_noise(agent, adapters._inmost(actor, obs)[0]) == right


def test_an_agent_whose_noise_is_too_large_is_told() -> None:
    class Loud(Pendulum):
        @torch.no_grad()
        def act(self, obs: Any, noise: float = 0.0) -> Any:
            return super().act(obs, 2 * noise)

    report = said("lab.pendulum_ddpg", Loud)
    assert report.mistake == "state-adds_noise"
    assert "it should add `noise` times a number from a standard normal distribution" in report.hint


def test_an_agent_that_never_explores_its_best_action_is_told() -> None:
    """With epsilon 1 every action may come: of five, each is drawn in 120 calls."""

    def agent(actions: list[int]) -> SimpleNamespace:
        drawn = iter(np.random.default_rng(0).choice(actions, 120))
        return SimpleNamespace(act=lambda obs, epsilon: next(drawn), q_net=lambda obs: np.arange(5.0))

    assert adapters._random_at_1(agent([0, 1, 2, 3, 4]), None)
    assert not adapters._random_at_1(agent([0, 1, 2, 3]), None)
    assert not adapters._random_at_1(agent([0, 1, 2, 3, 4, 5]), None)


def test_rows_of_several_updates_are_called_updates() -> None:
    """What is carried over shows from the second update on, in whichever network."""
    made = SimpleNamespace(
        label="all_updates", what="`all_updates`", exercise=SimpleNamespace(networks_in={"all_updates": 1})
    )
    at = SimpleNamespace(
        condition=SimpleNamespace(key=("not-first", "row"), says="the row is not the first"), exact=False
    )
    said = place_sentence(made, at)[1]  # type: ignore[arg-type]
    assert said.startswith("`all_updates` is right after the first update of an agent and wrong after later ones")
