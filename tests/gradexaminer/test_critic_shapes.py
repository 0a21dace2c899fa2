"""Critics of unusual shapes: dueling, in parts, as an ensemble, shown one-hot actions or two-part observations."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import V, changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
LAYERS = """class Net(nn.Module):
    def __init__(self, o, n):
        super().__init__()
        self.one, self.two, self.out = nn.Linear(o, 64), nn.Linear(64, 64), nn.Linear(64, n)

    def values(self, x):
        return self.out(F.relu(self.two(F.relu(self.one(x)))))
"""
BY_METHOD = [
    (sources.DQN[sources.DQN.index("class Net") : sources.DQN.index("\n\nclass Agent")], LAYERS),
    ("self.net(s)", "self.net.values(s)"),
    (V, "v = self.target.values(s2).max(1).values"),
]


def test_a_network_without_forward_whose_layers_its_methods_ask(load):
    report = examine_dqn(load(changed(sources.DQN, BY_METHOD)))
    assert report.verdict == "nothing to object to", str(report)
    report = examine_dqn(load(changed(sources.DQN, [*BY_METHOD, ("* (1 - d) * v", "* v")])))
    assert report.codes == {"mask-missing"}, str(report)


DUELING = LAYERS.replace("values(self, x)", "forward(self, x)").replace(
    "        return self.out(F.relu(self.two(F.relu(self.one(x)))))\n",
    "        x = F.relu(self.one(x))\n"
    "        a = self.out(F.relu(self.two(x)))\n"
    "        return x.sum(1, keepdim=True) + a - {mean}\n",
)


@pytest.mark.parametrize(
    ("mean", "codes"), [("a.mean(1, keepdim=True)", set()), ("a.mean()", {"advantage-averaged"})], ids=["row", "batch"]
)
def test_the_mean_advantage_of_a_row_and_of_the_batch(mean, codes, load):
    new = [(BY_METHOD[0][0], DUELING.format(mean=mean))]
    report = examine_dqn(load(changed(sources.DQN, new)))
    assert report.codes == codes, str(report)


def test_batch_normalization_is_no_mean_advantage(load):
    normed = DUELING.format(mean="a.mean(1, keepdim=True)").replace(
        "nn.Linear(64, 64)", "nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64))"
    )
    report = examine_dqn(load(changed(sources.DQN, [(BY_METHOD[0][0], normed)])))
    assert "advantage-averaged" not in report.codes, str(report)


PARTS = [
    (
        "return self.head(self.body(x))",
        "left, right = x\n        return self.head(self.body(torch.cat([right, left], 1)))",
    ),
    (
        "s, a, r, s2, d = self.sample()",
        "s, a, r, s2, d = self.sample()\n        s, s2 = (s[:, :2], s[:, 2:]), (s2[:, :2], s2[:, 2:])",
    ),
]
HALVES, NEXT_HALVES = "s[:, :2], s[:, 2:]", "s2[:, :2], s2[:, 2:]"
PARTS_BESIDE_AN_ACTION = [
    ("def forward(self, s):\n", "def forward(self, left, right):\n        s = torch.cat([left, right], 1)\n"),
    ("def forward(self, s, a):\n", "def forward(self, left, right, a):\n        s = torch.cat([left, right], 1)\n"),
    (sources._A2, f"a2 = self.actor_target({NEXT_HALVES})"),
    (sources._V, sources._V.replace("s2, a2", f"{NEXT_HALVES}, a2")),
    (sources._LOSS, sources._LOSS.replace("(s, a)", f"({HALVES}, a)")),
    (sources._ACTOR, f"actor_loss = -self.q1({HALVES}, self.actor({HALVES})).mean()"),
]


def test_an_observation_in_two_parts_is_recognized(load):
    module = load(changed(sources.DQN, PARTS))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("fault", ["mask missing", "gamma missing", "minimum", "polyak swapped"])
def test_a_fault_behind_two_parts_is_named(fault, load):
    code, changes = sources.DQN_FAULTS[fault]
    assert examine_dqn(load(changed(sources.DQN, [*PARTS, *changes]))).codes == {code}


def test_two_parts_beside_an_action_are_recognized(load):
    module = load(changed(sources.TD3, PARTS_BESIDE_AN_ACTION))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
    behind = load(changed(sources.TD3, [*PARTS_BESIDE_AN_ACTION, ("actor_loss = -self", "actor_loss = self")]))
    assert examine_continuous(behind).codes == {"actor-sign"}


@pytest.mark.parametrize("streams", ["F.relu(self.v(h)) + adv", "F.relu(self.v(h)) + F.relu(adv)"])
def test_a_dueling_value_that_ends_in_a_relu_is_bounded(streams, load):
    """The mean over a state's actions is that value: a state from which all returns are negative cannot be learned."""
    dueling = sources.DQN_RIGHT["dueling inside"]
    subtracted = streams.partition(" + ")[2]
    bounded = ("self.v(h) + adv - adv.mean(1, keepdim=True)", f"{streams} - {subtracted}.mean(1, keepdim=True)")
    module = load(changed(sources.DQN, [*dueling, bounded]))
    for seed in SEEDS:
        assert examine_dqn(module, seed).codes == {"output-bounded"}


def test_advantages_that_end_in_a_relu_are_not(load):
    dueling = sources.DQN_RIGHT["dueling inside"]
    module = load(changed(sources.DQN, [*dueling, ("adv = self.adv(h)", "adv = F.relu(self.adv(h))")]))
    for seed in SEEDS:
        assert not examine_dqn(module, seed).codes


ENSEMBLE = [
    (
        "nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        "(nn.Parameter(torch.randn(4, i, k) * 0.1) for i, k in ((o + a, 64), (64, 64), (64, 1)))",
    ),
    (
        "return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))",
        "x = torch.cat([s, a], 1).expand(4, -1, -1)\n        return F.relu(F.relu(x @ self.l1) @ self.l2) @ self.l3",
    ),
    *(change for change in sources._DDPG if change[0] not in {sources._V, sources._LOSS, "delay=2, noise=0.2"}),
    (sources._V, "v = self.q1_target(s2, a2).min(0).values"),
    (sources._LOSS, "loss = ((self.q1(s, a) - y) ** 2).mean(1).sum()"),
    (sources._ACTOR, "actor_loss = -self.q1(s, self.actor(s)).mean()"),
]
ENSEMBLE_FAULTS = {
    "mask-missing": ("* (1 - d) * v", "* v"),
    "max-of-twins": (".min(0).values", ".max(0).values"),
    "actor-sign": ("actor_loss = -self", "actor_loss = self"),
}


def test_an_ensemble_in_one_tensor_is_several_critics(load):
    module = load(changed(sources.TD3, ENSEMBLE))
    flat = load(changed(sources.TD3, [*ENSEMBLE, ("@ self.l3", "@ self.l3 + 0 * x[:, :, :1]"), ("- y)", "- y[None])")]))
    for seed in SEEDS:
        for one in (module, flat):
            report = examine_continuous(one, seed)
            assert report.verdict == "nothing to object to", str(report)
            assert "smallest of 4 target critics" in str(report)


@pytest.mark.parametrize("code", ENSEMBLE_FAULTS)
def test_a_fault_of_an_ensemble_is_named(code, load):
    module = load(changed(sources.TD3, [*ENSEMBLE, ENSEMBLE_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


IN_TWO_PARTS = [
    (
        "class Critic(nn.Module):\n",
        "class Body(nn.Module):\n"
        "    def __init__(self, o):\n"
        "        super().__init__()\n"
        "        self.l1, self.l2 = nn.Linear(o, 64), nn.Linear(64, 64)\n\n"
        "    def forward(self, x):\n"
        "        return F.relu(self.l2(F.relu(self.l1(x))))\n\n\n"
        "class Critic(nn.Module):\n",
    ),
    (
        "self.l1, self.l2, self.l3 = nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        "self.body, self.head = Body(o + a), nn.Linear(64, 1)",
    ),
    ("def forward(self, s, a)", "def value(self, s, a)"),
    (
        "return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))",
        "return self.head(self.body(torch.cat([s, a], 1)))",
    ),
]
FAULTS_IN_PARTS = {
    "mask-missing": ("* (1 - d) * v", "* v"),
    "actor-sign": ("actor_loss = -self", "actor_loss = self"),
    "target-action-state": ("a2 = self.actor_target(s2)", "a2 = self.actor_target(s)"),
}


def of_parts(*changes: tuple[str, str]) -> str:
    """A TD3 whose critics have no `forward`: a body is shown state and action, and a head its features."""
    text = changed(sources.TD3, [*IN_TWO_PARTS, *changes])
    for critic in ("self.q1", "self.q2", "self.q1_target", "self.q2_target"):
        text = text.replace(f"{critic}(s", f"{critic}.value(s")
    return text


def test_a_body_that_is_shown_the_action_and_its_head_are_one_critic(load):
    module = load(of_parts())
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "smallest of 2 target critics" in str(report)
        assert "mean of -Q" in str(report)


@pytest.mark.parametrize("code", FAULTS_IN_PARTS)
def test_a_fault_of_a_critic_in_parts_is_named(code, load):
    module = load(of_parts(FAULTS_IN_PARTS[code]))
    for seed in SEEDS:
        assert code in examine_continuous(module, seed).codes


GUMBEL = """
class Q1(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(o + a, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x, a):
        return self.net(torch.cat([x, a], 1))


class Agent:
    def __init__(self, o=5, a=4):
        self.policy, self.q1, self.q2 = Net(o, a), Q1(o, a), Q1(o, a)
        self.q1_target, self.q2_target = copy.deepcopy(self.q1), copy.deepcopy(self.q2)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], 3e-4)
        self.memory, self.gamma, self.tau, self.batch = deque(maxlen=10000), 0.99, 0.005, 48

    def draw(self, s):
        logits = self.policy(s)
        a = F.gumbel_softmax(logits, hard=True)
        return a, (a * F.log_softmax(logits, 1)).sum(1, keepdim=True)

    def learn(self):
        s, a, r, s2, d = self.sample()
        a, r, d = F.one_hot(a, 4).float(), r[:, None], d[:, None]
        with torch.no_grad():
            a2, log_pi2 = self.draw(s2)
            v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2)) - 0.2 * log_pi2
            y = r + self.gamma * (1 - d) * v
        loss = F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        mu, log_pi = self.draw(s)
        loss = (0.2 * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()
        self.policy_optimizer.zero_grad()
        loss.backward()
        self.policy_optimizer.step()
        for net, target in ((self.q1, self.q1_target), (self.q2, self.q2_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)

"""
ONE_HOT_FAULTS = {
    "mask-missing": ("(1 - d) * v", "v"),
    "entropy-sign": ("- 0.2 * log_pi2", "+ 0.2 * log_pi2"),
    "actor-sign": ("0.2 * log_pi - torch", "0.2 * log_pi + torch"),
    "max-of-twins": ("v = torch.min", "v = torch.max"),
}


def one_hot(changes: list[tuple[str, str]]) -> str:
    return changed(DISCRETE_SAC[: DISCRETE_SAC.index("class Agent")] + GUMBEL + FEEDING, changes)


FEEDING = DISCRETE_SAC[DISCRETE_SAC.index("    def remember") : DISCRETE_SAC.index("    def learn")]


def test_critics_that_are_shown_zeros_and_a_one_are_right(load):
    right = load(one_hot([]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("alpha 0.2" in x for x in report.conventions)


@pytest.mark.parametrize("code", ONE_HOT_FAULTS)
def test_faults_of_critics_that_are_shown_zeros_and_a_one_are_named(load, code):
    wrong = load(one_hot([ONE_HOT_FAULTS[code]]))
    for seed in SEEDS:
        assert ("fault", code) in told(examine_dqn(wrong, seed))


_CRITIC = "self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))"
WITHIN_1 = {
    "tanh": f"torch.tanh({_CRITIC})",
    "tanh, reshaped": f"torch.tanh({_CRITIC}).squeeze(-1)[:, None]",
    "clipped": f"{_CRITIC}.clamp(-1, 1)",
    "softsign": f"F.softsign({_CRITIC})",
    "a sigmoid from -1 to 1": f"2 * torch.sigmoid({_CRITIC}) - 1",
}


@pytest.mark.parametrize("name", WITHIN_1)
def test_a_critic_of_continuous_actions_that_cannot_leave_the_range_from_minus_1_to_1(name, load):
    module = load(changed(sources.TD3, [(f"return {_CRITIC}", f"return {WITHIN_1[name]}")]))
    assert examine_continuous(module).codes == {"output-bounded"}


def test_a_bound_further_out_is_no_fault(load):
    report = examine_continuous(load(changed(sources.TD3, [(_CRITIC, f"10 * torch.tanh({_CRITIC})")])))
    assert report.verdict == RIGHT, str(report)


def test_outputs_that_are_multiplied_where_they_are_used_are_not_accused(load):
    text = sources.TD3.replace("torch.min(self.q1_target", "50 * torch.min(self.q1_target")
    for q in ("self.q1(s, a)", "self.q2(s, a)"):
        text = text.replace(q, f"50 * {q}")
    report = examine_continuous(load(text.replace(_CRITIC, f"torch.tanh({_CRITIC})")))
    assert told(report) == [("suspicion", "output-bounded")], str(report)
