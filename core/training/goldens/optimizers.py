"""Five steps of each optimizer by PyTorch, in double precision; prints optimizers.json.

Run: python3 optimizers.py > optimizers.json
"""
import json

import torch

CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.05)),
    "sgd momentum": (torch.optim.SGD, dict(lr=0.05, momentum=0.9)),
    "sgd nesterov": (torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True)),
    "adam": (torch.optim.Adam, dict(lr=0.05)),
    "adam betas": (torch.optim.Adam, dict(lr=0.05, betas=(0.5, 0.75), eps=1e-3)),
    "adamw": (torch.optim.AdamW, dict(lr=0.05, weight_decay=0.1)),
    "adagrad outside": (torch.optim.Adagrad, dict(lr=0.5, eps=1e-3)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.05)),
    "rmsprop momentum": (torch.optim.RMSprop, dict(lr=0.05, alpha=0.5, momentum=0.9)),
    "sgd clip value": (torch.optim.SGD, dict(lr=0.05)),
    "sgd clip norm": (torch.optim.SGD, dict(lr=0.05)),
}
SCALE = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
TARGET = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)

result = {}
for name, (optimizer, settings) in CASES.items():
    w = torch.tensor([1.0, 0.25, -0.5], dtype=torch.float64, requires_grad=True)
    b = torch.tensor(0.75, dtype=torch.float64, requires_grad=True)
    step = optimizer([w, b], **settings)
    rows = []
    for _ in range(5):
        step.zero_grad()
        loss = (SCALE * (w - TARGET) ** 2).sum() + b * w.prod() + b ** 4
        loss.backward()
        if name == "sgd clip value":
            torch.nn.utils.clip_grad_value_([w, b], 1.5)
        if name == "sgd clip norm":
            # PyTorch adds 1e-6 to the norm; here it is exact.
            norm = torch.sqrt((w.grad ** 2).sum() + b.grad ** 2)
            for x in (w, b):
                x.grad *= min(1.0, 1.5 / norm.item())
        step.step()
        rows.append([*w.tolist(), b.item()])
    result[name] = rows
print(json.dumps(result, indent=1))
