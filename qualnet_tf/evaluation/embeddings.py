"""Embeddings of faces, kept in a run so that none is made twice."""

import concurrent.futures
import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from qualnet_tf import run_dir
from qualnet_tf.corruptions.resolution import reduce_and_enlarge
from qualnet_tf.datasets.face_pictures import fit_face, load_face

_NUM_THREADS = 4


@dataclasses.dataclass(frozen=True)
class Faces:
    """Pictures to embed.

    Attributes:
        name: Of the set they are of, for the progress bar.
        sources: Encoded pictures or paths.
        names: What each is called in messages.
    """

    name: str
    sources: Sequence[bytes | str]
    names: Sequence[str]

    def digest(self) -> str:
        """Returns what changes with any of the pictures.

        Of a file its path, size and time: TinyFace has 150,000.
        """
        found = hashlib.sha256()
        for source in self.sources:
            if isinstance(source, bytes):
                found.update(hashlib.sha256(source).digest())
                continue
            stat = pathlib.Path(source).stat()
            entry = f"{source}|{stat.st_size}|{stat.st_mtime_ns}\n"
            found.update(entry.encode())
        return found.hexdigest()


@dataclasses.dataclass(frozen=True)
class Embedder:
    """A network, and the folder its embeddings are kept in.

    Attributes:
        network: Images [batch, side, side, 3] in [0, 1] -> [batch, size].
        fingerprint: What changes with the network.
        folder: Where embeddings are kept, as float32 `.npy` files.
        batch_size: Faces per step.
        interpolation: See `reduce_and_enlarge`.
    """

    network: keras.Model
    fingerprint: str
    folder: pathlib.Path
    batch_size: int
    interpolation: str

    @property
    def side(self) -> int:
        """Side of the network's input, pixels."""
        return self.network.input_shape[1]

    def embed(
        self, faces: Faces, resolution: int, mirrored: bool = False
    ) -> np.ndarray:
        """Returns the embeddings, made now or earlier.

        Args:
            faces: The pictures.
            resolution: Side to which they are reduced and enlarged again.
            mirrored: Whether they are flipped horizontally afterwards.

        Returns:
            float32 [pictures, size].

        Raises:
            ValueError: If a picture cannot be decoded, or the resolution is
                above the network's side.
        """
        if resolution > self.side:
            raise ValueError(
                f"--resolutions={resolution}: expected at most {self.side}, "
                "the side of the network's input"
            )
        key = self._key(faces, resolution, mirrored)
        path = self.folder / f"{key}.npy"
        if path.is_file():
            return np.load(path, allow_pickle=False)
        made = self._make(faces, resolution, mirrored)
        with run_dir.atomic_file(path) as temporary:
            np.save(temporary, made)
        return made

    def _key(self, faces: Faces, resolution: int, mirrored: bool) -> str:
        how = "none" if resolution == self.side else self.interpolation
        parts = (self.fingerprint, faces.digest(), resolution, how, mirrored)
        text = "|".join(map(str, parts))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _make(
        self, faces: Faces, resolution: int, mirrored: bool
    ) -> np.ndarray:
        degrade = _degrader(self.side, resolution, self.interpolation)
        size = self.network.output_shape[-1]
        made = np.empty((len(faces.sources), size), np.float32)
        start = 0
        with tqdm(
            total=len(made),
            desc=f"{faces.name} at {resolution}",
            unit="face",
            disable=None,
        ) as progress:
            for pixels in self._decoded(faces):
                images = degrade(pixels).numpy()
                # Afterwards: what is mirrored is the poor picture.
                images = images[:, :, ::-1] if mirrored else images
                found = self.network.predict_on_batch(images)
                made[start : start + len(pixels)] = found
                start += len(pixels)
                progress.update(len(pixels))
        return made

    def _decoded(self, faces: Faces) -> Iterator[np.ndarray]:
        """Yields uint8 [batch, side, side, 3], decoded a batch ahead."""

        def load(place: int) -> np.ndarray:
            return fit_face(
                load_face(faces.sources[place], faces.names[place]), self.side
            )

        def batch(start: int) -> np.ndarray:
            end = min(start + self.batch_size, len(faces.sources))
            return np.stack(list(map(load, range(start, end))))

        starts = range(0, len(faces.sources), self.batch_size)
        with concurrent.futures.ThreadPoolExecutor(_NUM_THREADS) as pool:
            pending = []
            try:
                for start in starts:
                    pending.append(pool.submit(batch, start))
                    if len(pending) > _NUM_THREADS:
                        yield pending.pop(0).result()
                while pending:
                    yield pending.pop(0).result()
            finally:
                for future in pending:
                    future.cancel()


@functools.lru_cache(maxsize=32)
def _degrader(side: int, resolution: int, interpolation: str):
    """Returns a function, uint8 faces -> float32 in [0, 1], reduced."""

    @tf.function(
        input_signature=[tf.TensorSpec((None, side, side, 3), tf.uint8)],
        autograph=False,
    )
    def degrade(pixels):
        images = tf.cast(pixels, tf.float32) / 255.0
        if resolution == side:
            return images
        reduced = tf.map_fn(
            lambda image: reduce_and_enlarge(
                image, resolution, resolution, interpolation
            ),
            images,
        )
        return tf.clip_by_value(reduced, 0.0, 1.0)

    return degrade
