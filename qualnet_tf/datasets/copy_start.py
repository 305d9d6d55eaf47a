"""One start of a corrupted copy: check, manifest, copy, manifest.

The layout and the runner choose who copies; everything else is the same.
"""

from typing import Any

from qualnet_tf.datasets import copy_manifest
from qualnet_tf.datasets.cifar_copy import copy_as_arrays
from qualnet_tf.datasets.copied_pictures import FolderPictures, SetPictures
from qualnet_tf.datasets.copy_files import LocalFiles
from qualnet_tf.datasets.corrupted_copy import check_names, copy_pictures
from qualnet_tf.datasets.picture_corrupter import CopySettings

LAYOUTS = ("imagenet_c", "cifar_c")


def write_copy(
    pictures: FolderPictures | SetPictures,
    output_dir: str,
    settings: CopySettings,
    *,
    layout: str = "imagenet_c",
    runner: str = "",
    beam_options: tuple[str, ...] = (),
    start: dict[str, Any] | None = None,
) -> dict[str, int]:
    """Writes a corrupted copy and its manifest; files that exist are kept.

    Args:
        pictures: The set, already checked.
        output_dir: Folder to fill; made when needed.
        settings: Of the copy.
        layout: "imagenet_c" (a file per picture) or "cifar_c" (an array per
            corruption).
        runner: Apache Beam runner; "" copies with the cores of this machine.
        beam_options: Options of the runner, NAME=VALUE.
        start: What the manifest says of this start, such as versions.

    Returns:
        Counts: `written`, `kept` and `bad`.

    Raises:
        ValueError: If two pictures would get one name, the folder holds a
            copy under other settings, the layout does not fit, or Apache
            Beam is wanted and not installed.
    """
    if layout not in LAYOUTS:
        raise ValueError(
            f"unknown layout {layout!r}: expected one of {', '.join(LAYOUTS)}"
        )
    files: Any = LocalFiles()
    copy = copy_as_arrays if layout == "cifar_c" else copy_pictures
    if runner:
        files, copy = _beam(runner, beam_options, layout)
    if layout == "imagenet_c":
        check_names(pictures, settings.file_format)
    agreed = copy_manifest.agreed_settings(pictures, settings, layout)
    manifest = copy_manifest.begin(files, output_dir, agreed, start or {})
    outcome = copy(pictures, output_dir, settings)
    return copy_manifest.finish(
        files, output_dir, manifest, settings, outcome, pictures.num_bad_files
    )


def _beam(runner: str, options: tuple[str, ...], layout: str) -> tuple:
    """Returns the files and the copy function of Apache Beam."""
    if layout == "cifar_c":
        raise ValueError(
            f"--runner={runner} with --layout=cifar_c: expected the layout "
            "imagenet_c, one array is no work for a cluster; leave --runner out"
        )
    try:
        from qualnet_tf.datasets import corrupted_copy_beam as beam_copy
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "apache_beam":
            raise
        raise ValueError(
            f"--runner={runner}: expected an installation with the extra beam, "
            "received one without apache_beam; pip install 'qualnet_tf[beam]'"
        ) from None
    return beam_copy.BeamFiles(), beam_copy.copier(runner, options)
