"""Programs for faces: a user's mistake gets one line and leaves nothing."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent


def run(program, *flags):
    return subprocess.run(
        [sys.executable, "-m", f"qualnet_tf.{program}", *map(str, flags)],
        cwd=ROOT,
        env={
            **os.environ,
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def assert_one_line(result, *words):
    assert result.returncode == 1, result.stdout + result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


@pytest.fixture
def people(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("anna", "bert", "carl", "dora"):
        (tmp_path / "people" / name).mkdir(parents=True)
        for number in range(3):
            pixels = generator.integers(0, 255, (20, 20, 3), np.uint8)
            path = tmp_path / "people" / name / f"{number}.png"
            Image.fromarray(pixels).save(path)
    return tmp_path / "people"


def test_pairs_are_listed_for_evaluation(people, tmp_path):
    pairs = tmp_path / "pairs.csv"
    flags = (f"--data_dir={people}", "--format=pairs", f"--output={pairs}")
    done = run("convert_faces", *flags, "--num_folds=2", "--pairs_per_fold=6")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"listed: 12 pairs in {pairs}\n"
    assert len(pairs.read_text().splitlines()) == 13
    assert_one_line(run("convert_faces", *flags), "nothing is overwritten")


@pytest.mark.parametrize("named", [True, False])
def test_roles_have_distractors(people, tmp_path, named):
    (tmp_path / "few.txt").write_text("anna\nbert\n")
    (tmp_path / "others.txt").write_text("bert\ncarl\ndora\n")
    done = run(
        "convert_faces",
        f"--data_dir={people}",
        "--format=roles",
        f"--output={tmp_path / 'roles.csv'}",
        f"--class_list={tmp_path / 'few.txt'}",
        f"--distractors={tmp_path / 'others.txt' if named else 'others'}",
    )
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "roles.csv").read_text().splitlines()[1:]
    roles = [row.split(",")[2] for row in rows]
    assert (roles.count("gallery"), roles.count("probe")) == (4, 2)
    assert roles.count("distractor") == 6


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), ("--data_dir is empty",)),
        (("--format=pairs", "--name=x"), ("--name=x", "--format=tfrecord")),
        (("--name=My Faces",), ("small letters",)),
        (
            ("--format=pairs", "--dataset=face_records"),
            ("expected --dataset=folder",),
        ),
    ],
)
def test_flags_that_do_not_fit_are_named(people, tmp_path, flags, words):
    given = () if not flags else (f"--data_dir={people}", "--output=o", *flags)
    assert_one_line(run("convert_faces", *given), *words)


def test_a_truncated_record_file_leaves_nothing_behind(people, tmp_path):
    done = run(
        "convert_faces",
        f"--data_dir={people}",
        "--format=records",
        f"--output={tmp_path / 'rec'}",
    )
    assert done.returncode == 0, done.stderr
    assert "converted: 12 faces of 4 identities" in done.stdout
    path = tmp_path / "rec" / "train.rec"
    path.write_bytes(path.read_bytes()[:-700])
    failed = run(
        "convert_faces",
        f"--data_dir={tmp_path / 'rec'}",
        "--dataset=face_records",
        f"--output={tmp_path / 'out'}",
    )
    assert_one_line(failed, "train.rec", "truncated")
    assert not (tmp_path / "out").exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_align_takes_two_folders(people, tmp_path):
    output = tmp_path / "aligned"
    done = run("align_faces", people, output)
    assert done.returncode == 0, done.stderr
    # Noise shows nobody.
    assert "0 faces written" in done.stdout
    assert "12 pictures without a face" in done.stdout
    assert len((output / "undetected.txt").read_text().splitlines()) == 12


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), ("--input_dir is empty",)),
        (("a", "b", "c"), ("'c'", "INPUT_DIR OUTPUT_DIR --flag=value")),
        (("a", "--input_dir=b", "--output_dir=c"), ("input_dir once",)),
        (("none", "out"), ("none: expected a folder of pictures",)),
    ],
)
def test_align_names_what_does_not_fit(flags, words):
    assert_one_line(run("align_faces", *flags), *words)


def test_evaluate_faces_names_what_does_not_fit(tmp_path):
    assert_one_line(
        run("evaluate_faces", f"--run_dir={tmp_path}"),
        "--pairs and --identification are empty",
    )
    evil = tmp_path / "lfw.bin"
    evil.write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    assert_one_line(
        run("evaluate_faces", f"--run_dir={tmp_path}", f"--pairs={evil}"),
        "the global os.system",
        "nothing was run",
    )
    assert not (ROOT / "owned").exists()


def test_export_of_an_embedding_refuses_flags_of_classes():
    for flag in ("--top_k=3", "--with_decoder", "--formats=onnx"):
        assert_one_line(
            run("export", "--run_dir=x", "--embedding", flag, "--output_dir=o"),
            flag.split("=")[0],
            "--embedding",
        )


def test_orl_faces_say_where_they_come_from(tmp_path):
    failed = run(
        "train",
        "--flagfile=configs/faces/orl_naive.flags",
        f"--run_dir={tmp_path / 'run'}",
    )
    assert_one_line(failed, "Olivetti Research Laboratory", "--data_dir")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("number", [4, 5])
def test_report_prints_the_tables_of_faces(number):
    done = run("report", f"--table={number}")
    assert done.returncode == 0, done.stderr
    assert f"Table {number}, faces" in done.stdout
    assert "not run" in done.stdout
