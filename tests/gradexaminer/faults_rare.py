"""A fault for each finding that no other list injects: what is told about it, and how certainly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from gradexaminer import Report, examine
from gradexaminer.findings import FAULT, NOT_SEEN, NOTE, SUSPICION
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.sources import _ACTOR, _DDPG, _SLOPE, COPY, DQN, LOSS, NO_GRAD, SAC, STEP, SYNC, TD3, Q, V, Y
from tests.gradexaminer.styles import Changes
from tests.gradexaminer.styles_models import CHANGED, OF_STORED, STATE_VALUE, changed_states
from tests.gradexaminer.styles_more import BRANCHES, BRANCHES_AS_A_LIST, FUNCTIONAL, HALF
from tests.gradexaminer.styles_sac import DISCRETE_SAC
from tests.gradexaminer.styles_values import PRIORITIES


@dataclass(frozen=True)
class Rare:
    """A change to one of our agents, the finding that it must lead to, and those that come with it."""

    level: str
    code: str
    source: str
    changes: Changes
    run: Callable[[ModuleType], Report] = examine_dqn
    beside: frozenset[str] = frozenset()


def examine_wide(module: ModuleType) -> Report:
    """Actions between -2 and 2."""
    seed_all(0)
    return examine(
        lambda: module.Agent(5, 3),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-2.0] * 3,
        high=[2.0] * 3,
    )


_SYNC_LINES = "        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            " + SYNC
_NOW_AND_THEN = (
    "        self.n += 1\n        if self.n % 30 == 0:\n            self.net.load_state_dict(self.target.state_dict())"
)
_LOST = (
    "        t, p = self.target.state_dict(), self.net.state_dict()\n"
    "        for k in t:\n            t[k] = self.tau * p[k] + (1 - self.tau) * t[k]"
)
_LOADED_AT_EACH = (
    "        mixed = dict(self.net.named_parameters())\n"
    "        for k, t in dict(self.target.named_parameters()).items():\n"
    "            mixed[k] = self.tau * mixed[k].detach() + (1 - self.tau) * t.detach()\n"
    "            self.target.load_state_dict(mixed)"
)
_CRITIC_LEARNS = "        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n"
_A2 = "a2 = self.actor_target(s2)\n" + (
    "            a2 = (a2 + (torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)).clamp(-1, 1)"
)
_BATCH = "s, a, r, s2, d = self.sample()"
_SAMPLED = "a2, log_pi2 = self.policy.sample(s2)"
_TANH = "return torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))"
_Q_LOSS = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
_CLIP = "        nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)\n"
_CLAMPED = "        for p in self.net.parameters():\n            p.grad.data.clamp_(min=0)\n"
_HEAD = "return self.head(self.body(x))"
_TEMPERATURE = "alpha_loss = -(self.log_alpha * (log_pi + self.target_entropy).detach()).mean()"
_POLICY_LOSS = "actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()"
_LEARNS_ACTOR = "if self.n % self.delay == 0:"
_ACTOR_ZERO = "            self.actor_optimizer.zero_grad()\n"
_CRITIC_ZERO = "        self.q_optimizer.zero_grad()\n"

_MU = "actor_loss = -self.q1({q}, self.actor({pi})).mean()"
_LOG_PI = "(normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6))"
_EXPECTED = "v = (pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)).sum(1)"
_STORED = "torch.from_numpy(x[i])"
_KEEP = "self.memory.append((s, a, r, s2, done))"

LOG_PI_OF_EACH = "log_pi = normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)"
CROSSED = [
    (
        "self.soft(self.q2, self.q2_target)\n",
        "for p, o, t in zip(self.q2.parameters(), first, self.q2_target.parameters()):\n"
        "                t.data.copy_(self.tau * p.data + (1 - self.tau) * o)\n",
    ),
    (
        "            self.soft(self.q1, self.q1_target)\n",
        "            first = [o.data.clone() for o in self.q1_target.parameters()]\n"
        "            self.soft(self.q1, self.q1_target)\n",
    ),
]

RARE: dict[str, Rare] = {
    "one median for all rows": Rare(FAULT, "one-bootstrap", DQN, [(V, "v = self.target(s2).max(1).values.median()")]),
    "actions in a buffer of whole numbers": Rare(
        FAULT,
        "actions-rounded",
        TD3,
        [("np.zeros((size, a), np.float32)", "np.zeros((size, a), np.int64)"), (_STORED, f"{_STORED}.float()")],
        examine_continuous,
    ),
    "the largest error alone": Rare(FAULT, "critic-one-row", DQN, [(LOSS, "loss = ((q - y) ** 2).max()")]),
    "weights of another shape": Rare(
        FAULT, "weights-averaged", DQN, [(LOSS, "loss = (torch.rand(32, 1) * (q - y) ** 2).mean()")]
    ),
    "reward discounted as well": Rare(FAULT, "reward-discounted", DQN, [(Y, "y = self.gamma * (r + (1 - d) * v)")]),
    "rewards as whole numbers": Rare(FAULT, "reward-rounded", DQN, [(Y, "y = r.int() + self.gamma * (1 - d) * v")]),
    "next states as bytes": Rare(
        FAULT, "states-rounded", DQN, [(_BATCH, f"{_BATCH}; s2 = s2.to(torch.uint8).float()")]
    ),
    "states as whole numbers": Rare(
        SUSPICION, "states-rounded", DQN, [(_BATCH, f"{_BATCH}; s, s2 = s.long().float(), s2.long().float()")]
    ),
    "rewards of the transition before": Rare(
        FAULT,
        "rows-misaligned",
        DQN,
        [(_KEEP, "self.memory.append((s, a, getattr(self, 'last', 0.0), s2, done))\n        self.last = r")],
    ),
    "mask of the other shape": Rare(
        FAULT,
        "mask-averaged",
        TD3,
        [(Y, "y = r + self.gamma * (1 - d.squeeze(1)) * v")],
        examine_continuous,
    ),
    "label in the prediction's memory": Rare(
        FAULT,
        "gradient-zero",
        DQN,
        [
            (
                LOSS,
                "full = self.net(s)\n        goal = full.detach()\n        goal[range(32), a] = y\n"
                "        loss = F.mse_loss(full, goal)",
            )
        ],
    ),
    "loss made anew, with a gradient of its own": Rare(
        FAULT, "detached", DQN, [(LOSS, "loss = torch.tensor(F.mse_loss(q, y).item(), requires_grad=True)")]
    ),
    "the error itself": Rare(FAULT, "error-not-squared", DQN, [(LOSS, "loss = (q - y).mean()")]),
    "gradients clamped from below at 0": Rare(
        FAULT,
        "gradient-one-sided",
        DQN,
        [(STEP, STEP.replace("        self.optimizer.step", _CLAMPED + "        self.optimizer.step"))],
    ),
    "soft update that adds": Rare(FAULT, "polyak-weights", DQN, [(SYNC, "t.data.copy_(self.tau * p.data + t.data)")]),
    "soft update that subtracts": Rare(
        FAULT, "polyak-weights", DQN, [(SYNC, "t.data.copy_(t.data - self.tau * (p.data - t.data))")]
    ),
    "target loads its own weights": Rare(
        FAULT, "target-never", DQN, [(_SYNC_LINES, "        self.target.load_state_dict(self.target.state_dict())")]
    ),
    "actor at s', critic at s": Rare(
        FAULT, "actor-other-state", TD3, [(_ACTOR, _MU.format(q="s", pi="s2"))], examine_continuous
    ),
    "actor climbs the largest value of the batch": Rare(
        FAULT, "actor-one-row", TD3, [(_ACTOR, "actor_loss = -self.q1(s, self.actor(s)).max()")], examine_continuous
    ),
    "log pi without the tanh": Rare(
        FAULT, "log-prob-uncorrected", SAC, [(_LOG_PI, "normal.log_prob(u)")], examine_continuous
    ),
    "the tanh added to log pi": Rare(
        FAULT, "log-prob-correction", SAC, [(_LOG_PI, _LOG_PI.replace("- torch", "+ torch"))], examine_continuous
    ),
    "prediction asked at s'": Rare(
        FAULT, "state-overwritten", DQN, [("q = self.net(s).gather", "q = self.net(s2).gather")]
    ),
    "the tanh's correction in place of log pi": Rare(
        FAULT, "log-prob-missing", SAC, [(_LOG_PI, "-torch.log(1 - a.pow(2) + 1e-6)")], examine_continuous
    ),
    "log pi at the tanh": Rare(
        FAULT,
        "log-prob-other-action",
        SAC,
        [(_LOG_PI, _LOG_PI.replace("log_prob(u)", "log_prob(a)"))],
        examine_continuous,
    ),
    "log pi of another distribution": Rare(
        FAULT,
        "log-prob-density",
        SAC,
        [(_LOG_PI, _LOG_PI.replace("normal.log_prob", "Normal(mean, log_std.exp() + 0.1).log_prob"))],
        examine_continuous,
    ),
    "target action behind a second tanh": Rare(
        FAULT,
        "target-action-reshaped",
        TD3,
        [("a2 = self.actor_target(s2)", "a2 = torch.tanh(self.actor_target(s2))")],
        examine_continuous,
    ),
    "policy of s": Rare(
        FAULT, "policy-of-s", DISCRETE_SAC, [("logits2 = self.policy(s2)", "logits2 = self.policy(s)")]
    ),
    "values summed without the policy": Rare(
        FAULT, "policy-left-out", DISCRETE_SAC, [(_EXPECTED, _EXPECTED.replace("pi2 * ", ""))]
    ),
    "larger critic of discrete SAC": Rare(
        FAULT, "max-of-twins", DISCRETE_SAC, [(_EXPECTED, _EXPECTED.replace("min", "max"))]
    ),
    "target action in other units": Rare(
        FAULT,
        "target-action-units",
        TD3,
        [(_A2, "a2 = self.actor_target(s2)"), (_ACTOR, "actor_loss = -self.q1(s, 2 * self.actor(s)).mean()")],
        examine_wide,
    ),
    "one loss for critic and actor": Rare(
        FAULT,
        "critic-moved-by-actor",
        TD3,
        [
            *_DDPG,
            ("        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n", ""),
            (_ACTOR, _ACTOR + " + loss"),
            (
                "torch.optim.Adam(self.actor.parameters()",
                "torch.optim.Adam([*self.actor.parameters(), *self.q1.parameters()]",
            ),
        ],
        examine_continuous,
    ),
    "values of the other shape, continuous": Rare(
        FAULT,
        "bootstrap-averaged",
        TD3,
        [(Y, "y = r + self.gamma * (1 - d) * v.squeeze(1)")],
        examine_continuous,
    ),
    "hidden layer in a list": Rare(
        FAULT,
        "partly-trained",
        DQN,
        [
            ("nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())", "nn.Linear(o, 64)"),
            ("self.head = ", "self.hidden = [nn.Linear(64, 64)]\n        self.head = "),
            (_HEAD, "h = self.body(x).relu()\n        return self.head(self.hidden[0](h).relu())"),
        ],
    ),
    "optimizer that maximizes the error": Rare(FAULT, "ascent", DQN, [("lr=1e-3", "lr=1e-3, maximize=True")]),
    "one online critic in the minimum": Rare(
        FAULT, "td-online", TD3, [("self.q2_target(s2, a2)", "self.q2(s2, a2)")], examine_continuous
    ),
    "errors of columns and rows, values alone mixed": Rare(
        FAULT,
        "bootstrap-averaged",
        DQN,
        [(Q, "q = self.net(s).gather(1, a[:, None])"), (Y, "y = r[:, None] + self.gamma * (1 - d) * v")],
    ),
    "values of s' standardized over the batch": Rare(
        FAULT, "bootstrap-standardized", DQN, [(V, f"{V}\n            v = (v - v.mean()) / v.std()")]
    ),
    "log pi averaged over the batch": Rare(
        FAULT, "entropy-averaged", SAC, [("- alpha * log_pi2", "- alpha * log_pi2.mean()")], examine_continuous
    ),
    "log pi of each action, not summed": Rare(
        SUSPICION,
        "several-labels",
        SAC,
        [("log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)", LOG_PI_OF_EACH)],
        examine_continuous,
        frozenset({"temperature-averaged"}),
    ),
    "log pi averaged over the action's entries": Rare(
        FAULT, "temperature-averaged", SAC, [(").sum(1, keepdim=True)", ").mean(1, keepdim=True)")], examine_continuous
    ),
    "critics whose backward pass is left in a map": Rare(
        FAULT,
        "critic-untrained",
        TD3,
        [(_CRITIC_LEARNS, "        map(torch.Tensor.backward, [loss])\n")],
        examine_continuous,
    ),
    "target loaded within the loop": Rare(FAULT, "polyak-uneven", DQN, [(_SYNC_LINES, _LOADED_AT_EACH)]),
    "second target made of the first": Rare(FAULT, "polyak-crossed", TD3, CROSSED, examine_continuous),
    "log pi outside of the mask": Rare(
        FAULT, "entropy-unmasked", SAC, [(" - alpha * log_pi2", ""), (Y, f"{Y} - alpha * log_pi2")], examine_continuous
    ),
    "mean advantage of the whole batch": Rare(
        FAULT,
        "advantage-averaged",
        DQN,
        [(_HEAD, "h = self.body(x)\n        a = self.head(h)\n        return x.sum(1, keepdim=True) + a - a.mean()")],
    ),
    "always the first output": Rare(FAULT, "fixed-output", DQN, [(V, "v = self.target(s2)[:, 0]")]),
    "a layer's output is overwritten": Rare(
        FAULT,
        "in-place",
        DQN,
        [(_HEAD, "h = self.body(x)\n        q = self.head(h)\n        h.zero_()\n        return q")],
    ),
    "learning rate 0": Rare(FAULT, "online-still", DQN, [("lr=1e-3", "lr=0.0")]),
    "actor at the next states": Rare(
        SUSPICION,
        "actor-next-state",
        TD3,
        [(_ACTOR, "actor_loss = -self.q1(s2, self.actor(s2)).mean()")],
        examine_continuous,
    ),
    "actor's loss without a backward pass": Rare(
        FAULT, "actor-still", TD3, [("            actor_loss.backward()\n", "")], examine_continuous
    ),
    "label without the entropy that the actor seeks": Rare(
        NOTE, "label-entropy-missing", SAC, [(" - alpha * log_pi2", "")], examine_continuous
    ),
    "noise on the actor's own action": Rare(
        NOTE,
        "actor-noise",
        TD3,
        [(_ACTOR, "mu = self.actor(s); actor_loss = -self.q1(s, mu + 0.1 * torch.randn_like(mu)).mean()")],
        examine_continuous,
    ),
    "clamp on the actor's own action": Rare(
        NOTE,
        "actor-noise",
        TD3,
        [(_ACTOR, "actor_loss = -self.q1(s, self.actor(s).clamp(-0.8, 0.8)).mean()")],
        examine_continuous,
    ),
    "penalty on the actor's action": Rare(
        NOTE,
        "actor-penalty",
        TD3,
        [(_ACTOR, "mu = self.actor(s); actor_loss = -self.q1(s, mu).mean() + 0.1 * mu.pow(2).mean()")],
        examine_continuous,
    ),
    "mean over action entries": Rare(
        NOTE,
        "actor-mean-over-actions",
        TD3,
        [*_DDPG, (_ACTOR, _SLOPE.format(at="mu", loss="-(slope * mu).mean()"))],
        examine_continuous,
    ),
    "stored actions halved, the actor's not": Rare(
        SUSPICION,
        "action-units",
        TD3,
        [(_TANH, _TANH.replace("return ", "return 2 * ")), (_Q_LOSS, _Q_LOSS.replace("s, a)", "s, a / 2)"))],
        examine_wide,
    ),
    "target action 0": Rare(
        FAULT, "target-action-constant", TD3, [(_A2, "a2 = torch.zeros_like(a)")], examine_continuous
    ),
    "target action without a tanh": Rare(
        FAULT,
        "target-action-parameters",
        SAC,
        [(_SAMPLED, _SAMPLED + "\n            a2 = self.policy(s2)[0]")],
        examine_continuous,
    ),
    "target action is a deviation": Rare(
        FAULT,
        "target-action-parameters",
        SAC,
        [(_SAMPLED, _SAMPLED + "\n            a2 = self.policy(s2)[1]")],
        examine_continuous,
    ),
    "one target for both twins": Rare(
        SUSPICION,
        "target-unasked",
        TD3,
        [("self.q2_target(s2, a2))", "self.q1_target(s2, a2))")],
        examine_continuous,
    ),
    "target action clamped above 0": Rare(
        SUSPICION, "target-action-clamped", TD3, [("clamp(-1, 1)", "clamp(0, 1)")], examine_continuous
    ),
    "soft update into a dict": Rare(SUSPICION, "target-never", DQN, [(_SYNC_LINES, _LOST)]),
    "prediction without its ends": Rare(
        FAULT, "ends-left-out", DQN, [(LOSS, "loss = F.mse_loss(q * (1 - d), y * (1 - d))")]
    ),
    "copied the wrong way now and then": Rare(
        FAULT,
        "online-overwritten",
        DQN,
        [(_SYNC_LINES, _NOW_AND_THEN), ("self.gamma, self.tau", "self.n = 0; self.gamma, self.tau")],
    ),
    "gradients clipped to 0 under weight decay": Rare(
        FAULT,
        "zeroed-before-step",
        DQN,
        [
            ("torch.optim.Adam(", "torch.optim.AdamW("),
            (
                "        self.optimizer.step()",
                "        nn.utils.clip_grad_value_(self.net.parameters(), 0)\n        self.optimizer.step()",
            ),
        ],
    ),
    "a loss of half of the rows": Rare(
        FAULT, "rows-left-out", DQN, [(LOSS, "loss = F.mse_loss(q[: len(q) // 2], y[: len(y) // 2])")]
    ),
    "states unpacked in the other order": Rare(
        FAULT, "states-swapped", DQN, [("s, a, r, s2, d = self.sample()", "s2, a, r, s, d = self.sample()")]
    ),
    "states unpacked in the other order, with an actor": Rare(
        FAULT,
        "states-swapped",
        TD3,
        [("s, a, r, s2, d = self.buffer.sample(batch)", "s2, a, r, s, d = self.buffer.sample(batch)")],
        examine_continuous,
    ),
    "prediction detached, label not": Rare(
        FAULT,
        "label-trained",
        DQN,
        [(NO_GRAD, "if True:"), (V, V.replace("target", "net")), (LOSS, "loss = F.mse_loss(q.detach(), y)")],
    ),
    "predictions of twins detached, label not": Rare(
        FAULT,
        "label-trained",
        TD3,
        [
            (NO_GRAD, "if True:"),
            ("self.q1(s, a)", "self.q1(s, a).detach()"),
            ("self.q2(s, a)", "self.q2(s, a).detach()"),
            ("self.q1_target(s2, a2), self.q2_target(s2, a2)", "self.q1(s2, a2), self.q2(s2, a2)"),
        ],
        examine_continuous,
    ),
    "critic without its action": Rare(
        FAULT, "critic-without-action", TD3, [("torch.cat([s, a], 1)", "torch.cat([s, 0 * a], 1)")], examine_continuous
    ),
    "tanh at the end of Q": Rare(
        SUSPICION, "output-bounded", DQN, [(_HEAD, "return torch.tanh(self.head(self.body(x)))")]
    ),
    "target decays": Rare(SUSPICION, "unexplained-target", DQN, [(SYNC, "t.data.mul_(0.9)")]),
    "fourth power": Rare(SUSPICION, "unexplained", DQN, [(LOSS, "loss = ((q - y) ** 4).mean()")]),
    "six rows again and again": Rare(
        NOT_SEEN,
        "few-rows",
        DQN,
        [
            ("random.sample(self.memory, self.batch)", "random.choices(list(self.memory)[:6], k=self.batch)"),
            (LOSS, "loss = ((q - y) ** 4).mean()"),
        ],
    ),
    "the critic's gradient in the actor": Rare(
        FAULT,
        "critic-gradient-left",
        TD3,
        [
            (NO_GRAD, "if True:"),
            ("a2 = self.actor_target(s2)", "a2 = self.actor(s2)"),
            (_ACTOR_ZERO, ""),
            (_CRITIC_ZERO, _CRITIC_ZERO + "        self.actor_optimizer.zero_grad()\n"),
        ],
        examine_continuous,
        frozenset({"target-action-online", "bootstrap-gradient"}),
    ),
    "no target network": Rare(
        NOTE,
        "no-target",
        DQN,
        [
            (V, "v = self.net(s2).max(1).values"),
            ("        self.sync()\n", ""),
            (COPY, "self.target = None\n        self.optimizer"),
        ],
    ),
    "target not detached": Rare(NOTE, "target-not-detached", DQN, [(NO_GRAD, "if True:")]),
    "priorities": Rare(NOTE, "rows-weighted", DQN, PRIORITIES),
    "16 bits": Rare(NOT_SEEN, "low-precision", DQN, HALF),
    "states of its own": Rare(
        NOT_SEEN,
        "critic-not-seen",
        DQN,
        [(Q, "s = torch.randn_like(s)\n        " + Q), (V, "v = self.target(torch.randn_like(s2)).max(1).values")],
    ),
    "no actor's loss": Rare(
        NOT_SEEN,
        "actor-not-seen",
        TD3,
        [*_DDPG, (_LEARNS_ACTOR, _LEARNS_ACTOR.replace("if", "if False and"))],
        examine_continuous,
    ),
    "no copy": Rare(NOT_SEEN, "target-not-seen", DQN, [("        self.sync()\n", "")]),
    "soft update of one network twice": Rare(
        FAULT, "polyak-whole", DQN, [("(1 - self.tau) * t.data", "(1 - self.tau) * p.data")]
    ),
    "random target action": Rare(
        NOT_SEEN,
        "target-action-not-seen",
        TD3,
        [("a2 = self.actor_target(s2)", "a2 = 2 * torch.rand_like(a) - 1")],
        examine_continuous,
    ),
    "softmax over the batch": Rare(
        FAULT,
        "softmax-over-batch",
        DQN,
        [(_HEAD, "return self.head(self.body(x)).softmax(0)")],
        beside=frozenset({"output-bounded"}),
    ),
    "a state value of stored actions": Rare(
        FAULT, "state-value-replayed", SAC, [*STATE_VALUE, OF_STORED], examine_continuous
    ),
    "noise on next states": Rare(FAULT, "states-changed", TD3, changed_states(CHANGED["noise"]), examine_continuous),
    "odd policy loss": Rare(
        NOT_SEEN, "policy-not-examined", DISCRETE_SAC, [(_POLICY_LOSS, "actor_loss = (pi**3 * q).sum(1).mean()")]
    ),
    "sum of both target critics": Rare(
        FAULT,
        "twins-summed",
        TD3,
        [
            (
                "torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))",
                "self.q1_target(s2, a2) + self.q2_target(s2, a2)",
            )
        ],
        examine_continuous,
    ),
    "target copied at every update": Rare(NOTE, "target-copied", DQN, [(SYNC, "t.data.copy_(p.data)")]),
    "both targets follow the first critic": Rare(
        FAULT,
        "target-of-twin",
        TD3,
        [("self.soft(self.q2, self.q2_target)", "self.soft(self.q1, self.q2_target)")],
        examine_continuous,
    ),
    "temperature's loss made anew": Rare(
        FAULT,
        "temperature-still",
        SAC,
        [("alpha_loss.backward()", "alpha_loss.detach().requires_grad_().backward()")],
        examine_continuous,
    ),
    "temperature without its target entropy": Rare(
        FAULT, "temperature-target-missing", SAC, [("(log_pi + self.target_entropy)", "log_pi")], examine_continuous
    ),
    "temperature that no loss uses": Rare(
        SUSPICION,
        "temperature-unused",
        SAC,
        [("self.log_alpha.exp().detach() * 0.2", "torch.tensor(0.2)")],
        examine_continuous,
    ),
    "the temperature's logarithm in its place": Rare(
        FAULT,
        "temperature-log",
        SAC,
        [("self.log_alpha.exp().detach() * 0.2", "self.log_alpha.detach()")],
        examine_continuous,
    ),
    "gradients clipped before there are any": Rare(
        FAULT, "clip-without-effect", DQN, [(STEP, STEP.replace("        loss.b", f"{_CLIP}        loss.b"))]
    ),
    "one draw of noise for a row": Rare(
        NOTE,
        "target-noise-shared",
        TD3,
        [("torch.randn_like(a2)", "torch.randn(len(a2), 1)")],
        examine_continuous,
    ),
    "target noise of one sign": Rare(
        FAULT, "target-noise-biased", TD3, [("torch.randn_like(a2)", "torch.rand_like(a2)")], examine_continuous
    ),
    "temperature of all actions": Rare(
        FAULT, "temperature-unweighted", DISCRETE_SAC, [("(pi * log_pi).sum(1)", "log_pi.mean(1)")], examine_dqn
    ),
    "target entropy of no policy": Rare(
        FAULT, "temperature-unreachable", DISCRETE_SAC, [("+ self.target_entropy", "- 4")], examine_dqn
    ),
    "odd temperature": Rare(
        NOT_SEEN,
        "temperature-not-examined",
        SAC,
        [(_TEMPERATURE, "alpha_loss = (self.log_alpha * torch.randn(())).sum()")],
        examine_continuous,
    ),
    "it raises": Rare(NOT_SEEN, "crashed", DQN, [(LOSS, "raise ValueError('always')")]),
    "it does nothing": Rare(NOT_SEEN, "nothing-learned", DQN, [(STEP, "pass\n")]),
    "gradients by torch.func": Rare(NOT_SEEN, "out-of-scope", DQN, FUNCTIONAL),
    "two choices, stacked": Rare(NOT_SEEN, "out-of-scope", DQN, BRANCHES),
    "two choices, a list": Rare(NOT_SEEN, "out-of-scope", DQN, BRANCHES_AS_A_LIST),
}
