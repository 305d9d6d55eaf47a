"""Which signature and which output of a SavedModel classify an image.

TensorFlow Serving describes a model by the same words as its SavedModel.
"""

import dataclasses
from collections.abc import Mapping

# Of our own exports: images in [0, 1], logits in the order of the classes; and
# class numbers to names.
OWN_SIGNATURE = "predict_images"
OWN_OUTPUT = "logits"
NAMES_SIGNATURE = "class_names"
NAMES_INPUT = "index"
NAMES_OUTPUT = "label"
# Tried in this order, then any other.
_PREFERRED = (OWN_SIGNATURE, "serving_default", "serve")


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An input or output: its type as NumPy names it, and its shape."""

    dtype: str
    shape: tuple[int | None, ...]


@dataclasses.dataclass(frozen=True)
class Signature:
    """A function of a SavedModel: names to tensors."""

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Choice:
    """How to ask a model.

    Attributes:
        signature: Name of the signature.
        input: Name of its input.
        tensor: The input itself.
        takes_files: Whether it takes encoded pictures instead of pixels.
        output: Name of the output with a number per class.
        is_own: Whether it is an export of ours.
        num_names: How many class names it says; 0 if it says none.
    """

    signature: str
    input: str
    tensor: Tensor
    takes_files: bool
    output: str
    is_own: bool
    num_names: int


def choose(
    signatures: Mapping[str, Signature], output_name: str, address: str
) -> Choice:
    """Chooses a signature of one image; one of pixels before one of files.

    Args:
        signatures: All there are.
        output_name: The output wanted; "" takes "logits" or the only one.
        address: Which model, for errors.

    Raises:
        ValueError: If no signature takes one image, or it is not clear which
            output is meant.
    """
    names = sorted(
        signatures,
        key=lambda name: (
            _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
        ),
    )
    for fits in (_takes_pixels, _takes_files):
        for name in names:
            signature = signatures[name]
            if len(signature.inputs) == 1:
                ((key, tensor),) = signature.inputs.items()
                if fits(tensor):
                    return Choice(
                        signature=name,
                        input=key,
                        tensor=tensor,
                        takes_files=fits is _takes_files,
                        output=_output(signature.outputs, output_name, address),
                        is_own=name == OWN_SIGNATURE
                        and NAMES_SIGNATURE in signatures,
                        num_names=_count_names(signatures, signature),
                    )
    described = "; ".join(
        f"{name} of {_spell(each.inputs)}" for name, each in signatures.items()
    )
    raise ValueError(
        f"{address}: expected a signature of one image, [batch, height, width, "
        f"3], or of encoded pictures, received {described or 'none'}; export "
        "the classifier alone"
    )


def _count_names(signatures: Mapping[str, Signature], chosen: Signature) -> int:
    names = signatures.get(NAMES_SIGNATURE)
    logits = chosen.outputs.get(OWN_OUTPUT)
    if names is None or logits is None or len(logits.shape) != 2:
        return 0
    speaks = NAMES_INPUT in names.inputs and NAMES_OUTPUT in names.outputs
    return max(0, logits.shape[1] or 0) if speaks else 0


def _takes_pixels(tensor: Tensor) -> bool:
    return (
        len(tensor.shape) == 4
        and tensor.shape[3] == 3
        and tensor.dtype in ("float32", "float16", "uint8")
    )


def _takes_files(tensor: Tensor) -> bool:
    return tensor.dtype == "string" and len(tensor.shape) == 1


def _output(outputs: Mapping[str, Tensor], wanted: str, address: str) -> str:
    numbers = [name for name, each in outputs.items() if each.dtype != "string"]
    if wanted in outputs:
        return wanted
    if not wanted and OWN_OUTPUT in numbers:
        return OWN_OUTPUT
    if not wanted and len(numbers) == 1:
        return numbers[0]
    raise ValueError(
        f"{address}: expected {'output ' + wanted if wanted else 'one output'}"
        f", received {', '.join(outputs)}; name the one with a number per "
        "class with --output_name"
    )


def _spell(tensors: Mapping[str, Tensor]) -> str:
    return ", ".join(
        f"{name} {each.dtype} {list(each.shape)}"
        for name, each in tensors.items()
    )
