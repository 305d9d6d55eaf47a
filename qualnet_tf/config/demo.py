"""Knobs of `demo`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class DemoConfig(Config):
    """A page in the browser on which a picture is tried."""

    run_dir: tuple[str, ...] = knob(
        (), "finished runs, shown side by side in this order", path=True
    )
    host: str = knob(
        "127.0.0.1", "address to listen at; 0.0.0.0 lets others in"
    )
    port: int = knob(
        7860, "port; 0 takes a free one and prints it", lower=0, upper=65535
    )

    def check(self) -> None:
        require(self, "run_dir", "name one or more finished runs")
