"""Tests of the page in a real browser, at the width of a phone and a desk."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from PIL import Image

from qualnet_tf.reports import face_page, page
from tests.reports.face_tables_test import run

_BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_BROWSER is None, reason="no chromium on the PATH"),
]

# The page in a frame of a given width, so that it is laid out as on a screen
# of that width, and a script that writes down what it finds.
_PROBE = """<!DOCTYPE html><body style="margin: 0">
<iframe style="border: 0; width: {width}px; height: 900px" srcdoc="{page}">
</iframe><pre></pre><script>
onload = () => {{
  const frame = document.querySelector("iframe").contentWindow;
  const page = frame.document;
  page.querySelectorAll("details").forEach((each) => each.open = true);
  const images = [...page.images];
  document.querySelector("pre").textContent = JSON.stringify({{
    width: page.documentElement.scrollWidth,
    broken: images.filter((each) => !each.naturalWidth).length,
    fetched: frame.performance.getEntriesByType("resource")
      .map((each) => each.name).filter((name) => !name.startsWith("data:")),
    keys: [...page.querySelectorAll(".key use[href$=figure_1]")]
      .map((each) => each.getBoundingClientRect().width),
    curve: frame.getComputedStyle(page.querySelector("figure path[style*=run]"))
      .stroke,
  }});
}};
</script>"""


def _browse(folder, *arguments):
    """Starts the browser without a network; returns what it wrote."""
    command = [
        _BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000",
        *arguments,
    ]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60
    )


def _look(text, width, folder):
    """Opens the page and returns what the probe found."""
    probe = folder / "probe.html"
    probe.write_text(_PROBE.format(width=width, page=html.escape(text)))
    result = _browse(folder, "--dump-dom", probe.as_uri())
    found = re.search(r"<pre>(.*?)</pre>", result.stdout, re.DOTALL)
    return json.loads(html.unescape(found.group(1))) | {
        "console": _console(result.stderr)
    }


def _console(log):
    """Returns what the page made the browser complain of."""
    return re.findall(r"CONSOLE[:(].*", log)


@pytest.fixture(scope="module")
def text(make_run, make_whole_run):
    long_name = "resnet50_fine_tuned_from_a_clean_classifier_" + "x" * 60
    return page.build_page(
        [
            make_run("naive", False),
            make_whole_run("qualnet", 0),
            make_whole_run(long_name, 1),
        ]
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_over_the_edge_or_goes_wrong(text, width, tmp_path):
    found = _look(text, width, tmp_path)
    assert found["width"] == width
    assert found["broken"] == 0
    assert found["fetched"] == []
    assert found["console"] == []
    assert found["keys"] and min(found["keys"]) > 5
    assert re.match(r"rgb\(\d+, \d+, \d+\)", found["curve"])


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_on_faces_fits_as_well(width, tmp_path):
    runs = [run("qualnet50_lm_started_from_stage_1"), run("b", accuracy=0.8)]
    found = _look(face_page.build_face_page(runs), width, tmp_path)
    assert found["width"] == width
    assert found["fetched"] == found["console"] == []
    assert found["keys"] and min(found["keys"]) > 5


@pytest.mark.parametrize(
    "slip",
    [
        '<img alt="" src="https://example.org/a.png">',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        "<script>console.log(1)</script>",
    ],
)
def test_a_request_or_script_would_be_seen(text, slip, tmp_path):
    found = _look(text.replace("</body>", f"{slip}</body>"), 1280, tmp_path)
    assert found["console"] or found["fetched"]


@pytest.mark.parametrize(("width", "height"), [(1280, 3000), (500, 3000)])
def test_it_can_be_looked_at(text, width, height, tmp_path):
    folder = pathlib.Path(os.environ.get("REPORT_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    report = tmp_path / "report.html"
    report.write_text(text)
    picture = folder.resolve() / f"report_{width}.png"
    result = _browse(
        tmp_path,
        f"--screenshot={picture}",
        f"--window-size={width},{height}",
        report.as_uri(),
    )
    assert _console(result.stderr) == []
    with Image.open(picture) as image:
        assert image.size == (width, height)
        assert len(image.convert("RGB").getcolors(1 << 24)) > 50
