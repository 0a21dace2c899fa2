"""DQN on Taxi with one hidden layer: the student's gradient at the outputs, pushed through one more layer.

With one-hot inputs the hidden layer of *all* S states is relu(W1 + b1): state s owns row s of W1, and shares b1, W2
and b2 with all others. So an update for one state cannot improve another (the row of the other stays as it was drawn),
but it does move the other's outputs, through what is shared: no generalisation, yet interference.
"""

from __future__ import annotations

import numpy as np

from gradschool.core.withheld import refuse_answers
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.dqn.training import Run, run_training
from gradschool.rl.envs.taxi import Floats, Ints, TaxiModel
from gradschool.rl.nets.mlp import Adam
from gradschool.rl.settings_rules import require_whole
from gradschool.rl.shapes import require_shape

HIDDEN_SETTINGS = Settings(
    n_envs=256, batch=2048, learning_starts=4096, updates=2500, gamma=0.95, epsilon=0.3, sync=20, alpha=0.02
)
"""Here alpha is Adam's step size."""


class HiddenNet:
    """Q(s) = relu(W1[s] + b1) @ W2 + b2 for every state at once; all parameters lie in one flat array.

    Parameters
    ----------
    n_states, n_actions, hidden
        S, A and H: W1 is (S, H), b1 (H,), W2 (H, A), b2 (A,).
    rng
        Draws the weights, normal with standard deviation 0.1; biases begin at zero.
    """

    def __init__(self, n_states: int, n_actions: int, hidden: int, rng: np.random.Generator):
        self.shapes = ((n_states, hidden), (hidden,), (hidden, n_actions), (n_actions,))
        self.flat = rng.normal(scale=0.1, size=sum(int(np.prod(shape)) for shape in self.shapes))
        self.W1, self.b1, self.W2, self.b2 = self.views(self.flat)
        self.b1[...], self.b2[...] = 0.0, 0.0

    def views(self, flat: Floats) -> list[Floats]:
        """Split a flat array into W1, b1, W2, b2 as views."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(flat, ends), self.shapes, strict=True)]

    def outputs(self) -> tuple[Floats, Floats]:
        """Return Q of all states (S, A), and the hidden layer (S, H) that the backward pass needs."""
        h = np.maximum(self.W1 + self.b1, 0.0)
        return h @ self.W2 + self.b2, h

    def backward(self, h: Floats, G: Floats) -> Floats:
        """Return dL/dparameters, flat, from G = dL/dQ (S, A); rows of states outside the batch are zero."""
        refuse_answers("the backward pass of the course's own networks")
        grad = np.empty_like(self.flat)
        dW1, db1, dW2, db2 = self.views(grad)
        np.dot(h.T, G, out=dW2)
        G.sum(axis=0, out=db2)
        np.multiply(G @ self.W2.T, h > 0, out=dW1)  # one_hot(s).T @ upstream: row s of W1 gets what arrives at s
        dW1.sum(axis=0, out=db1)
        return grad


class HiddenQNetwork:
    """A `HiddenNet` that Adam trains, as the training loop wants it.

    Parameters
    ----------
    net
        Its parameters are changed in place.
    step_size
        Adam's.
    """

    def __init__(self, net: HiddenNet, step_size: float):
        self.net, self.adam = net, Adam(len(net.flat), step_size)
        self.Q, self.h = net.outputs()

    def descend(self, gradient: Floats) -> None:
        """Push the gradient dL/dQ (S, A) back to the parameters, take one step of Adam, and compute ``Q`` anew."""
        require_shape("The gradient at the outputs", gradient, self.Q.shape, "one entry for each state and action")
        self.adam.step(self.net.flat, self.net.backward(self.h, gradient))
        self.Q, self.h = self.net.outputs()


def train_hidden(
    functions: StudentFunctions, model: TaxiModel, settings: Settings, seed: int, hidden: int = 64
) -> tuple[Run, HiddenNet]:
    """Train a network with one hidden layer, by the loop of `train_table` and Adam.

    Parameters
    ----------
    functions
        The student's functions: their gradient at the outputs is what the network is trained with.
    model
        Taxi as arrays.
    settings
        The switches of the run; `HIDDEN_SETTINGS` are known to work. ``alpha`` is Adam's step size.
    seed
        Everything random comes from it, the initial parameters first.
    hidden
        Width of the hidden layer.

    Returns
    -------
    run : Run
        The learning curve; its ``W`` holds the outputs of all states (S, A).
    net : HiddenNet
        The trained network.
    """
    require_whole("train_hidden", "hidden", hidden)
    rng = np.random.default_rng(seed)
    net = HiddenNet(model.n_states, model.n_actions, hidden, rng)
    return run_training(functions, HiddenQNetwork(net, settings.alpha), model, settings, rng), net


def interference(net: HiddenNet, states: Ints, action: int, step: float = 0.1) -> Floats:
    """Measure how one update of one state moves the outputs of others.

    Parameters
    ----------
    net
        A network; its parameters are the same afterwards.
    states
        Ids (n,).
    action
        The action whose output is updated and compared.
    step
        Step size of one SGD step with TD error -1, by which a state's own output should rise.

    Returns
    -------
    ndarray
        M (n, n): M[i, j] is the change of Q(states[i], action) when Q(states[j], action) takes the step. To first order
        in the step it is `step` times the inner product of the two gradients dQ/dparameters.
    """
    Q, h = net.outputs()
    before, M = net.flat.copy(), np.empty((len(states), len(states)))
    for j, s in enumerate(states):
        G = np.zeros_like(Q)
        G[s, action] = -1.0
        net.flat -= step * net.backward(h, G)
        M[:, j] = (net.outputs()[0] - Q)[states, action]
        net.flat[...] = before
    return M
