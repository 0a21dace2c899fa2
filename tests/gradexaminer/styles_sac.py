"""Styles of SAC: the temperature, policies as distributions, and discrete actions."""

from __future__ import annotations

from tests.gradexaminer.sources import DQN
from tests.gradexaminer.styles import Changes

_TEMPERATURE = "alpha_loss = -(self.log_alpha * (log_pi + self.target_entropy).detach()).mean()"
_ACTOR = "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()"
_SUM = "(self.q1(s, mu) + self.q2(s, mu))"
# The policy's answer is neither a tensor nor one of PyTorch's distributions.
OBJECT: Changes = [
    (
        "class Policy(nn.Module):",
        """class Squashed:
    def __init__(self, mean, log_std):
        self.normal = Normal(mean, log_std.exp())

    def draw(self):
        u = self.normal.rsample()
        a = torch.tanh(u)
        return a, (self.normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)


class Policy(nn.Module):""",
    ),
    (
        "return self.mean(h), self.log_std(h).clamp(-5, 2)",
        "return Squashed(self.mean(h), self.log_std(h).clamp(-5, 2))",
    ),
    ("self.policy.sample(s2)", "self.policy(s2).draw()"),
    ("self.policy.sample(s)", "self.policy(s).draw()"),
]
TEMPERATURE_RIGHT: dict[str, Changes] = {
    "policy returns an object": OBJECT,
    "loss of alpha itself": [
        (_TEMPERATURE, "alpha_loss = -(self.log_alpha.exp() * (log_pi + self.target_entropy).detach()).mean()")
    ],
    "the sum turned round": [
        (_TEMPERATURE, "alpha_loss = (self.log_alpha * (-log_pi - self.target_entropy).detach()).mean()")
    ],
    "the sum over the batch": [(_TEMPERATURE, _TEMPERATURE.replace(".mean()", ".sum()"))],
    "no temperature loss": [(_TEMPERATURE, "alpha_loss = 0 * self.log_alpha.sum()")],
    "the actor climbs both critics' sum": [(_ACTOR, _ACTOR.replace("torch.min(self.q1(s, mu), self.q2(s, mu))", _SUM))],
    "the actor's temperature is the one after its step": [(_ACTOR, _ACTOR.replace("alpha *", "alpha * 0.99 *"))],
    "the actor's loss is summed over the batch": [(_ACTOR, _ACTOR.replace(".mean()", ".sum()"))],
    "half of the actor's loss": [(_ACTOR, _ACTOR.replace(".mean()", ".mean() / 2"))],
}
TEMPERATURE_FAULTS: dict[str, tuple[str, Changes]] = {
    "temperature climbs": ("temperature-sign", [(_TEMPERATURE, _TEMPERATURE.replace("-(self", "(self"))]),
    "target entropy with the wrong sign": (
        "temperature-target",
        [(_TEMPERATURE, _TEMPERATURE.replace("+ self.target_entropy", "- self.target_entropy"))],
    ),
    "actor without log pi's gradient": (
        "actor-entropy-missing",
        [(_ACTOR, _ACTOR.replace("log_pi -", "log_pi.detach() -"))],
    ),
    "actor without the temperature": ("actor-entropy-weight", [(_ACTOR, _ACTOR.replace("alpha * log_pi", "log_pi"))]),
    "actor with an entropy of its own": (
        "actor-entropy-weight",
        [(_ACTOR, _ACTOR.replace("log_pi -", "log_pi.detach() -") + " + self.policy.sample(s)[1].mean()")],
    ),
    "actor with twice the temperature": ("actor-entropy-weight", [(_ACTOR, _ACTOR.replace("(alpha", "(2 * alpha"))]),
    "actor with the learned temperature, label with a fixed one": (
        "actor-entropy-weight",
        [(_ACTOR, _ACTOR.replace("alpha * log_pi", "self.log_alpha.exp().detach() * log_pi"))],
    ),
    "actor's sum over the batch without the temperature": (
        "actor-entropy-weight",
        [(_ACTOR, _ACTOR.replace("alpha * log_pi", "log_pi").replace(".mean()", ".sum()"))],
    ),
    "actor climbs the larger critic": ("actor-max-of-twins", [(_ACTOR, _ACTOR.replace("torch.min", "torch.max"))]),
    "actor with a temperature of 0": ("actor-entropy-missing", [(_ACTOR, _ACTOR.replace("alpha *", "0 * alpha *"))]),
    "temperature's step left out": ("no-step", [("        self.alpha_optimizer.step()\n", "")]),
    "temperature's gradient not zeroed": ("grads-not-zeroed", [("        self.alpha_optimizer.zero_grad()\n", "")]),
    "label all at s": (
        "wrong-state",
        [
            ("self.policy.sample(s2)", "self.policy.sample(s)"),
            ("self.q1_target(s2, a2), self.q2_target(s2, a2)", "self.q1_target(s, a2), self.q2_target(s, a2)"),
        ],
    ),
    "label's second critic at s": ("wrong-state", [("self.q2_target(s2, a2)", "self.q2_target(s, a2)")]),
    "policy returns an object, and takes no step": (
        "no-step",
        [*OBJECT, ("        self.policy_optimizer.step()\n", "")],
    ),
    "policy returns an object, no entropy in the actor's loss": (
        "actor-entropy-missing",
        [*OBJECT, (_ACTOR, _ACTOR.replace("alpha *", "0 * alpha *"))],
    ),
    "actor maximizes log pi alone": (
        "actor-detached",
        [
            (
                _ACTOR,
                "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu.detach()), self.q2(s, mu.detach()))).mean()",
            )
        ],
    ),
    "actor's values detached": (
        "actor-detached",
        [(_ACTOR, "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu)).detach()).mean()")],
    ),
    "actor's values in a tensor of their own": (
        "actor-detached",
        [(_ACTOR, "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu)).data).mean()")],
    ),
}

_START, _LEARN = DQN.index("class Agent"), DQN.index("    def learn")
DISCRETE_SAC = (
    DQN[:_START]
    + """
class Agent:
    def __init__(self, o=5, a=4):
        self.a = a
        self.policy, self.q1, self.q2 = Net(o, a), Net(o, a), Net(o, a)
        self.q1_target, self.q2_target = copy.deepcopy(self.q1), copy.deepcopy(self.q2)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam([*self.q1.parameters(), *self.q2.parameters()], 3e-4)
        self.log_alpha = torch.zeros(1, requires_grad=True)
        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], 3e-4)
        self.memory, self.gamma, self.tau, self.batch, self.target_entropy = deque(maxlen=10000), 0.99, 0.005, 48, 0.98 * np.log(a)

"""
    + DQN[DQN.index("    def remember") : _LEARN]
    + """    def learn(self):
        s, a, r, s2, d = self.sample()
        alpha = self.log_alpha.exp().detach() * 0.2
        with torch.no_grad():
            logits2 = self.policy(s2)
            pi2, log_pi2 = F.softmax(logits2, 1), F.log_softmax(logits2, 1)
            v = (pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)).sum(1)
            y = r + self.gamma * (1 - d) * v
        q1 = self.q1(s).gather(1, a[:, None]).squeeze(1)
        q2 = self.q2(s).gather(1, a[:, None]).squeeze(1)
        loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        logits = self.policy(s)
        pi, log_pi = F.softmax(logits, 1), F.log_softmax(logits, 1)
        with torch.no_grad():
            q = torch.min(self.q1(s), self.q2(s))
        actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()
        self.policy_optimizer.zero_grad()
        actor_loss.backward()
        self.policy_optimizer.step()
        alpha_loss = -(self.log_alpha * ((pi * log_pi).sum(1) + self.target_entropy).detach()).mean()
        self.alpha_optimizer.zero_grad()
        alpha_loss.backward()
        self.alpha_optimizer.step()
        for net, target in ((self.q1, self.q1_target), (self.q2, self.q2_target)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
"""
)
_DV = "v = (pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)).sum(1)"
_AHEAD, _AQ = "logits2 = self.policy(s2)", "q = torch.min(self.q1(s), self.q2(s))"
_DA = "actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()"
_PROBS: Changes = [
    ("return self.head(self.body(x))", "return torch.softmax(self.head(self.body(x)), 1)"),
    (
        "self.policy, self.q1, self.q2 = Net(o, a), Net(o, a), Net(o, a)",
        "self.policy, self.q1, self.q2 = Net(o, a), QNet(o, a), QNet(o, a)",
    ),
    (
        "\nclass Agent:",
        "\nclass QNet(Net):\n    def forward(self, x):\n        return self.head(self.body(x))\n\n\nclass Agent:",
    ),
    (
        "pi2, log_pi2 = F.softmax(logits2, 1), F.log_softmax(logits2, 1)",
        "pi2, log_pi2 = logits2, torch.log(logits2 + 1e-8)",
    ),
    ("pi, log_pi = F.softmax(logits, 1), F.log_softmax(logits, 1)", "pi, log_pi = logits, torch.log(logits + 1e-8)"),
]
DISCRETE_RIGHT: dict[str, Changes] = {
    "discrete SAC, logits": [],
    "discrete SAC, probabilities": _PROBS,
    "discrete SAC, one critic": [
        (_DV, _DV.replace("torch.min(self.q1_target(s2), self.q2_target(s2))", "self.q1_target(s2)"))
    ],
    "discrete SAC, critics not under no_grad": [
        ("with torch.no_grad():\n            q =", "if True:\n            q =")
    ],
    "discrete SAC, a sampled next action": [
        (
            _DV,
            "a2 = torch.distributions.Categorical(pi2).sample()[:, None]\n            v = (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2).gather(1, a2).squeeze(1)",
        )
    ],
}
DISCRETE_FAULTS: dict[str, tuple[str, Changes]] = {
    "discrete SAC, mask missing": ("mask-missing", [("(1 - d) * v", "v")]),
    "discrete SAC, entropy's sign in the label": ("entropy-sign", [(_DV, _DV.replace("- alpha", "+ alpha"))]),
    "discrete SAC, actor descends": ("actor-sign", [(_DA, _DA.replace("log_pi - q", "log_pi + q"))]),
    "discrete SAC, actor's entropy sign": (
        "actor-entropy-sign",
        [(_DA, _DA.replace("alpha * log_pi", "-alpha * log_pi"))],
    ),
    "discrete SAC, online critics": (
        "td-online",
        [(_DV, "self.q1_target(s2), self.q2_target(s2); " + _DV.replace("q1_target", "q1").replace("q2_target", "q2"))],
    ),
    "discrete SAC, one target critic and one online critic": ("td-online", [(_DV, _DV.replace("q2_target", "q2"))]),
    "discrete SAC, actor climbs the larger critic": (
        "actor-max-of-twins",
        [("q = torch.min(self.q1(s), self.q2(s))", "q = torch.max(self.q1(s), self.q2(s))")],
    ),
    "discrete SAC, target critics at s": ("wrong-state", [(_DV, _DV.replace("(s2)", "(s)"))]),
    "discrete SAC, label all at s": (
        "wrong-state",
        [(_AHEAD, "logits2 = self.policy(s)"), (_DV, _DV.replace("(s2)", "(s)"))],
    ),
    "discrete SAC, one target critic at s": ("wrong-state", [(_DV, _DV.replace("q1_target(s2)", "q1_target(s)"))]),
    "discrete SAC, probabilities, one target critic at s": (
        "wrong-state",
        [*_PROBS, (_DV, _DV.replace("q1_target(s2)", "q1_target(s)"))],
    ),
    "discrete SAC, actor with a temperature of 0": (
        "actor-entropy-missing",
        [(_DA, _DA.replace("alpha * log_pi", "0 * alpha * log_pi"))],
    ),
    "discrete SAC, actor's log pi detached, probabilities too": (
        "actor-detached",
        [(_DA, _DA.replace("pi * (alpha", "pi.detach() * (alpha"))],
    ),
    "discrete SAC, actor with ten times the temperature": (
        "actor-entropy-weight",
        [(_DA, _DA.replace("alpha * log_pi", "10 * alpha * log_pi"))],
    ),
    "discrete SAC, label with ten times the temperature": (
        "actor-entropy-weight",
        [(_DV, _DV.replace("alpha * log_pi2", "10 * alpha * log_pi2"))],
    ),
    "discrete SAC, actor without probabilities": ("actor-policy-left-out", [(_DA, _DA.replace("(pi * (", "(1 * ("))]),
    "discrete SAC, actor's critics at s2": ("actor-other-state", [(_AQ, _AQ.replace("(s)", "(s2)"))]),
    "discrete SAC, actor's policy at s2": (
        "actor-other-state",
        [("logits = self.policy(s)", "logits = self.policy(s2)")],
    ),
    "discrete SAC, actor takes no step": ("no-step", [("        self.policy_optimizer.step()\n", "")]),
    "discrete SAC, one critic learns its largest output": (
        "wrong-column",
        [("q1 = self.q1(s).gather(1, a[:, None]).squeeze(1)", "q1 = self.q1(s).max(1).values")],
    ),
    "discrete SAC, temperature's step left out": ("no-step", [("        self.alpha_optimizer.step()\n", "")]),
    "discrete SAC, temperature's gradient not zeroed": (
        "grads-not-zeroed",
        [("        self.alpha_optimizer.zero_grad()\n", "")],
    ),
    "discrete SAC, probabilities, actor descends": (
        "actor-sign",
        [*_PROBS, (_DA, _DA.replace("log_pi - q", "log_pi + q"))],
    ),
    "discrete SAC, twin untrained": (
        "twin-untrained",
        [("loss = F.mse_loss(q1, y) + F.mse_loss(q2, y)", "loss = F.mse_loss(q1, y)")],
    ),
}
