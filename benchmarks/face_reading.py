"""Reading faces on one core: RecordIO beside what needs no MXNet either.

python -m benchmarks.face_reading
python -m benchmarks.face_reading --faces=2000 --rounds=3

The same JPEG faces of 112x112 pixels are stored as train.rec, as TFRecord and
as a folder. "Raw" hands out the encoded pictures: ours in random order, as a
training run reads them; a reader of a few lines of Python (seek, read, unpack,
as in many public programs) in the same order; `tf.data.TFRecordDataset`, which
can only go from first to last; files by `open`. "Decoded" is a tf.data
pipeline of uint8 pixels: ours through `--dataset=face_records`, the others
through `tf.io.decode_jpeg`. The process is bound to one core. Rounds are taken
in turn; the ratio is the median over rounds. Prints a Markdown table.
"""

import argparse
import io
import os
import pathlib
import statistics
import struct
import tempfile
import time

import numpy as np

_SIDE = 112


def photograph(generator) -> bytes:
    """Returns a JPEG about as large as that of a real face, 5 to 6 kB."""
    from PIL import Image

    coarse = generator.integers(0, 256, (14, 14, 3), dtype=np.uint8)
    large = Image.fromarray(coarse).resize((_SIDE, _SIDE), Image.BICUBIC)
    grain = generator.normal(0, 6, (_SIDE, _SIDE, 1))
    pixels = np.clip(np.asarray(large) + grain, 0, 255).astype(np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=90)
    return content.getvalue()


def write_files(folder: pathlib.Path, num_faces: int) -> None:
    """Stores the faces in all three forms."""
    import tensorflow as tf

    from qualnet_tf.datasets.face_record import write_face_record
    from qualnet_tf.datasets.record_io import write_records

    generator = np.random.default_rng(0)
    faces = [photograph(generator) for _ in range(min(num_faces, 500))]
    faces = [faces[i % len(faces)] for i in range(num_faces)]
    labels = [i % 50 for i in range(num_faces)]
    records = [
        write_face_record(float(label), face)
        for label, face in zip(labels, faces, strict=True)
    ]
    offsets = write_records(folder / "train.rec", records)
    lines = [f"{key}\t{offset}\n" for key, offset in enumerate(offsets)]
    (folder / "train.idx").write_text("".join(lines))
    with tf.io.TFRecordWriter(str(folder / "faces.tfrecord")) as writer:
        for face in faces:
            writer.write(face)
    (folder / "files").mkdir()
    for number, face in enumerate(faces):
        (folder / "files" / f"{number}.jpg").write_bytes(face)
    sizes = [len(face) for face in faces]
    print(f"{num_faces} faces of {statistics.fmean(sizes) / 1e3:.1f} kB")


def raw_readers(folder: pathlib.Path, num_faces: int) -> dict:
    """Returns name -> function that reads all encoded faces."""
    import tensorflow as tf

    from qualnet_tf.datasets.record_io import RecordFile, read_index

    index = read_index(folder / "train.idx")
    order = np.random.default_rng(1).permutation(num_faces)
    offsets = [index[int(key)] for key in order]
    ours = RecordFile(folder / "train.rec")
    plain = open(folder / "train.rec", "rb")  # noqa: SIM115 (held open)

    def read_plain(offset):
        plain.seek(offset)
        _, word = struct.unpack("<II", plain.read(8))
        return plain.read(word & ((1 << 29) - 1))[24:]

    def read_tfrecord():
        path = str(folder / "faces.tfrecord")
        for _ in tf.data.TFRecordDataset([path]).as_numpy_iterator():
            pass

    def read_files():
        for key in order:
            (folder / "files" / f"{key}.jpg").read_bytes()

    return {
        "RecordIO, ours": lambda: [ours.read(offset) for offset in offsets],
        "RecordIO, seek and read": lambda: list(map(read_plain, offsets)),
        "TFRecord, in order": read_tfrecord,
        "folder of JPEG files": read_files,
    }


def decoded_readers(folder: pathlib.Path, num_faces: int) -> dict:
    """Returns name -> function that decodes all faces in tf.data."""
    import tensorflow as tf

    from qualnet_tf import datasets

    source = datasets.open_source(
        "face_records",
        "train",
        data_dir=str(folder),
        validation_fraction=0.01,
    )
    files = tf.constant(
        [str(folder / "files" / f"{i}.jpg") for i in range(num_faces)]
    )

    def run(dataset):
        for _ in dataset.batch(64).prefetch(2):
            pass

    def ours():
        elements = source.elements(tf.constant([0, 1]))
        elements = elements.concatenate(source.elements().take(num_faces))
        elements = elements.take(num_faces)
        run(elements.map(lambda e: source.decode(e)["image"]))

    def decode(encoded):
        return tf.io.decode_jpeg(
            encoded, channels=3, dct_method="INTEGER_ACCURATE"
        )

    return {
        "RecordIO, ours": ours,
        "TFRecord, in order": lambda: run(
            tf.data.TFRecordDataset([str(folder / "faces.tfrecord")]).map(
                decode
            )
        ),
        "folder of JPEG files": lambda: run(
            tf.data.Dataset.from_tensor_slices(files)
            .shuffle(num_faces, seed=0)
            .map(lambda path: decode(tf.io.read_file(path)))
        ),
    }


def measure(readers: dict, num_faces: int, rounds: int) -> dict:
    """Returns name -> faces per second in each round."""
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for round_number in range(rounds + 1):
        for name, read in readers.items():
            start = time.perf_counter()
            read()
            seconds = time.perf_counter() - start
            if round_number:  # the first one warms up
                rates[name].append(num_faces / seconds)
    return rates


def main() -> None:
    """Measures both kinds and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_files(folder, arguments.faces)
        print("\n| What | Reader | Faces per second, one core | Beside ours |")
        print("|---|---|---|---|")
        for what, make in (("raw", raw_readers), ("decoded", decoded_readers)):
            readers = make(folder, arguments.faces)
            rates = measure(readers, arguments.faces, arguments.rounds)
            ours = rates["RecordIO, ours"]
            for reader, own in rates.items():
                ratio = statistics.median(
                    a / b for a, b in zip(own, ours, strict=True)
                )
                print(
                    f"| {what} | {reader} | {statistics.median(own):,.0f} | "
                    f"{ratio:.2f} |"
                )


if __name__ == "__main__":
    main()
