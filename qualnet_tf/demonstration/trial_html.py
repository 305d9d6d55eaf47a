"""What came of a trial, as HTML that needs nothing from elsewhere."""

import base64
import html
import io

import numpy as np
from PIL import Image

from qualnet_tf.demonstration.trial import Opinion, Reconstruction, Trial

# Pictures smaller than that are shown larger, pixel by pixel.
_SHOWN_PIXELS = 224

STYLE = """
.trial { display: grid; gap: 1.25rem; overflow-wrap: anywhere; }
.trial h3 { margin: 0 0 .5rem; font-size: 1rem; font-weight: 600; }
.trial .row { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); }
.trial .runs { grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); }
.trial figure { margin: 0; }
.trial img { width: 100%; max-width: 14rem; aspect-ratio: 1; display: block;
  image-rendering: pixelated; border-radius: 6px; }
.trial figcaption { font-size: .8rem; opacity: .8; margin-top: .35rem;
  max-width: 14rem; line-height: 1.35; }
.trial .run { border: 1px solid var(--border-color-primary);
  border-radius: 10px; padding: .9rem 1rem; }
.trial .method { opacity: .65; font-weight: 400; }
.trial .bar { display: grid; grid-template-columns: 1fr 3.4rem;
  gap: 0 .6rem; font-size: .9rem; margin-top: .4rem; }
.trial .bar b { font-weight: 500; }
.trial .bar span { text-align: right; font-variant-numeric: tabular-nums; }
.trial .track { grid-column: 1 / 3; height: .35rem; border-radius: 1rem;
  background: var(--background-fill-secondary); overflow: hidden; }
.trial .track i { display: block; height: 100%;
  background: var(--color-accent); }
.trial .verdict { font-size: .8rem; margin: .7rem 0 0; opacity: .85; }
.trial .changed { color: #b45309; opacity: 1; font-weight: 500; }
.dark .trial .changed { color: #fbbf24; }
.note { margin: 0; font-size: .9rem; }
.note.error { color: #b91c1c; font-weight: 500; }
.dark .note.error { color: #fca5a5; }
#examples, #examples .grid-wrap { height: auto !important; overflow: visible; }
#examples .grid-wrap { min-height: 0; max-height: none; }
#examples .grid-container {
  grid-template-columns: repeat(3, minmax(0, 1fr)) !important;
}
#examples .thumbnail-item { min-width: 0; width: 100%; }
"""


def render(trial: Trial) -> str:
    """Returns a trial as HTML."""
    pictures = "".join(
        (
            _figure(trial.clean, "as the networks see it, clean"),
            _figure(trial.corrupted, trial.caption),
        )
    )
    runs = "".join(_opinion(opinion) for opinion in trial.opinions)
    return (
        '<div class="trial">'
        f'<section><h3>The picture</h3><div class="row">{pictures}</div>'
        "</section>"
        f"<section><h3>What each run says of the corrupted picture</h3>"
        f'<div class="row runs">{runs}</div></section>'
        f"{_decoded(trial)}</div>"
    )


def render_notes(notes: list[str]) -> str:
    """Returns sentences under the chosen picture."""
    return f'<p class="note">{html.escape(" ".join(notes))}</p>'


def render_error(message: str) -> str:
    """Returns what was wrong with a file."""
    return f'<p class="note error" role="alert">{html.escape(message)}</p>'


def _figure(image: np.ndarray, caption: str) -> str:
    levels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(levels)
    # Browsers blur what they enlarge in some places; whole steps do not.
    factor = max(1, _SHOWN_PIXELS // max(picture.size))
    if factor > 1:
        size = (picture.width * factor, picture.height * factor)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    text = html.escape(caption)
    return (
        f'<figure><img alt="{text}" src="data:image/png;base64,{data}">'
        f"<figcaption>{text}</figcaption></figure>"
    )


def _opinion(opinion: Opinion) -> str:
    bars = "".join(
        f'<div class="bar"><b>{html.escape(label)}</b>'
        f"<span>{share:.1%}</span>"
        f'<div class="track"><i style="width: {share:.2%}"></i></div></div>'
        for label, share in zip(opinion.labels, opinion.shares, strict=True)
    )
    clean = html.escape(opinion.clean_label)
    if opinion.labels[0] == opinion.clean_label:
        verdict = '<p class="verdict">the same as of the clean picture</p>'
    else:
        verdict = (
            f'<p class="verdict changed">of the clean picture: {clean}</p>'
        )
    method = ""
    if opinion.method != opinion.name:
        method = f' <span class="method">{html.escape(opinion.method)}</span>'
    return (
        f'<div class="run" data-run="{html.escape(opinion.name)}">'
        f"<h3>{html.escape(opinion.name)}{method}</h3>{bars}{verdict}</div>"
    )


def _decoded(trial: Trial) -> str:
    sections = []
    for opinion in trial.opinions:
        if opinion.reconstructions:
            figures = "".join(map(_reconstruction, opinion.reconstructions))
            sections.append(
                f"<section><h3>What the decoder makes of the features of "
                f'{html.escape(opinion.name)}</h3><div class="row">{figures}'
                "</div></section>"
            )
    without = [o.name for o in trial.opinions if not o.reconstructions]
    if without:
        names = html.escape(" and ".join(without))
        have = "has" if len(without) == 1 else "have"
        sections.append(
            f'<p class="note">{names} {have} no decoder: nothing was trained '
            "to decode those features.</p>"
        )
    return "".join(sections)


def _reconstruction(found: Reconstruction) -> str:
    return _figure(
        found.image,
        f"{found.title}; distance to the clean picture {found.distance:.3f}",
    )
