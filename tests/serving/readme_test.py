"""The curl lines and the client of serving/README.md work as they stand."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from tests.serving.conftest import serving

ROOT = pathlib.Path(__file__).parents[2]
README = ROOT / "serving" / "README.md"


def blocks(first_word):
    """Returns the fenced blocks of README that begin with a word."""
    found = re.findall(r"```\n(.*?)```", README.read_text(), re.DOTALL)
    return [block for block in found if block.startswith(first_word)]


def commands(block):
    """Returns the commands of a block, continued lines joined."""
    return block.replace("\\\n", " ").strip().splitlines()


CURLS = [command for block in blocks("curl") for command in commands(block)]


@pytest.fixture(scope="module")
def address(export_dir):
    with serving(export_dir, model_name="qualnet") as server:
        yield f"localhost:{server.port}"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.jpg"
    Image.new("RGB", (40, 30), (200, 90, 10)).save(path)
    return path


def test_there_are_lines():
    assert len(CURLS) == 7
    assert sum(":predict" in command for command in CURLS) == 4


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("command", CURLS)
def test_curl(command, address, picture):
    command = command.replace(
        "localhost:8501", address.replace("localhost", "127.0.0.1")
    ).replace("PICTURE", str(picture))
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True
    )
    if "metrics" in command:
        assert ":tensorflow:serving:request_count" in done.stdout
    else:
        assert "error" not in json.loads(done.stdout)


def test_client(address, picture):
    first, _ = commands(blocks("python serving/client.py")[0])
    first = first.replace("localhost:8501", address).replace(
        "localhost", "127.0.0.1"
    )
    words = first.replace("PICTURE", str(picture)).split()
    done = subprocess.run(
        [sys.executable, *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"\S+a\.jpg  (\w+ [\d.]+%, ){2}\w+ .*\n", done.stdout)
