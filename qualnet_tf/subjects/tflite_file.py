"""A TFLite file as a subject."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from qualnet_tf.subjects import pixels
from qualnet_tf.subjects.input_shape import image_side, settled_names
from qualnet_tf.subjects.subject import Subject, SubjectOptions

# Step between two levels of a quantized input -> what its pixels are.
_STEPS = {1 / 255: "unit", 1.0: "byte", 2 / 255: "signed"}


def open_tflite(path: Path, options: SubjectOptions) -> Subject:
    """Opens a TFLite file of one image and one answer.

    Args:
        path: Of the file.
        options: What it does not say of itself. Of a quantized input the step
            between two levels tells the range of the pixels.

    Raises:
        ValueError: If the file is missing or damaged, or no classifier of one
            image, or does not say enough of itself.
    """
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a .tflite file, found none; correct --model"
        )
    interpreter = _load(path)
    inputs = interpreter.get_input_details()
    outputs = interpreter.get_output_details()
    if len(inputs) != 1:
        raise ValueError(
            f"{path}: expected a model of one image, received {len(inputs)} "
            "inputs; convert the classifier alone"
        )
    output = _choose_output(outputs, options.output_name, path)

    return Subject(
        address=str(path),
        kind="TFLite file",
        image_size=image_side(
            tuple(inputs[0]["shape_signature"]), options.image_size, str(path)
        ),
        pixel_range=_settled_range(inputs[0], options, path),
        class_names=settled_names((), options.class_names, str(path)),
        ask=lambda image: _ask(interpreter, inputs[0], output, image),
        outputs=options.outputs,
    )


def _load(path: Path) -> Any:
    with warnings.catch_warnings():
        # It is said to move to another package; this one serves until then.
        warnings.simplefilter("ignore")
        try:
            return tf.lite.Interpreter(
                str(path), num_threads=os.cpu_count() or 1
            )
        except (ValueError, RuntimeError) as error:
            raise ValueError(
                f"{path}: not a whole TFLite file "
                f"({' '.join(str(error).split())[:120]}); convert the model "
                "again"
            ) from error


def _choose_output(outputs: list[dict], wanted: str, path: Path) -> dict:
    for each in outputs:
        if wanted in (each["name"],) or (not wanted and len(outputs) == 1):
            return each
    raise ValueError(
        f"{path}: expected {'output ' + wanted if wanted else 'one output'}, "
        f"received {', '.join(each['name'] for each in outputs)}; name the "
        "one with a number per class with --output_name"
    )


def _settled_range(details: dict, options: SubjectOptions, path: Path) -> str:
    if options.pixel_range != "auto":
        return options.pixel_range
    step = _quantization(details)[0]
    for known, name in _STEPS.items():
        if np.isclose(step, known, rtol=0.02):
            return name
    if step == 0 and details["dtype"] is np.uint8:
        return "byte"
    raise pixels.must_be_given(str(path))


def _quantization(details: dict) -> tuple[float, int]:
    """Returns (step, zero point); a step of 0 is no quantization."""
    found = details["quantization_parameters"]
    if details["dtype"] is np.float32 or not len(found["scales"]):
        return 0.0, 0
    return float(found["scales"][0]), int(found["zero_points"][0])


def _ask(
    interpreter: Any, details: dict, output: dict, image: np.ndarray
) -> np.ndarray:
    values = _to_levels(image, details)
    fixed = int(details["shape_signature"][0])
    batch = len(values) if fixed == -1 else fixed
    _make_room(interpreter, details, batch)
    answers = []
    for start in range(0, len(values), batch):
        some = values[start : start + batch]
        # A model of a fixed batch takes no fewer: the first image fills up.
        some = np.concatenate([some, *[some[:1]] * (batch - len(some))])
        interpreter.set_tensor(details["index"], some)
        interpreter.invoke()
        answers.append(interpreter.get_tensor(output["index"]))
    answer = np.concatenate(answers)[: len(values)]
    step, zero = _quantization(output)
    return (answer.astype(np.float32) - zero) * step if step else answer


def _to_levels(image: np.ndarray, details: dict) -> np.ndarray:
    dtype = details["dtype"]
    if dtype is np.float32:
        return image
    step, zero = _quantization(details)
    levels = np.round(image / step + zero) if step else np.round(image)
    limits = np.iinfo(dtype)
    return np.clip(levels, limits.min, limits.max).astype(dtype)


def _make_room(interpreter: Any, details: dict, batch: int) -> None:
    """Prepares the interpreter for batches of one size."""
    shape = [batch, *details["shape"][1:]]
    if list(interpreter.get_input_details()[0]["shape"]) != shape:
        interpreter.resize_tensor_input(details["index"], shape)
    # Cheap where nothing changed.
    interpreter.allocate_tensors()
