"""Knobs of `inspect`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class InspectConfig(Config):
    """Costs of a run's parts, and how well its network runs backwards."""

    run_dir: str = knob("", "finished run", path=True)
    num_images: int = knob(
        8,
        "validation images the errors and Lipschitz estimates are taken at",
        lower=1,
        upper=1024,
    )
    backward_pass: bool = knob(
        False,
        "check what the memory-saving backward pass rebuilds, with the "
        "statistics of the batch, instead of the round trip of the inverse",
    )

    def check(self) -> None:
        require(self, "run_dir", "name a finished run")
