"""The table of precisions has a row for every form of a network."""

import pytest

from benchmarks import tflite

pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert")
pytest.importorskip("tf2onnx", reason="needs qualnet_tf[onnx]")
pytest.importorskip("onnxruntime", reason="needs onnxruntime")


@pytest.mark.slow
def test_rows():
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in tflite.measure("resnet_tiny@32")
    ]
    assert [row[1] for row in rows] == [
        "Keras",
        "float32",
        "dynamic_range",
        "float16",
        "int8",
        "ONNX",
    ]
    assert {row[0] for row in rows} == {"resnet_tiny at 32"}
    by_form = {row[1]: [float(cell) for cell in row[2:]] for row in rows}
    # Size and latency against those of float32.
    assert by_form["float32"][1] == by_form["float32"][4] == 1
    assert by_form["int8"][1] < 1
    # The head is fitted: far more than one in ten is right.
    assert by_form["Keras"][5] > 50
    assert by_form["Keras"][6:8] == [100, 0]
    assert by_form["float32"][7] <= 1e-4
    assert by_form["ONNX"][7] <= 1e-4


def test_pictures_come_in_kinds():
    pictures, kind = tflite.make_pictures(20, 32, seed=1)
    assert pictures.shape == (20, 32, 32, 3)
    assert 0 <= pictures.min() and pictures.max() <= 1
    assert sorted(set(kind.tolist())) == list(range(10))
    within = abs(pictures[0] - pictures[10]).mean()
    between = abs(pictures[0] - pictures[1]).mean()
    assert within < between
