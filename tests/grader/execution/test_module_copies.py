"""Copies of networks in a grading process: what ``copy.deepcopy`` makes without our help, and faster."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from grader.execution import module_copies


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Copy modules in the quick way for one test."""
    monkeypatch.setattr(torch.nn.Module, "__deepcopy__", None, raising=False)
    module_copies.use(torch)


class Net(torch.nn.Module):
    """A module with layers, a buffer, a number and a list of its own."""

    def __init__(self):
        super().__init__()
        self.body = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
        self.again = self.body[0]
        self.register_buffer("low", torch.tensor([1.0, 2.0]))
        self.seen, self.scale = [torch.zeros(2)], 2.0

    def forward(self, x):
        return self.body(x) * self.scale + self.low


class Saved(Net):
    """A module that says itself how it is copied."""

    def __getstate__(self):
        return {**self.__dict__, "scale": 7.0}


class Slotted(Net):
    """A module that keeps something outside its dictionary."""

    __slots__ = ("extra",)


def as_usual(thing):
    """What ``copy.deepcopy`` makes without our help."""
    own, torch.nn.Module.__deepcopy__ = torch.nn.Module.__deepcopy__, None
    try:
        return copy.deepcopy(thing)
    finally:
        torch.nn.Module.__deepcopy__ = own


def state(module):
    """Everything that a module holds, as plain text and numbers, with what is shared inside it."""
    ids: dict[int, int] = {}

    def of(value):
        if isinstance(value, torch.Tensor):
            place = ids.setdefault(value.data_ptr(), len(ids))
            grad = None if value.grad is None else value.grad.tolist()
            return type(value).__name__, value.tolist(), value.requires_grad, grad, place
        if isinstance(value, torch.nn.Module):
            return type(value).__name__, ids.setdefault(id(value), len(ids)), of(vars(value))
        if isinstance(value, dict):
            return type(value).__name__, [(of(k), of(v)) for k, v in value.items()]
        if isinstance(value, list | tuple | set):
            return type(value).__name__, [of(x) for x in value]
        return value

    return of(module)


def with_gradients():
    net = Net()
    net(torch.ones(2, 3)).sum().backward()
    return net


def frozen_and_in_eval_mode():
    return Net().eval().requires_grad_(False)


def slotted():
    net = Slotted()
    net.extra = 3
    return net


@pytest.mark.parametrize("make", [Net, with_gradients, frozen_and_in_eval_mode, Saved, slotted])
def test_a_copy_holds_what_the_usual_one_holds(make):
    net = make()
    quick, usual = copy.deepcopy(net), as_usual(net)
    assert state(quick) == state(usual)
    assert getattr(quick, "extra", None) == getattr(usual, "extra", None)
    assert not {p.data_ptr() for p in quick.parameters()} & {p.data_ptr() for p in net.parameters()}
    assert state(pickle.loads(pickle.dumps(quick))) == state(pickle.loads(pickle.dumps(usual)))


def test_an_optimizer_that_is_copied_with_its_network_steps_the_copy():
    net = Net()
    pair = {"net": net, "optimizer": torch.optim.SGD(net.parameters(), lr=0.5)}
    twin = copy.deepcopy(pair)
    before = [p.detach().clone() for p in twin["net"].parameters()]
    twin["net"](torch.ones(2, 3)).sum().backward()
    twin["optimizer"].step()
    assert any(not torch.equal(p, x) for p, x in zip(twin["net"].parameters(), before, strict=True))
    assert all(p.grad is None for p in net.parameters())


def test_hooks_are_copied_too():
    net, calls = Net(), []
    net.register_forward_hook(lambda *_: calls.append(1))
    copy.deepcopy(net)(torch.ones(1, 3))
    assert calls == [1]


def test_a_change_of_a_copy_leaves_its_original():
    net = Net()
    twin = copy.deepcopy(net)
    twin.register_forward_hook(lambda *_: None)
    twin.seen.append(1)
    twin.body.append(torch.nn.Tanh())
    assert not net._forward_hooks
    assert len(net.seen) == 1
    assert len(net.body) == 3


def test_a_class_with_a_copy_of_its_own_is_asked_for_it():
    class Own(Net):
        def __deepcopy__(self, memo):
            return "mine"

    assert copy.deepcopy(Own()) == "mine"
