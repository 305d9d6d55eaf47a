"""One or more evaluated runs as a single HTML file that needs no network."""

import dataclasses
import pathlib
from collections.abc import Sequence

import jinja2

from qualnet_tf.reports import (
    corruption_sheet,
    family_table,
    picture_grid,
    plot_style,
    quality_table,
    settings,
    severity_plots,
    tables,
    training_plots,
)
from qualnet_tf.reports.run_report import RunReport, load_run

__all__ = ["RunReport", "build_page", "load_run"]

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
    results = [dataclasses.replace(run.results, run=run.name) for run in runs]
    names = [run.name for run in runs]
    return (
        _environment()
        .get_template("page.html")
        .render(
            names=names,
            keys=[plot_style.legend_key(index) for index in range(len(runs))],
            key_view_box=plot_style.KEY_VIEW_BOX,
            palette=plot_style.RUN_COLORS,
            protocol=tables.protocol(results),
            summary=tables.summary_table(results),
            honest_sentences=tables.HONEST_SENTENCES,
            families=family_table.family_table(results),
            means=severity_plots.mean_panels(results),
            severity=severity_plots.severity_panels(results),
            heat=tables.heat_table(results),
            quality=quality_table.quality_table(results),
            sheet=corruption_sheet.sheet_uri(
                [run.conditions for run in runs if run.conditions]
            ),
            picture_groups=picture_grid.picture_groups(runs),
            training=training_plots.training_panels(
                names, [run.metrics for run in runs]
            ),
            settings={
                "Configuration": settings.compare([run.config for run in runs]),
                "Environment": settings.compare([run.run_info for run in runs]),
            },
        )
    )


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
