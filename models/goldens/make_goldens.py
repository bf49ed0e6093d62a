"""Writes recurrent.json: what PyTorch makes of asymmetric weights, to compare with.

    python3 models/goldens/make_goldens.py

Weights are cosines, inputs sines of counts, so that the test makes the same ones by itself and this
file holds only results. The loss is the sum of the outputs weighed by cosines. All is in double
precision, from numbers that float32 can hold.
"""
import json
import os

import torch

torch.set_default_dtype(torch.float64)


def wave(function, shape, start, scale):
    """Waves of a running count."""
    count = torch.Size(shape).numel()
    return (function(torch.arange(count).double() * 0.7 + start) * scale).float().double().reshape(shape)


def fill(module):
    """Each parameter in turn, in the order of the names."""
    for i, (name, parameter) in enumerate(sorted(module.named_parameters())):
        with torch.no_grad():
            parameter.copy_(wave(torch.cos, parameter.shape, i + 1, 0.5))


def numbers(tensor):
    return [round(x, 9) for x in tensor.detach().flatten().tolist()]


class Model(torch.nn.Module):
    """Embedding, recurrent layers, linear layer."""

    def __init__(self, kind, layers, bias, **options):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, EMBEDDING)
        self.rnn = getattr(torch.nn, kind)(EMBEDDING, HIDDEN, layers, bias=bias, **options)
        self.output = torch.nn.Linear(HIDDEN, CLASSES, bias=bias)

    def forward(self, symbols, state):
        hidden, last = self.rnn(self.embedding(symbols), state)
        return self.output(hidden), last


VOCABULARY, EMBEDDING, HIDDEN, CLASSES, TIME, BATCH = 5, 3, 4, 3, 6, 2

cases = []
for kind, layers, bias, options in [
    ("RNN", 1, True, {"nonlinearity": "tanh"}),
    ("RNN", 2, False, {"nonlinearity": "relu"}),
    ("GRU", 1, False, {}),
    ("GRU", 2, True, {}),
    ("LSTM", 1, False, {}),
    ("LSTM", 3, True, {}),
]:
    model = Model(kind, layers, bias, **options)
    fill(model)
    symbols = (torch.arange(TIME * BATCH) * 7 % VOCABULARY).reshape(TIME, BATCH)
    shape = (layers, BATCH, HIDDEN)
    h = wave(torch.sin, shape, 0.2, 0.8)
    state = (h, wave(torch.sin, shape, 0.9, 0.8)) if kind == "LSTM" else h
    outputs, last = model(symbols, state)
    loss = (outputs * wave(torch.cos, outputs.shape, 0.3, 1.0)).sum()
    loss.backward()
    cases.append({
        "kind": kind.lower(),
        "layers": layers,
        "bias": bias,
        "activation": options.get("nonlinearity", "tanh"),
        "outputs": numbers(outputs),
        "h": numbers(last[0] if kind == "LSTM" else last),
        "c": numbers(last[1]) if kind == "LSTM" else [],
        "shapes": {name: list(p.shape) for name, p in sorted(model.named_parameters())},
        "gradients": {name: numbers(p.grad) for name, p in sorted(model.named_parameters())},
    })

path = os.path.join(os.path.dirname(__file__), "recurrent.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
