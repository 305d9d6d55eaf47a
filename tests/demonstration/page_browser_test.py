"""The page in a real browser, at the width of a desk and of a phone."""

import os
import pathlib
import shutil
import socket

import pytest

from qualnet_tf.demonstration import page
from qualnet_tf.reports.tables import HONEST_SENTENCES

pytest.importorskip("gradio", reason="gradio is not installed")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed"
)
_BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_BROWSER is None, reason="no chromium on the PATH"),
    # Gradio's own, on closing its event loop and on old names of others.
    pytest.mark.filterwarnings("ignore"),
]
_INPUT = "#file input[type=file]"


@pytest.fixture(scope="module")
def address(tried):
    built = page.build(tried, HONEST_SENTENCES)
    yield page.launch(built, "127.0.0.1", 0, wait=False)
    built.close()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(
            executable_path=_BROWSER, args=["--no-sandbox"]
        )
        yield found
        found.close()


class Visit:
    """A tab that writes down errors and requests to elsewhere."""

    def __init__(self, browser, address, width):
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.errors, self.elsewhere = [], []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", self._note_request)
        self.page.goto(address)
        self.page.wait_for_selector(_INPUT, state="attached")

    def _note(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def _note_request(self, request):
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            self.elsewhere.append(request.url)

    def upload(self, path):
        self.page.set_input_files(_INPUT, path)

    def wait_for(self, text):
        self.page.wait_for_function(
            "text => document.body.innerText.includes(text)", arg=text
        )


@pytest.fixture
def visit(browser, address):
    opened = []

    def open_at(width):
        opened.append(Visit(browser, address, width))
        return opened[-1]

    yield open_at
    for each in opened:
        each.page.close()


@pytest.fixture
def picture(tmp_path):
    from PIL import Image
    from sklearn.datasets import load_sample_image

    path = tmp_path / "flower.jpg"
    Image.fromarray(load_sample_image("flower.jpg")).save(path)
    return path


@pytest.mark.parametrize("width", [1280, 390])
def test_a_picture_is_tried(visit, picture, width):
    visited = visit(width)
    visited.upload(picture)
    visited.wait_for("gaussian noise 3")
    seed = visited.page.locator("#seed input")
    seed.fill("")
    seed.press("Tab")
    severity = visited.page.locator("#severity input[type=number]")
    severity.fill("5")
    severity.press("Tab")
    visited.wait_for("gaussian noise 5")
    visited.page.locator("#corruption input").click()
    visited.page.get_by_role("option", name="spatter (hold-out)").click()
    visited.wait_for("spatter 5")
    for name in ("vanilla", "qualnet"):
        run = visited.page.locator(f'[data-run="{name}"]')
        shares = run.locator(".bar span").all_inner_texts()
        numbers = [float(share.rstrip("%")) for share in shares]
        assert len(numbers) == 5 and numbers == sorted(numbers)[::-1]
    images = visited.page.locator(".trial img")
    assert images.count() == 5
    for sentence in HONEST_SENTENCES:
        assert sentence in visited.page.inner_text("body")
    _check_layout(visited.page, width)
    _keep_screenshot(visited.page, f"demo-{width}.png")
    assert visited.errors == [] and visited.elsewhere == []


def _check_layout(shown, width):
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    cut = shown.evaluate(
        """() => [...document.querySelectorAll(".trial *")]
        .filter(each => each.scrollWidth > each.clientWidth + 1
          && getComputedStyle(each).overflow !== "visible"
          && each.clientWidth).map(each => each.className)"""
    )
    assert cut == []


def _keep_screenshot(shown, name):
    folder = os.environ.get("REPORT_SCREENSHOTS")
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        shown.screenshot(path=pathlib.Path(folder) / name, full_page=True)


def test_bad_files_are_one_line_and_the_page_stays_up(visit, picture, tmp_path):
    visited = visit(1280)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(picture.read_bytes()[:3000])
    visited.upload(bad)
    visited.wait_for("cannot be decoded to its end")
    assert visited.page.locator("[role=alert]").count() == 1
    visited.page.reload()
    visited.page.wait_for_selector(_INPUT, state="attached")
    visited.upload(picture)
    visited.wait_for("gaussian noise 3")
    assert visited.errors == []


def test_a_port_that_is_taken(tried):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"--port={port}: expected a free"):
            page.launch(None, "127.0.0.1", port)


def test_without_gradio(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gradio", None)
    with pytest.raises(ValueError, match=r"pip install 'qualnet_tf\[demo\]'"):
        page.import_gradio()
