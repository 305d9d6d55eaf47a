"""One or more evaluated runs as a single HTML file that needs no network."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import jinja2

from qualnet_tf.reports import (
    class_table,
    corruption_sheet,
    deployment_table,
    error_bars,
    family_radar,
    family_table,
    feature_plots,
    paper_tables,
    picture_grid,
    plot_style,
    precision_loss,
    published,
    quality_table,
    reliability_plots,
    seed_table,
    settings,
    severity_plots,
    tables,
    tradeoff_plot,
    training_plots,
    worst_grid,
)
from qualnet_tf.reports.plot_style import Panel
from qualnet_tf.reports.run_report import RunReport, load_run, with_adapted

__all__ = ["RunReport", "build_page", "build_panels", "load_run"]

_TEMPLATES = pathlib.Path(__file__).parent


def build_page(runs: Sequence[RunReport]) -> str:
    """Returns the report as HTML.

    Everything is inside the text: styles, drawings (SVG) and pictures (data
    URIs). The same runs give the same text.

    Args:
        runs: The runs to compare, in this order.

    Raises:
        ValueError: If there is no run.
    """
    if not runs:
        raise ValueError("no run to report on: name at least one run folder")
    everyone = with_adapted(runs)
    results = _named_results(everyone)
    return (
        _environment()
        .get_template("page.html")
        .render(
            names=[run.name for run in everyone],
            plain_names=[run.name for run in runs],
            keys=[plot_style.legend_key(i) for i in range(len(everyone))],
            key_view_box=plot_style.KEY_VIEW_BOX,
            palette=plot_style.RUN_COLORS,
            protocol=tables.protocol(results),
            **_tables(everyone, results),
            seed_sentence=seed_table.SEED_SENTENCE,
            honest_sentences=tables.HONEST_SENTENCES,
            severity=severity_plots.severity_panels(results),
            heat=tables.heat_table(results),
            worst=worst_grid.worst_groups(runs),
            sheet=corruption_sheet.sheet_uri(
                [run.conditions for run in runs if run.conditions]
            ),
            picture_groups=picture_grid.picture_groups(runs),
            **_deployment(everyone),
            **_paper_tables(runs),
            settings={
                "Configuration": settings.compare([run.config for run in runs]),
                "Environment": settings.compare([run.run_info for run in runs]),
            },
            **_other_panels(everyone, results),
        )
    )


def _tables(runs: Sequence[RunReport], results) -> dict[str, Any]:
    """Returns tables, and their rows as (name, note, cells)."""
    summary = tables.summary_table(results)
    seeds = seed_table.seed_table(runs)
    families = family_table.family_table(results)
    quality = quality_table.quality_table(results)
    classes = class_table.class_tables(results)
    return {
        "summary": summary,
        "summary_rows": [
            (row.run, row.method if row.method != row.run else "", row.cells)
            for row in summary.rows
        ],
        "seeds": seeds,
        "seed_rows": [
            (names, f"{count} seeds", cells)
            for names, count, cells in seeds.rows
        ],
        "families": families,
        "family_heads": tuple(map(str.capitalize, families.columns)),
        "family_rows": [(run, "", cells) for run, cells in families.rows],
        "quality": quality,
        "quality_rows": [
            (run, group, texts)
            for group, rows in quality.groups
            for run, texts in rows
        ],
        "classes": classes,
        "class_rows": [
            [
                (row.name, "", (row.num_images, row.clean, row.corrupted))
                for row in table.rows
            ]
            for table in classes
        ],
    }


def _deployment(runs: Sequence[RunReport]) -> dict[str, Any]:
    """Returns what classifiers cost, and what they lose to the first."""
    losses = precision_loss.loss_table(runs)
    return {
        "deployment": deployment_table.deployment_table(runs),
        "losses": losses,
        "loss_rows": [(title, "", cells) for title, cells in losses.rows]
        + [
            (f"Answers changed, {title}", "", cells)
            for title, cells in losses.changes
        ],
        "loss_sentence": precision_loss.SENTENCE,
    }


def _paper_tables(runs: Sequence[RunReport]) -> dict[str, Any]:
    """Returns the paper's tables, and their rows as (name, note, cells)."""
    papers = [paper_tables.paper_table(n, runs) for n in published.TABLES]
    return {
        "papers": papers,
        "paper_rows": [
            [(line.row, line.runs, line.cells) for line in table.lines]
            for table in papers
        ],
    }


def build_panels(runs: Sequence[RunReport]) -> dict[str, list[Panel]]:
    """Returns every figure of the page, by group; a group may be empty.

    The legend, which the page repeats in words, is a group of its own.

    Args:
        runs: See `build_page`.
    """
    everyone = with_adapted(runs)
    results = _named_results(everyone)
    groups = _other_panels(everyone, results)
    groups["legend"] = [
        Panel(run.name, plot_style.legend_key(index), f"line of {run.name}")
        for index, run in enumerate(everyone)
    ]
    for family, panels in severity_plots.severity_panels(results):
        groups[f"severity {family}"] = panels
    return groups


def _other_panels(runs: Sequence[RunReport], results) -> dict[str, list[Panel]]:
    """Returns the figures but those of single corruptions."""
    return {
        "means": severity_plots.mean_panels(results),
        "errors": error_bars.error_bar_panels(results),
        "tradeoff": tradeoff_plot.tradeoff_panels(results),
        "radar": family_radar.radar_panels(results),
        "reliability": reliability_plots.reliability_panels(results),
        "features": feature_plots.feature_panels(
            [(run.name, run.features) for run in runs if run.features]
        ),
        "training": training_plots.training_panels(
            [run.name for run in runs], [run.metrics for run in runs]
        ),
    }


def _named_results(runs: Sequence[RunReport]):
    return [dataclasses.replace(run.results, run=run.name) for run in runs]


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
