"""The jobs in JAX on the CPU: the whole training step under jit, its state donated, the loop over time a lax.scan,
the optimizer from optax where it has the formula.

Variants are how far the scan is unrolled, and how many training steps one call makes (a scan over batches).
"""

import os

from protocol import BATCHES, Variant, arguments, main

args = arguments()
os.environ["JAX_PLATFORMS"] = {"cpu": "cpu", "cuda": "cuda"}[args.device]
if args.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["NPROC"] = "1"

import jax
import jax.numpy as jnp
import numpy as np
import optax


def cross_entropy(logits, targets):
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets)


def loss_function(job, unroll):
    """(parameters, hidden state, batch) → loss, hidden state."""

    def scan(cell, start, inputs, length=None):
        return jax.lax.scan(cell, start, inputs, length=length, unroll=unroll)

    def output(p, states):
        return states @ p["weight_out"] + p["bias_out"]

    def autonomous(p, state, batch):
        def cell(h, _):
            h = jax.nn.sigmoid(h @ p["weight_hh"] + p["bias_h"])
            return h, h

        _, states = scan(cell, jax.nn.sigmoid(p["start"][0]), None, job.time)
        penalty = sum(jnp.sum(jnp.square(w)) for w in jax.tree.leaves(p))
        return cross_entropy(output(p, states), batch["targets"]).mean() + 1e-4 * penalty, state

    def one_hot(p, state, batch):
        # A one-hot row times a matrix is a row of the matrix; all are looked up before the loop.
        inputs = p["weight_ih"][batch["inputs"]] + p["bias_h"]

        def cell(h, x):
            h = jnp.tanh(x + h @ p["weight_hh"])
            return h, h

        start = state if job.carries else jnp.zeros((job.batch, job.hidden))
        last, states = scan(cell, start, inputs)
        losses = cross_entropy(output(p, states), batch["targets"])
        return (losses.sum() if job.carries else losses.mean()), last if job.carries else state

    def characters(p, state, batch):
        inputs = p["embedding"][batch["inputs"]] @ p["weight_ih"]
        inputs += p["bias_ih"] if job.cell == "gru" else p["bias_h"]

        def relu(h, x):
            h = jax.nn.relu(x + h @ p["weight_hh"])
            return h, h

        def gru(h, x):
            xr, xz, xn = jnp.split(x, 3, axis=-1)
            hr, hz, hn = jnp.split(h @ p["weight_hh"] + p["bias_hh"], 3, axis=-1)
            r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
            h = (1 - z) * jnp.tanh(xn + r * hn) + z * h
            return h, h

        def lstm(carry, x):
            h, c = carry
            i, f, g, o = jnp.split(x + h @ p["weight_hh"], 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros((job.batch, job.hidden))
        cell = {"relu": relu, "gru": gru, "lstm": lstm}[job.cell]
        _, states = scan(cell, (zero, zero) if job.cell == "lstm" else zero, inputs)
        return cross_entropy(output(p, states), batch["targets"]).mean(), state

    def window(p, state, batch):
        x = p["embedding"][batch["inputs"]].reshape(job.batch, -1)
        hidden = jax.nn.relu(x @ p["weight_1"] + p["bias_1"])
        return cross_entropy(output(p, hidden), batch["targets"]).mean(), state

    def squares(p, state, batch):
        hidden = jnp.tanh(batch["inputs"] @ p["weight_1"] + p["bias_1"])
        return jnp.sum(jnp.square(output(p, hidden) - batch["targets"])), state

    return {
        "autonomous": autonomous,
        "one-hot": one_hot,
        "characters": characters,
        "window": window,
        "squares": squares,
    }[job.kind]


def adagrad(rate, eps, inside):
    """optax's Adagrad has its epsilon elsewhere, so by hand."""

    def init(parameters):
        return jax.tree.map(jnp.zeros_like, parameters)

    def update(gradients, sums, _):
        sums = jax.tree.map(lambda s, g: s + g * g, sums, gradients)
        root = (lambda s: jnp.sqrt(s + eps)) if inside else (lambda s: jnp.sqrt(s) + eps)
        return jax.tree.map(lambda g, s: -rate * g / root(s), gradients, sums), sums

    return optax.GradientTransformation(init, update)


def optimizer(job):
    return {
        "adam": lambda: optax.adam(job.rate),
        "adagrad": lambda: adagrad(job.rate, 1e-10, False),
        "adagrad-inside": lambda: optax.chain(optax.clip(5.0), adagrad(job.rate, 1e-8, True)),
        "sgd": lambda: optax.sgd(job.rate),
    }[job.optimizer]()


def make(job, unroll, together):
    transform = optimizer(job)
    loss_and_gradient = jax.value_and_grad(loss_function(job, unroll), has_aux=True)

    def step(carry, batch):
        parameters, state, hidden = carry
        (loss, hidden), gradients = loss_and_gradient(parameters, hidden, batch)
        updates, state = transform.update(gradients, state, parameters)
        return (optax.apply_updates(parameters, updates), state, hidden), loss

    def steps(carry, batches):
        return jax.lax.scan(step, carry, batches)

    compiled = jax.jit(step if together == 1 else steps, donate_argnums=0)

    def start():
        parameters = {name: jnp.array(array) for name, array in job.parameters.items()}
        hidden = jnp.zeros((job.batch, job.hidden)) if job.carries else jnp.zeros(())
        carry = (parameters, transform.init(parameters), hidden)
        if together == 1:
            batches = [{n: a[k] for n, a in job.batches.items()} for k in range(BATCHES)]
        else:
            batches = [
                {n: np.ascontiguousarray(a[k : k + together]) for n, a in job.batches.items()}
                for k in range(0, BATCHES, together)
            ]

        def run(first, count):
            nonlocal carry
            for i in range(first // together, (first + count) // together):
                carry, loss = compiled(carry, batches[i % len(batches)])
            jax.block_until_ready(carry)
            return loss

        return run

    return start


def variants(job, args):
    threads = 1 if args.threads == 1 else os.cpu_count()
    recurrent = job.kind not in ("window", "squares")
    found = []
    for unroll in sorted({1, min(4, job.time), min(16, job.time)}) if recurrent else (1,):
        # Large steps gain nothing from being unrolled far, and compile for long.
        if unroll > 4 and job.hidden > 256:
            continue
        for together in (1, BATCHES):
            # Large steps gain nothing from being called together.
            if together > 1 and job.hidden >= 512:
                continue
            name = (f"unroll {unroll}, " if recurrent else "") + f"{together} a call"
            found.append(Variant(name, threads, make(job, unroll, together), together))
    return found


main(args, "jax", f"jax {jax.__version__}", variants)
