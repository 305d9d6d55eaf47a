"""The corrupted copy as an Apache Beam pipeline, for a whole cluster.

Every picture goes through `copy_picture` with the seed it has on one machine,
so the files are the same. Needs the extra `beam`.
"""

import contextlib
import io
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import apache_beam as beam
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners import create_runner

from qualnet_tf.datasets.copied_pictures import (
    FolderPictures,
    Picture,
    SetPictures,
)
from qualnet_tf.datasets.corrupted_copy import Outcome, copy_picture
from qualnet_tf.datasets.picture_corrupter import (
    CopySettings,
    PictureCorrupter,
)

# Unfinished files lie in one folder: two workers may be given one picture, so
# they need names of their own, and what a killed start left is found at once.
_UNFINISHED = ".unfinished"
_COUNTERS = "qualnet_tf.corrupt"


class BeamFiles:
    """Reads and writes on any file system that Beam knows, such as gs://.

    Args:
        folder: Folder of unfinished files; "" puts them beside the file.
    """

    def __init__(self, folder: str = ""):
        self._folder = folder

    def exists(self, path: str) -> bool:
        """Whether there is a file of that name."""
        return FileSystems.exists(path)

    def read(self, path: str) -> bytes:
        """Returns the contents of a file."""
        with FileSystems.open(path, "application/octet-stream") as file:
            return file.read()

    def write(self, path: str, contents: bytes) -> None:
        """Writes a file, all or nothing; its folder is made."""
        parent, _ = FileSystems.split(path)
        folder = self._folder or parent
        _make_folder(parent)
        _make_folder(folder)
        temporary = FileSystems.join(folder, f".{uuid.uuid4().hex}.part")
        with FileSystems.create(temporary, "application/octet-stream") as file:
            file.write(contents)
        FileSystems.rename([temporary], [path])


class CorruptPicture(beam.DoFn):
    """Writes the missing files of one picture and counts them."""

    def __init__(self, output_dir: str, settings: CopySettings):
        self._output_dir = output_dir
        self._settings = settings

    def setup(self):
        recurring = ()
        if self._settings.image_size:
            recurring = [(self._settings.image_size,) * 2]
        self._corrupter = PictureCorrupter(self._settings, recurring)
        self._files = BeamFiles(FileSystems.join(self._output_dir, _UNFINISHED))

    def process(self, picture: Picture) -> Iterator[None]:
        outcome = copy_picture(
            picture, self._output_dir, self._corrupter, self._files
        )
        _count("written", outcome.written)
        _count("kept", outcome.kept)
        for table, number in outcome.tables.items():
            _count(f"table {table}", number)
        yield from ()


def copier(
    runner: str, options: tuple[str, ...]
) -> Callable[[FolderPictures | SetPictures, str, CopySettings], Outcome]:
    """Returns a function with the arguments and result of `copy_pictures`.

    Args:
        runner: Such as DirectRunner, DataflowRunner, FlinkRunner, SparkRunner.
        options: Of the runner, each NAME=VALUE.

    Raises:
        ValueError: If Beam does not know the runner, or refuses an option.
    """
    create_runner(runner)
    pipeline_options = _parse_options(
        [f"--runner={runner}"]
        + [f"--{option.removeprefix('--')}" for option in options]
    )

    def copy(pictures, output_dir, settings):
        unfinished = FileSystems.join(output_dir, _UNFINISHED)
        _remove_folder(unfinished)
        pipeline = beam.Pipeline(options=pipeline_options)
        _ = (
            pipeline
            | "Set" >> beam.Create([pictures])
            | "Pictures" >> beam.FlatMap(iter)
            | "Spread" >> beam.Reshuffle()
            | "Corrupt" >> beam.ParDo(CorruptPicture(output_dir, settings))
        )
        result = pipeline.run()
        result.wait_until_finish()
        _remove_folder(unfinished)
        return _outcome(result)

    return copy


def _parse_options(flags: list[str]) -> PipelineOptions:
    """Parses now what Beam would complain of in the middle of a copy."""
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint):
            options = PipelineOptions(flags)
            options.get_all_options()
    except SystemExit:
        *_, reason = complaint.getvalue().strip().splitlines()
        raise ValueError(
            f"--beam_options: expected options of Beam, received {flags[1:]} "
            f"({reason.split('error: ')[-1]}); correct or leave them out"
        ) from None
    return options


def _count(name: str, number: int) -> None:
    Metrics.counter(_COUNTERS, name).inc(number)


def _outcome(result: beam.runners.runner.PipelineResult) -> Outcome:
    """Reads the workers' counters; not every runner knows committed ones."""
    counts = Counter()
    for counter in result.metrics().query()["counters"]:
        if counter.key.metric.namespace == _COUNTERS:
            number = counter.committed
            if number is None:
                number = counter.attempted
            counts[counter.key.metric.name] += number
    tables = {
        name.removeprefix("table "): number
        for name, number in counts.items()
        if name.startswith("table ")
    }
    return Outcome(counts["written"], counts["kept"], Counter(tables))


def _make_folder(path: str) -> None:
    if not FileSystems.exists(path):
        try:
            FileSystems.mkdirs(path)
        except OSError:  # another worker was faster
            if not FileSystems.exists(path):
                raise


def _remove_folder(path: str) -> None:
    try:
        if FileSystems.exists(path):
            FileSystems.delete([path])
    except BeamIOError as error:
        raise OSError(f"{path}: could not be emptied ({error})") from error
