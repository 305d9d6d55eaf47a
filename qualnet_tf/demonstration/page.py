"""The page: a picture, a corruption, and what the runs say of it."""

import os
import socket
from collections.abc import Sequence
from typing import Any

import numpy as np

from qualnet_tf.demonstration import trial, trial_html
from qualnet_tf.demonstration.picture_file import read_picture
from qualnet_tf.demonstration.tried_runs import TriedRuns

_TITLE = "qualnet_tf: try a picture"
_EMPTY = (
    '<p class="note">Drop a picture, or click one of the examples: the runs '
    "say what they see, clean and corrupted.</p>"
)
_SHOWN_EXAMPLES = 6
_LARGEST_SEED = 2**31 - 1


def import_gradio() -> Any:
    """Imports Gradio, which must not call home.

    Raises:
        ValueError: If it is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    try:
        import gradio
    except ImportError as error:
        raise ValueError(
            f"the page needs a package that is not installed ({error.name}); "
            "pip install 'qualnet_tf[demo]'"
        ) from error
    return gradio


def build(tried: TriedRuns, sentences: Sequence[str]) -> Any:
    """Builds the page.

    Args:
        tried: The runs.
        sentences: What stands beside every number.

    Returns:
        Gradio's Blocks; `launch` serves them.
    """
    gradio = import_gradio()
    with gradio.Blocks(title=_TITLE, analytics_enabled=False) as page:
        gradio.Markdown(_introduction(tried, sentences))
        with gradio.Row():
            with gradio.Column(scale=1, min_width=280):
                controls = _controls(gradio, tried)
            with gradio.Column(scale=3, min_width=280):
                result = gradio.HTML(_EMPTY, elem_id="result")
        _connect(gradio, tried, controls, result)
    return page


def _introduction(tried: TriedRuns, sentences: Sequence[str]) -> str:
    names = ", ".join(run.name for run in tried.runs)
    return (
        f"# Try a picture\n{names}: {len(tried.class_names)} classes, "
        f"{tried.image_size} x {tried.image_size} pixels. Every picture gets "
        "one of the classes, also one that shows none of them.\n\n"
        + " ".join(sentences)
    )


def _controls(gradio: Any, tried: TriedRuns) -> dict[str, Any]:
    controls = {
        "picture": gradio.State(None),
        "file": gradio.File(
            label="Drop a picture here, or click",
            type="filepath",
            height=160,
            elem_id="file",
        ),
        "note": gradio.HTML("", elem_id="note"),
    }
    if len(tried.examples):
        controls["examples"] = gradio.Gallery(
            [_enlarged(each) for each in tried.examples[:_SHOWN_EXAMPLES]],
            label="Examples",
            show_label=False,
            columns=3,
            height="auto",
            allow_preview=False,
            object_fit="cover",
            buttons=[],
            interactive=False,
            elem_id="examples",
        )
    controls["corruption"] = gradio.Dropdown(
        [(_spoken(name), name) for name in trial.corruption_names()],
        value="gaussian_noise",
        label="Corruption",
        elem_id="corruption",
    )
    controls["severity"] = gradio.Slider(
        1, 5, 3, step=1, label="Severity", elem_id="severity"
    )
    controls["seed"] = gradio.Number(
        0,
        label="Seed",
        precision=0,
        minimum=0,
        maximum=_LARGEST_SEED,
        elem_id="seed",
    )
    return controls


def _enlarged(image: np.ndarray) -> np.ndarray:
    factor = max(1, 96 // image.shape[0])
    return image.repeat(factor, 0).repeat(factor, 1)


def _spoken(name: str) -> str:
    text = name.replace("_", " ")
    return f"{text} (hold-out)" if trial.is_holdout(name) else text


def _connect(
    gradio: Any, tried: TriedRuns, controls: dict[str, Any], result: Any
) -> None:
    """Says what happens when something is chosen."""
    settings = [controls[name] for name in ("corruption", "severity", "seed")]

    def show(picture, corruption, severity, seed):
        if picture is None:
            return _EMPTY
        # A field can be emptied, or filled by hand beyond its limits.
        seed = min(max(int(seed or 0), 0), _LARGEST_SEED)
        found = trial.try_picture(
            picture, corruption, int(severity), seed, tried
        )
        return trial_html.render(found)

    def choose_file(path, *chosen):
        if path is None:
            return None, "", _EMPTY
        try:
            picture, notes = read_picture(path)
        except ValueError as error:
            return None, trial_html.render_error(str(error)), _EMPTY
        notes = trial_html.render_notes(notes)
        # A visit keeps what the networks see, not the photograph.
        picture = trial.crop(picture, tried)
        return picture, notes, show(picture, *chosen)

    # By its annotation Gradio knows what to hand over.
    def choose_example(event: gradio.SelectData, *chosen):
        picture = trial.crop(tried.examples[event.index], tried)
        return picture, "", show(picture, *chosen)

    outputs = [controls["picture"], controls["note"], result]
    changes = {"show_progress": "minimal", "api_visibility": "private"}
    controls["file"].change(
        choose_file, [controls["file"], *settings], outputs, **changes
    )
    if "examples" in controls:
        controls["examples"].select(
            choose_example, settings, outputs, **changes
        )
    gradio.on(
        [setting.change for setting in settings],
        show,
        [controls["picture"], *settings],
        result,
        # Only the last of many changes in a row is of interest.
        trigger_mode="always_last",
        **changes,
    )


def launch(page: Any, host: str, port: int, wait: bool = True) -> str:
    """Serves the page.

    Args:
        page: From `build`.
        host: Address to listen at.
        port: 0 takes a free one.
        wait: Whether to return only when it is interrupted.

    Returns:
        The page's address.

    Raises:
        ValueError: If the port is taken.
    """
    port = _free_port(host, port)
    gradio = import_gradio()
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        footer_links=[],
        css=trial_html.STYLE,
        theme=gradio.themes.Default(
            font=["system-ui", "sans-serif"], font_mono=["monospace"]
        ),
        max_file_size="64mb",
        ssr_mode=False,
    )
    print(f"try a picture at {address}", flush=True)
    if wait:
        page.block_thread()
    return address


def _free_port(host: str, port: int) -> int:
    """Returns the port, or a free one for 0.

    Raises:
        ValueError: If it is taken, or the host is not this machine.
    """
    try:
        with socket.create_server((host, port)) as found:
            return found.getsockname()[1]
    except OSError as error:
        raise ValueError(
            f"--host={host} --port={port}: expected a free port, received "
            f"{error.strerror}; choose another, 0 takes any"
        ) from error
