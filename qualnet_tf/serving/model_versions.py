"""Which versions of a model are served: the newest, and those with a label.

As TensorFlow Serving's "latest" policy has it, a new version is loaded beside
the old one, gets the requests from then on, and the old one is unloaded when
its last answer is out. A version that cannot be loaded changes nothing but the
status, until its files change.
"""

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from qualnet_tf.exporters.versions import version_folders
from qualnet_tf.serving.loaded_model import LoadedModel
from qualnet_tf.serving.statuses import ServingError

START, LOADING, AVAILABLE, UNLOADING, END = (
    "START",
    "LOADING",
    "AVAILABLE",
    "UNLOADING",
    "END",
)
_logger = logging.getLogger(__name__)


@dataclasses.dataclass
class Version:
    """A version that was seen.

    Attributes:
        number: Its number.
        folder: Where it lies.
        state: One of the states above.
        error: Why it could not be loaded, or empty.
        stamp: What its files looked like when it was loaded.
        model: The loaded model.
        num_in_flight: Requests that it has not answered.
    """

    number: int
    folder: Path
    state: str = START
    error: str = ""
    stamp: tuple = ()
    model: LoadedModel | None = None
    num_in_flight: int = 0


class ModelVersions:
    """The versions of one model.

    Args:
        export_dir: Folder of numbered versions, or a SavedModel itself.
        name: Of the model, for messages.
        pinned: Serve this version alone; 0 serves the newest.
        labels: Label -> version, which is kept loaded beside the newest.

    Raises:
        ValueError: If the folder holds no version.
    """

    def __init__(
        self,
        export_dir: Path,
        name: str,
        pinned: int = 0,
        labels: Mapping[str, int] | None = None,
    ):
        self.name = name
        self._export_dir = export_dir
        self._pinned = pinned
        self._labels = dict(labels or {})
        self._versions: dict[int, Version] = {}
        # Guards states and counts, never a load.
        self._lock = threading.Condition()
        self._check_folder()

    def _check_folder(self) -> None:
        found = self._find_folders()
        if not found:
            raise ValueError(
                f"{self._export_dir}: expected a SavedModel or a folder of its "
                "numbered versions, found none; run the export program"
            )
        for number in sorted({self._pinned, *self._labels.values()} - {0}):
            if number not in found:
                raise ValueError(
                    f"version {number}: expected one of "
                    f"{', '.join(map(str, sorted(found)))} in "
                    f"{self._export_dir}; correct --model_version or "
                    "--version_labels"
                )

    def _find_folders(self) -> dict[int, Path]:
        if (self._export_dir / "saved_model.pb").is_file():
            name = self._export_dir.resolve().name
            number = int(name) if name.isascii() and name.isdecimal() else 1
            return {number: self._export_dir}
        return version_folders(self._export_dir)

    def poll(self) -> None:
        """Loads what is new and wanted, and unloads what is not any more.

        Called by one thread only.
        """
        folders = self._find_folders()
        wanted = self._wanted(folders)
        for number in sorted(wanted):
            self._load_if_new(number, folders[number])
        if not self._pinned:
            self._fall_back(folders)
        keep = self._to_keep(wanted)
        for version in list(self._versions.values()):
            if version.number not in keep and version.state == AVAILABLE:
                self._unload(version)

    def _fall_back(self, folders: Mapping[int, Path]) -> None:
        """Loads older versions while the newest cannot be, so that one is."""
        for number in sorted(folders, reverse=True):
            if any(v.state == AVAILABLE for v in self._versions.values()):
                return
            self._load_if_new(number, folders[number])

    def _wanted(self, folders: Mapping[int, Path]) -> set[int]:
        newest = {self._pinned} if self._pinned else set(sorted(folders)[-1:])
        return (newest | set(self._labels.values())) & set(folders)

    def _to_keep(self, wanted: set[int]) -> set[int]:
        """Returns what stays loaded: also the last good one of a bad newest."""
        available = [
            version.number
            for version in self._versions.values()
            if version.state == AVAILABLE
        ]
        good = [number for number in available if number in wanted]
        newest = max(wanted, default=0)
        if newest not in good and available:
            good.append(max(available))
        return set(good)

    def _load_if_new(self, number: int, folder: Path) -> None:
        stamp = _stamp(folder)
        seen = self._versions.get(number)
        if seen is not None and seen.state != END:
            return
        if seen is not None and seen.stamp == stamp:
            return  # it failed, or was unloaded, and is the same still
        version = Version(number, folder, LOADING, stamp=stamp)
        with self._lock:
            self._versions[number] = version
        try:
            model = LoadedModel(folder)
        except ValueError as error:
            _logger.error("version %d: %s", number, error)
            with self._lock:
                version.state, version.error = END, str(error)
            return
        with self._lock:
            version.model, version.state = model, AVAILABLE
        _logger.warning("serving %s version %d", self.name, number)

    def _unload(self, version: Version) -> None:
        with self._lock:
            version.state = UNLOADING
            self._lock.wait_for(lambda: not version.num_in_flight)
            version.state = END
            # Another folder of the same number would be a new one.
            version.stamp = _stamp(version.folder)
            model, version.model = version.model, None
        model.close()
        _logger.warning("unloaded %s version %d", self.name, version.number)

    @contextlib.contextmanager
    def use(
        self, number: int | None = None, label: str | None = None
    ) -> Iterator[Version]:
        """Gives a version that stays loaded until the block ends.

        Args:
            number: Of the version; None with no label is the newest.
            label: Of the version.

        Raises:
            ServingError: If there is none (NOT_FOUND), or the label is not
                known.
        """
        if label is not None:
            if label not in self._labels:
                raise ServingError(
                    "INVALID_ARGUMENT",
                    f"Unrecognized servable version label: {label}",
                )
            number = self._labels[label]
        with self._lock:
            version = self._available(number)
            version.num_in_flight += 1
        try:
            yield version
        finally:
            with self._lock:
                version.num_in_flight -= 1
                self._lock.notify_all()

    def _available(self, number: int | None) -> Version:
        available = {
            version.number: version
            for version in self._versions.values()
            if version.state == AVAILABLE
        }
        if number is None and available:
            return available[max(available)]
        if number in available:
            return available[number]
        which = "Latest" if number is None else number
        raise ServingError(
            "NOT_FOUND",
            f"Servable not found for request: Specific({self.name}, {which})"
            if number is not None
            else f"Servable not found for request: {which}({self.name})",
        )

    def states(self, number: int | None, label: str | None) -> list[Version]:
        """Returns the versions that a status request asks for, newest first.

        Raises:
            ServingError: If there is no such version (NOT_FOUND).
        """
        if label is not None:
            if label not in self._labels:
                raise ServingError(
                    "INVALID_ARGUMENT",
                    f"Unrecognized servable version label: {label}",
                )
            number = self._labels[label]
        with self._lock:
            found = [
                dataclasses.replace(version)
                for version in self._versions.values()
                if number in (None, version.number)
            ]
        if not found:
            which = "any versions" if number is None else f"version {number}"
            raise ServingError(
                "NOT_FOUND", f"Could not find {which} of model {self.name}"
            )
        return sorted(found, key=lambda version: -version.number)

    def close(self) -> None:
        """Unloads everything; called when no request can come any more."""
        for version in list(self._versions.values()):
            if version.state == AVAILABLE:
                self._unload(version)


def _stamp(folder: Path) -> tuple:
    """Returns what changes when a version's files do."""
    found = []
    for path in sorted(folder.rglob("*")):
        with contextlib.suppress(OSError):  # it may be written this moment
            status = path.stat()
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
