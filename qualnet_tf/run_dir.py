"""File names inside a run folder, and the atomic writes that fill it.

A reader never sees half a file: everything is written beside its final name
and then renamed, which is atomic within one file system.
"""

import contextlib
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any


class RunDir:
    """The layout of one run.

    Args:
        path: The run's folder; it need not exist yet.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = pathlib.Path(path)

    @property
    def name(self) -> str:
        """The run's name, as reports show it."""
        return self.path.resolve().name

    @property
    def config(self) -> pathlib.Path:
        """All knobs, as JSON."""
        return self.path / "config.json"

    @property
    def flags(self) -> pathlib.Path:
        """The same knobs as a flagfile."""
        return self.path / "flags.txt"

    @property
    def run_info(self) -> pathlib.Path:
        """Versions, revision, device, seed, classes, status."""
        return self.path / "run.json"

    @property
    def metrics(self) -> pathlib.Path:
        """One row per epoch."""
        return self.path / "metrics.csv"

    @property
    def classifier(self) -> pathlib.Path:
        """The trained backbone and head: what is evaluated and exported."""
        return self.path / "classifier.keras"

    @property
    def connector(self) -> pathlib.Path:
        """The connector of a `qualnet` run (training and pictures only)."""
        return self.path / "connector.keras"

    @property
    def stage1_classifier(self) -> pathlib.Path:
        """The network that this run builds on: decoder, teacher or base."""
        return self.path / "stage1_classifier.keras"

    @property
    def chosen_filters(self) -> pathlib.Path:
        """The filters that a `deepcorrect` run corrects, by convolution."""
        return self.path / "chosen_filters.json"

    def read_chosen_filters(self) -> dict[str, list[int]] | None:
        """Returns them, or None where the run has not chosen any."""
        if not self.chosen_filters.is_file():
            return None
        return json.loads(self.chosen_filters.read_text())

    @property
    def decoder(self) -> pathlib.Path:
        """The network, image -> features, whose inverse this run trained."""
        return self.path / "decoder.keras"

    def find_decoding_network(self) -> pathlib.Path:
        """Returns the file of the network whose inverse decodes here."""
        own = self.decoder
        return own if own.is_file() else self.stage1_classifier

    def find_stage1_network(self) -> pathlib.Path:
        """Returns what a run that has this one as its stage 1 takes."""
        own = self.decoder
        return own if own.is_file() else self.classifier

    @property
    def checkpoints(self) -> pathlib.Path:
        """Folder of training checkpoints."""
        return self.path / "checkpoints"

    @property
    def events(self) -> pathlib.Path:
        """Folder of TensorBoard events."""
        return self.path / "events"

    @property
    def results(self) -> pathlib.Path:
        """Accuracies per condition."""
        return self.path / "results" / "classification.json"

    @property
    def adapted_results(self) -> pathlib.Path:
        """The same with batch norms adapted to the test images."""
        return self.path / "results" / "classification_adapted.json"

    @property
    def predictions(self) -> pathlib.Path:
        """Folder of the answers that the results were measured from."""
        return self.path / "results" / "predictions"

    @property
    def worst_pictures(self) -> pathlib.Path:
        """The pictures that were recognised least."""
        return self.path / "results" / "worst.npz"

    @property
    def feature_pairs(self) -> pathlib.Path:
        """Features of clean and of low-resolution pictures."""
        return self.path / "results" / "features.npz"

    @property
    def deployment(self) -> pathlib.Path:
        """What the classifier costs to store and to run."""
        return self.path / "results" / "deployment.json"

    @property
    def paired_losses(self) -> pathlib.Path:
        """How far the classifier falls behind the first of an evaluation."""
        return self.path / "results" / "paired_losses.json"

    @property
    def face_results(self) -> pathlib.Path:
        """Verification and identification."""
        return self.path / "results" / "faces.json"

    @property
    def embeddings(self) -> pathlib.Path:
        """Folder of embeddings that those were measured from."""
        return self.path / "results" / "embeddings"

    @property
    def figures(self) -> pathlib.Path:
        """Folder of the report's figures as files."""
        return self.path / "figures"

    @property
    def results_csv(self) -> pathlib.Path:
        """The same for a spreadsheet."""
        return self.path / "results" / "classification.csv"

    @property
    def robustbench(self) -> pathlib.Path:
        """The averages as an entry of RobustBench's list."""
        return self.path / "results" / "robustbench.json"

    @property
    def pictures(self) -> pathlib.Path:
        """Example pictures of the evaluation."""
        return self.path / "results" / "pictures.npz"

    @property
    def condition_pictures(self) -> pathlib.Path:
        """One picture under every condition of the evaluation."""
        return self.path / "results" / "conditions.npz"

    @property
    def example_picture(self) -> pathlib.Path:
        """One corrupted picture as a file, to try an export on."""
        return self.path / "results" / "example.png"

    @property
    def exports(self) -> pathlib.Path:
        """Folder of numbered exports."""
        return self.path / "export"

    @property
    def report(self) -> pathlib.Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def face_report(self) -> pathlib.Path:
        """The HTML report on faces."""
        return self.path / "faces.html"

    def read_info(self) -> dict[str, Any]:
        """Returns what `run.json` says.

        Raises:
            ValueError: If there is no such run.
        """
        if not self.run_info.is_file():
            raise ValueError(
                f"{self.path}: expected a run folder with {self.run_info.name}"
                "; train it first, or check --run_dir"
            )
        return json.loads(self.run_info.read_text())

    def read_finished_info(self) -> dict[str, Any]:
        """Returns `run.json` of a finished run.

        Raises:
            ValueError: If the run does not exist or has not finished.
        """
        info = self.read_info()
        if info.get("status") != "finished" or not self.classifier.is_file():
            raise ValueError(
                f"{self.path}: expected a finished run, received one that is "
                f"{info.get('status', 'unknown')!r}; start its training again "
                "to finish it"
            )
        return info


@contextlib.contextmanager
def atomic_file(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path that becomes `path` when the block succeeds.

    When the block raises, nothing of it stays and an older `path` is kept.
    The suffix is kept, since writers choose their format by it.

    Args:
        path: Final file name; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    temporary = pathlib.Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        # mkstemp makes private files; a run folder is shared like any other.
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is None and error.errno is not None:
            # A failed write, unlike a failed open, does not say of what.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: pathlib.Path, text: str) -> None:
    """Writes `text` to `path`, all or nothing."""
    with atomic_file(path) as temporary:
        temporary.write_text(text)


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes `value` as JSON to `path`, all or nothing."""
    write_text(path, json.dumps(value, indent=2) + "\n")
