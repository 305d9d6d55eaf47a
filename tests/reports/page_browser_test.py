"""Tests of the page in a real browser, at the width of a phone and a desk."""

import html
import json
import re
import shutil
import subprocess

import pytest

from qualnet_tf.reports import page

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


def _look(text, width, folder):
    """Opens the page and returns what the probe found."""
    probe = folder / "probe.html"
    probe.write_text(_PROBE.format(width=width, page=html.escape(text)))
    command = [
        _BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000",
        "--dump-dom",
        probe.as_uri(),
    ]
    result = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60
    )
    found = re.search(r"<pre>(.*?)</pre>", result.stdout, re.DOTALL)
    return json.loads(html.unescape(found.group(1)))


@pytest.fixture(scope="module")
def text(make_run):
    long_name = "resnet50_fine_tuned_from_a_clean_classifier_" + "x" * 60
    runs = [make_run("naive", False), make_run(), make_run(long_name)]
    return page.build_page(runs)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_runs_over_the_edge(text, width, tmp_path):
    found = _look(text, width, tmp_path)
    assert found["width"] == width
    assert found["broken"] == 0
    assert found["fetched"] == []
    assert found["keys"] and min(found["keys"]) > 5
    assert re.match(r"rgb\(\d+, \d+, \d+\)", found["curve"])
