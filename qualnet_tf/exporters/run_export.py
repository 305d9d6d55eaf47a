"""A finished run -> the next version of its export, in every format asked for.

What is needed of the rooms that an export does not know - calibration
pictures, the model card's numbers - is handed in by the program.
"""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from qualnet_tf.config import ExportConfig, TrainConfig
from qualnet_tf.exporters import fitting, signature, versions
from qualnet_tf.exporters.export_record import record_of
from qualnet_tf.exporters.picture_statistics import picture_statistics
from qualnet_tf.exporters.quality import QualityMeasure
from qualnet_tf.exporters.saved_model import check_arguments, write_saved_model
from qualnet_tf.exporters.warm_up import write_warm_up
from qualnet_tf.models.classifier import split_classifier
from qualnet_tf.models.decoders import load_decoder
from qualnet_tf.models.saving import load_model, save_model
from qualnet_tf.run_dir import RunDir

CLASS_NAMES = "class_names.txt"
CARD = "README.md"
KERAS_FILE = "classifier.keras"
ONNX_FILE = "classifier.onnx"
# Kinds of statistics, by the output that is made of them.
_HEAD, _MEASURE = "quality_head", "quality"


@dataclasses.dataclass(frozen=True)
class ExportFacts:
    """What a model card says of an export, beside the run's results.

    Attributes:
        config: How it was exported.
        image_size: Side of the classifier's input, pixels.
        class_names: In the order of the logits.
        num_parameters: Of the classifier.
        file_sizes: Name of each file -> bytes; the SavedModel as one.
        evidence: How good each quality head is, by signature or flag.
    """

    config: ExportConfig
    image_size: int
    class_names: tuple[str, ...]
    num_parameters: int
    file_sizes: dict[str, int]
    evidence: dict[str, fitting.HeadEvidence]


def export_run(
    config: ExportConfig,
    calibration_batches: Callable[[TrainConfig, int, int], Iterable[Any]],
    calibration_names: tuple[str, ...],
    describe: Callable[[RunDir, ExportFacts], str],
) -> Path:
    """Writes the next version, unless the newest is what would be written.

    Args:
        config: What to write.
        calibration_batches: (run's config, images, seed) -> batches, see
            `training.calibration_pictures`.
        calibration_names: What their `place` counts.
        describe: Writes the model card.

    Returns:
        The folder of the version.

    Raises:
        ValueError: If the run is not finished, or cannot be exported so.
        OSError: If the disk refuses a file. In no case is anything left behind.
    """
    run = RunDir(config.run_dir)
    info = run.read_finished_info()
    record = record_of(config, (run.classifier, run.connector, run.results))
    output_dir = Path(config.output_dir or run.exports)
    current = versions.newest_with(output_dir, record)
    if current is not None:
        return current
    classifier = load_model(run.classifier)
    names = tuple(info["class_names"])
    check_arguments(classifier, names, classifier.input_shape[1])
    train_config = TrainConfig.from_json(run.config.read_text())
    measure = quality_measure(config, run, classifier, train_config)
    fitted = _fit(
        config, measure, train_config, calibration_batches, calibration_names
    )
    with versions.new_version(output_dir, record) as new:
        _write_files(new.folder, config, classifier, names, measure, fitted)
        facts = ExportFacts(
            config=config,
            image_size=classifier.input_shape[1],
            class_names=names,
            num_parameters=classifier.count_params(),
            file_sizes=_file_sizes(new.folder),
            evidence=fitted.evidence if fitted else {},
        )
        (new.folder / CARD).write_text(describe(run, facts), "utf-8")
    return new.version


def quality_measure(
    config: ExportConfig,
    run: RunDir,
    classifier: keras.Model,
    train_config: TrainConfig,
) -> QualityMeasure | None:
    """Returns what decodes a run's pictures, if the export is to have it.

    Raises:
        ValueError: If it is wanted and the run has no decoder.
    """
    if not config.with_decoder:
        return None
    if not run.connector.is_file():
        raise ValueError(
            f"--with_decoder: expected a run with a decoder, received "
            f"{run.path}, which has no {run.connector.name}; export a qualnet "
            "run, or leave the flag out"
        )
    backbone, _ = split_classifier(classifier)
    connector = load_model(run.connector)
    decoder = load_decoder(
        run.find_decoding_network(),
        classifier.input_shape[1],
        classifier.output_shape[-1],
        downscale=train_config.decoder_downscale,
    )

    def decode(image: tf.Tensor) -> tf.Tensor:
        features = backbone(image, training=False)
        return decoder(connector(features, training=False))

    return QualityMeasure(decode)


def _fit(
    config: ExportConfig,
    measure: QualityMeasure | None,
    train_config: TrainConfig,
    calibration_batches: Callable,
    names: tuple[str, ...],
) -> fitting.Fitted | None:
    """Goes over the calibration pictures, if anything is fitted to them."""
    statistics = {}
    if config.quality_head:
        statistics[_HEAD] = tf.function(picture_statistics)
    if measure is not None:
        statistics[_MEASURE] = tf.function(
            lambda image: measure.statistics(image)[2]
        )
    needs_int8 = "tflite" in config.formats and "int8" in config.precisions
    if not statistics and not needs_int8:
        return None
    batches = calibration_batches(
        train_config, config.calibration_images, config.seed
    )
    return fitting.fit(batches, names, statistics)


def _write_files(
    folder: Path,
    config: ExportConfig,
    classifier: keras.Model,
    names: tuple[str, ...],
    measure: QualityMeasure | None,
    fitted: fitting.Fitted | None,
) -> None:
    """Writes everything but the model card."""
    if "saved_model" in config.formats:
        heads = fitted.heads if fitted else {}
        if measure is not None:
            measure = dataclasses.replace(measure, head=heads[_MEASURE])
        side = classifier.input_shape[1]
        write_saved_model(
            folder,
            classifier,
            names,
            side,
            top_k=config.top_k,
            quality_head=heads.get(_HEAD),
            quality_measure=measure,
        )
        write_warm_up(folder, side, signature.names(measure is not None))
    text = "".join(f"{name}\n" for name in names)
    (folder / CLASS_NAMES).write_text(text, "utf-8")
    if "keras" in config.formats:
        save_model(classifier, folder / KERAS_FILE)
    if "onnx" in config.formats:
        from qualnet_tf.exporters.onnx import export_onnx

        export_onnx(classifier, folder / ONNX_FILE, names)
    if "tflite" in config.formats:
        _write_tflite(folder, config, classifier, names, fitted)


def _write_tflite(
    folder: Path,
    config: ExportConfig,
    classifier: keras.Model,
    names: tuple[str, ...],
    fitted: fitting.Fitted | None,
) -> None:
    # Here, because its converter takes a second to import.
    from qualnet_tf.exporters.tflite import convert_tflite

    for precision in config.precisions:
        images = fitted.int8_images if precision == "int8" else None
        content = convert_tflite(classifier, precision, images, names)
        (folder / f"classifier_{precision}.tflite").write_bytes(content)


def _file_sizes(folder: Path) -> dict[str, int]:
    """Returns the bytes of each file, those of the SavedModel together."""
    sizes: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        place = path.relative_to(folder)
        is_model = place.parts[0] in (
            "saved_model.pb",
            "variables",
            "fingerprint.pb",
            "assets",
        )
        name = "saved_model.pb, variables/" if is_model else str(place)
        sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes
