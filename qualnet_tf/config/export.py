"""Knobs of `export`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig(Config):
    """A classifier for deployment, without its decoder."""

    run_dir: str = knob("", "finished run", path=True)
    output_dir: str = knob(
        "",
        "folder that gets a numbered version; empty is RUN/export",
        path=True,
    )

    def check(self) -> None:
        require(self, "run_dir", "name a finished run")
