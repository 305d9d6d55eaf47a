"""What `chaos` starts and kills: training runs, and a data service."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys

import numpy as np

_STEPS = {
    "dataset": "digits",
    "max_train_images": "40",
    "image_size": "16",
    "augmentation": "none",
    "backbone": "resnet_tiny",
    "batch_size": "8",
    "num_epochs": "40",
    "decay_epochs": "30",
    "learning_rate": "0.05",
    "clean_fraction": "0.5",
    "corruptions": "gaussian_noise,contrast",
    "deterministic": "true",
}
# Every step is printed, so that it is known how far a killed run had come.
_PROGRAM = """
import sys
from qualnet_tf.training.callbacks import Progress
Progress.LINE_SECONDS = 0.0
import runpy
sys.argv[0] = "train"
runpy.run_module("qualnet_tf.train", run_name="__main__")
"""
_ENVIRONMENT = {
    **os.environ,
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def free_ports(count: int) -> list[int]:
    """Returns ports of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("", 0))
        return [one.getsockname()[1] for one in sockets]


class Run:
    """A run that is started, disturbed, and started again.

    Args:
        folder: Its folder; what it prints goes to a file beside it.
        knobs: Its flags.
        num_workers: Processes that share it.
    """

    def __init__(
        self, folder: pathlib.Path, knobs: dict[str, str], num_workers: int = 1
    ):
        self.folder = folder
        self.knobs = {**_STEPS, **knobs, "run_dir": str(folder)}
        self.num_workers = num_workers
        if num_workers > 1:
            self.knobs |= {
                "strategy": "multi_worker",
                "sync_batch_norm": "true",
                "join_seconds": "20",
            }

    def start(self) -> list[subprocess.Popen]:
        """Starts it; the first process writes the run."""
        ports = free_ports(self.num_workers)
        return [self._start(place, ports) for place in range(self.num_workers)]

    def _start(self, place: int, ports: list[int]) -> subprocess.Popen:
        environment = dict(_ENVIRONMENT)
        if self.num_workers > 1:
            cluster = {"worker": [f"localhost:{port}" for port in ports]}
            task = {"type": "worker", "index": place}
            environment["TF_CONFIG"] = json.dumps(
                {"cluster": cluster, "task": task}
            )
        flags = [f"--{name}={value}" for name, value in self.knobs.items()]
        with open(self.log(place), "ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *flags],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def finish(self) -> None:
        """Trains to the end, or exits with what was printed last."""
        codes = [process.wait() for process in self.start()]
        if any(codes):
            said = self.log(0).read_text(errors="replace")
            raise SystemExit(f"{self.folder} failed: {said[-800:]}")

    def log(self, place: int) -> pathlib.Path:
        """Returns the file of what a process prints."""
        return pathlib.Path(f"{self.folder}.{place}.log")

    def last_step(self) -> int:
        """Returns the last step that was printed, 0 before the first."""
        path = self.log(0)
        said = path.read_text(errors="replace") if path.is_file() else ""
        found = re.findall(r": step (\d+) of", said)
        return int(found[-1]) if found else 0

    def checkpoints(self) -> list[pathlib.Path]:
        """Returns the checkpoints, oldest first."""
        folder = self.folder / "checkpoints"
        return sorted(folder.glob("checkpoint-*.npz"))

    def differs(self, other: "Run") -> list[str]:
        """Says in what two finished runs differ, bit by bit."""
        one, two = (
            dict(np.load(run.checkpoints()[-1])) for run in (self, other)
        )
        tables = {
            (run.folder / "metrics.csv").read_text() for run in (self, other)
        }
        names = sorted(
            name
            for name in set(one) | set(two)
            if name not in one
            or name not in two
            or not np.array_equal(one[name], two[name])
        )
        return names + ["metrics.csv"] * (len(tables) > 1)


class DataService:
    """A dispatcher and two workers of this machine."""

    def __init__(self):
        self.ports = free_ports(3)
        places = ",".join(f"localhost:{port}" for port in self.ports[1:])
        self.dispatcher = self._start(
            "--role=dispatcher",
            f"--port={self.ports[0]}",
            f"--workers={places}",
        )
        self.workers = [self.start_worker(port) for port in self.ports[1:]]

    def start_worker(self, port: int) -> subprocess.Popen:
        """Starts a worker, for the first time or again."""
        return self._start(
            "--role=worker",
            f"--port={port}",
            f"--dispatcher=localhost:{self.ports[0]}",
            f"--address=localhost:{port}",
        )

    def _start(self, *flags: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-m", "qualnet_tf.data_worker", *flags],
            env=_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        process.stdout.readline()  # says that it listens
        return process

    def close(self) -> None:
        """Ends all of it."""
        for process in (self.dispatcher, *self.workers):
            process.terminate()
            process.wait()
            process.stdout.close()
