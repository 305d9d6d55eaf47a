"""A SavedModel with one image input as a subject."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from qualnet_tf.subjects import input_shape, pixels, signatures
from qualnet_tf.subjects.subject import Subject, SubjectOptions


def open_saved_model(path: Path, options: SubjectOptions) -> Subject:
    """Opens a SavedModel, or the newest of a folder of numbered versions.

    Args:
        path: Its folder.
        options: What it does not say of itself. Our exports say everything.

    Raises:
        ValueError: If there is none, it is damaged, no classifier of one
            image, or it does not say enough of itself.
    """
    folder = _find_model(path)
    try:
        model = tf.saved_model.load(str(folder))
    # Where the damage is decides what is raised.
    except Exception as error:
        raise ValueError(
            f"{folder}: the SavedModel cannot be loaded "
            f"({' '.join(str(error).split())[:200]}); export it again"
        ) from error
    chosen = signatures.choose(
        {name: _describe(each) for name, each in model.signatures.items()},
        options.output_name,
        str(path),
    )

    def ask(image: np.ndarray) -> np.ndarray:
        # The loaded object is kept by this closure: signatures alone do not
        # keep its variables alive.
        function = model.signatures[chosen.signature]
        outputs = function(**{chosen.input: to_input(image, chosen)})
        return outputs[chosen.output].numpy()

    known: tuple[str, ...] = ()
    if chosen.num_names:
        names = model.signatures[signatures.NAMES_SIGNATURE]
        index = tf.range(chosen.num_names, dtype=tf.int64)
        labels = names(**{signatures.NAMES_INPUT: index})
        known = tuple(
            label.decode() for label in labels[signatures.NAMES_OUTPUT].numpy()
        )
    return Subject(
        address=str(path),
        kind="SavedModel",
        image_size=settled_size(chosen, options, str(path)),
        pixel_range=settled_range(chosen, options, str(path)),
        class_names=input_shape.settled_names(
            known, options.class_names, str(path)
        ),
        ask=ask,
        outputs=settled_outputs(chosen, options),
    )


def settled_size(
    chosen: signatures.Choice, options: SubjectOptions, address: str
) -> int:
    """Returns the side of the images, from the input's shape or the user."""
    if chosen.takes_files:
        return input_shape.settled_side(0, options.image_size, address)
    return input_shape.image_side(
        chosen.tensor.shape, options.image_size, address
    )


def settled_range(
    chosen: signatures.Choice, options: SubjectOptions, address: str
) -> str:
    """Returns the range of the pixels, from the signature or the user."""
    if chosen.takes_files:
        return "unit"  # encoded here, so the model's own affair
    if options.pixel_range != "auto":
        return options.pixel_range
    if chosen.is_own:
        return "unit"
    if chosen.tensor.dtype == "uint8":
        return "byte"
    raise pixels.must_be_given(address)


def settled_outputs(chosen: signatures.Choice, options: SubjectOptions) -> str:
    """Returns whether answers are logits; our exports say so."""
    if options.outputs == "auto" and chosen.output == signatures.OWN_OUTPUT:
        return "logits"
    return options.outputs


def to_input(image: np.ndarray, chosen: signatures.Choice):
    """Returns images as the input takes them: pixels, or PNG files.

    A PNG has 8 bits a channel; corrupted images have no more either.
    """
    if chosen.takes_files:
        levels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
        return tf.constant([tf.io.encode_png(each).numpy() for each in levels])
    if chosen.tensor.dtype == "uint8":
        image = np.clip(np.round(image), 0, 255)
    return tf.constant(image.astype(chosen.tensor.dtype))


def _find_model(path: Path) -> Path:
    versions = [
        each for each in path.iterdir() if each.is_dir() and each.name.isdigit()
    ]
    newest = max(versions, key=lambda each: int(each.name), default=path)
    for folder in (path, newest):
        if (folder / "saved_model.pb").is_file():
            return folder
    raise ValueError(
        f"{path}: expected a SavedModel (saved_model.pb), or a folder of its "
        "numbered versions, found none; correct --model"
    )


def _describe(function: Any) -> signatures.Signature:
    inputs = function.structured_input_signature[1]
    outputs = function.structured_outputs
    return signatures.Signature(
        *(
            {
                name: signatures.Tensor(each.dtype.name, _shape(each))
                for name, each in tensors.items()
            }
            for tensors in (inputs, outputs)
        )
    )


def _shape(tensor: Any) -> tuple[int | None, ...]:
    if tensor.shape.rank is None:
        return ()
    return tuple(tensor.shape)
