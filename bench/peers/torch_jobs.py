"""The jobs in PyTorch: its fused recurrent modules where they have the cell, a loop over time where not.

Variants are the number of threads, and torch.compile where the version has it, or TorchScript for the loop where not.
"""

from protocol import BATCHES, Variant, arguments, main

args = arguments()

import inspect
import os

import torch
import torch.nn.functional as F
from torch import nn

DEVICE = torch.device(args.device)
VERSION = tuple(int("".join(c for c in part if c.isdigit())[:3] or 0) for part in torch.__version__.split(".")[:2])


def parameter(array):
    return nn.Parameter(torch.tensor(array, device=DEVICE))


def linear(weight, bias):
    layer = nn.Linear(*weight.shape, device=DEVICE)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight.T.copy()))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def embedding(weight):
    return nn.Embedding.from_pretrained(torch.tensor(weight, device=DEVICE), freeze=False)


def sigmoid_loop(h: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, steps: int):
    states = []
    for _ in range(steps):
        h = torch.sigmoid(torch.addmm(bias, h, weight))
        states.append(h)
    return torch.cat(states)


class Autonomous(nn.Module):
    def __init__(self, job, loop):
        super().__init__()
        p, self.time, self.loop = job.parameters, job.time, loop
        self.start, self.weight, self.bias = (parameter(p[n]) for n in ("start", "weight_hh", "bias_h"))
        self.output = linear(p["weight_out"], p["bias_out"])

    def forward(self, batch, state):
        states = self.loop(torch.sigmoid(self.start), self.weight, self.bias, self.time)
        penalty = sum(w.square().sum() for w in self.parameters())
        return F.cross_entropy(self.output(states), batch["targets"]) + 1e-4 * penalty, state


class Recurrent(nn.Module):
    """One-hot symbols or their embeddings through nn.RNN, nn.GRU or nn.LSTM."""

    def __init__(self, job):
        super().__init__()
        p, self.job = job.parameters, job
        self.embedding = embedding(p["embedding"]) if "embedding" in p else None
        kinds = {"gru": nn.GRU, "lstm": nn.LSTM}
        inputs = p["weight_ih"].shape[0]
        if job.cell in kinds:
            self.rnn = kinds[job.cell](inputs, job.hidden, device=DEVICE)
        else:
            self.rnn = nn.RNN(inputs, job.hidden, nonlinearity=job.cell, device=DEVICE)
        with torch.no_grad():
            self.rnn.weight_ih_l0.copy_(torch.tensor(p["weight_ih"].T.copy()))
            self.rnn.weight_hh_l0.copy_(torch.tensor(p["weight_hh"].T.copy()))
            self.rnn.bias_ih_l0.copy_(torch.tensor(p["bias_ih" if job.cell == "gru" else "bias_h"]))
            self.rnn.bias_hh_l0.copy_(torch.tensor(p["bias_hh"]) if job.cell == "gru" else torch.zeros(1))
        if job.cell != "gru":
            # The others have one bias here; a second that learns too would double its steps.
            self.rnn.bias_hh_l0.requires_grad_(False)
        self.output = linear(p["weight_out"], p["bias_out"])

    def forward(self, batch, state):
        if self.embedding is not None:
            x = self.embedding(batch["inputs"])
        else:
            x = F.one_hot(batch["inputs"], self.job.classes).float()
        states, state = self.rnn(x, state if self.job.carries else None)
        reduction = "sum" if self.job.carries else "mean"
        logits = self.output(states).flatten(0, 1)
        return F.cross_entropy(logits, batch["targets"].flatten(), reduction=reduction), state


class Window(nn.Module):
    def __init__(self, job):
        super().__init__()
        p = job.parameters
        self.embedding = embedding(p["embedding"])
        self.hidden = linear(p["weight_1"], p["bias_1"])
        self.output = linear(p["weight_out"], p["bias_out"])

    def forward(self, batch, state):
        x = self.embedding(batch["inputs"]).flatten(1)
        return F.cross_entropy(self.output(F.relu(self.hidden(x))), batch["targets"]), state


class Squares(nn.Module):
    def __init__(self, job):
        super().__init__()
        p = job.parameters
        self.hidden = linear(p["weight_1"], p["bias_1"])
        self.output = linear(p["weight_out"], p["bias_out"])

    def forward(self, batch, state):
        out = self.output(torch.tanh(self.hidden(batch["inputs"])))
        return F.mse_loss(out, batch["targets"], reduction="sum"), state


class AdagradInside:
    """torch.optim.Adagrad has its epsilon outside the root; min-char-rnn's is inside, and it clips before."""

    def __init__(self, parameters, rate):
        self.parameters, self.rate = list(parameters), rate
        self.sums = [torch.zeros_like(w) for w in self.parameters]

    def zero_grad(self, set_to_none=True):
        for w in self.parameters:
            w.grad = None

    @torch.no_grad()
    def step(self):
        nn.utils.clip_grad_value_(self.parameters, 5.0)
        for w, s in zip(self.parameters, self.sums):
            s.addcmul_(w.grad, w.grad)
            w.addcdiv_(w.grad, (s + 1e-8).sqrt_(), value=-self.rate)


def optimizer(job, parameters):
    if job.optimizer == "adagrad-inside":
        return AdagradInside(parameters, job.rate)
    kind = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad, "sgd": torch.optim.SGD}[job.optimizer]
    # Fused updates came to the GPU with 2.0, to the CPU with 2.4, and to one optimizer after the other.
    has_fused = "fused" in inspect.signature(kind).parameters
    fused = has_fused and (VERSION >= (2, 4) or (args.device == "cuda" and VERSION >= (2, 0)))
    return kind(parameters, job.rate, **({"fused": True} if fused else {}))


def make(job, threads, how):
    def start():
        torch.set_num_threads(threads)
        if job.kind == "autonomous":
            model = Autonomous(job, torch.jit.script(sigmoid_loop) if how == "script" else sigmoid_loop)
        else:
            model = {"one-hot": Recurrent, "characters": Recurrent, "window": Window, "squares": Squares}[job.kind](job)
        trained = [w for w in model.parameters() if w.requires_grad]
        update = optimizer(job, trained)
        called, take = model, update.step
        if how == "torch.compile":
            called = torch.compile(model)
            # The others are fused already.
            if isinstance(update, AdagradInside):
                take = torch.compile(take)
        # Targets of F.cross_entropy are 64-bit integers.
        batches = [
            {n: torch.tensor(a[k]).to(torch.long if a.dtype == "int32" else torch.float32) for n, a in job.batches.items()}
            for k in range(BATCHES)
        ]
        state = torch.zeros(1, job.batch, job.hidden, device=DEVICE) if job.carries else None

        def run(first, count):
            nonlocal state
            torch.set_num_threads(threads)
            for i in range(first, first + count):
                batch = batches[i % BATCHES]
                if args.device != "cpu":
                    batch = {n: a.to(DEVICE, non_blocking=True) for n, a in batch.items()}
                update.zero_grad(set_to_none=True)
                loss, state = called(batch, state)
                if job.carries:
                    state = state.detach()
                loss.backward()
                take()
            return loss.item()

        return run

    return start


def variants(job, args):
    cores = os.cpu_count()
    counts = [args.threads] if args.threads else ([1, 2] if cores > 1 else [1])
    ways = ["eager"]
    if hasattr(torch, "compile"):
        ways.append("torch.compile")
    elif job.kind == "autonomous":
        ways.append("script")
    return [
        Variant(f"{how}, {n} {'thread' if n == 1 else 'threads'}", n, make(job, n, how)) for how in ways for n in counts
    ]


main(args, "torch", f"torch {torch.__version__}", variants)
