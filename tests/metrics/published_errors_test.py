"""mCE from published accuracies is the published mCE.

The accuracies are RobustBench's of three ResNet-50 (5,000 images a condition;
github.com/RobustBench/robustbench, model_info/imagenet/corruptions/
unaggregated_results_2d.csv, rows Standard_R50, Hendrycks2020AugMix and
Hendrycks2020Many). The averages were published by others, from all 50,000: mCE
by the leaderboard of github.com/hendrycks/robustness (76.7 and 65.3) and, of
DeepAugment, by Hendrycks et al., "The Many Faces of Robustness" (ICCV 2021;
60.4), relative mCE and each CE of the plain ResNet-50 by Hendrycks and
Dietterich (ICLR 2019).
"""

import pytest

from qualnet_tf.metrics import corruption_error
from qualnet_tf.metrics.alexnet_errors import TEST_CORRUPTIONS

# Severity 1 to 5, in the order of the 15 test corruptions.
RESNET50 = (
    (0.5978, 0.4686, 0.2748, 0.1128, 0.0218),
    (0.5744, 0.4294, 0.2528, 0.0792, 0.0290),
    (0.4844, 0.3580, 0.2546, 0.0830, 0.0182),
    (0.5956, 0.5152, 0.3820, 0.2748, 0.1830),
    (0.5400, 0.4012, 0.1688, 0.1310, 0.1024),
    (0.6382, 0.5370, 0.3758, 0.2154, 0.1482),
    (0.5290, 0.4324, 0.3580, 0.2878, 0.2206),
    (0.5498, 0.3154, 0.3518, 0.2382, 0.1654),
    (0.6150, 0.4346, 0.3090, 0.2896, 0.2294),
    (0.6138, 0.5612, 0.4704, 0.4088, 0.2410),
    (0.7392, 0.7244, 0.6956, 0.6498, 0.5866),
    (0.6494, 0.5852, 0.4690, 0.2122, 0.0546),
    (0.6704, 0.4556, 0.5526, 0.4196, 0.1746),
    (0.6402, 0.6426, 0.4598, 0.2898, 0.2068),
    (0.6664, 0.6244, 0.5982, 0.4728, 0.3144),
)
AUGMIX = (
    (0.6776, 0.6068, 0.4534, 0.2412, 0.0570),
    (0.6770, 0.5828, 0.4524, 0.2280, 0.1152),
    (0.6442, 0.5388, 0.4414, 0.2134, 0.0536),
    (0.6428, 0.6042, 0.5028, 0.3836, 0.2566),
    (0.6048, 0.4828, 0.2678, 0.2230, 0.1706),
    (0.7176, 0.6740, 0.5762, 0.4134, 0.2904),
    (0.6168, 0.5532, 0.5160, 0.4308, 0.3534),
    (0.6096, 0.4140, 0.4278, 0.3062, 0.2318),
    (0.6466, 0.4888, 0.3672, 0.3492, 0.2784),
    (0.6328, 0.5792, 0.4816, 0.4138, 0.2386),
    (0.7476, 0.7334, 0.7048, 0.6672, 0.6064),
    (0.7066, 0.6772, 0.6096, 0.4158, 0.1572),
    (0.6914, 0.4802, 0.6274, 0.5262, 0.2862),
    (0.7006, 0.6842, 0.5934, 0.4744, 0.4078),
    (0.6814, 0.6492, 0.6314, 0.5632, 0.4782),
)
DEEPAUGMENT = (
    (0.7260, 0.6896, 0.6116, 0.4800, 0.3300),
    (0.7234, 0.6726, 0.5924, 0.4374, 0.3192),
    (0.7060, 0.6580, 0.6136, 0.4968, 0.3700),
    (0.6898, 0.6476, 0.5304, 0.4154, 0.3016),
    (0.6730, 0.5734, 0.3132, 0.2594, 0.1868),
    (0.7050, 0.6482, 0.5168, 0.3326, 0.2188),
    (0.5778, 0.4734, 0.3922, 0.3160, 0.2378),
    (0.6086, 0.4618, 0.4654, 0.3610, 0.3024),
    (0.6670, 0.5548, 0.4638, 0.4360, 0.3740),
    (0.6470, 0.5900, 0.5222, 0.4832, 0.3472),
    (0.7524, 0.7410, 0.7214, 0.6940, 0.6498),
    (0.7004, 0.6562, 0.5742, 0.3546, 0.1268),
    (0.6984, 0.4714, 0.6230, 0.5094, 0.2512),
    (0.7522, 0.7498, 0.7214, 0.6360, 0.4246),
    (0.7042, 0.6786, 0.6568, 0.5476, 0.3696),
)
# In per cent, as the paper rounds them.
RESNET50_CES = (80, 82, 83, 75, 89, 78, 80, 78, 75, 66, 57, 71, 85, 77, 77)
RESNET50_CLEAN_ERROR = 0.2385


def _errors(accuracies):
    return {
        name: {s: 1 - accuracy for s, accuracy in enumerate(row, 1)}
        for name, row in zip(TEST_CORRUPTIONS, accuracies, strict=True)
    }


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [(RESNET50, 76.7), (AUGMIX, 65.3), (DEEPAUGMENT, 60.4)],
    ids=["resnet50", "augmix", "deepaugment"],
)
def test_mce_of_published_accuracies(accuracies, expected):
    found = 100 * corruption_error.mce(_errors(accuracies))
    assert found == pytest.approx(expected, abs=0.1)


def test_relative_mce_of_published_accuracies():
    found = corruption_error.relative_mce(
        _errors(RESNET50), RESNET50_CLEAN_ERROR
    )
    # The clean error is rounded to 0.01 points, the images are a tenth.
    assert 100 * found == pytest.approx(105.0, abs=0.3)


@pytest.mark.parametrize(
    ("name", "expected"),
    list(zip(TEST_CORRUPTIONS, RESNET50_CES, strict=True)),
    ids=TEST_CORRUPTIONS,
)
def test_corruption_errors_of_published_accuracies(name, expected):
    errors = _errors(RESNET50)[name]
    found = 100 * corruption_error.corruption_error(errors, name)
    # Rounding alone is half a point, a tenth of the images the rest.
    assert found == pytest.approx(expected, abs=0.8)
