"""Styles of public code, re-created in our own words: other packaging, other inputs, other algorithms of the family."""

from __future__ import annotations

from tests.gradexaminer.sources import DQN

Changes = list[tuple[str, str]]

_BODY = DQN[DQN.index("        s, a, r, s2, d = self.sample()") : DQN.index("        self.sync()\n")]


def body(text: str) -> Changes:
    """Replace what `learn` does with its batch; the text is indented by 8."""
    return [(_BODY, text)]


_ROWS = "        rows = random.sample(self.memory, self.batch)\n"

STEP_EACH = (
    _ROWS
    + """        for s, a, r, s2, done in rows:
            s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
            y = r
            if not done:
                y = r + self.gamma * torch.max(self.target(s2)).item()
            q = self.net(s)
            goal = q.detach().clone()
            goal[a] = y
            loss = F.mse_loss(q, goal)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
"""
)
ACCUMULATED = (
    _ROWS
    + """        self.optimizer.zero_grad()
        for s, a, r, s2, done in rows:
            s, s2 = torch.from_numpy(s)[None], torch.from_numpy(s2)[None]
            with torch.no_grad():
                y = r + self.gamma * self.target(s2).max() * (1 - done)
            loss = (self.net(s)[0, a] - y) ** 2 / len(rows)
            loss.backward()
        self.optimizer.step()
"""
)
SUMMED = (
    _ROWS
    + """        total = 0
        for s, a, r, s2, done in rows:
            s, s2 = torch.from_numpy(s), torch.from_numpy(s2)
            y = r if done else r + self.gamma * self.target(s2).max().detach()
            total = total + F.smooth_l1_loss(self.net(s)[a], torch.as_tensor(y, dtype=torch.float32))
        self.optimizer.zero_grad()
        (total / len(rows)).backward()
        self.optimizer.step()
"""
)
LABELS_IN_A_LOOP = """        s, a, r, s2, d = self.sample()
        q = self.net(s)
        goal = q.clone()
        for i in range(len(d)):
            y = r[i]
            if not d[i]:
                y = r[i] + self.gamma * torch.max(self.target(s2[i]))
            goal[i][a[i].item()] = y
        self.optimizer.zero_grad()
        loss = F.mse_loss(goal, q)
        loss.backward()
        self.optimizer.step()
"""
ARRAY_LABELS_IN_A_LOOP = """        rows = random.sample(self.memory, self.batch)
        goals = []
        for s, a, r, s2, done in rows:
            goal = self.net(torch.from_numpy(s)).detach().numpy().copy()
            goal[a] = r if done else r + self.gamma * np.amax(self.target(torch.from_numpy(s2)).detach().numpy())
            goals.append(goal)
        q = self.net(torch.tensor(np.array([x[0] for x in rows])))
        loss = F.mse_loss(q, torch.tensor(np.array(goals)))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
"""
LIVE_ROWS = """        rows = random.sample(self.memory, self.batch)
        s = torch.tensor(np.array([x[0] for x in rows]))
        a = torch.tensor([[x[1]] for x in rows])
        r = torch.tensor([x[2] for x in rows], dtype=torch.float32)
        live = torch.tensor([not x[4] for x in rows])
        after = torch.tensor(np.array([x[3] for x in rows if not x[4]]))
        v = torch.zeros(len(rows))
        with torch.no_grad():
            v[live] = self.target(after).max(1).values
        y = v * self.gamma + r
        loss = nn.SmoothL1Loss()(self.net(s).gather(1, a), y.unsqueeze(1))
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(self.net.parameters(), 100)
        self.optimizer.step()
"""
ONLINE = """        self.past = getattr(self, "past", -1) + 1
        s, a, r, s2, done = self.memory[self.past % len(self.memory)]
        s, s2 = torch.from_numpy(s)[None], torch.from_numpy(s2)[None]
        with torch.no_grad():
            y = r + self.gamma * (1 - done) * self.target(s2).max(1).values
        loss = F.mse_loss(self.net(s)[:, a], y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
"""

ROWS_RIGHT: dict[str, Changes] = {
    "a step for each row": body(STEP_EACH),
    "a backward pass for each row": body(ACCUMULATED),
    "a sum over rows": body(SUMMED),
    "labels in a loop": body(
        LABELS_IN_A_LOOP.replace("torch.max(self.target(s2[i]))", "torch.max(self.target(s2[i])).detach()").replace(
            "q.clone()", "q.detach().clone()"
        )
    ),
    "array labels in a loop": body(ARRAY_LABELS_IN_A_LOOP),
    "only live rows, next states left out": body(LIVE_ROWS),
    "one transition at a time": body(ONLINE),
    "a batch of four": [("self.batch = 0.99, 0.01, 32", "self.batch = 0.99, 0.01, 4")],
}
ROWS_FAULTS: dict[str, tuple[str, Changes]] = {
    "a step for each row, terminal rows bootstrap": (
        "mask-missing",
        body(STEP_EACH.replace("if not done:", "if True:")),
    ),
    "a step for each row, not zeroed": (
        "grads-not-zeroed",
        body(STEP_EACH.replace("            self.optimizer.zero_grad()\n", "")),
    ),
    "a step for each row, minimum": ("minimum", body(STEP_EACH.replace("torch.max(", "torch.min("))),
    "a step for each row, one other column": ("wrong-column", body(STEP_EACH.replace("goal[a] = y", "goal[0] = y"))),
    "a backward pass for each row, wrong state": (
        "wrong-state",
        body(ACCUMULATED.replace("self.target(s2)", "self.target(s)")),
    ),
    "a backward pass for each row, label not detached": (
        "bootstrap-gradient td-online",
        body(ACCUMULATED.replace("with torch.no_grad():", "if True:").replace("self.target", "self.net")),
    ),
    "a sum over rows, reward left out": (
        "reward-missing",
        body(SUMMED.replace("y = r if done else r +", "y = 0 if done else")),
    ),
    "labels in a loop, not detached": (
        "bootstrap-gradient td-online",
        body(LABELS_IN_A_LOOP.replace("self.target", "self.net")),
    ),
    "array labels in a loop, one array": (
        "untaken",
        body(ARRAY_LABELS_IN_A_LOOP.replace("goal[a] =", "goal[:] =")),
    ),
    "only live rows, no gamma": ("gamma-missing", body(LIVE_ROWS.replace("v * self.gamma", "v"))),
    "one transition at a time, no gamma": ("gamma-missing", body(ONLINE.replace("self.gamma * (1", "(1"))),
    "one transition at a time, mask missing": ("mask-missing", body(ONLINE.replace("(1 - done) * ", ""))),
}


# Images: four frames, whole numbers from 0 to 255, divided inside; small convolutions, so that a test stays cheap.
_NET = DQN[DQN.index("class Net") : DQN.index("class Agent")]
CONV = """class Net(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4, 8, 8, 4), nn.ReLU(), nn.Conv2d(8, 8, 4, 2), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(8 * 4 * 4, a)

    def forward(self, x):
        return self.head(self.conv(x / 255.0))


"""
IMAGES: Changes = [(_NET, CONV), ("torch.tensor(np.array(s)),", "torch.tensor(np.array(s)).float(),")]
IMAGES += [("torch.tensor(np.array(s2)),", "torch.tensor(np.array(s2)).float(),")]
_DIVIDED_OUTSIDE: Changes = [
    ("self.conv(x / 255.0)", "self.conv(x)"),
    ("s, a, r, s2, d = self.sample()", "s, a, r, s2, d = self.sample()\n        s, s2 = s / 255, s2 / 255"),
]
_CHANNELS_LAST: Changes = [("self.conv(x / 255.0)", "self.conv(x.permute(0, 3, 1, 2) / 255.0)")]
_CENTERED: Changes = [
    ("self.conv(x / 255.0)", "self.conv(x)"),
    ("s, a, r, s2, d = self.sample()", "s, a, r, s2, d = self.sample()\n        s, s2 = s / 127.5 - 1, s2 / 127.5 - 1"),
]
_UINT8: Changes = [
    ("torch.tensor(np.array(s)).float(),", "torch.tensor(np.array(s)),"),
    ("torch.tensor(np.array(s2)).float(),", "torch.tensor(np.array(s2)),"),
    ("self.conv(x / 255.0)", "self.conv(x.float().div(255))"),
]
IMAGES_RIGHT: dict[str, Changes] = {
    "divided inside the network": IMAGES,
    "divided before the network": [*IMAGES, *_DIVIDED_OUTSIDE],
    "centered": [*IMAGES, *_CENTERED],
    "uint8 to the network": [*IMAGES, *_UINT8],
}
IMAGES_FAULTS: dict[str, tuple[str, Changes]] = {
    "divided before the network, mask missing": (
        "mask-missing",
        [*IMAGES, *_DIVIDED_OUTSIDE, ("self.gamma * (1 - d) * v", "self.gamma * v")],
    ),
    "centered, broadcast": (
        "broadcast",
        [
            *IMAGES,
            *_CENTERED,
            ("q = self.net(s).gather(1, a[:, None]).squeeze(1)", "q = self.net(s).gather(1, a[:, None])"),
        ],
    ),
    "uint8, online label": (
        "td-online",
        [*IMAGES, *_UINT8, ("v = self.target(s2).max(1).values", "self.target(s2); v = self.net(s2).max(1).values")],
    ),
}
CHANNELS_LAST_RIGHT: dict[str, Changes] = {
    "channels last": [*IMAGES, *_CHANNELS_LAST],
    "channels last, turned outside": [
        *IMAGES,
        (
            "s, a, r, s2, d = self.sample()",
            "s, a, r, s2, d = self.sample()\n        s, s2 = (x.permute(0, 3, 1, 2) / 255 for x in (s, s2))",
        ),
        ("self.conv(x / 255.0)", "self.conv(x)"),
    ],
}
