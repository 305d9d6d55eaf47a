"""What tells a corrupted picture from a clean one, without its clean copy.

python -m benchmarks.quality_score --run_dir=runs/quickstart/qualnet

Four scores of a QualNet run: the distance of a picture to its reconstruction,
nothing fitted; and heads fitted to training images, over the pooled features,
over statistics of the picture (`export --quality_head`), and over those of
picture, reconstruction and difference (the signature `quality`). Measured on
test images at severities 1, 3 and 5: AUROC of clean against corrupted (0.5 is
chance), and how many of the 16 kinds of picture are called by their name.
Prints a Markdown table.
"""

import argparse
import pathlib

import numpy as np


def build_scores(run):
    """Returns name -> function of images, `[batch, statistics]`."""
    import tensorflow as tf

    from qualnet_tf.config import ExportConfig, TrainConfig
    from qualnet_tf.exporters import run_export
    from qualnet_tf.exporters.picture_statistics import picture_statistics
    from qualnet_tf.models.classifier import pooled_classifier
    from qualnet_tf.models.saving import load_model

    classifier = load_model(run.classifier)
    pooled = pooled_classifier(classifier)
    config = ExportConfig(run_dir=str(run.path), with_decoder=True)
    train_config = TrainConfig.from_json(run.config.read_text())
    measure = run_export.quality_measure(config, run, classifier, train_config)
    functions = {
        "distance to the reconstruction": lambda x: measure.statistics(x)[1][
            :, tf.newaxis
        ],
        "pooled features": lambda x: pooled([x], training=False)[0],
        "statistics of the picture": picture_statistics,
        "of picture, reconstruction and difference": lambda x: (
            measure.statistics(x)[2]
        ),
    }
    return {name: tf.function(each) for name, each in functions.items()}


def gather(run, split: str, num_images: int, functions: dict):
    """Returns name -> statistics of all pictures, and what each picture is."""
    import tensorflow as tf

    from qualnet_tf.config import TrainConfig
    from qualnet_tf.training.calibration_pictures import calibration_batches

    config = TrainConfig.from_json(run.config.read_text())
    found: dict[str, list] = {name: [] for name in functions}
    place = []
    for batch in calibration_batches(config, num_images, 0, split):
        place.append(batch.place)
        for name, function in functions.items():
            found[name].append(np.asarray(function(tf.constant(batch.image))))
    return (
        {name: np.concatenate(parts) for name, parts in found.items()},
        np.concatenate(place),
    )


def aurocs(score: np.ndarray, place: np.ndarray, num_names: int) -> np.ndarray:
    """Returns the AUROC of each corruption; a clean picture scores higher."""
    from sklearn.metrics import roc_auc_score

    found = []
    for number in range(1, num_names):
        both = (place == number) | (place == 0)
        found.append(roc_auc_score(place[both] == 0, score[both]))
    return np.array(found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run_dir", type=pathlib.Path, required=True)
    parser.add_argument("--num_images", type=int, default=300)
    arguments = parser.parse_args()

    import tensorflow as tf

    from qualnet_tf.exporters.quality import fit_quality_head
    from qualnet_tf.metrics.alexnet_errors import TEST_FAMILIES
    from qualnet_tf.run_dir import RunDir
    from qualnet_tf.training.calibration_pictures import NAMES

    run = RunDir(arguments.run_dir)
    functions = build_scores(run)
    fitted, fitted_place = gather(run, "train", arguments.num_images, functions)
    tested, place = gather(run, "validation", arguments.num_images, functions)
    families = {
        family: [NAMES.index(name) - 1 for name in names]
        for family, names in TEST_FAMILIES.items()
    }
    print(f"| Score from | {' | '.join(families)} | Called by name |")
    print("|" + "---|" * (len(families) + 2))
    for number, name in enumerate(functions):
        if number == 0:
            score, named = -tested[name][:, 0], None
        else:
            head = fit_quality_head(fitted[name], fitted_place, NAMES)
            outputs = head(tf.constant(tested[name]))
            score = outputs["quality_score"].numpy()
            said = outputs["corruption"].numpy().astype(str)
            named = (said == np.array(NAMES)[place]).mean()
        found = aurocs(score, place, len(NAMES))
        cells = [f"{found[p].mean():.2f}" for p in families.values()]
        share = "" if named is None else f"{100 * named:.0f} %"
        print(f"| {name} | {' | '.join(cells)} | {share} |", flush=True)


if __name__ == "__main__":
    main()
