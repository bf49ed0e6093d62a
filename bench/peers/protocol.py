"""What the Python peers share: reading a job, timing blocks of steps, and talking to the orchestrator.

A script is given a job and, with --serve, obeys lines of JSON on its standard input until it ends:
{"do": "check", "steps": n} trains afresh for n steps and answers with their losses;
{"do": "block", "seconds": s} or {"do": "block", "steps": n} goes on training and answers with the speed.
Without --serve it prints a few blocks and ends. With --plain it says {"loaded": true} before it makes anything of
the job, waits for a line, and takes its first variant.
"""

import argparse
import json
import math
import re
import sys
import time

BATCHES = 16


class Unable(Exception):
    """A job that this peer cannot do, and why."""


class Job:
    """Sizes, initial parameters and batches of a job, from a safetensors file."""

    def __init__(self, path):
        import numpy as np

        with open(path, "rb") as file:
            data = file.read()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        self.__dict__.update(json.loads(header.pop("__metadata__")["job"]))
        self.parameters, self.batches = {}, {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            dtype = {"F32": np.float32, "I32": np.int32}[entry["dtype"]]
            array = np.frombuffer(data[start:end], dtype).reshape(entry["shape"]).copy()
            (self.parameters if name.startswith("p.") else self.batches)[name[2:]] = array

    @property
    def carries(self):
        return self.optimizer == "adagrad-inside"


def numbers(losses):
    """A scalar or an array of whatever library as a list; JSON knows only finite numbers."""
    found = losses.reshape(-1).tolist() if hasattr(losses, "reshape") else [float(losses)]
    return [x if math.isfinite(x) else None for x in found]


class Variant:
    """One way of writing a job. `make()` gives `run(first, count)`: train on `count` batches from number `first`
    round and round, wait, return the loss, or all losses of the last call. `count` must be a multiple of `quantum`."""

    def __init__(self, name, threads, make, quantum=1):
        self.name, self.threads, self.make, self.quantum = name, threads, make, quantum


class Session:
    """A variant in training."""

    def __init__(self, peer, version, job, variant):
        self.peer, self.version, self.job, self.variant = peer, version, job, variant
        self.run = variant.make()
        self.at = 0
        # Compiles, and warms up.
        self.loss = self.advance(variant.quantum)
        start = time.perf_counter()
        self.advance(variant.quantum)
        self.rate = variant.quantum / (time.perf_counter() - start)

    def advance(self, count):
        loss = self.run(self.at % BATCHES, count)
        self.at += count
        return loss

    def block(self, seconds=None, steps=None):
        quantum = self.variant.quantum
        count = steps if steps else self.rate * seconds
        count = max(1, round(count / quantum)) * quantum
        start = time.perf_counter()
        loss = self.advance(count)
        elapsed = time.perf_counter() - start
        self.rate = count / elapsed
        return {
            "peer": self.peer,
            "job": self.job.name,
            "steps_per_second": self.rate,
            "steps": count,
            "seconds": elapsed,
            "threads": self.variant.threads,
            "variant": self.variant.name,
            "version": self.version,
            "loss": numbers(loss)[-1],
        }

    def check(self, steps):
        """Losses of the first steps from the initial parameters."""
        run, losses = self.variant.make(), []
        while len(losses) < steps:
            losses += numbers(run(len(losses), self.variant.quantum))
        return {"losses": losses}


def say(message):
    print(json.dumps(message), flush=True)


def probe(peer, version, job, variants, budget):
    """The variant that trains fastest, warmed up."""
    best, failures, start = None, [], time.perf_counter()
    for variant in variants:
        if best and time.perf_counter() - start > budget:
            break
        try:
            session = Session(peer, version, job, variant)
            rate = session.rate
            # What takes a second a step needs no warming up; the first block of a fast job is too short to trust.
            if rate > 1:
                session.block(seconds=0.05)
                rate = max(session.block(seconds=0.2)["steps_per_second"] for _ in range(3))
        except Exception as error:  # One that fails leaves the others.
            failures.append(f"{variant.name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            continue
        print(f"# {peer} {job.name} {variant.name}: {rate:.4g} steps/s", file=sys.stderr)
        if best is None or rate > best[0]:
            best = (rate, session)
    if best is None:
        raise Unable("; ".join(failures) or "no variant")
    best[1].probed = best[0]
    return best[1]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="safetensors file of the job")
    parser.add_argument("--serve", action="store_true", help="obey lines on standard input")
    parser.add_argument("--plain", action="store_true", help="wait when loaded, then take the first variant")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a block")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: all")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--variant", default="", help="pattern of the names of the variants to try")
    parser.add_argument("--budget", type=float, default=30, help="seconds for finding the fastest variant")
    return parser.parse_args()


def main(args, peer, version, variants_of):
    job = Job(args.data)
    try:
        variants = [v for v in variants_of(job, args) if re.search(args.variant, v.name)]
        if args.plain:
            say({"loaded": True})
            sys.stdin.readline()
            variants = variants[:1]
        session = probe(peer, version, job, variants, args.budget)
    except Unable as error:
        say({"peer": peer, "job": job.name, "unable": str(error), "version": version})
        return
    if not args.serve:
        for _ in range(args.blocks):
            say(session.block(seconds=args.seconds))
        return
    say({"ready": True, "probed": session.probed, **session.block(seconds=0.1)})
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "check":
            say(session.check(request["steps"]))
        elif request["do"] == "block":
            say(session.block(request.get("seconds"), request.get("steps")))
        else:
            break
