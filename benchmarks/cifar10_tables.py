"""The runs of the CIFAR-10 study and the paper's tables that they stand in."""

import pathlib
import statistics

from qualnet_tf.evaluation import results
from qualnet_tf.run_dir import RunDir

# Name of a run and its flagfile -> name in a table; in the order of training,
# so that every run stands behind those it starts from.
RUNS = {
    "irevnet_stage1": "stage-1 network, clean images",
    "resnet18_vanilla": "vanilla",
    "resnet18_naive": "naive augmentation",
    "qualnet18": "QualNet",
    "resnet18_kd": "Original KD",
    "resnet18_fitnet": "FitNet",
    "resnet18_pkt": "PKT",
    "resnet18_vid": "VID",
    "resnet18_sp": "SP",
    "qualnet18_clean": "QualNet on clean images",
    "qualnet18_finetuned": "QualNet* (fine-tuned)",
    "resnet18_naive_finetuned": "naive augmentation, fine-tuned from vanilla",
    "resnet18_augmix": "AugMix",
    "resnet18_ant": "ANT-style noise training",
    "encoder_decoder18": "decoder trained end to end",
    "encoder_decoder18_clean": "first of two stages",
    "two_stage18": "decoder in two stages, not invertible",
    "qualnet18_ablation": "invertible decoder (QualNet, weight 0.6)",
    "resnet18_auxtraining": "AuxTraining, its corruptions",
    "resnet18_deepcorrect_noise": "DeepCorrect, its noise",
    "resnet18_deepcorrect_blur": "DeepCorrect, its blur",
    "resnet18_specialised_gaussian_noise": "specialised in gaussian_noise",
    "resnet18_specialised_resolution": "specialised in resolution",
}
# Table -> its rows. Runs may stand in several.
TABLES = {
    "Table 1: teachers, quality-aware ancestors, specialised networks": (
        "irevnet_stage1",
        "resnet18_vanilla",
        "resnet18_naive",
        "resnet18_specialised_gaussian_noise",
        "resnet18_specialised_resolution",
        "resnet18_kd",
        "resnet18_fitnet",
        "resnet18_pkt",
        "resnet18_vid",
        "resnet18_sp",
        "resnet18_auxtraining",
        "resnet18_deepcorrect_noise",
        "resnet18_deepcorrect_blur",
        "qualnet18",
    ),
    "Table 2: QualNet and its fine-tuned variant": (
        "resnet18_vanilla",
        "resnet18_naive",
        "qualnet18",
        "resnet18_naive_finetuned",
        "qualnet18_clean",
        "qualnet18_finetuned",
    ),
    "Table 3: corruptions that were not trained on (the hold-outs)": (
        "resnet18_vanilla",
        "resnet18_augmix",
        "resnet18_ant",
        "resnet18_naive",
        "qualnet18",
        "qualnet18_finetuned",
    ),
    "Table 6: the decoder, quality weight 0.6": (
        "resnet18_naive",
        "encoder_decoder18",
        "encoder_decoder18_clean",
        "two_stage18",
        "qualnet18_ablation",
    ),
}
COLUMNS = {
    "Clean": "clean_accuracy",
    "15 corruptions": "mean_corruption_accuracy",
    "4 hold-outs": "holdout_accuracy",
}


def tables(names: list[str], folders: dict[int, pathlib.Path]) -> list[str]:
    """Returns the lines of all tables with a row that has run.

    Args:
        names: The runs to show.
        folders: Seed -> folder of its runs.
    """
    lines = []
    for title, rows in TABLES.items():
        found = table([name for name in rows if name in names], folders)
        if len(found) > 2:
            lines += ["", title, "", *found]
    return lines


def table(names: list[str], folders: dict[int, pathlib.Path]) -> list[str]:
    """Returns the lines of a table; what has not run has no row."""
    lines = [
        f"| Run | {' | '.join(COLUMNS)} | Seeds | Training, s |",
        "|---|---|---|---|---|---|",
    ]
    for name in names:
        runs = [RunDir(folder / name) for folder in folders.values()]
        runs = [run for run in runs if run.results.is_file()]
        if not runs:
            continue
        found = [results.summarize(results.load(run.results)) for run in runs]
        cells = [
            _spread([100 * getattr(each, attribute) for each in found])
            for attribute in COLUMNS.values()
        ]
        seconds = statistics.mean(run.read_info()["seconds"] for run in runs)
        lines.append(
            f"| {RUNS[name]} | {' | '.join(cells)} | {len(runs)} "
            f"| {seconds:.0f} |"
        )
    return lines


def _spread(values: list[float]) -> str:
    """Mean, and the smallest and largest of several."""
    mean = f"{statistics.mean(values):.1f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.1f} to {max(values):.1f})"
