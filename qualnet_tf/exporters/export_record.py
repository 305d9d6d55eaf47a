"""What an export was made from and how, so that it need not be made again."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from qualnet_tf.config import ExportConfig


def record_of(config: ExportConfig, files: Iterable[Path]) -> dict[str, Any]:
    """Returns all that an export depends on, as JSON would read it again.

    Args:
        config: How it is exported; where from and to does not count.
        files: What it is made of; those that exist enter by their contents.
    """
    knobs = dataclasses.asdict(config)
    for place in ("run_dir", "output_dir"):
        del knobs[place]
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }
    record = {"tensorflow": tf.__version__, "made_of": digests, **knobs}
    return json.loads(json.dumps(record))
