"""Chapter 2's one transition in two networks: which weights get a gradient, for each action, flag and target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradschool.lessons.figures.network_gradient import network_gradient
from gradschool.lessons.live_figures.show import LiveFigure
from gradschool.lessons.notebook_ui import first_unimplemented
from gradschool.rl.envs.taxi import ACTIONS
from gradschool.rl.nets.mlp import MLP, layer_views

Array = np.ndarray
Function = Callable[..., Any]

STATES, FROM, TO = 8, 2, 5  # of so many states, the one that is left and the one where the taxi lands
REWARD, GAMMA = -1.0, 0.9
TITLES = ("no hidden layer", "one hidden layer")
FIRST = {"action": 3, "terminated": False, "detached": True}
NO_GRADIENT = 1e-9
NUDGE = 1e-4


def networks() -> list[tuple[MLP, MLP]]:
    """Return both networks, without biases, and the target network of each: 8 x 6 weights, and 8 x 5 + 5 x 6.

    Three of the five hidden units are active in each of the two states.
    """
    rng = np.random.default_rng(3)
    last = rng.normal(size=(5, len(ACTIONS)))
    first = rng.normal(size=(STATES, 5))
    first[FROM], first[TO] = [0.5, -0.4, 1.2, 0.8, -0.3], [-0.6, 0.7, 0.9, -0.2, 0.4]
    table = rng.normal(scale=1.5, size=(STATES, len(ACTIONS)))
    return [
        (_network(layers), _network([w + rng.normal(scale=0.15, size=w.shape) for w in layers]))
        for layers in ([table], [first, last])
    ]


def _network(layers: list[Array]) -> MLP:
    net = MLP((STATES, *(w.shape[1] for w in layers)), flat=np.zeros(sum(w.size + w.shape[1] for w in layers)))
    for weights, values in zip(net.weights, layers, strict=True):
        weights[:] = values
    return net


def transition_data(td_target: Function, output_gradient: Function) -> dict[str, Any]:
    """Compute what every choice of action, flag and detach does in both networks.

    Parameters
    ----------
    td_target
        (reward (B,), q_next (B, A), terminated (B,), truncated (B,), gamma) -> y (B,).
    output_gradient
        (q (B, A), action (B,), y (B,)) -> dL/dq (B, A), the targets held constant.

    Returns
    -------
    dict
        The data of the figure "transition".
    """
    cases = {}
    for action in range(len(ACTIONS)):
        for terminated in (False, True):
            for detached in (True, False):
                nets = [
                    _one(online, target, td_target, output_gradient, (action, terminated, detached))
                    for online, target in networks()
                ]
                leaks = any(kind == "leak" for net in nets for *_, kind in net["moved"])
                case = {"networks": nets, "leaks": leaks, "words": _words(nets, action, terminated, leaks)}
                cases[f"{action}|{str(terminated).lower()}|{str(detached).lower()}"] = case
    return {
        "actions": list(ACTIONS),
        "states": {"from": FROM, "to": TO},
        "titles": list(TITLES),
        "cases": cases,
        "first": FIRST,
    }


def _one(
    online: MLP, target: MLP, td_target: Function, output_gradient: Function, choice: tuple[int, bool, bool]
) -> dict[str, Any]:
    """Return one network's case: its target in words, and every weight with a gradient."""
    action, terminated, detached = choice
    q, q_next = online(_one_hot(FROM)), (target if detached else online)(_one_hot(TO))

    def label(q_next: Array) -> float:
        y = td_target(np.array([REWARD]), q_next, np.array([terminated]), np.array([False]), GAMMA)
        return float(np.asarray(y, float)[0])

    y = label(q_next)
    upstream = np.asarray(output_gradient(q, np.array([action]), np.array([y])), float)
    own = _weight_gradients(online, FROM, upstream)
    through = [np.zeros_like(g) for g in own]
    if not detached:  # dL/dy = -dL/dQ(s, a) of one transition, times dy/dq_next of the student's own td_target
        through = _weight_gradients(online, TO, -upstream[0, action] * _slope(label, q_next))
    moved = [
        [layer, int(i), int(j), round(float(g + t), 6), "leak" if abs(t) > NO_GRADIENT else "flow"]
        for layer, (grads, leaked) in enumerate(zip(own, through, strict=True))
        for (i, j), g in np.ndenumerate(grads)
        if abs(g + (t := leaked[i, j])) > NO_GRADIENT
    ]
    of, best = sum(g.size for g in own), int(q_next.argmax())
    shown = f"y = {y:.2f}, Q(s, {ACTIONS[action]}) = {q[0, action]:.2f}, Q − y = {q[0, action] - y:+.2f}"
    return {
        "sizes": list(online.sizes),
        "moved": moved,
        "of": of,
        "best": best,
        "target": shown.replace("-", "−"),
        "y": y,
    }


def _one_hot(state: int) -> Array:
    return np.eye(STATES)[[state]]


def _weight_gradients(net: MLP, state: int, upstream: Array) -> list[Array]:
    """Return the gradient in each layer's weights, by the package's own backward pass."""
    _, cache = net.forward(_one_hot(state))
    return layer_views(net.vjp(cache, upstream)[0], net.sizes)[0]


def _slope(label: Callable[[Array], float], q_next: Array) -> Array:
    """Return dy/dq_next (1, A) by central differences, exact where y is made of pieces of straight lines."""
    nudges = NUDGE * np.eye(q_next.shape[1])
    slopes = [(label(q_next + nudge) - label(q_next - nudge)) / (2 * NUDGE) for nudge in nudges]
    return np.array([slopes]).round(9)


def _words(nets: list[dict[str, Any]], action: int, terminated: bool, leaks: bool) -> str:
    counts = " and ".join(f"{len(net['moved'])} of {net['of']}" for net in nets)
    if leaks:
        return (
            f"{ACTIONS[action]}, with a gradient through the target: {counts} weights get a gradient; it leaks into "
            "the weights of s′, where no reward was received."
        )
    end = ", and the episode ends, so that y is the reward alone" if terminated else ""
    return f"{ACTIONS[action]}{end}: {counts} weights get a gradient; no other action's output has one."


def explore_transition(td_target: Function, output_gradient: Function) -> None:
    """Show the figure, or a sentence where one of the student's functions is not written yet.

    Parameters
    ----------
    td_target, output_gradient
        The student's functions, as in `transition_data`.
    """
    one, data = np.zeros(1, int), dict[str, Any]()
    unwritten = first_unimplemented(
        {
            "td_target": lambda: td_target(np.ones(1), np.ones((1, 6)), one > 0, one > 0, GAMMA),
            "output_gradient": lambda: output_gradient(np.ones((1, 6)), one, np.ones(1)),
            "td_target and output_gradient": lambda: data.update(transition_data(td_target, output_gradient)),
        }
    )
    if unwritten:
        print(unwritten)
        return
    LiveFigure("transition", data, _still(data)).show()


def _still(data: Mapping[str, Any]) -> Any:
    """Return the picture of two choices in the larger network: the target held constant, and not."""
    panels, words = {}, []
    for detached, title in ((True, "detached"), (False, "not detached")):
        case = data["cases"][f"{FIRST['action']}|false|{str(detached).lower()}"]
        net = case["networks"][1]
        grads = [np.zeros(shape) for shape in zip(net["sizes"], net["sizes"][1:], strict=False)]
        for layer, i, j, gradient, _ in net["moved"]:
            grads[layer][i, j] = gradient
        panels[f"{title}: {len(net['moved'])} of {net['of']}"] = (grads, FROM, FIRST["action"])
        words.append(case["words"])
    picture = network_gradient(panels, 0.0)
    return picture.described(" ".join(words))
