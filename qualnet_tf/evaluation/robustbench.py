"""Results as an entry of RobustBench's list of models.

RobustBench keeps a JSON file per network, `model_info/<data set>/corruptions/`
(github.com/RobustBench/robustbench): accuracies are texts, per cent with two
decimals.
"""

from typing import Any

from qualnet_tf.evaluation.results import ClassificationResults, summarize


def to_robustbench(
    results: ClassificationResults, architecture: str
) -> dict[str, Any] | None:
    """Returns the entry, or None where one of the 15 x 5 is missing.

    Who made the network and where it is described is not known here: those
    fields are empty, to be filled in, and `additional_data` is false, to be
    corrected for a network that saw other pictures. `corruptions_mce` stands
    there only where AlexNet was measured; RobustBench's own is divided by
    AlexNet's errors on 5,000 images, ours by those on all of them.

    Args:
        results: Of one evaluation.
        architecture: What to call the network.
    """
    summary = summarize(results)
    if summary.mean_corruption_accuracy is None:
        return None
    entry = {
        "link": "",
        "name": results.run,
        "authors": "",
        "additional_data": False,
        "number_forward_passes": 1,
        "dataset": results.dataset,
        "venue": "",
        "architecture": architecture,
        "eps": None,
        "clean_acc": _percent(summary.clean_accuracy),
        "reported": "",
        "corruptions_acc": _percent(summary.mean_corruption_accuracy),
    }
    if summary.mce is not None:
        entry["corruptions_mce"] = _percent(summary.mce)
    return entry


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"
