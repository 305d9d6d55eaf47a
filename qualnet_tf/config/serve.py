"""Knobs of `serve`."""

import dataclasses

from qualnet_tf.knobs import Config, knob


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServeConfig(Config):
    """An export over TensorFlow Serving's REST interface, without it."""

    export_dir: str = knob(
        "", "folder of numbered versions, or a SavedModel", path=True
    )
    model: str = knob("", "another word for --export_dir", path=True)
    model_name: str = knob("qualnet", "name of the model in addresses")
    model_version: int = knob(
        0, "serve this version alone; 0 serves the newest", lower=0
    )
    version_labels: tuple[str, ...] = knob(
        (),
        "names for versions, such as stable:3,canary:4, which stay loaded "
        "beside the newest",
    )
    host: str = knob(
        "127.0.0.1", "address to listen at; 0.0.0.0 lets others in"
    )
    rest_port: int = knob(
        8501, "port; 0 takes a free one and prints it", lower=0, upper=65535
    )
    poll_seconds: float = knob(
        1.0, "how often to look for a new version, seconds", lower=0.05
    )
    max_batch_size: int = knob(
        32, "pictures that run together at most", lower=1
    )
    batch_timeout_micros: int = knob(
        0,
        "how long a request waits for others although the processor is free, "
        "microseconds; while it is busy they are joined anyway",
        lower=0,
    )
    num_batch_threads: int = knob(
        2, "batches that run at the same time", lower=1
    )
    max_enqueued_requests: int = knob(
        256, "requests that wait at most; more get 503", lower=1
    )
    max_body_megabytes: int = knob(
        32, "size of a request's body; more gets 413", lower=1
    )
    max_picture_megapixels: int = knob(
        50, "width times height of a picture at most", lower=1
    )
    request_timeout_seconds: float = knob(
        60.0, "a request that takes longer gets 504", lower=0.01
    )
    stop_seconds: int = knob(
        30, "how long SIGTERM waits for requests in flight", lower=1
    )

    def check(self) -> None:
        if bool(self.export_dir) == bool(self.model):
            raise ValueError(
                "expected exactly one of --export_dir and --model, received "
                f"{'both' if self.model else 'neither'}"
            )
        if not self.model_name or set(self.model_name) & set("/:"):
            raise ValueError(
                f"--model_name={self.model_name}: expected a name without / "
                "and :, since it stands in addresses"
            )
        self.labels()

    def labels(self) -> dict[str, int]:
        """Returns label -> version.

        Raises:
            ValueError: If an entry is no label and number.
        """
        found = {}
        for entry in self.version_labels:
            label, _, number = entry.partition(":")
            is_number = number.isascii() and number.isdecimal()
            if not label or not is_number or label in found:
                raise ValueError(
                    f"--version_labels={','.join(self.version_labels)}: "
                    "expected different labels and numbers such as stable:3, "
                    f"received {entry!r}"
                )
            found[label] = int(number)
        return found
