"""How much QualNet's quality loss says to the backbone, run by run.

python -m benchmarks.quality_gradient runs/cifar10_study/cpu/seed*/qualnet18

For finished `qualnet` runs, on training images as the run saw them:

- the quality loss (mean L1 in normalised pixels, without its weight), beside
  what it would be for the mean image of the batch, and for each image's own
  mean colour: a decoder that has learned nothing of an image gets the first;
- the norm of each weighted term's gradient with respect to the features and to
  the backbone's weights, their ratio and their cosine: 0.1 means that the
  decoder moves the backbone a tenth as much as the labels do, a cosine around
  0 that the two ask for different things.
"""

import argparse
import statistics
import sys

import keras
import numpy as np
import tensorflow as tf

from qualnet_tf.config import TrainConfig
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from qualnet_tf.training import build, inputs

COLUMNS = (
    "quality loss",
    "mean image",
    "mean colour",
    "features: ratio",
    "features: cosine",
    "weights: ratio",
    "weights: cosine",
)


def load_method(run: RunDir):
    """Returns a finished run's method with its trained weights, and the run's
    configuration."""
    info = run.read_finished_info()
    config = TrainConfig.from_json(run.config.read_text())
    if config.method != "qualnet":
        raise ValueError(
            f"{run.path}: expected a qualnet run, received {config.method}"
        )
    method = build.build_method(
        config, info["num_classes"], run.stage1_classifier
    )
    for path, model in (
        (run.classifier, method.classifier),
        (run.connector, method.connector),
    ):
        model.set_weights(load_model(path).get_weights())
    return method, config


def diagnose(method, batch) -> dict[str, float]:
    """Returns `COLUMNS` for one batch."""
    weights = [w.value for w in method.backbone.trainable_weights]
    with tf.GradientTape(persistent=True) as tape:
        outputs = method(batch, training=True)
        terms = method.loss_terms(batch, outputs)
    gradients = {
        name: (
            tape.gradient(term, outputs["features"]),
            _joined(tape.gradient(term, weights)),
        )
        for name, term in terms.items()
    }
    found = {}
    for place, what in enumerate(("features", "weights")):
        label, quality = (
            np.asarray(gradients[name][place], np.float64).ravel()
            for name in ("classification_loss", "quality_loss")
        )
        sizes = np.linalg.norm(label), np.linalg.norm(quality)
        found[f"{what}: ratio"] = sizes[1] / sizes[0]
        found[f"{what}: cosine"] = label @ quality / (sizes[0] * sizes[1])
    clean = np.asarray(method.decoder.normalize(batch["clean_image"]))
    colour = clean.mean(axis=(1, 2), keepdims=True)
    found |= {
        "quality loss": float(terms["quality_loss"]) / method.quality_weight,
        "mean image": float(np.abs(clean - clean.mean(axis=0)).mean()),
        "mean colour": float(np.abs(clean - colour).mean()),
    }
    return found


def _joined(gradients) -> np.ndarray:
    return np.concatenate([np.asarray(each).ravel() for each in gradients])


def diagnose_run(path: str, num_batches: int) -> dict[str, float]:
    """Returns `COLUMNS`, means over a run's first training batches."""
    method, config = load_method(RunDir(path))
    source = inputs.open_split(config, "train")
    batches = inputs.training_batches(config, source, 0).take(num_batches)
    found = [diagnose(method, batch) for batch in batches]
    return {
        name: statistics.mean(each[name] for each in found) for name in COLUMNS
    }


def main() -> None:
    """Reads the flags and prints a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", help="folders of qualnet runs")
    parser.add_argument("--batches", type=int, default=20)
    arguments = parser.parse_args()
    if keras.backend.backend() != "tensorflow":
        sys.exit("error: expected KERAS_BACKEND=tensorflow, for its gradients")
    print(f"| Run | {' | '.join(COLUMNS)} |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for path in arguments.runs:
        try:
            found = diagnose_run(path, arguments.batches)
        except ValueError as error:
            sys.exit(f"error: {error}")
        cells = " | ".join(f"{found[name]:.3f}" for name in COLUMNS)
        print(f"| {path} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
