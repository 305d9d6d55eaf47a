"""Figures as files: whole, readable without the page, named once."""

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image

from qualnet_tf import run_dir
from qualnet_tf.reports import error_bars, family_radar
from qualnet_tf.reports.figure_files import save_figures
from qualnet_tf.reports.plot_style import RUN_COLORS, Panel

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
_BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def panels(make_results):
    runs = [make_results("naive <a> & b", 0.1), make_results()]
    return {
        "corruption error": error_bars.error_bar_panels(runs),
        "radar": family_radar.radar_panels(runs),
    }


def _panel(title="Fog", svg='<svg viewBox="0 0 9 9">\n</svg>'):
    return Panel(title, svg, "In words.")


def test_a_file_per_panel_named_from_group_and_title(panels, tmp_path):
    paths = save_figures(panels, tmp_path / "figures")
    assert len(paths) == 6
    assert [path.name for path in paths[:2]] == [
        "corruption-error-noise-error-in-per-cent-not-normalised.svg",
        "corruption-error-blur-error-in-per-cent-not-normalised.svg",
    ]
    assert sorted(os.listdir(tmp_path / "figures")) == sorted(
        path.name for path in paths
    )


def test_a_file_is_whole_without_the_page(panels, tmp_path):
    for path in save_figures(panels, tmp_path):
        text = path.read_text()
        root = ElementTree.fromstring(text)
        assert root.tag == f"{SVG}svg"
        assert "var(" not in text
        size = [float(n) for n in root.get("viewBox").split()[2:]]
        assert [root.get("width"), root.get("height")] == [
            f"{n:g}pt" for n in size
        ]
        paper = root.find(f"{SVG}rect")
        assert paper.get("fill") == "#ffffff"
        assert [float(paper.get(n)) for n in ("width", "height")] == size
        drawn = [e for e in root if e.tag in (f"{SVG}rect", f"{SVG}g")]
        assert drawn[0] is paper


def test_colours_are_those_of_the_light_theme(panels, tmp_path):
    text = save_figures(panels, tmp_path)[0].read_text()
    for slot, panel_color in enumerate(("--run-1", "--run-2")):
        svg = panels["corruption error"][0].svg
        light, dark = RUN_COLORS[slot]
        assert text.count(light) == svg.count(f"var({panel_color})") > 0
        assert dark not in text


def test_every_link_leads_somewhere(panels, tmp_path):
    for path in save_figures(panels, tmp_path):
        root = ElementTree.parse(path).getroot()
        ids = {e.get("id") for e in root.iter() if e.get("id")}
        links = {e.get(f"{XLINK}href") for e in root.iter(f"{SVG}use")}
        assert links and links <= {f"#{each}" for each in ids}


def test_title_and_description_stand_in_the_file(panels, tmp_path):
    path = save_figures(panels, tmp_path)[0]
    root = ElementTree.parse(path).getroot()
    panel = panels["corruption error"][0]
    assert root.find(f"{SVG}title").text == panel.title
    assert root.find(f"{SVG}desc").text == panel.description
    assert "naive <a> & b" in panel.description
    (path,) = save_figures({"a": [_panel("<a> & b")]}, tmp_path)
    assert ElementTree.parse(path).find(f"{SVG}title").text == "<a> & b"


def test_the_same_panels_replace_their_files(panels, tmp_path):
    first = save_figures(panels, tmp_path)
    texts = [path.read_text() for path in first]
    assert save_figures(panels, tmp_path) == first
    assert [path.read_text() for path in first] == texts


def test_every_panel_has_a_file_of_its_own(tmp_path):
    titles = ["Fog", "fog!", "FOG", "雪", "../../etc", "x" * 300, "x" * 400]
    group = [_panel(title) for title in titles]
    paths = save_figures({"a/b": group, "": [_panel("雪")]}, tmp_path)
    assert [path.name for path in paths] == [
        "a-b-fog.svg",
        "a-b-fog-2.svg",
        "a-b-fog-3.svg",
        "a-b.svg",
        "a-b-etc.svg",
        f"a-b-{'x' * 96}.svg",
        f"a-b-{'x' * 96}-2.svg",
        "figure.svg",
    ]
    assert all(path.parent == tmp_path for path in paths)


def test_letters_of_all_scripts_survive_any_encoding(tmp_path):
    svg = '<svg viewBox="0 0 9 9">\n<text>雪 –</text>\n</svg>'
    (path,) = save_figures({"a": [_panel("雪", svg)]}, tmp_path)
    assert path.read_bytes().isascii()
    root = ElementTree.parse(path).getroot()
    assert root.find(f"{SVG}text").text == "雪 –"
    assert root.find(f"{SVG}title").text == "雪"


def test_a_file_is_there_whole_or_not_at_all(monkeypatch, tmp_path):
    (old,) = save_figures({"a": [_panel()]}, tmp_path)
    before = old.read_text()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figures({"a": [_panel(svg='<svg viewBox="0 0 1 1"/>')]}, tmp_path)
    assert old.read_text() == before
    assert os.listdir(tmp_path) == [old.name]


def test_nothing_is_written_when_a_panel_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="expected an <svg> element"):
        save_figures({"a": [_panel(), _panel("Bad", "<p>")]}, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_colour_of_the_page_alone_is_refused(tmp_path):
    svg = '<svg viewBox="0 0 9 9"><g style="fill: var(--paper)"/></svg>'
    with pytest.raises(ValueError, match="Fog: no colour for --paper"):
        save_figures({"a": [_panel(svg=svg)]}, tmp_path)


def test_no_panels_no_files(tmp_path):
    assert save_figures({"a": []}, tmp_path) == []
    assert run_dir.RunDir(tmp_path).figures.name == "figures"


@pytest.mark.slow
@pytest.mark.skipif(_BROWSER is None, reason="no chromium on the PATH")
def test_a_browser_draws_it(panels, tmp_path):
    (path,) = save_figures({"radar": panels["radar"]}, tmp_path)
    picture = tmp_path / "picture.png"
    command = [
        _BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=500,400",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--screenshot={picture}",
        path.as_uri(),
    ]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    pixels = Image.open(picture).convert("RGB")
    assert pixels.getpixel((3, 3)) == (255, 255, 255)
    colors = {color for _, color in pixels.getcolors(maxcolors=1 << 20)}
    for light, _ in RUN_COLORS[:2]:
        red, green, blue = re.findall("..", light[1:])
        assert (int(red, 16), int(green, 16), int(blue, 16)) in colors
