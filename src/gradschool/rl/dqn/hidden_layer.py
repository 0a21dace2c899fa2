"""DQN on Taxi with one hidden layer: the student's gradient at the outputs, pushed through one more layer.

With one-hot inputs the hidden layer of *all* S states is relu(W1 + b1): state s owns row s of W1, and shares b1, W2
and b2 with all others. So an update for one state leaves the other's row as it was drawn, but moves the other's outputs
through what is shared: an average over the trained states, and interference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True)
class HeldOut:
    """How a network that was fitted to Q* in some states does in others.

    Attributes
    ----------
    fitted_rmse
        Root mean square error in the states that it was fitted to.
    rmse
        The error in the held-out states: of the network, of the average row of the fitted states, of zeros.
    correlation
        Of the network's held-out outputs with Q*, both with each row's mean subtracted.
    spread, true_spread
        Standard deviation between held-out states, averaged over actions: of the network's outputs, and of Q*.
    special, special_found
        Held-out states in which only a pick-up or drop-off is optimal, and those in which the network is greedy so.
    """

    fitted_rmse: float
    rmse: Mapping[str, float]
    correlation: float
    spread: float
    true_spread: float
    special: int
    special_found: int


def held_out(Q: Floats, states: Ints, seed: int, n_fitted: int = 300, updates: int = 1000) -> HeldOut:
    """Fit a hidden layer of 64 to a table in some states, and measure it in the others.

    Parameters
    ----------
    Q
        The table (S, A) to fit, such as Q*.
    states
        Ids (n,); `n_fitted` of them, drawn at random, are fitted and the others are held out.
    seed
        Draws the states and the weights.
    n_fitted
        How many states are fitted.
    updates
        Steps of Adam (step size 0.02) on the mean squared error of all fitted states.

    Returns
    -------
    HeldOut
        Errors, correlation and spread.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(states)
    fitted, others = order[:n_fitted], order[n_fitted:]
    network = HiddenQNetwork(HiddenNet(Q.shape[0], Q.shape[1], 64, rng), 0.02)
    for _ in range(updates):
        G = np.zeros_like(Q)
        G[fitted] = (network.Q[fitted] - Q[fitted]) / len(fitted)
        network.descend(G)
    got, right, average = network.Q[others], Q[others], Q[fitted].mean(axis=0)
    special = right[:, 4:].max(axis=1) > right[:, :4].max(axis=1)
    return HeldOut(
        _rmse(network.Q[fitted], Q[fitted]),
        {"the network": _rmse(got, right), "the average row": _rmse(average, right), "zeros": _rmse(0.0, right)},
        float(np.corrcoef(_centered(got).ravel(), _centered(right).ravel())[0, 1]),
        float(got.std(axis=0).mean()),
        float(right.std(axis=0).mean()),
        int(special.sum()),
        int(np.sum(special & (got.argmax(axis=1) == right.argmax(axis=1)))),
    )


def _rmse(guess: Floats | float, right: Floats) -> float:
    return float(np.sqrt(np.mean((guess - right) ** 2)))


def _centered(rows: Floats) -> Floats:
    centered: Floats = rows - rows.mean(axis=1, keepdims=True)
    return centered
