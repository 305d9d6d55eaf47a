"""Knobs of `predict`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require


@dataclasses.dataclass(frozen=True, kw_only=True)
class PredictConfig(Config):
    """Classifies picture files with an exported model."""

    run_dir: str = knob("", "run whose newest export is used", path=True)
    export_dir: str = knob("", "exported model, instead of a run", path=True)
    image: tuple[str, ...] = knob((), "picture files", path=True)
    top_k: int = knob(3, "classes to print per picture", lower=1)

    def check(self) -> None:
        if bool(self.run_dir) == bool(self.export_dir):
            raise ValueError(
                "expected exactly one of --run_dir and --export_dir, received "
                f"{'both' if self.run_dir else 'neither'}"
            )
        require(self, "image", "name one or more picture files")
