"""The report program: a page, its figures as files, or a table."""

import pytest

from qualnet_tf import report
from qualnet_tf.config import ReportConfig
from qualnet_tf.reports import page


@pytest.fixture
def loaded(monkeypatch, make_whole_run):
    """Runs that need no folders."""
    monkeypatch.setattr(
        page, "load_run", lambda path: make_whole_run(path.name)
    )


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


@pytest.mark.parametrize("number", ["1", "2", "3", "6"])
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
        ({"table": "4"}, "--table=4: expected one of"),
        ({"table": "2", "output": "a"}, "--output: expected no --table"),
        ({"table": "2", "figures": True}, "--figures: expected no --table"),
        ({"run_dir": ("a",), "format": "csv"}, "expected --table, which it"),
    ],
)
def test_flags_that_contradict_each_other(values, message):
    with pytest.raises(ValueError, match=message):
        ReportConfig(**values)
