"""The jobs in NumPy, derivatives by hand: one-hot recurrent networks as in Karpathy's min-char-rnn, the autonomous
network likewise, and the perceptron of squares. All in float32."""

import os

from protocol import BATCHES, Unable, Variant, arguments, main

args = arguments()
if args.threads:
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(args.threads)

import numpy as np


def softmax_losses(logits, targets):
    """Cross entropies, and the derivative of their sum; rows are positions."""
    rows = np.arange(len(logits))
    logits = logits - logits.max(axis=1, keepdims=True)
    exponents = np.exp(logits)
    sums = exponents.sum(axis=1, keepdims=True)
    losses = np.log(sums[:, 0]) - logits[rows, targets]
    probabilities = exponents / sums
    probabilities[rows, targets] -= 1
    return losses, probabilities


def adam(p, rate):
    first, second = ({n: np.zeros_like(w) for n, w in p.items()} for _ in range(2))
    steps = 0

    def update(gradients):
        nonlocal steps
        steps += 1
        scale = np.float32(rate / (1 - 0.9**steps))
        root = np.float32((1 - 0.999**steps) ** -0.5)
        for n, g in gradients.items():
            first[n] += np.float32(0.1) * (g - first[n])
            second[n] += np.float32(0.001) * (g * g - second[n])
            p[n] -= scale * first[n] / (root * np.sqrt(second[n]) + np.float32(1e-8))

    return update


def adagrad(p, rate, inside):
    sums = {n: np.zeros_like(w) for n, w in p.items()}

    def update(gradients):
        for n, g in gradients.items():
            if inside:
                np.clip(g, -5, 5, out=g)
            sums[n] += g * g
            root = np.sqrt(sums[n] + np.float32(1e-8)) if inside else np.sqrt(sums[n]) + np.float32(1e-10)
            p[n] -= np.float32(rate) * g / root

    return update


def one_hot(job, p):
    update = adagrad(p, job.rate, job.carries)
    state = np.zeros((job.batch, job.hidden), np.float32)
    one_hots = np.eye(job.classes, dtype=np.float32)

    def step(inputs, targets):
        nonlocal state
        time, batch, hidden = job.time, job.batch, job.hidden
        states = np.empty((time + 1, batch, hidden), np.float32)
        states[0] = state if job.carries else 0
        whh, bias = p["weight_hh"], p["bias_h"]
        rows = p["weight_ih"][inputs]
        for t in range(time):
            states[t + 1] = np.tanh(rows[t] + states[t] @ whh + bias)
        flat = states[1:].reshape(-1, hidden)
        losses, dlogits = softmax_losses(flat @ p["weight_out"] + p["bias_out"], targets.ravel())
        if not job.carries:
            dlogits /= np.float32(time * batch)
        douts = (dlogits @ p["weight_out"].T).reshape(time, batch, hidden)
        dsums = np.empty((time, batch, hidden), np.float32)
        dnext = np.zeros((batch, hidden), np.float32)
        for t in reversed(range(time)):
            dsums[t] = (1 - states[t + 1] ** 2) * (douts[t] + dnext)
            dnext = dsums[t] @ whh.T
        dflat = dsums.reshape(-1, hidden)
        update({
            "weight_ih": one_hots[inputs.ravel()].T @ dflat,
            "weight_hh": states[:-1].reshape(-1, hidden).T @ dflat,
            "bias_h": dflat.sum(axis=0),
            "weight_out": flat.T @ dlogits,
            "bias_out": dlogits.sum(axis=0),
        })
        state = states[-1]
        return losses.sum() if job.carries else losses.mean()

    return step


def autonomous(job, p):
    update = adam(p, job.rate)

    def step(inputs, targets):
        time, hidden = job.time, job.hidden
        states = np.empty((time + 1, hidden), np.float32)
        whh, bias = p["weight_hh"], p["bias_h"]
        states[0] = 1 / (1 + np.exp(-p["start"][0]))
        for t in range(time):
            states[t + 1] = 1 / (1 + np.exp(-(states[t] @ whh + bias)))
        losses, dlogits = softmax_losses(states[1:] @ p["weight_out"] + p["bias_out"], targets)
        dlogits /= np.float32(time)
        douts = dlogits @ p["weight_out"].T
        dsums = np.empty((time, hidden), np.float32)
        dnext = np.zeros(hidden, np.float32)
        slopes = states * (1 - states)
        for t in reversed(range(time)):
            dsums[t] = slopes[t + 1] * (douts[t] + dnext)
            dnext = dsums[t] @ whh.T
        gradients = {
            "start": (slopes[0] * dnext)[None],
            "weight_hh": states[:-1].T @ dsums,
            "bias_h": dsums.sum(axis=0),
            "weight_out": states[1:].T @ dlogits,
            "bias_out": dlogits.sum(axis=0),
        }
        penalty = 1e-4 * sum(np.square(w).sum() for w in p.values())
        update({n: g + np.float32(2e-4) * p[n] for n, g in gradients.items()})
        return losses.mean() + penalty

    return step


def squares(job, p):
    def step(inputs, targets):
        hidden = np.tanh(inputs @ p["weight_1"] + p["bias_1"])
        errors = hidden @ p["weight_out"] + p["bias_out"] - targets
        loss = np.square(errors).sum()
        dout = 2 * errors
        dsums = (1 - hidden**2) * (dout @ p["weight_out"].T)
        rate = np.float32(job.rate)
        p["weight_out"] -= rate * (hidden.T @ dout)
        p["bias_out"] -= rate * dout.sum(axis=0)
        p["weight_1"] -= rate * (inputs.T @ dsums)
        p["bias_1"] -= rate * dsums.sum(axis=0)
        return loss

    return step


def variants(job, args):
    if job.kind not in ("one-hot", "autonomous", "squares"):
        raise Unable("nobody writes the derivatives of this one by hand")

    def start():
        p = {n: a.copy() for n, a in job.parameters.items()}
        step = {"one-hot": one_hot, "autonomous": autonomous, "squares": squares}[job.kind](job, p)
        batches = [{n: a[k] for n, a in job.batches.items()} for k in range(BATCHES)]

        def run(first, count):
            for i in range(first, first + count):
                batch = batches[i % BATCHES]
                loss = step(batch.get("inputs"), batch["targets"])
            return loss

        return run

    return [Variant("by hand", args.threads or os.cpu_count(), start)]


main(args, "numpy", f"numpy {np.__version__}", variants)
