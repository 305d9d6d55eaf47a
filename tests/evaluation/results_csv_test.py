"""A spreadsheet gets the numbers of the JSON file and no zero for a gap."""

import csv
import io

import pytest

from qualnet_tf.evaluation.results import ClassificationResults, ConditionResult
from qualnet_tf.evaluation.results_csv import to_csv

ACCURACIES = {("fog", 1): 0.9, ("fog", 3): 1 / 3, ("snow", 1): 0.0}


@pytest.fixture(scope="module")
def rows():
    """The lines of the text, without its headings."""
    results = ClassificationResults(
        run="naive",
        method="supervised",
        dataset="digits",
        split="validation",
        num_images=30,
        num_classes=10,
        image_size=16,
        seed=0,
        severity_table="cifar_c",
        corruption_variant="imagenet_c",
        frost_textures="procedural",
        imagenet_c_jpeg="off",
        clean_accuracy=0.95,
        conditions=tuple(
            ConditionResult(*condition, accuracy)
            for condition, accuracy in ACCURACIES.items()
        ),
    )
    return list(csv.DictReader(io.StringIO(to_csv(results))))


def test_a_row_per_corruption_and_a_column_per_severity(rows):
    assert list(rows[0]) == ["corruption", "clean", "1", "3"]
    assert [row["corruption"] for row in rows] == ["none", "fog", "snow"]
    assert float(rows[0]["clean"]) == 0.95
    for (name, severity), accuracy in ACCURACIES.items():
        (row,) = [row for row in rows if row["corruption"] == name]
        assert float(row[str(severity)]) == pytest.approx(accuracy, abs=1e-6)


def test_what_is_missing_is_empty_and_a_zero_stays(rows):
    clean, fog, snow = rows
    assert (clean["1"], clean["3"]) == ("", "")
    assert (fog["clean"], snow["clean"]) == ("", "")
    assert (snow["1"], snow["3"]) == ("0", "")
