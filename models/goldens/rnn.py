"""An RNN's outputs, loss and gradients by PyTorch, in double precision; prints rnn.json.

Run: python3 rnn.py > rnn.json
"""
import json

import torch

torch.set_default_dtype(torch.float64)
TIME, BATCH, FEATURES, HIDDEN, CLASSES = 4, 2, 3, 5, 4


def numbers(*shape):
    """Numbers without symmetry that float32 holds exactly."""
    count = 1
    for size in shape:
        count *= size
    values = [((i * 37 + 11 * len(shape) + count) % 64 - 31) / 64 for i in range(count)]
    return torch.tensor(values).reshape(shape)


result = {}
for activation in ("tanh", "relu"):
    cell = torch.nn.RNN(FEATURES, HIDDEN, nonlinearity=activation)
    head = torch.nn.Linear(HIDDEN, CLASSES)
    wx, wh, b = numbers(FEATURES, HIDDEN), numbers(HIDDEN, HIDDEN), numbers(HIDDEN)
    w, c = numbers(HIDDEN, CLASSES), numbers(CLASSES)
    with torch.no_grad():
        cell.weight_ih_l0.copy_(wx.T)
        cell.weight_hh_l0.copy_(wh.T)
        cell.bias_ih_l0.copy_(b)
        cell.bias_hh_l0.zero_()
        head.weight.copy_(w.T)
        head.bias.copy_(c)
    x = numbers(TIME, BATCH, FEATURES) * 2
    targets = torch.tensor([[0, 3], [1, 1], [2, 0], [3, 2]])
    hidden, _ = cell(x)
    outputs = head(hidden)
    loss = torch.nn.functional.cross_entropy(outputs.reshape(-1, CLASSES), targets.reshape(-1))
    loss.backward()
    flat = lambda t: t.reshape(-1).tolist()
    result[activation] = {
        "x": flat(x),
        "targets": flat(targets),
        "parameters": {
            "cells.0.b": flat(b),
            "cells.0.wh": flat(wh),
            "cells.0.wx": flat(wx),
            "output.b": flat(c),
            "output.w": flat(w),
        },
        "outputs": flat(outputs.detach()),
        "loss": loss.item(),
        "gradients": {
            "cells.0.b": flat(cell.bias_ih_l0.grad),
            "cells.0.wh": flat(cell.weight_hh_l0.grad.T),
            "cells.0.wx": flat(cell.weight_ih_l0.grad.T),
            "output.b": flat(head.bias.grad),
            "output.w": flat(head.weight.grad.T),
        },
    }
print(json.dumps(result, indent=1))
