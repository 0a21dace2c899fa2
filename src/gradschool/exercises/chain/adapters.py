"""Chapter 1: how a student's function is called on one set of inputs, where that is more than handing them over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, AnswerUnusable, Args
from gradschool.core.numerics import Array, nearly_equal


def curved(a: Args) -> Callable[[Array], float]:
    """f(x) = sum(c x + q x^2 + k x^3) + wave sin(sum x): curved, and with a slope that depends on every entry."""
    return lambda x: float(np.sum(a["c"] * x + a["q"] * x**2 + a["k"] * x**3) + a["wave"] * np.sin(np.sum(x)))


def numerical_gradient(answer: Answer, a: Args) -> Any:
    """Call numerical_gradient(f, x, h) for this case's f."""
    return answer(curved(a), a["x"], a["h"])


def inject_setup(a: Args) -> tuple[Any, Any, Any]:
    """The network as a torch module, X, and the ``source`` from which G comes."""
    import torch

    from gradschool.rl.nets.torch_mlp import tanh_net

    return tanh_net(a["W1"], a["b1"], a["W2"], a["b2"]), torch.tensor(a["X"]), torch.tensor(a["G"], requires_grad=True)


def inject_state(net: Any, X: Any, G: Any) -> dict[str, Any]:
    """Weights, flags and modes of the network, and both inputs: none of it may change."""
    from gradschool.rl.nets.torch_state import network_state

    kept = {key: part for key, part in network_state("net", net).items() if key != "net_buffers"}
    inputs = {"X_after": X.detach().clone(), "G_after": G.detach().clone()}
    return {**kept, **inputs, "inputs_require_grad": np.array([X.requires_grad, G.requires_grad])}


def inject_gradient(answer: Answer, a: Args) -> Any:
    """Call inject_gradient(net, X, G) on a torch network, and see what reached the place where G came from.

    It is called twice, and once more with old numbers in every ``.grad``, as a step of another program leaves them.

    G is computed from a tensor ``source`` that requires a gradient, and from the network's own output, as it is in a
    larger program: an injected gradient is a constant there, so no gradient may run into its history.
    """
    import torch

    net, X, source = inject_setup(a)
    G = _with_history(net, X, source)
    first = _copies(answer(net, X, G))
    second = _copies(answer(net, X, _with_history(net, X, source)))
    for parameter in net.parameters():
        parameter.grad = torch.ones_like(parameter)
    third = _copies(answer(net, X, _with_history(net, X, source)))
    leaked = torch.zeros_like(source) if source.grad is None else source.grad
    again, beside_old = (
        np.array([_alike(one, other) for one, other in zip(first, later, strict=True)]) for later in (second, third)
    )
    found = {"backward": first[0], "surrogate": first[1], "called_again": again, "beside_old_gradients": beside_old}
    found["at_source_of_G"] = leaked
    return {**found, **inject_state(net, X, G)}


def _alike(one: Any, other: Any) -> bool:
    """Return whether two lists of gradients are the same, up to rounding."""
    return len(one) == len(other) and all(
        a is b if a is None or b is None else nearly_equal(_float64(a), _float64(b), share=1e-9)
        for a, b in zip(one, other, strict=True)
    )


def _float64(x: Any) -> Array:
    found: Array = x.cpu().double().numpy()
    return found


def _with_history(net: Any, X: Any, source: Any) -> Any:
    """Return G: the numbers of ``source``, with a history that leads to ``source`` and to the network's parameters."""
    output = net(X)
    return source * 1.0 + (output - output.detach())


def _copies(answer: Any) -> tuple[Any, Any]:
    """Copies of both lists of gradients, made at once: the next call may reuse the same buffers."""
    import torch

    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise AnswerUnusable("inject_gradient should return two lists of gradients: (by_backward, by_surrogate)")
    ways = [tuple(way) if isinstance(way, Iterable) else (way,) for way in answer]
    for name, way in zip(("by_backward", "by_surrogate"), ways, strict=True):
        if not all(t is None or isinstance(t, torch.Tensor) for t in way):
            raise AnswerUnusable(f"{name} should be a list of tensors, one gradient for each of net.parameters()")
    return tuple(tuple(None if t is None else t.detach().clone() for t in way) for way in ways)  # type: ignore[return-value]


def slopes_of(args: Args) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Both gradients of f(a; phi) = -1/2 (a - phi) . curvature (a - phi) + tilt . phi + wave sum sin(a phi).

    They are handed over as autograd would: df/da, df/dphi. The lesson's hill has curvature 1, tilt 1 and no waves.
    """

    def gradients(a: Array, phi: Array) -> tuple[Array, Array]:
        down, ripple = (args["curvature"] + args["curvature"].T) @ (a - phi) / 2, args["wave"] * np.cos(a * phi)
        return ripple * phi - down, ripple * a + down + args["tilt"]

    return gradients


def maximise(answer: Answer, a: Args) -> Any:
    """Call maximise(gradients, a, phi, lr, steps) for this case's f."""
    return answer(slopes_of(a), a["a"], a["phi"], a["lr"], a["steps"])
