"""The connector: backbone features -> what the inverse decoder expects."""

import keras


def build_connector(
    feature_shape: tuple[int, int, int], decoder_shape: tuple[int, int, int]
) -> keras.Model:
    """One 3x3 convolution that matches channels (paper, section 3.2).

    It is trained with the backbone and, like the decoder, not deployed.

    Args:
        feature_shape: (height, width, channels) of the backbone's last map.
        decoder_shape: (height, width, channels) of the invertible network's
            output.

    Returns:
        A model, features [batch, *feature_shape] -> [batch, *decoder_shape].

    Raises:
        ValueError: If the two grids differ.
    """
    if tuple(feature_shape[:2]) != tuple(decoder_shape[:2]):
        raise ValueError(
            "expected the backbone's feature map on the decoder's grid "
            f"{_grid(decoder_shape)}, received {_grid(feature_shape)}; choose "
            "a backbone and a stage-1 network with the same total stride, or "
            "with --decoder_downscale=n a network with an n-th of it"
        )
    features = keras.Input(feature_shape, name="features")
    # float32 whatever the policy: small errors grow through the inverse.
    convolution = keras.layers.Conv2D(
        decoder_shape[-1],
        3,
        padding="same",
        dtype="float32",
        name="convolution",
    )
    return keras.Model(features, convolution(features), name="connector")


def _grid(shape: tuple[int, ...]) -> str:
    return f"{shape[0]}x{shape[1]}"
