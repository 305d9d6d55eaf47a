"""Corrupted images per CPU second, ours beside the libraries people use.

python -m benchmarks.corruptions --sides=224,32 --repeats=3 --seconds=1
python -m benchmarks.corruptions --peers= --memory

One thread each, on photographs, severities 1 to 5 in equal parts. Ours runs as
in training: a `tf.data` map, float32 to float32, batches of 64. Peers map uint8
to uint8, one call an image, each in an environment of its own that is made at
the first run. Repeats are interleaved, medians reported.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np

from benchmarks import corruption_streams as streams
from benchmarks import corruption_tables as tables
from benchmarks import peer_environments
from qualnet_tf import corruptions
from qualnet_tf.corruptions.severities import TABLES

# What every peer has; our other corruptions have no rate beside them.
PEER_NAMES = (*corruptions.TEST_CORRUPTIONS, *corruptions.HOLDOUT_CORRUPTIONS)
# The mix varies more from image to image than one corruption does.
MIX_SECONDS = 4
MEMORY_SIDE = 224
MEMORY_COUNTS = (1_000, 5_000, 10_000, 20_000)
CACHE = pathlib.Path(__file__).with_name(".peers")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        sys.exit(f"error: {message}")


def read_arguments() -> argparse.Namespace:
    """Returns the checked command line."""
    parser = _Parser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    peers = ",".join(peer_environments.PEERS)
    add = parser.add_argument
    add("--sides", type=_sides, default="224,32", help="of square images")
    add("--repeats", type=_positive(int), default=3)
    add("--seconds", type=_positive(float), default=1.0, help=_SECONDS_HELP)
    add("--peers", type=_peers, default=peers, help="empty: ours alone")
    add("--names", type=_names, default="all", help="corruptions or groups")
    add("--severity_table", choices=["auto", *TABLES], default="auto")
    add("--memory", action="store_true", help="20,000 images: minutes")
    add("--cache", type=pathlib.Path, default=CACHE, help="of environments")
    add("--python310", help="for the oldest peer; found on the PATH if there")
    add("--output", type=pathlib.Path, help="file that gets the tables too")
    return parser.parse_args()


_SECONDS_HELP = (
    "CPU seconds a corruption, contestant, side and repeat;\n"
    f"the stream of the mix gets {MIX_SECONDS} times as much"
)


def _sides(text: str) -> list[int]:
    sides = [int(side) for side in text.split(",") if side.isdecimal()]
    if not sides or min(sides) < 32 or len(sides) != text.count(",") + 1:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers from 32 up, such as 224,32, received "
            f"{text!r}"
        )
    return sides


def _positive(kind):
    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(
                f"expected a number above 0, received {text!r}"
            )
        return value

    return parse


def _peers(text: str) -> list[str]:
    peers = [peer for peer in text.split(",") if peer]
    for peer in peers:
        if peer not in peer_environments.PEERS:
            raise argparse.ArgumentTypeError(
                f"unknown peer {peer!r}: expected some of "
                f"{', '.join(peer_environments.PEERS)}"
            )
    return peers


def _names(text: str) -> list[str]:
    try:
        return list(corruptions.expand(text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def measure_ours(our_streams: dict, seconds: float) -> dict[str, float]:
    """Returns images per CPU second of every stream."""
    return {
        row: measure_mix(stream, seconds, time.process_time)
        if row == tables.STREAM
        else streams.images_per_second(stream, seconds)
        for row, stream in our_streams.items()
    }


def measure_mix(stream, seconds: float, clock) -> float:
    """Returns images per second of a clock, warmed and timed for longer."""
    return streams.images_per_second(
        stream, MIX_SECONDS * seconds, streams.MIX_WARM_UP_BATCHES, clock
    )


def make_our_streams(photographs, names, mix, severity_table) -> dict:
    """Returns a stream for every corruption, and the mix."""
    made = {
        name: streams.make_stream(
            photographs, streams.make_corruption(name, severity_table)
        )
        for name in names
    }
    return {**made, tables.STREAM: mix}


def measure_threads(photographs, mix, severity_table, seconds) -> list[float]:
    """Returns wall images per second of the mix on one thread and on two."""
    corrupt = streams.make_mix(severity_table)
    two = streams.make_stream(photographs, corrupt, num_threads=2)
    return [measure_mix(each, seconds, time.monotonic) for each in (mix, two)]


def run(arguments: argparse.Namespace) -> None:
    """Measures everything and reports it.

    Raises:
        ValueError: If a peer or the photographs cannot be had.
    """
    report = tables.Report(arguments.output)
    python_310 = peer_environments.find_python_310(arguments.python310)
    pythons = {
        peer: peer_environments.make(peer, arguments.cache, python_310)
        for peer in arguments.peers
    }
    photographs = {
        side: streams.load_photographs(side) for side in arguments.sides
    }
    mixes = report_first_call(report, photographs, arguments.severity_table)
    if arguments.memory:
        report_memory(report, arguments.severity_table)
    rates, threads, versions = measure(arguments, pythons, photographs, mixes)
    for side in arguments.sides:
        report.add(tables.rate_table(rates, side, arguments.names))
    report.add(tables.thread_table(threads))
    report.add([tables.footer(versions)])


def measure(arguments, pythons, photographs, mixes) -> tuple:
    """Returns rates, wall rates on one and two threads, and peers' versions."""
    seconds, names = arguments.seconds, arguments.names
    table = arguments.severity_table
    ours = {
        side: make_our_streams(images, names, mixes[side], table)
        for side, images in photographs.items()
    }
    rates, versions = tables.Rates(), {}
    known = [name for name in names if name in PEER_NAMES]
    threads = {side: [] for side in photographs}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "photographs.npz"
        np.savez(
            file, **{str(side): each for side, each in photographs.items()}
        )
        for repeat in range(arguments.repeats):
            print(f"repeat {repeat + 1}", file=sys.stderr)
            for side, our_streams in ours.items():
                rates.add(tables.OURS, side, measure_ours(our_streams, seconds))
            for peer, python in pythons.items() if known else ():
                found = peer_environments.measure(python, file, known, seconds)
                versions[peer] = found["versions"]
                for side, rows in found["seconds_per_image"].items():
                    rates.add(peer, int(side), _rates_of(rows))
            for side, images in photographs.items():
                threads[side].append(
                    measure_threads(images, mixes[side], table, seconds)
                )
    return rates, threads, versions


def _rates_of(rows: dict[str, list[float]]) -> dict[str, float]:
    """Returns images per second from seconds per image, severities alike."""
    return {name: 1 / statistics.mean(each) for name, each in rows.items()}


def report_first_call(report, photographs, severity_table: str) -> dict:
    """Reports what the first call costs; returns the streams of the mix."""
    mixes, rows = {}, []
    for side, images in photographs.items():
        mixes[side], *seconds = streams.trace_mix(images, severity_table)
        rows.append([str(side), *(f"{each:.1f}" for each in seconds)])
    heads = ["Side", "Tracing 15 corruptions, s", "first batch of 64, s"]
    report.add(["### First call", "", *tables.markdown(heads, rows)])
    return mixes


def report_memory(report, severity_table: str) -> None:
    """Reports resident memory while the mix runs at 224 pixels."""
    before = streams.resident_mebibytes()
    measured = streams.memory_after(
        streams.load_photographs(MEMORY_SIDE), MEMORY_COUNTS, severity_table
    )
    rows = [
        [f"{count:,}", f"{mebibytes:.0f}"]
        for count, mebibytes in [(0, before), *measured]
    ]
    title = f"### Memory of the process, {MEMORY_SIDE} pixels"
    heads = ["Images", "Resident, MiB"]
    report.add([title, "", *tables.markdown(heads, rows)])


def main() -> None:
    """Measures and prints; says in one line what cannot be done."""
    arguments = read_arguments()
    try:
        run(arguments)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
