"""Knobs of `report`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportConfig(Config):
    """A page, or a table of the paper, about evaluated runs."""

    run_dir: tuple[str, ...] = knob(
        (),
        "evaluated runs and folders of evaluated models, compared in this "
        "order",
        path=True,
    )
    output: str = knob(
        "",
        "HTML file to write; empty writes report.html in the last run",
        path=True,
    )
    faces: bool = knob(
        False,
        "write the page about what evaluate_faces measured",
    )
    figures: bool = knob(
        False,
        "write every figure as an SVG file as well, into a folder figures "
        "beside the page",
    )
    table: str = knob(
        "",
        "print a table of the paper with these runs beside it, instead of "
        "writing a page",
        choices=("", "1", "2", "3", "4", "5", "6"),
    )
    format: str = knob(
        "text",
        "how to print --table",
        choices=("text", "markdown", "latex", "csv"),
    )

    def check(self) -> None:
        if not self.table:
            require(self, "run_dir", "name one or more evaluated runs")
        if self.faces and self.figures:
            raise ValueError(
                "--figures: expected no --faces beside it, whose page holds "
                "its figures; leave one out"
            )
        for name in ("output", "figures", "faces"):
            if self.table and getattr(self, name):
                raise ValueError(
                    f"--{name}: expected no --table beside it, which is "
                    "printed; leave one out"
                )
        if self.format != "text" and not self.table:
            raise ValueError(
                f"--format={self.format}: expected --table, which it prints; "
                "the page is always HTML"
            )
