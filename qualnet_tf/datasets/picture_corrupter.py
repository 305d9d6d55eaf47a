"""One picture under many conditions: eager, or compiled where it pays.

A graph belongs to one picture size. Tracing one costs about as much as it
saves on eight pictures, so a size is compiled when it is known or seen to
recur, and only a few sizes are.
"""

import dataclasses
import threading
from collections import Counter
from collections.abc import Collection

import tensorflow as tf

from qualnet_tf import corruptions
from qualnet_tf.corruptions import sampling, severities
from qualnet_tf.datasets.augmentation import evaluation_crop
from qualnet_tf.datasets.copied_pictures import Picture, picture_size
from qualnet_tf.datasets.encoded import decode_rgb

# Pictures of one size after which a graph has paid for its tracing.
PAYS_AFTER = 8
# Sizes that are compiled; a graph of all conditions takes some 300 MiB.
MAX_SIZES = 4
# The released ImageNet-C files are JPEGs of this quality, with halved chroma
# resolution and optimised Huffman tables.
_JPEG_QUALITY = 85
# Four times as fast as zlib's default, on files a few per cent larger.
_PNG_COMPRESSION = 1


@dataclasses.dataclass(frozen=True)
class CopySettings:
    """What the pixels and files of a corrupted copy depend on.

    Attributes:
        corruption_names: See `corruptions.names()`.
        severities: Each from 1 to 5.
        options: See `corruptions.apply`.
        image_size: Side of the centre crop that is corrupted; 0 keeps the
            size of each picture.
        file_format: "png" or "jpeg" (quality 85, 4:2:0, as ImageNet-C).
        seed: Folded with the picture's place in its set.
    """

    corruption_names: tuple[str, ...]
    severities: tuple[int, ...] = (1, 2, 3, 4, 5)
    options: corruptions.Options = corruptions.Options()
    image_size: int = 0
    file_format: str = "png"
    seed: int = 0

    def __post_init__(self):
        names = corruptions.expand(self.corruption_names)
        object.__setattr__(self, "corruption_names", names)

    def size_of(self, picture: Picture) -> tuple[int, int]:
        """Returns the height and width that are corrupted."""
        if self.image_size:
            return self.image_size, self.image_size
        return picture_size(picture.read())

    def table_of(self, picture: Picture) -> str:
        """Returns the severity table that is used for a picture."""
        table = self.options.severity_table
        return severities.table_for(*self.size_of(picture), table)


class PictureCorrupter:
    """Gives the pixels of `corruptions.apply`; safe to share by threads.

    Args:
        settings: Of the copy.
        recurring: Sizes (height, width) that are compiled at first sight.
    """

    def __init__(
        self,
        settings: CopySettings,
        recurring: Collection[tuple[int, int]] = (),
    ):
        self.settings = settings
        self._recurring = frozenset(recurring)
        self._lock = threading.Lock()
        self._seen: Counter = Counter()
        self._sizes: set[tuple[int, int]] = set()
        self._graphs: dict[tuple, _Graph] = {}

    @property
    def compiled_sizes(self) -> frozenset[tuple[int, int]]:
        """The sizes for which there are graphs."""
        return frozenset(self._sizes)

    def read(self, picture: Picture) -> tf.Tensor:
        """Decodes a picture to float32 [height, width, 3] in [0, 1]."""
        image = decode_rgb(tf.constant(picture.read()))
        if self.settings.image_size:
            return evaluation_crop(image, self.settings.image_size)
        return tf.cast(image, tf.float32) / 255.0

    def seed_of(self, picture: Picture) -> tf.Tensor:
        """Returns the picture's seed, int32 [2]."""
        return sampling.fold_seed(self.settings.seed, picture.index)

    def levels(self, image, seed, name, chosen) -> tf.Tensor:
        """Corrupts an image at several severities.

        Args:
            image: float32 [height, width, 3] in [0, 1].
            seed: From `seed_of`.
            name: A corruption.
            chosen: A tuple of n severities.

        Returns:
            uint8 [n, height, width, 3].
        """
        return self._call(self._levels, image, seed, name, chosen)

    def encoded(self, image, seed, name, chosen) -> list[bytes]:
        """As `levels`, but returns n files in the format of the settings."""
        files = self._call(self._encoded, image, seed, name, chosen)
        return list(files.numpy())

    def _call(self, function, image, seed, name, chosen):
        """Calls `function`, as a graph where its size recurs."""
        size = tuple(image.shape[:2])
        key = (function, size, name, chosen)
        with self._lock:
            self._seen[key] += 1
            if self._compiles(size, self._seen[key]):
                self._sizes.add(size)
                self._graphs.setdefault(key, _Graph(function, name, chosen))
            graph = self._graphs.get(key)
        if graph is None:
            return function(image, seed, name, chosen)
        return graph(image, seed)

    def _compiles(self, size: tuple[int, int], times: int) -> bool:
        if size not in self._recurring and times <= PAYS_AFTER:
            return False
        return size in self._sizes or len(self._sizes) < MAX_SIZES

    def _levels(self, image, seed, name, chosen):
        options = self.settings.options
        pixels = [
            corruptions.apply(image, name, severity, seed, options)
            for severity in chosen
        ]
        return tf.cast(tf.round(tf.stack(pixels) * 255.0), tf.uint8)

    def _encoded(self, image, seed, name, chosen):
        levels = tf.unstack(self._levels(image, seed, name, chosen))
        return tf.stack([self._encode(level) for level in levels])

    def _encode(self, levels):
        if self.settings.file_format == "png":
            return tf.io.encode_png(levels, compression=_PNG_COMPRESSION)
        return tf.io.encode_jpeg(
            levels,
            quality=_JPEG_QUALITY,
            chroma_downsampling=True,
            optimize_size=True,
        )


class _Graph:
    """A graph function of an image and a seed, traced by its first caller."""

    def __init__(self, function, name, chosen):
        self._function = tf.function(
            lambda image, seed: function(image, seed, name, chosen),
            autograph=False,
        )
        self._lock = threading.Lock()
        self._concrete = None

    def __call__(self, image, seed):
        with self._lock:
            if self._concrete is None:
                self._concrete = self._function.get_concrete_function(
                    tf.TensorSpec(image.shape, tf.float32),
                    tf.TensorSpec([2], tf.int32),
                )
        return self._concrete(image, seed)
