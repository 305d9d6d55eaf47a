"""Knobs of `export`."""

import dataclasses

from qualnet_tf.knobs import Config, knob, require

FORMATS = ("saved_model", "tflite", "keras", "onnx")
PRECISIONS = ("float32", "dynamic_range", "float16", "int8")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig(Config):
    """A classifier for deployment, without its decoder."""

    run_dir: str = knob("", "finished run", path=True)
    output_dir: str = knob(
        "",
        "folder that gets a numbered version; empty is RUN/export",
        path=True,
    )
    formats: tuple[str, ...] = knob(
        ("saved_model",), "files to write", choices=FORMATS
    )
    precisions: tuple[str, ...] = knob(
        PRECISIONS,
        "numbers in the tflite files, one file each",
        choices=PRECISIONS,
    )
    top_k: int = knob(5, "classes in labels and probabilities", lower=1)
    embedding: bool = knob(
        False,
        "export the network of faces that makes embeddings of unit length, "
        "instead of the classifier of its training identities",
    )
    with_decoder: bool = knob(
        False,
        "add the signature quality: a run's reconstruction of the picture and "
        "how corrupted it seems; costs nothing unless it is asked",
    )
    quality_head: bool = knob(
        False,
        "answer the most probable corruption and a quality score beside the "
        "class, from statistics of the picture",
    )
    calibration_images: int = knob(
        200,
        "training images, clean and corrupted, that int8, the quality head "
        "and the signature quality are fitted to",
        lower=32,
    )
    seed: int = knob(0, "seed of their corruptions", lower=0, upper=2**31 - 1)

    def check(self) -> None:
        require(self, "run_dir", "name a finished run")
        self._check_embedding()
        require(self, "formats", f"name some of {', '.join(FORMATS)}")
        if "tflite" in self.formats:
            require(self, "precisions", f"name some of {', '.join(PRECISIONS)}")
        if "saved_model" not in self.formats:
            self._check_without_saved_model()

    def _check_embedding(self) -> None:
        if not self.embedding:
            return
        if "onnx" in self.formats:
            raise ValueError(
                "--formats=onnx: expected saved_model, tflite or keras with "
                "--embedding; leave onnx out"
            )
        for name in ("top_k", "with_decoder", "quality_head"):
            value = getattr(self, name)
            if value != type(self).__dataclass_fields__[name].default:
                raise ValueError(
                    f"--{name}={value}: expected no --embedding beside it, "
                    "which answers vectors, not classes; leave one out"
                )

    def _check_without_saved_model(self) -> None:
        if not self.output_dir:
            raise ValueError(
                f"--formats={','.join(self.formats)}: expected saved_model "
                "among them, because a server that watches RUN/export loads "
                "its newest version; add it, or name another --output_dir"
            )
        for name in ("with_decoder", "quality_head"):
            if getattr(self, name):
                raise ValueError(
                    f"--{name}: expected saved_model in --formats, which holds "
                    "it; add it"
                )
