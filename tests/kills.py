"""Runs in processes of their own that are killed or ended at any moment, for tests of resuming."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import neatgrow as ng
from neatgrow.problems.sequences import temporal_xor
from neatgrow.runs.checkpoints import load_snapshot
from neatgrow.runs.reading import read_history

SAVING = ng.Checkpoints(generations=3, seconds=None)


def bumps(network):
    """How far an output is from a bump; the less the better."""
    return sum((network.activate([x])[0] - y) ** 2 for x, y in ((-1, 0), (0, 1), (1, 0)))


def settings(name):
    """Arguments of ``evolve`` for a run that is never solved and lasts about a second."""
    config = ng.Config(population_size=60)
    unsolved = {"config": config, "solved_at": 99.0, "seed": 7}
    by_name = {
        "xor": {"problem": ng.XOR(), "generations": 200},
        "recurrent": {
            "problem": temporal_xor(length=4, samples=3), "generations": 200,
            "config": config.override({"mutation.add_loop": 0.4, "mutation.add_node": 0.2}),
        },
        "function": {"problem": bumps, "inputs": 1, "outputs": 1, "generations": 60},
        "minimize": {
            "problem": bumps, "inputs": 1, "outputs": 1, "generations": 60, "minimize": True,
            "solved_at": -1.0,
        },
        "cartpole": {
            "problem": ng.Gymnasium("CartPole-v1", normalize=True, max_steps=60),
            "generations": 80, "solved_at": 1e9,
        },
    }  # fmt: skip
    return {**unsolved, **by_name[name]}


def begin(name, directory, **changes):
    """Evolve from the first generation on."""
    return ng.evolve(**settings(name), directory=directory, checkpoints=SAVING, **changes)


def go_on(name, directory, **changes):
    """Resume."""
    problem = bumps if settings(name)["problem"] is bumps else None
    return ng.resume(directory, problem=problem, checkpoints=SAVING, **changes)


def start(name, directory, environment):
    """A process that begins the run, or goes on with it, about to do so."""
    process = subprocess.Popen(
        [sys.executable, __file__, name, str(directory)],
        stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    return process


class Killer:
    """Kills runs of one kind until there were enough kills.

    Args:
        name: Of the settings.
        folder: Where the directories of the runs go.
        kills: How many.
        environment: Of the processes.
        signals: That end them, in turn.

    Attributes:
        expected: Fingerprint of the run that nobody interrupts.
        interrupted: Directories of the runs that were killed and are not at their end.
        ended: Fingerprints of those that reached their end in their own process.
        within_writes: Kills that left a file half-written.
        codes: Exit codes of all.
    """

    def __init__(self, name, folder, kills, environment, signals=(signal.SIGKILL,)):
        self.name, self.folder, self.environment = name, folder, environment
        clock = time.monotonic()
        self.expected = begin(name, folder / "uninterrupted").fingerprint
        self.seconds = time.monotonic() - clock
        self.interrupted, self.ended, self.within_writes = [], [], 0
        self.signals, self.codes = cycle(signals), set()
        moments = [(k + random.Random(k).random()) / kills for k in range(kills)]
        moments[0] = 0.0  # before there is anything
        random.Random(kills).shuffle(moments)
        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(self._kill, side, moments[side::2]) for side in (0, 1)]:
                future.result()

    def _kill(self, side, moments):
        """Kill once for each moment, given as a share of the time that the run takes."""
        draw, runs, directory = random.Random(side), 0, None
        for moment in moments:
            while True:
                if directory is None:
                    runs, directory = runs + 1, self.folder / f"run-{side}-{runs}"
                answer = self._interrupted(directory, moment * self.seconds)
                if answer is None:
                    break
                self.ended.append(answer)  # before its time: another, and sooner
                directory, moment = None, moment / 2
            if draw.random() < 0.6:
                self.interrupted.append(directory)
                directory = None
        if directory is not None:
            self.interrupted.append(directory)

    def _interrupted(self, directory, delay):
        """Kill a run after a delay; its fingerprint if it was faster."""
        process = start(self.name, directory, self.environment)
        try:
            said, _ = process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            number = next(self.signals)
            process.send_signal(number)
            said, _ = process.communicate()
            saved = process.returncode == 128 + number
            # Before there is a directory, or when it is closed, they end the process at once.
            assert saved or process.returncode in (0, -number)
            if saved and (directory / "checkpoints").exists():
                newest = max((directory / "checkpoints").glob("*.npz"))
                assert load_snapshot(newest).population.generation == len(read_history(directory))
        self.codes.add(process.returncode)
        if process.returncode == 0:
            return said.strip()
        self.within_writes += any(directory.rglob(".*.tmp"))
        if (directory / "problem.json").exists():
            read_history(directory)  # a line cut short is left out, and no other is
        for path in directory.rglob("*.npz"):  # whole or not there
            read = ng.load_genome if path.name == "champion.npz" else load_snapshot
            read(path)
        return None

    def check(self):
        """Every run comes to the end that it would have had."""
        assert set(self.ended) <= {self.expected}
        for directory in self.interrupted:
            act = go_on if (directory / "problem.json").exists() else begin
            assert act(self.name, directory).fingerprint == self.expected, directory
            assert not list(directory.rglob(".*.tmp"))
            assert read_history(directory).to_csv() == (directory / "history.csv").read_text()


def main(name, directory):
    few = settings(name) | {"generations": 2}
    ng.evolve(**few)  # what is loaded and made at first use
    print("ready", flush=True)
    act = go_on if Path(directory, "problem.json").exists() else begin
    print(act(name, directory).fingerprint)


if __name__ == "__main__":
    main(*sys.argv[1:])
