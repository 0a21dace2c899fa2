"""Fresh weights: of large layers copied from a few drawn ones, and yet unrelated; which gradients are 0."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradexaminer.recording.layers import layers, parameters
from gradexaminer.recording.scramble import DRAWN, scramble
from gradexaminer.recording.tensors import is_some


@pytest.mark.parametrize("fan_in", [300, DRAWN])
def test_weights_of_a_large_layer_have_no_equal_rows_and_no_relation_to_another_ones(fan_in):
    layers = [nn.Linear(fan_in, 40 if fan_in == DRAWN else 400) for _ in range(2)]
    scramble(layers, torch.Generator().manual_seed(0))
    a, b = (layer.weight.detach() / layer.weight.detach().std() for layer in layers)
    assert len(a.unique(dim=0)) == len(a)
    assert abs(float((a * b).mean())) < 0.05
    assert int(torch.linalg.matrix_rank(a)) == min(a.shape)


def test_a_gradient_with_one_entry_that_is_not_0_is_some():
    x = torch.zeros(1000)
    assert not is_some(x)
    x[-1] = 1e-30
    assert is_some(x)
    assert is_some(x.view(100, 10).t())


def test_layers_and_parameters_are_those_of_pytorch_in_its_order():
    shared = nn.Linear(3, 3)
    net = nn.Sequential(
        shared, nn.ModuleDict({"a": nn.LSTM(3, 3), "b": shared}), nn.ModuleList([nn.Sequential(shared)])
    )
    net.register_module("none", None)
    net.register_parameter("own", nn.Parameter(torch.zeros(1)))
    assert list(map(id, layers(net))) == list(map(id, net.modules()))
    assert list(map(id, parameters(net))) == list(map(id, net.parameters()))
