"""A TFLite file as a subject."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qualnet_tf.subjects import pixels
from qualnet_tf.subjects.input_shape import image_side, settled_names
from qualnet_tf.subjects.subject import Subject, SubjectOptions
from qualnet_tf.subjects.tflite_description import (
    Description,
    read_description,
)

# Step between two levels of a quantized input -> what its pixels are.
_STEPS = {1 / 255: "unit", 1.0: "byte", 2 / 255: "signed"}
# Images at a time, where the file leaves it open: more are not faster, and
# need memory for every number between two layers.
_MOST_IMAGES = 32


def open_tflite(path: Path, options: SubjectOptions) -> Subject:
    """Opens a TFLite file of one image and one answer.

    Args:
        path: Of the file.
        options: What it does not say of itself. Our own exports say
            everything; of a quantized input the step between two levels tells
            the range of the pixels.

    Raises:
        ValueError: If the file is missing or damaged, or no classifier of one
            image, or does not say enough of itself.
    """
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a .tflite file, found none; correct --model"
        )
    interpreter = _load(path)
    described = read_description(path)
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
            inputs[0]["shape_signature"].tolist(), options.image_size, str(path)
        ),
        pixel_range=_settled_range(inputs[0], options, described, path),
        class_names=settled_names(
            described.class_names, options.class_names, str(path)
        ),
        ask=lambda image: _ask(interpreter, inputs[0], output, image),
        outputs=(
            described.outputs if options.outputs == "auto" else options.outputs
        ),
    )


def _load(path: Path) -> Any:
    make = _interpreter_class()
    with warnings.catch_warnings():
        # TensorFlow's own interpreter is said to go; it serves until then.
        warnings.simplefilter("ignore")
        try:
            interpreter = make(str(path), num_threads=os.cpu_count() or 1)
        except (ValueError, RuntimeError) as error:
            raise ValueError(
                f"{path}: not a whole TFLite file ({_one_line(error)}); "
                "convert the model again"
            ) from error
    _check_runs(interpreter, path)
    return interpreter


def _check_runs(interpreter: Any, path: Path) -> None:
    """Raises ValueError where the interpreter lacks an operation."""
    # Images of any size are prepared for when they come.
    if any(
        -1 in each["shape_signature"][1:]
        for each in interpreter.get_input_details()
    ):
        return
    try:
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"{path}: expected operations that this interpreter has, received "
            f"others ({_one_line(error)}); convert the model with TFLite's "
            "own operations alone"
        ) from error


def _interpreter_class() -> Callable[..., Any]:
    """Returns LiteRT's interpreter, or TensorFlow's where it is missing."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        import tensorflow as tf

        return tf.lite.Interpreter
    return Interpreter


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]


def _choose_output(outputs: list[dict], wanted: str, path: Path) -> dict:
    for each in outputs:
        if wanted in (each["name"],) or (not wanted and len(outputs) == 1):
            return each
    raise ValueError(
        f"{path}: expected {'output ' + wanted if wanted else 'one output'}, "
        f"received {', '.join(each['name'] for each in outputs)}; name the "
        "one with a number per class with --output_name"
    )


def _settled_range(
    details: dict,
    options: SubjectOptions,
    described: Description,
    path: Path,
) -> str:
    for said in (options.pixel_range, described.pixel_range):
        if said != "auto":
            return said
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
    batch = min(len(values), _MOST_IMAGES) if fixed == -1 else fixed
    _make_room(interpreter, details, [batch, *values.shape[1:]])
    answers = []
    for start in range(0, len(values), batch):
        some = values[start : start + batch]
        # A batch of another length costs a preparation, or is not taken at
        # all: the first image fills up.
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


def _make_room(interpreter: Any, details: dict, shape: list[int]) -> None:
    """Prepares the interpreter for batches of one shape."""
    if list(interpreter.get_input_details()[0]["shape"]) != shape:
        interpreter.resize_tensor_input(details["index"], shape)
    # Cheap where nothing changed.
    interpreter.allocate_tensors()
