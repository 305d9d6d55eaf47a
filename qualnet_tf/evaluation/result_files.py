"""Every form in which the results of an evaluation are kept in a run."""

import pathlib

from qualnet_tf import run_dir as run_files
from qualnet_tf.evaluation import results as results_lib
from qualnet_tf.evaluation.results import ClassificationResults
from qualnet_tf.evaluation.results_csv import to_csv
from qualnet_tf.evaluation.robustbench import to_robustbench
from qualnet_tf.run_dir import RunDir


def path_of(run: RunDir, adaptation: str) -> pathlib.Path:
    """Returns where the results of plain or adapted networks are."""
    return run.results if adaptation == "none" else run.adapted_results


def write(
    results: ClassificationResults, run: RunDir, architecture: str
) -> None:
    """Writes them, each all or nothing, and the one that counts last.

    Adapted networks have their results beside the plain ones, as JSON alone.
    An entry for RobustBench of an earlier evaluation goes where this one has
    none.

    Args:
        results: What was measured.
        run: Where.
        architecture: What to call the network.
    """
    path = path_of(run, results.adaptation)
    if results.adaptation != "none":
        results_lib.save(results, path)
        return
    run_files.write_text(run.results_csv, to_csv(results))
    entry = to_robustbench(results, architecture)
    if entry is None:
        run.robustbench.unlink(missing_ok=True)
    else:
        run_files.write_json(run.robustbench, entry)
    results_lib.save(results, path)
