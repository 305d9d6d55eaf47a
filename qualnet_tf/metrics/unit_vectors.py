"""Embeddings scaled to unit length, so that products are cosines."""

import numpy as np


def unit_vectors(vectors: np.ndarray) -> np.ndarray:
    """Scales the rows of float32 [pictures, size] to length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
