"""What a corrupted copy says of itself, and the check that starts agree.

The manifest is written before the first picture, so a copy that was killed
is not continued under other settings.
"""

import hashlib
import json
from typing import Any

from qualnet_tf.corruptions import severities, texture_pictures
from qualnet_tf.datasets.copied_pictures import FolderPictures, SetPictures
from qualnet_tf.datasets.corrupted_copy import Outcome
from qualnet_tf.datasets.picture_corrupter import CopySettings

NAME = "manifest.json"


def agreed_settings(
    pictures: FolderPictures | SetPictures, settings: CopySettings, layout: str
) -> dict[str, Any]:
    """Returns what every start into one folder must have in common.

    Corruptions and severities are not in it: they may be added later.

    Raises:
        ValueError: If frost textures are needed and cannot be read.
    """
    options = settings.options
    agreed = {
        "layout": layout,
        # Arrays have no format.
        "format": settings.file_format if layout == "imagenet_c" else "npy",
        "seed": settings.seed,
        "severity_table": options.severity_table,
        "corruption_variant": options.variant,
        "frost_textures": options.frost_textures,
        "image_size": settings.image_size,
        "input": dict(pictures.identity),
    }
    if layout == "cifar_c":
        agreed["input"]["num_pictures"] = len(pictures)
    if "frost" in settings.corruption_names:
        agreed["frost_textures_sha256"] = _digest(options.frost_textures)
    return agreed


def begin(
    files: Any,
    output_dir: str,
    agreed: dict[str, Any],
    start: dict[str, Any],
) -> dict[str, Any]:
    """Compares with the manifest that is there, then writes the new one.

    Args:
        files: Reads and writes, such as `LocalFiles`.
        output_dir: Folder of the copy.
        agreed: See `agreed_settings`.
        start: Flags, versions and the like of this start.

    Returns:
        The manifest; `finish` completes it.

    Raises:
        ValueError: If the settings contradict those of an earlier start.
    """
    path = f"{output_dir}/{NAME}"
    manifest = {"settings": {}, "severity_tables": {}, "starts": []}
    if files.exists(path):
        manifest = _read(files, path)
        _check_agreement(path, manifest["settings"], agreed)
    manifest["settings"] = {**manifest["settings"], **agreed}
    manifest["starts"].append({"status": "started", **start})
    _write(files, path, manifest)
    return manifest


def finish(
    files: Any,
    output_dir: str,
    manifest: dict[str, Any],
    settings: CopySettings,
    outcome: Outcome,
    num_bad_files: int,
) -> dict[str, int]:
    """Adds the counts and the constants used; returns the counts."""
    counts = {
        "written": outcome.written,
        "kept": outcome.kept,
        "bad": num_bad_files,
    }
    manifest["starts"][-1] |= {
        "status": "finished",
        "counts": counts,
        "pictures_per_table": dict(outcome.tables),
    }
    for table in outcome.tables:
        rows = manifest["severity_tables"].setdefault(table, {})
        for name in settings.corruption_names:
            rows[name] = severities.TABLES[table][name]
    _write(files, f"{output_dir}/{NAME}", manifest)
    return counts


def _check_agreement(
    path: str, before: dict[str, Any], now: dict[str, Any]
) -> None:
    names = [n for n in before if n in now and before[n] != now[n]]
    if names:
        raise ValueError(
            f"{path} says {_spell(before, names)}, received "
            f"{_spell(now, names)}: expected the same for one folder; choose "
            "another --output_dir"
        )


def _spell(settings: dict[str, Any], names: list[str]) -> str:
    return ", ".join(f"{name} {_words(settings[name])}" for name in names)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={each}" for key, each in value.items())
    return str(value)


def _digest(source: str) -> str:
    """Returns a digest of the textures, "" where they are drawn."""
    if source == "procedural":
        return ""
    digest = hashlib.sha256()
    for picture in texture_pictures.read_pictures(source):
        digest.update(str(picture.shape).encode() + picture.tobytes())
    return digest.hexdigest()


def _read(files: Any, path: str) -> dict[str, Any]:
    try:
        manifest = json.loads(files.read(path))
        if {"settings", "severity_tables", "starts"} <= manifest.keys():
            return manifest
    except (ValueError, AttributeError):
        pass
    raise ValueError(
        f"{path}: expected the manifest of a corrupted copy, received another "
        "file; remove it or choose another --output_dir"
    )


def _write(files: Any, path: str, manifest: dict[str, Any]) -> None:
    files.write(path, (json.dumps(manifest, indent=2) + "\n").encode())
