"""What one evaluation found: everything that readers of it need.

The JSON file is the contract between `evaluate` and every reader. No
TensorFlow.
"""

import os
import pathlib

from qualnet_tf import run_dir
from qualnet_tf.evaluation.classification_results import (
    SCHEMA_VERSION,
    ClassificationResults,
)
from qualnet_tf.evaluation.deployment_file import (
    Deployment,
    load_deployment,
    save_deployment,
)
from qualnet_tf.evaluation.face_results import (
    FaceResults,
    Identification,
    Verification,
    load_face_results,
)
from qualnet_tf.evaluation.feature_pairs_file import (
    FeaturePairs,
    load_feature_pairs,
    save_feature_pairs,
)
from qualnet_tf.evaluation.measured import (
    ClassAccuracy,
    ConditionQuality,
    ConditionResult,
    MeanInterval,
    ReliabilityBin,
)
from qualnet_tf.evaluation.paired_losses_file import (
    PairedLoss,
    PairedLosses,
    load_paired_losses,
    save_paired_losses,
)
from qualnet_tf.evaluation.pictures import (
    ConditionPictures,
    Pictures,
    load_condition_pictures,
    load_pictures,
    save_condition_pictures,
    save_pictures,
)
from qualnet_tf.evaluation.summary import Summary, summarize
from qualnet_tf.evaluation.worst_pictures import (
    WorstPictures,
    load_worst_pictures,
    save_worst_pictures,
)

# The example pictures are part of what an evaluation leaves behind, and the
# results are made of measured numbers: readers find all of it here.
__all__ = [
    "SCHEMA_VERSION",
    "MeanInterval",
    "ClassAccuracy",
    "ClassificationResults",
    "ConditionPictures",
    "ConditionQuality",
    "ConditionResult",
    "Deployment",
    "FaceResults",
    "FeaturePairs",
    "Identification",
    "PairedLoss",
    "PairedLosses",
    "Pictures",
    "ReliabilityBin",
    "Summary",
    "Verification",
    "WorstPictures",
    "load",
    "load_condition_pictures",
    "load_deployment",
    "load_face_results",
    "load_feature_pairs",
    "load_paired_losses",
    "load_pictures",
    "load_worst_pictures",
    "save",
    "save_condition_pictures",
    "save_deployment",
    "save_feature_pairs",
    "save_paired_losses",
    "save_pictures",
    "save_worst_pictures",
    "summarize",
]


def save(results: ClassificationResults, path: str | os.PathLike) -> None:
    """Writes the results to `path`, all or nothing."""
    run_dir.write_text(pathlib.Path(path), results.to_json())


def load(path: str | os.PathLike) -> ClassificationResults:
    """Reads what `save` wrote.

    Raises:
        ValueError: If the file is missing, damaged, something else, or of a
            newer schema.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(
            f"{path}: no results; expected the file that qualnet_tf.evaluate "
            "writes: evaluate the run first"
        )
    text = path.read_text(encoding="utf-8", errors="replace")
    return ClassificationResults.from_json(text, str(path))
