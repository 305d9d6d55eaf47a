"""Results as a spreadsheet reads them: a row per corruption."""

import csv
import io

from qualnet_tf.evaluation.results import ClassificationResults


def to_csv(results: ClassificationResults) -> str:
    """Returns the accuracies as CSV text.

    The first line names the columns: corruption, then the severities that were
    evaluated. The second is clean accuracy, in the column "clean"; each other
    line is a corruption in the order of evaluation. Accuracies are fractions;
    what was not evaluated is an empty field, never a zero.
    """
    severities = sorted({c.severity for c in results.conditions})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["corruption", "clean", *severities])
    writer.writerow(
        ["none", _field(results.clean_accuracy), *("" for _ in severities)]
    )
    for name, by_severity in results.accuracies().items():
        cells = [_field(by_severity.get(severity)) for severity in severities]
        writer.writerow([name, "", *cells])
    return text.getvalue()


def _field(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{accuracy:.6g}"
