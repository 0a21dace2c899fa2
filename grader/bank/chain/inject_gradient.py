"""Reference, known mistakes and alternative solutions of ``chain.inject_gradient``."""

from __future__ import annotations

import torch

from grader.bank.entry import entry


def both_ways(net, X, G):
    """y.backward(G), and the surrogate loss (G.detach() * y).sum()."""
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    by_surrogate = torch.autograd.grad((G.detach() * net(X)).sum(), params)
    return by_backward, by_surrogate


inject_gradient = entry("chain.inject_gradient", points=6, reference=both_ways)


@inject_gradient.mutant(
    "not-detached",
    "The parameters' gradients are right, but a gradient also reaches whatever made G. An injected gradient is "
    "a constant here: detach it, for example in the surrogate loss.",
)
def not_detached(net, X, G):
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    net.zero_grad()
    (G * net(X)).sum().backward()
    return by_backward, [p.grad.clone() for p in params]


@inject_gradient.mutant(
    "upstream-ignored",
    "Both ways give the gradient of net(X).sum(), as if every output mattered equally and by 1: G makes no "
    "difference. Put G where the loss's own gradient would arrive.",
)
def upstream_ignored(net, X, G):
    params = list(net.parameters())
    one = torch.autograd.grad(net(X).sum(), params)
    return one, one


@inject_gradient.mutant(
    "surrogate-averaged",
    "The second way gives 1/(B m) of the first, as a mean over all entries of G * net(X) does. Take the sum, "
    "(G.detach() * y).sum(): G contains all the averaging there is.",
    "a11",
)
def surrogate_averaged(net, X, G):
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    return by_backward, torch.autograd.grad((G.detach() * net(X)).mean(), params)


@inject_gradient.mutant(
    "surrogate-batch-averaged",
    "The second way gives 1/B of the first, as a mean over the batch does. G already is the gradient of the whole "
    "loss: take the sum.",
    "a10",
)
def surrogate_batch_averaged(net, X, G):
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    return by_backward, torch.autograd.grad((G.detach() * net(X)).sum(dim=1).mean(), params)


@inject_gradient.mutant(
    "not-zeroed",
    "The second way comes on top of the first, and the next call on top of both, as gradients that accumulate in "
    ".grad do. Call net.zero_grad() before each backward, or use torch.autograd.grad.",
    "a18",
)
def not_zeroed(net, X, G):
    net(X).backward(G.detach())
    by_backward = [p.grad.clone() for p in net.parameters()]
    (G.detach() * net(X)).sum().backward()
    return by_backward, [p.grad.clone() for p in net.parameters()]


@inject_gradient.mutant(
    "same-buffer",
    "Both ways come out twice too large, for example because both lists hold the same .grad tensors, to which the "
    "second backward adds. Copy (clone) what you want to keep, and clear .grad in between.",
)
def same_buffer(net, X, G):
    params = list(net.parameters())
    net.zero_grad()
    net(X).backward(G.detach())
    by_backward = [p.grad for p in params]
    (G.detach() * net(X)).sum().backward()
    return by_backward, [p.grad for p in params]


@inject_gradient.mutant(
    "sign",
    "Both ways are right up to the sign: they are the gradients for -G. A surrogate loss is built so that its "
    "gradient *is* G: there is no minus sign.",
    "a7",
)
def inject_sign(net, X, G):
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, -G.detach())
    return by_backward, torch.autograd.grad(-(G.detach() * net(X)).sum(), params)


@inject_gradient.mutant(
    "net-moves",
    "Both ways are right in the first call, but the network's weights are not what they were before it. Only compute the "
    "gradients here; the step comes later.",
)
def inject_moves_net(net, X, G):
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    by_surrogate = torch.autograd.grad((G.detach() * net(X)).sum(), params)
    with torch.no_grad():
        for p, g in zip(params, by_backward, strict=True):
            p -= 1e-3 * g
    return by_backward, by_surrogate


@inject_gradient.mutant(
    "net-left-frozen",
    "Both ways are right, but the network stays frozen: its requires_grad was True before the call and is False after it. "
    "Put the flags back.",
)
def inject_leaves_frozen(net, X, G):
    net.requires_grad_(True)
    params = list(net.parameters())
    by_backward = torch.autograd.grad(net(X), params, G.detach())
    by_surrogate = torch.autograd.grad((G.detach() * net(X)).sum(), params)
    net.requires_grad_(False)
    return by_backward, by_surrogate


@inject_gradient.alternative_solution
def with_zero_grad(net, X, G):
    net.zero_grad()
    net(X).backward(G.detach())
    by_backward = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    (G.detach() * net(X)).sum().backward()
    return by_backward, [p.grad.clone() for p in net.parameters()]


@inject_gradient.alternative_solution
def by_functional_call(net, X, G):
    names = [name for name, _ in net.named_parameters()]
    values = tuple(p.detach() for p in net.parameters())

    def forward(*params):
        return torch.func.functional_call(net, dict(zip(names, params, strict=True)), (X,))

    _, vjp = torch.func.vjp(forward, *values)
    surrogate = torch.func.grad(lambda *p: (G.detach() * forward(*p)).sum(), argnums=tuple(range(len(values))))
    return vjp(G.detach()), surrogate(*values)
