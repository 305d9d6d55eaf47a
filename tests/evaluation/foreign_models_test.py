"""Any classifier is measured as a run is, from its file or from a set's."""

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image

from qualnet_tf import datasets
from qualnet_tf.config import EvaluateConfig
from qualnet_tf.datasets import pipeline
from qualnet_tf.datasets.encoded import decode_rgb
from qualnet_tf.datasets.imagenet_classes import imagenet_classes
from qualnet_tf.evaluation import classification, results
from qualnet_tf.exporters.saved_model import export_saved_model
from qualnet_tf.models.saving import load_model
from qualnet_tf.run_dir import RunDir
from tests.training.tiny_runs import train

NAMES = ("contrast", "impulse_noise")
WANTED = {
    "dataset": "digits",
    "corruptions": NAMES,
    "severities": (1, 4),
    "num_images": 30,
    "batch_size": 32,
    "num_pictures": 2,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that has learned something, and its plain results."""
    run = train(
        tmp_path_factory.mktemp("runs") / "run",
        num_epochs=10,
        decay_epochs=(8,),
        max_train_images=320,
    )
    options = {k: v for k, v in WANTED.items() if k != "dataset"}
    classification.evaluate(EvaluateConfig(run_dir=(str(run.path),), **options))
    return run


@pytest.fixture(scope="module")
def export(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    names = run.read_info()["class_names"]
    export_saved_model(load_model(run.classifier), names, folder / "net", 16)
    return folder / "net"


def _evaluate(model, output_dir, **values):
    (found,) = classification.evaluate(
        EvaluateConfig(
            model=(str(model),),
            output_dir=str(output_dir),
            **{**WANTED, **values},
        )
    )
    return found


def test_an_export_has_the_results_of_its_run(run, export, tmp_path):
    folder = _evaluate(export, tmp_path)
    assert folder.path == tmp_path / "net"
    found, wanted = results.load(folder.results), results.load(run.results)
    assert found.method == "SavedModel"
    assert found.clean_accuracy == pytest.approx(wanted.clean_accuracy)
    assert found.accuracies() == wanted.accuracies()
    for ours, theirs in zip(found.qualities, wanted.qualities, strict=True):
        assert ours.negative_log_likelihood == pytest.approx(
            theirs.negative_log_likelihood, rel=1e-3
        )
    info = json.loads(folder.run_info.read_text())
    assert info["class_names"] == run.read_info()["class_names"]
    assert results.load_worst_pictures(folder.worst_pictures).clean.shape == (
        2,
        16,
        16,
        3,
    )


def test_a_file_beside_a_run_sees_the_same_pixels(run, tmp_path):
    shutil.copy(run.classifier, tmp_path / "net.keras")
    _evaluate(tmp_path / "net.keras", tmp_path)
    found = results.load(RunDir(tmp_path / "net").results)
    assert found.accuracies() == results.load(run.results).accuracies()


def test_it_is_not_asked_again(export, tmp_path, monkeypatch):
    _evaluate(export, tmp_path)
    before = RunDir(tmp_path / "net").results.read_text()

    def refuse(*_):
        raise AssertionError("asked again")

    monkeypatch.setattr(classification, "_checked_columns", refuse)
    _evaluate(export, tmp_path)
    assert RunDir(tmp_path / "net").results.read_text() == before
    # One more corruption is all that has to be asked.
    monkeypatch.undo()
    _evaluate(export, tmp_path, corruptions=(*NAMES, "brightness"))
    found = results.load(RunDir(tmp_path / "net").results)
    assert set(found.accuracies()) == {*NAMES, "brightness"}


def test_adapted_numbers_stand_beside_plain_ones(run, tmp_path):
    copy = RunDir(shutil.copytree(run.path, tmp_path / "run"))
    plain = copy.results.read_text()
    options = {k: v for k, v in WANTED.items() if k != "dataset"}
    classification.evaluate(
        EvaluateConfig(
            run_dir=(str(copy.path),), adapt_batch_norm=True, **options
        )
    )
    assert copy.results.read_text() == plain
    found = results.load(copy.adapted_results)
    assert (found.adaptation, found.run) == ("batch_norm", "run, adapted")
    assert found.accuracies() != results.load(copy.results).accuracies()


def _write_folder(root, conditions, name_of):
    """Writes what a run sees of the digits as a folder of pictures."""
    source = datasets.open_source("digits", "validation")
    batches = pipeline.evaluation_batches(
        source,
        batch_size=50,
        image_size=16,
        conditions=conditions,
        max_images=50,
    )
    for batch in batches.as_numpy_iterator():
        for image, label, index, place in zip(
            batch["image"],
            batch["label"],
            batch["index"],
            batch["condition"],
            strict=True,
        ):
            folder = root / name_of(conditions[place])
            folder = folder / source.class_names[label]
            folder.mkdir(parents=True, exist_ok=True)
            levels = np.round(image * 255).astype(np.uint8)
            Image.fromarray(levels).save(folder / f"{index}.png")


def _spell(condition):
    return f"{condition[0]}/{condition[1]}"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A clean folder, and the same pictures under two corruptions."""
    root = tmp_path_factory.mktemp("pictures")
    _write_folder(root / "clean", [pipeline.CLEAN], lambda _: "val")
    shutil.copytree(root / "clean" / "val", root / "clean" / "train")
    conditions = [(name, severity) for name in NAMES for severity in (1, 4)]
    _write_folder(root / "corrupted", conditions, _spell)
    return root


@pytest.fixture(scope="module")
def of_folder(pictures, export, tmp_path_factory):
    """Results from stored pictures; brightness is not among them."""
    return _evaluate(
        export,
        tmp_path_factory.mktemp("results"),
        dataset="folder",
        data_dir=str(pictures / "clean"),
        corrupted_set=str(pictures / "corrupted"),
        corruptions=(*NAMES, "brightness"),
        num_images=0,
        # Of what is made here alone.
        severity_table="tiny_imagenet_c",
    )


def test_stored_pictures_give_what_they_show(of_folder, pictures, run):
    found = results.load(of_folder.results)
    assert found.num_images == 50
    assert found.conditions_from == str(pictures / "corrupted")
    assert found.left_out == ("brightness",)
    assert (found.severity_table, found.frost_textures) == ("cifar_c", "stored")
    network = load_model(run.classifier)
    names = run.read_info()["class_names"]
    for name in NAMES:
        files = sorted((pictures / "corrupted" / name / "4").rglob("*.png"))
        image = np.stack([decode_rgb(f.read_bytes()) for f in files]) / 255
        predicted = np.asarray(network(image.astype(np.float32))).argmax(1)
        right = [
            names[place] == file.parent.name
            for place, file in zip(predicted, files, strict=True)
        ]
        assert found.accuracies()[name][4] == pytest.approx(np.mean(right))


def test_pairs_of_files_have_their_worst_pictures(of_folder):
    kept = results.load_worst_pictures(of_folder.worst_pictures)
    assert len(kept.labels) == 2


@pytest.mark.parametrize("file", ["labels.npy", "contrast.npy"])
def test_arrays_of_wrong_length_leave_what_there_is(
    file, export, pictures, of_folder, tmp_path
):
    folder = tmp_path / "arrays"
    folder.mkdir()
    np.save(folder / "labels.npy", np.arange(50) % 10)
    np.save(folder / "contrast.npy", np.zeros((250, 16, 16, 3), np.uint8))
    np.save(folder / file, np.zeros((33, 2)))
    before = of_folder.results.read_bytes()
    with pytest.raises(ValueError, match="expected"):
        _evaluate(
            export,
            of_folder.path.parent,
            corrupted_set=str(folder),
            corruptions=("contrast",),
        )
    assert of_folder.results.read_bytes() == before


def test_a_folder_that_lacks_a_severity(export, pictures, tmp_path):
    with pytest.raises(ValueError, match="received contrast without 2; add it"):
        _evaluate(
            export,
            tmp_path,
            dataset="folder",
            data_dir=str(pictures / "clean"),
            corrupted_set=str(pictures / "corrupted"),
            severities=(1, 2),
        )
    assert not (tmp_path / "net").exists()


def test_pictures_of_another_side_are_refused(export, pictures, tmp_path):
    shutil.copytree(pictures / "corrupted", tmp_path / "corrupted")
    for path in (tmp_path / "corrupted").rglob("*.png"):
        Image.open(path).resize((24, 24)).save(path)
    options = {
        "dataset": "folder",
        "data_dir": str(pictures / "clean"),
        "corrupted_set": str(tmp_path / "corrupted"),
        "num_images": 0,
    }
    with pytest.raises(ValueError, match="pass --stored_size=24"):
        _evaluate(export, tmp_path, **options)
    folder = _evaluate(export, tmp_path, **options, stored_size=24)
    assert results.load(folder.results).severity_table == "cifar_c"


def test_a_damaged_picture_is_named(export, pictures, tmp_path):
    copy = shutil.copytree(pictures / "corrupted", tmp_path / "corrupted")
    victim = next((copy / "impulse_noise" / "4").rglob("*.png"))
    victim.write_bytes(victim.read_bytes()[:60])
    with pytest.raises(ValueError, match=f"{victim.name} is a truncated"):
        _evaluate(
            export,
            tmp_path,
            dataset="folder",
            data_dir=str(pictures / "clean"),
            corrupted_set=str(copy),
            num_images=0,
        )
    # The conditions before it are kept.
    kept = {file.name for file in (tmp_path / "net").rglob("*.npz")}
    assert {"clean-0.0000.npz", "contrast-4.0000.npz"} <= kept


def _save(path, num_outputs=10, act=None, roll=0, run=None):
    network = load_model(run.classifier)
    image = keras.Input((16, 16, 3))
    x = network(image)
    if num_outputs != 10:
        x = keras.layers.Dense(num_outputs)(x)
    if roll:
        dense = keras.layers.Dense(10, use_bias=False)
        x = dense(x)
        dense.set_weights([np.roll(np.eye(10), roll, axis=1)])
    if act:
        x = keras.layers.Activation(act)(x)
    keras.Model(image, x).save(path)
    return path


def test_a_model_of_other_classes_is_refused(run, tmp_path):
    path = _save(tmp_path / "net.keras", num_outputs=7, run=run)
    with pytest.raises(ValueError, match="expected 10 outputs.*received 7"):
        _evaluate(path, tmp_path)


def test_outputs_in_another_order_are_refused_and_names_mend_it(run, tmp_path):
    path = _save(tmp_path / "net.keras", roll=3, run=run)
    with pytest.raises(ValueError, match="with the outputs renamed"):
        _evaluate(path, tmp_path, num_images=200)
    names = run.read_info()["class_names"]
    order = tmp_path / "names.txt"
    order.write_text("\n".join(np.roll(names, 3)))
    _evaluate(path, tmp_path, class_names=str(order))
    found = results.load(RunDir(tmp_path / "net").results)
    assert found.accuracies() == results.load(run.results).accuracies()


def test_a_label_file_of_another_order_is_refused(run, export, tmp_path):
    names = run.read_info()["class_names"]
    order = tmp_path / "names.txt"
    order.write_text("\n".join(reversed(names)))
    with pytest.raises(ValueError, match="its own 10 class names in its order"):
        _evaluate(export, tmp_path, class_names=str(order))


def test_a_network_of_imagenet_is_measured_on_some_of_its_classes(tmp_path):
    names = imagenet_classes()
    chosen = (names[700], names[3], names[42])
    for split in ("train", "val"):
        for name in chosen:
            folder = tmp_path / "data" / split / name
            folder.mkdir(parents=True)
            for number in range(4):
                # The colour is the class.
                pixels = np.zeros((16, 16, 3), np.uint8)
                pixels[..., chosen.index(name)] = 200 + number
                Image.fromarray(pixels).save(folder / f"{number}.png")
    image = keras.Input((16, 16, 3))
    dense = keras.layers.Dense(1000, use_bias=False)
    x = keras.layers.GlobalAveragePooling2D()(image)
    network = keras.Model(image, dense(x))
    kernel = np.zeros((3, 1000))
    kernel[[0, 1, 2], [700, 3, 42]] = 1
    kernel[:, 5] = 9  # a class that the data does not have
    dense.set_weights([kernel])
    network.save(tmp_path / "net.keras")
    folder = _evaluate(
        tmp_path / "net.keras",
        tmp_path,
        dataset="folder",
        data_dir=str(tmp_path / "data"),
        pixel_range="unit",
        class_names="imagenet",
        corruptions=("contrast",),
    )
    found = results.load(folder.results)
    assert (found.num_classes, found.clean_accuracy) == (3, 1.0)


@pytest.mark.parametrize("text", [None, "one\n", "a\nb\na\n"])
def test_a_bad_label_file_is_one_clear_line(export, tmp_path, text):
    path = tmp_path / "names.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match="--class_names=.*expected"):
        _evaluate(export, tmp_path, class_names=str(path))


def test_probabilities_are_read_as_such(run, tmp_path):
    path = _save(tmp_path / "net.keras", act="softmax", run=run)
    _evaluate(path, tmp_path)
    found = results.load(RunDir(tmp_path / "net").results)
    wanted = results.load(run.results)
    assert found.accuracies() == wanted.accuracies()
    assert found.qualities[0].negative_log_likelihood == pytest.approx(
        wanted.qualities[0].negative_log_likelihood, rel=1e-2
    )


def test_a_model_that_says_nan_is_one_clear_line(run, tmp_path):
    network = load_model(run.classifier)
    weights = network.get_weights()
    weights[-1][:] = np.nan
    network.set_weights(weights)
    network.save(tmp_path / "net.keras")
    with pytest.raises(ValueError, match="expected finite numbers per class"):
        _evaluate(tmp_path / "net.keras", tmp_path)
    assert not (tmp_path / "net").exists()


def test_two_models_of_one_name_are_refused(export, tmp_path):
    other = shutil.copytree(export, tmp_path / "net")
    with pytest.raises(ValueError, match="expected different names"):
        classification.evaluate(
            EvaluateConfig(
                model=(str(export), str(other)),
                output_dir=str(tmp_path / "out"),
                **WANTED,
            )
        )
