"""A small network that turns Gaussian noise into another distribution.

Rusak et al., "A simple way to make neural networks robust against diverse
image corruptions", ECCV 2020, section 3.2 ("ANT"); its layers as in the
authors' release, github.com/bethgelab/game-of-noise: four convolutions of 20
channels around a residual connection, the second one 1x1 or 3x3.
"""

import keras
from keras import ops

_WIDTH = 20


def build_noise_generator(image_size: int, kernel_size: int = 3) -> keras.Model:
    """Builds the network.

    It starts close to the identity, so that its noise starts Gaussian: the
    last kernel starts normal with deviation 0.01, as all of them do in the
    release. The others start as He et al. (2015): behind four such kernels
    plain SGD would see no gradient, where the release has Adam.

    Args:
        image_size: Side of the noise that it makes.
        kernel_size: 3 makes noise of neighbouring pixels depend on each other
            (ANT 3x3), 1 does not (ANT 1x1).

    Returns:
        A model, standard normal noise [batch, height + k - 1, width + k - 1,
        3] -> noise [batch, height, width, 3].

    Raises:
        ValueError: If the kernel size is not 1 or 3.
    """
    if kernel_size not in (1, 3):
        raise ValueError(
            f"kernel_size: expected 1 or 3, received {kernel_size}; 3 is ANT "
            "3x3"
        )
    side = image_size + kernel_size - 1
    source = keras.Input((side, side, 3), name="noise")
    outputs = source
    for number, side in enumerate((1, kernel_size, 1), 1):
        outputs = _convolution(_WIDTH, side, "he_normal", number)(outputs)
        outputs = keras.layers.ReLU(name=f"relu{number}")(outputs)
    small = keras.initializers.RandomNormal(stddev=0.01)
    outputs = _convolution(3, 1, small, 4)(outputs)
    border = kernel_size // 2
    centre = keras.layers.Cropping2D(
        border, data_format="channels_last", name="centre"
    )(source)
    total = keras.layers.Add(name="add")([centre, outputs])
    return keras.Model(source, total, name="noise_generator")


def scale_noise(noise, deviation: float):
    """Scales each image's noise to one size: a sphere around the image.

    Args:
        noise: [batch, height, width, 3].
        deviation: Root mean square over an image's values; the Euclidean norm
            of the result is that times the root of their number.
    """
    squares = ops.mean(ops.square(noise), axis=(1, 2, 3), keepdims=True)
    return noise * (deviation / ops.sqrt(squares + keras.config.epsilon()))


def reverse_gradient(values, rate: float):
    """Returns the values; their gradient comes back times -rate.

    What lies before it climbs the objective that all else descends (Ganin and
    Lempitsky, "Unsupervised Domain Adaptation by Backpropagation", 2015).
    """
    return ops.stop_gradient(values * (1.0 + rate)) - rate * values


def _convolution(filters, side, initializer, number):
    return keras.layers.Conv2D(
        filters,
        side,
        padding="valid",
        kernel_initializer=initializer,
        data_format="channels_last",
        name=f"convolution{number}",
    )
