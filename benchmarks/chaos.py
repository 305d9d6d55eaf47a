"""Kills a training at random moments, and damages its newest checkpoints.

python -m benchmarks.chaos
python -m benchmarks.chaos --one_process=2 --two_workers=1 --data_service=1

Small QualNet runs (deterministic, on the processor) are trained undisturbed,
and again with faults: SIGKILL, SIGTERM, a bit flipped in the newest checkpoint
or its end cut off; in one process, in two workers of which one is hit, and with
a data service whose workers are killed. After each fault the run is started
again; at the end it must have the weights of the undisturbed one, bit by bit,
and the same table of metrics. Half of the faults of one process happen with a
checkpoint at every step, so that some fall into a save. Prints a Markdown
table; exits 1 if anything was lost that should not be.
"""

import argparse
import collections
import pathlib
import random
import signal
import sys
import tempfile
import time

from benchmarks.disturbed_runs import DataService, Run

KINDS = ("SIGKILL", "SIGTERM", "bit flipped", "cut off")
DAMAGES = KINDS[2:]


def damage(path: pathlib.Path, kind: str, generator: random.Random) -> None:
    """Flips a bit of a checkpoint, or cuts its end off."""
    content = bytearray(path.read_bytes())
    if kind == "cut off":
        del content[generator.randrange(1, len(content)) :]
    else:
        # In the arrays' data, where nothing but a checksum can notice.
        content[generator.randrange(200, len(content) // 2)] ^= 1
    path.write_bytes(content)


def one_fault(run: Run, kind: str, generator: random.Random) -> dict:
    """Starts the run, disturbs it, and says what was lost."""
    begun = run.last_step()
    processes = run.start()
    # From the first step of this start on, a random moment of its steps; a
    # fourth of the faults come earlier, while data and networks are made. Of
    # two workers that do not know each other yet one alone would be asked to
    # stop: that is no promise.
    early = generator.random() < 0.25
    early = early and not (kind == "SIGTERM" and run.num_workers > 1)
    while not early and run.last_step() == begun:
        if any(process.poll() is not None for process in processes):
            break
        time.sleep(0.02)
    time.sleep(generator.uniform(0, 6.0 if early else 1.0))
    hit = generator.choice(processes)
    asked = time.monotonic()
    hit.send_signal(signal.SIGTERM if kind == "SIGTERM" else signal.SIGKILL)
    codes = sorted(process.wait() for process in processes)
    seconds = time.monotonic() - asked
    reached = run.last_step()
    unfinished = list((run.folder / "checkpoints").glob(".checkpoint-*"))
    kept = run.checkpoints()
    if kind in DAMAGES and len(kept) < 2:
        kind = "SIGKILL"  # nothing to fall back to yet
    if kind in DAMAGES:
        damage(kept.pop(), kind, generator)
    step = int(kept[-1].stem.split("-")[1]) if kept else 0
    return {
        "kind": kind,
        "codes": codes,
        "seconds": seconds,
        "lost": max(reached - step, 0),
        "in_save": bool(unfinished),
    }


def disturb(
    root: pathlib.Path,
    name: str,
    num_faults: int,
    kinds: tuple[str, ...],
    generator: random.Random,
    knobs: dict[str, str],
    num_workers: int = 1,
) -> tuple[list[dict], list[str]]:
    """Trains twice, once with faults.

    Returns:
        The faults, and in what the runs differ at the end.
    """
    whole = Run(root / f"{name}-whole", knobs, num_workers)
    disturbed = Run(root / f"{name}-disturbed", knobs, num_workers)
    whole.finish()
    found = []
    for number in range(num_faults):
        fault = one_fault(disturbed, kinds[number % len(kinds)], generator)
        every = int(knobs["checkpoint_steps"])
        found.append({"what": name, "every": every, **fault})
        print(found[-1], file=sys.stderr, flush=True)
    disturbed.finish()
    return found, disturbed.differs(whole)


def disturb_service(
    root: pathlib.Path,
    num_faults: int,
    generator: random.Random,
    knobs: dict[str, str],
) -> tuple[list[dict], list[str]]:
    """Trains without a data service, and with one whose workers are killed."""
    whole = Run(root / "service-whole", knobs)
    whole.finish()
    service = DataService()
    found = []
    try:
        address = f"grpc://localhost:{service.ports[0]}"
        run = Run(
            root / "service-disturbed", {**knobs, "data_service": address}
        )
        (trainer,) = run.start()
        while run.last_step() == 0 and trainer.poll() is None:
            time.sleep(0.02)
        for _ in range(num_faults):
            time.sleep(generator.uniform(0.0, 1.0))
            place = generator.randrange(2)
            service.workers[place].kill()
            service.workers[place].wait()
            service.workers[place].stdout.close()
            still = trainer.poll() is None
            service.workers[place] = service.start_worker(
                service.ports[1 + place]
            )
            found.append(
                {
                    "what": "data service",
                    "every": int(knobs["checkpoint_steps"]),
                    "kind": "SIGKILL" if still else "SIGKILL, too late",
                    "codes": [],
                    "seconds": 0.0,
                    "lost": 0,
                    "in_save": False,
                }
            )
            print(found[-1], file=sys.stderr, flush=True)
        code = trainer.wait()
    finally:
        service.close()
    return found, run.differs(whole) if code == 0 else [f"exit code {code}"]


def chaos(
    root: pathlib.Path,
    one_process: int,
    two_workers: int,
    data_service: int,
    generator: random.Random,
) -> tuple[list[dict], list[str]]:
    """Runs everything below a folder.

    Returns:
        The faults, and the names of the runs that ended otherwise than the
        undisturbed one.
    """
    stage1 = Run(
        root / "stage1",
        {
            "backbone": "irevnet_tiny",
            "clean_fraction": "1",
            "num_epochs": "1",
            "decay_epochs": "",
        },
    )
    stage1.finish()
    knobs = {
        "method": "qualnet",
        "quality_weight": "0.5",
        "stage1_run_dir": str(stage1.folder),
    }
    found, different = [], []

    def note(name, result):
        faults, differences = result
        found.extend(faults)
        if differences:
            different.append(f"{name} ({', '.join(differences[:3])})")

    for every, count in (
        (1, one_process - one_process // 2),
        (7, one_process // 2),
    ):
        if count:
            name = f"one process, every {every}"
            settings = {**knobs, "checkpoint_steps": str(every)}
            note(name, disturb(root, name, count, KINDS, generator, settings))
    settings = {**knobs, "checkpoint_steps": "7"}
    if two_workers:
        kinds = KINDS[:2]
        note(
            "two workers",
            disturb(
                root, "two workers", two_workers, kinds, generator, settings, 2
            ),
        )
    if data_service:
        note(
            "data service",
            disturb_service(
                root,
                data_service,
                generator,
                # Long enough for all faults.
                {**settings, "num_epochs": "400"},
            ),
        )
    return found, different


def broken_promises(found: list[dict]) -> list[str]:
    """Names the faults that cost more than they may."""
    broken = []
    for fault in found:
        # A step may end after its checkpoint and before it is printed; a
        # damaged checkpoint costs those of the one before as well.
        allowed = fault["every"] * (2 if fault["kind"] in DAMAGES else 1)
        if fault["kind"] == "SIGTERM":
            allowed = 1
            if any(fault["codes"]) or fault["seconds"] > 30:
                broken.append(f"{fault}: expected 0 within 30 s")
        if fault["lost"] > allowed:
            broken.append(f"{fault}: expected {allowed} steps lost at most")
    return broken


def table(found: list[dict]) -> str:
    """Returns the faults as a Markdown table."""
    lines = [
        "| Run | Fault | Steps between checkpoints | Times | Exit codes | "
        "Steps done again, largest | Inside a save | Slowest end, s |",
        "|---" * 8 + "|",
    ]
    groups = collections.defaultdict(list)
    for fault in found:
        name = fault["what"].split(",")[0]
        groups[name, fault["kind"], fault["every"]].append(fault)
    for (name, kind, every), faults in sorted(groups.items()):
        codes = sorted({str(code) for one in faults for code in one["codes"]})
        lines.append(
            f"| {name} | {kind} | {every} | {len(faults)} | "
            f"{', '.join(codes) or '-'} | "
            f"{max(fault['lost'] for fault in faults)} | "
            f"{sum(fault['in_save'] for fault in faults)} | "
            f"{max(fault['seconds'] for fault in faults):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Injects the faults and prints what became of the runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one_process", type=int, default=12)
    parser.add_argument("--two_workers", type=int, default=4)
    parser.add_argument("--data_service", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found, different = chaos(
            pathlib.Path(name),
            arguments.one_process,
            arguments.two_workers,
            arguments.data_service,
            random.Random(arguments.seed),
        )
    print(table(found))
    print(
        f"\n{len(found)} faults in {time.monotonic() - started:.0f} s; runs "
        "that did not end with the weights and the table of the undisturbed "
        f"one: {', '.join(different) or 'none'}."
    )
    broken = broken_promises(found)
    print("\n".join(broken), end="\n" if broken else "")
    raise SystemExit(bool(broken or different))


if __name__ == "__main__":
    main()
