"""DQN on Taxi with one hidden layer: the student's gradient at the outputs, pushed through one more layer.

With one-hot inputs the hidden layer of *all* S states is relu(W1 + b1): state s owns row s of W1, and shares b1, W2
and b2 with everybody. So an update for one state cannot teach another anything that it is not told (its own row stays
as it was drawn), but it does move the others' outputs, through what is shared: no generalisation, yet interference.
"""

from __future__ import annotations

import numpy as np

from gradschool.rl.dqn.training import ReplayBuffer, Run, Settings, StudentFunctions, explore, record, table_gradient
from gradschool.rl.envs.taxi import Floats, TaxiModel, VectorTaxi
from gradschool.rl.nets.mlp import Adam

HIDDEN_SETTINGS = Settings(
    n_envs=256, batch=2048, learning_starts=4096, updates=2500, gamma=0.95, epsilon=0.3, sync=20, alpha=0.02
)
"""Here alpha is Adam's step size."""


class HiddenNet:
    """Q(s) = relu(W1[s] + b1) @ W2 + b2 for every state at once; all parameters lie in one flat array.

    W1 (S, H), b1 (H,), W2 (H, A), b2 (A,); drawn normal with standard deviation 0.1, biases zero.
    """

    def __init__(self, n_states: int, n_actions: int, hidden: int, rng: np.random.Generator):
        self.shapes = ((n_states, hidden), (hidden,), (hidden, n_actions), (n_actions,))
        self.flat = rng.normal(scale=0.1, size=sum(int(np.prod(shape)) for shape in self.shapes))
        self.W1, self.b1, self.W2, self.b2 = self.views(self.flat)
        self.b1[...], self.b2[...] = 0.0, 0.0

    def views(self, flat: Floats) -> list[Floats]:
        """W1, b1, W2, b2 as views into a flat array."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), self.shapes, strict=True)]

    def outputs(self) -> tuple[Floats, Floats]:
        """Q of all states (S, A), and the hidden layer (S, H) that the way back needs."""
        h = np.maximum(self.W1 + self.b1, 0.0)
        return h @ self.W2 + self.b2, h

    def backward(self, h: Floats, G: Floats) -> Floats:
        """dL/dparameters, flat, from G = dL/dQ (S, A): zero rows for the states that are not in the batch."""
        grad = np.empty_like(self.flat)
        dW1, db1, dW2, db2 = self.views(grad)
        np.dot(h.T, G, out=dW2)
        G.sum(axis=0, out=db2)
        np.multiply(G @ self.W2.T, h > 0, out=dW1)  # one_hot(s).T @ upstream: row s of W1 gets what arrives at s
        dW1.sum(axis=0, out=db1)
        return grad


@np.errstate(over="ignore", invalid="ignore")
def train_hidden(
    learner: StudentFunctions, model: TaxiModel, settings: Settings, seed: int, hidden: int = 64
) -> tuple[Run, HiddenNet]:
    """The loop of `train_table` with a hidden layer and Adam. Returns the run (W holds the outputs) and the network."""
    rng = np.random.default_rng(seed)
    net = HiddenNet(model.n_states, model.n_actions, hidden, rng)
    Q, h = net.outputs()
    Q_target, adam = Q.copy(), Adam(len(net.flat), settings.alpha)
    run, best = Run(Q), model.best_returns
    taxi, memory = VectorTaxi(model, settings.n_envs, rng), ReplayBuffer(settings.memory)
    while memory.filled < settings.learning_starts:
        explore(learner, Q[taxi.state], taxi, memory, 1.0, rng)
    for update in range(settings.updates + 1):
        if update % settings.every == 0:
            record(run, model, Q, best, settings.learning_starts + update * settings.n_envs)
            if settings.stop_when_optimal and run.optimal:
                break
        explore(learner, Q[taxi.state], taxi, memory, settings.epsilon, rng)
        G = table_gradient(learner, Q, Q_target, memory.sample(settings.batch, rng), settings)
        adam.step(net.flat, net.backward(h, G))
        Q, h = net.outputs()
        if (update + 1) % settings.sync == 0:
            Q_target = Q.copy()
    run.W, run.deliveries = Q, memory.deliveries
    return run, net


def interference(net: HiddenNet, states: np.ndarray, action: int, step: float = 0.1) -> Floats:
    """How one update of one state moves the others: M (n, n), M[i, j] = change of Q(states[i], action)
    when Q(states[j], action) takes one SGD step with TD error -1 (its own output should rise by 1).

    To first order in the step, M is `step` times the inner products of the two gradients dQ/dparameters.
    """
    Q, h = net.outputs()
    kept, M = net.flat.copy(), np.empty((len(states), len(states)))
    for j, s in enumerate(states):
        G = np.zeros_like(Q)
        G[s, action] = -1.0
        net.flat -= step * net.backward(h, G)
        M[:, j] = (net.outputs()[0] - Q)[states, action]
        net.flat[...] = kept
    return M
