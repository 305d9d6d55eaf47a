"""The report program: a page, its figures as files, or a table."""

import pytest

from qualnet_tf import report
from qualnet_tf.config import ReportConfig
from qualnet_tf.reports import face_tables, page
from tests.reports.face_tables_test import run


@pytest.fixture
def loaded(monkeypatch, make_whole_run):
    """Runs that need no folders."""
    monkeypatch.setattr(
        page, "load_run", lambda path: make_whole_run(path.name)
    )
    monkeypatch.setattr(face_tables, "load_face_run", run)


def test_figures_become_files_beside_the_page(loaded, tmp_path, capsys):
    output = tmp_path / "page.html"
    report.main(
        ReportConfig(run_dir=("one",), output=str(output), figures=True)
    )
    assert output.read_text().startswith("<!DOCTYPE html>")
    files = list((tmp_path / "figures").glob("*.svg"))
    printed = capsys.readouterr().out
    assert f"figures: {len(files)} in {tmp_path / 'figures'}" in printed
    assert len(files) > 30


def test_the_page_on_faces_stands_in_the_last_run(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(
        face_tables, "load_face_run", lambda path: run(f"run {path[-1]}")
    )
    folders = (str(tmp_path / "a"), str(tmp_path / "b"))
    report.main(ReportConfig(run_dir=folders, faces=True))
    page_path = tmp_path / "b" / "faces.html"
    assert capsys.readouterr().out == f"report: {page_path}\n"
    assert "run a" in page_path.read_text()


@pytest.mark.parametrize("number", ["1", "2", "3", "4", "5", "6"])
@pytest.mark.parametrize("format", ["text", "markdown", "latex", "csv"])
def test_a_table_is_printed_with_and_without_runs(
    loaded, capsys, number, format
):
    for run_dir in ((), ("one",)):
        report.main(ReportConfig(run_dir=run_dir, table=number, format=format))
        assert "not run" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "name one or more evaluated runs"),
        ({"table": "7"}, "--table=7: expected one of"),
        ({"table": "4", "faces": True}, "--faces: expected no --table"),
        (
            {"run_dir": ("a",), "faces": True, "figures": True},
            "--figures: expected no --faces",
        ),
        ({"table": "2", "output": "a"}, "--output: expected no --table"),
        ({"table": "2", "figures": True}, "--figures: expected no --table"),
        ({"run_dir": ("a",), "format": "csv"}, "expected --table, which it"),
    ],
)
def test_flags_that_contradict_each_other(values, message):
    with pytest.raises(ValueError, match=message):
        ReportConfig(**values)
