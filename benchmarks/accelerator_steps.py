"""Training steps at 224 pixels on an accelerator, with the JAX backend.

KERAS_BACKEND=jax python -m benchmarks.accelerator_steps
KERAS_BACKEND=jax python -m benchmarks.accelerator_steps \\
    --cases=resnet50,stage1 --batches=64,256 --policies=float32,mixed_bfloat16

Every case runs in a fresh process that may use `--seconds`; what fails or does
not finish is reported as that. The images are noise on the device, so that
nothing but the step is timed: `benchmarks.corruptions` has the pipeline.

    resnet50        the backbone and cross-entropy alone, to compare with
    stage1_stored   irevnet300 as a classifier, activations stored
    stage1          the same, --memory_saving
    qualnet50       stage 2, --memory_saving
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time

CASES = ("resnet50", "stage1_stored", "stage1", "qualnet50")
POLICIES = ("float32", "mixed_bfloat16")
GIB = 2**30


def make_method(case: str):
    """Returns one of `CASES`; runs of equal blocks are rolled into loops."""
    from benchmarks import invertible_case
    from qualnet_tf.invertible import irevnet, rolling

    network = rolling.roll(irevnet.irevnet300())
    network.memory_saving = case != "stage1_stored"
    if case.startswith("stage1"):
        return invertible_case.make_method(1, network, "")
    return invertible_case.make_method(
        2, network if case == "qualnet50" else None, "resnet50"
    )


def measure(case: str, batch_size: int, policy: str, steps: int) -> dict:
    """Compiles a step, runs it and returns what it cost."""
    import jax
    import keras

    from benchmarks.invertible_case import make_batch
    from qualnet_tf.training.optimizers import KernelDecaySGD

    keras.mixed_precision.set_global_policy(policy)
    method = make_method(case)
    optimizer = KernelDecaySGD(0.01, momentum=0.9, kernel_decay=1e-4)
    method.compile(optimizer=optimizer)
    optimizer.build(method.trainable_weights)
    batch = jax.device_put(make_batch(batch_size))
    times = []
    for _ in range(steps + 2):
        start = time.perf_counter()
        logs = method.train_on_batch(batch, return_dict=True)
        loss = float(logs["loss"])
        times.append(time.perf_counter() - start)
    device = jax.local_devices()[0]
    memory = device.memory_stats() or {}
    return {
        "device": device.device_kind,
        "first_step_s": times[0],
        "step_s": statistics.median(times[2:]),
        "peak_bytes": memory.get("peak_bytes_in_use", 0),
        "loss": loss,
    }


def run_case(case: str, batch_size: int, policy: str, arguments) -> dict:
    """Measures a case in a process of its own.

    Returns:
        Its figures, or {"failed": why}.
    """
    command = [sys.executable, "-m", "benchmarks.accelerator_steps"]
    command += [f"--one={case}", f"--batches={batch_size}"]
    command += [f"--policies={policy}", f"--steps={arguments.steps}"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
            capture_output=True,
            text=True,
            check=False,
            timeout=arguments.seconds,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {arguments.seconds} s"}
    if done.returncode:
        lines = (done.stderr.strip() or "no output").splitlines()
        return {"failed": lines[-1][:100]}
    return json.loads(done.stdout.splitlines()[-1])


def row(case: str, batch_size: int, policy: str, found: dict) -> str:
    """Returns the table's line for a case."""
    start = f"| {case} | {policy} | {batch_size} |"
    if "failed" in found:
        return f"{start} {found['failed']} | | | |"
    return (
        f"{start} {found['first_step_s']:.1f} | {1000 * found['step_s']:.1f} "
        f"| {batch_size / found['step_s']:.0f} "
        f"| {found['peak_bytes'] / GIB:.1f} |"
    )


def main() -> None:
    """Reads the flags, measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--batches", default="64")
    parser.add_argument("--policies", default="float32")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--one", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    batches = [int(size) for size in arguments.batches.split(",")]
    policies = arguments.policies.split(",")
    if arguments.one:
        found = measure(arguments.one, batches[0], policies[0], arguments.steps)
        print(json.dumps(found))
        return
    print(
        "| Case | Precision | Batch | First step, s | Step, ms | Images/s "
        "| Peak, GiB |"
    )
    print("|---|---|---|---|---|---|---|")
    devices = set()
    for case in arguments.cases.split(","):
        for policy in policies:
            for size in batches:
                found = run_case(case, size, policy, arguments)
                devices.add(found.get("device", ""))
                print(row(case, size, policy, found), flush=True)
    print(f"{', '.join(sorted(devices - {''}))}, {datetime.date.today()}")


if __name__ == "__main__":
    main()
