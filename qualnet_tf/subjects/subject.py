"""What a classifier is to an evaluation: images in, logits out."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np

from qualnet_tf.subjects import pixels
from qualnet_tf.subjects.logits import to_logits


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubjectOptions:
    """What a model does not say of itself; a default asks it.

    Attributes:
        image_size: Side of the input, pixels; 0 reads it.
        pixel_range: "auto" or one of `pixels.RANGES`.
        outputs: "auto", "logits" or "probabilities".
        output_name: Which output holds a number per class; "" reads it.
        class_names: In the order of the outputs; () reads them.
    """

    image_size: int = 0
    pixel_range: str = "auto"
    outputs: str = "auto"
    output_name: str = ""
    class_names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """An opened classifier.

    Attributes:
        address: Where it came from.
        kind: What it is in words, such as "SavedModel".
        image_size: Side of the images that it takes, pixels.
        pixel_range: One of `pixels.RANGES`, what it takes pixels to be.
        class_names: In the order of the logits; () where nobody knows.
        ask: float32 [n, side, side, 3] in the pixel range -> [n, classes],
            logits or probabilities.
        outputs: "auto", "logits" or "probabilities"; "auto" looks at the
            numbers.
        network: The Keras model, where it is one.
    """

    address: str
    kind: str
    image_size: int
    pixel_range: str
    class_names: tuple[str, ...]
    ask: Callable[[np.ndarray], np.ndarray]
    outputs: str = "auto"
    network: keras.Model | None = None

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Returns logits, float32 [n, classes].

        Args:
            image: float32 [n, side, side, 3] in [0, 1].

        Raises:
            ValueError: If the answer is no finite number per image and class.
        """
        asked = pixels.from_unit(image, self.pixel_range)
        return self.read(self.ask(asked), len(image))

    def read(self, answer, num_images: int) -> np.ndarray:
        """Returns the logits that an answer of the model stands for.

        Args:
            answer: What `ask` returned, or the network itself.
            num_images: To how many images.

        Raises:
            ValueError: If it is no finite number per image and class.
        """
        answer = np.asarray(answer, np.float32)
        if answer.ndim > 2:
            answer = answer.reshape(len(answer), -1)
        if answer.ndim != 2 or len(answer) != num_images:
            raise ValueError(
                f"{self.address}: expected a row of numbers for each of "
                f"{num_images} images, received shape {answer.shape}; name "
                "the output that holds them with --output_name"
            )
        return to_logits(answer, self.outputs, self.address)
