"""On-policy updates are not examined, politely: a right one is not accused of gradients at untaken outputs."""

from __future__ import annotations

import pytest
import torch

from gradexaminer import examine
from gradexaminer.running.stream_env import StreamEnv
from gradexaminer.transitions import Spaces


class ActorCritic:
    """Mnih et al. 2016: log pi times the advantage, an entropy bonus, and a regression of V on returns."""

    def __init__(self, last: list[torch.nn.Module], entropy: float) -> None:
        self.policy = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4), *last)
        self.value = torch.nn.Sequential(torch.nn.Linear(5, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
        self.optimizer = torch.optim.Adam([*self.policy.parameters(), *self.value.parameters()], 1e-3)
        self.entropy, self.probabilities = entropy, bool(last)

    def update(self, batch) -> None:
        s, a, r, _, _ = batch.tensors()
        out = self.policy(s)
        pi = torch.distributions.Categorical(**{"probs" if self.probabilities else "logits": out})
        R, v = r.flip(0).cumsum(0).flip(0), self.value(s).squeeze(1)
        loss = -(pi.log_prob(a) * (R - v).detach()).mean() - self.entropy * pi.entropy().mean() + ((v - R) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


@pytest.mark.parametrize("entropy", [0.0, 0.01])
@pytest.mark.parametrize("last", [[], [torch.nn.Softmax(-1)]], ids=["logits", "probabilities"])
def test_a_policy_over_actions_is_out_of_scope(last, entropy):
    torch.manual_seed(0)
    report = examine(lambda: ActorCritic(last, entropy), update=lambda agent, b: agent.update(b), n_actions=4)
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "out-of-scope")], str(report)


@pytest.mark.parametrize("action", [0.5, 3, -1])
def test_an_action_that_there_is_not_is_refused_as_any_environment_would(action):
    import numpy as np

    env = StreamEnv(Spaces((5,), 3), np.random.default_rng(0), lambda t: None)
    env.step(np.int64(2))
    with pytest.raises(ValueError, match="its actions are 0 to 2"):
        env.step(action)
