"""The tutorials do what they say: their files are written, their commands run, their outputs appear."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
DEADLINE_SECONDS = 60

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")]


@dataclass(frozen=True)
class Sample:
    """A fenced block: a shell script, a file to write, or lines that the last script printed."""

    language: str
    options: dict[str, str]
    text: str


def samples(page: str) -> list[Sample]:
    found = []
    for header, body in re.findall(r"^```(\S[^\n]*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        options = dict(re.findall(r"^:(\w+): (.*)\n", body, re.MULTILINE))
        text = re.sub(r"^:\w+: .*\n", "", body, flags=re.MULTILINE).lstrip("\n")
        found.append(Sample(header.removeprefix("{code-block}").strip(), options, text))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("name", "ports", "counts"),
    [
        ("tutorial.md", ("8010", "9989"), (9, 1, 2)),
        ("from-a-folder-to-a-running-droplet.md", ("8010", "9989", "8080"), (9, 1, 4)),
    ],
)
def test_every_sample_of_the_tutorial_works(
    tmp_path: Path, name: str, ports: tuple[str, ...], counts: tuple[int, int, int]
) -> None:
    page = (DOCS / name).read_text()
    for port in ports:
        assert port in page
        page = page.replace(port, str(free_port()))
    programs = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    printed = ""
    done = []

    def run(script: str) -> str:
        ended = subprocess.run(
            ["bash", "-euc", script],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, f"{script}\nended with {ended.returncode}:\n{ended.stdout}"
        return ended.stdout

    try:
        for sample in samples(page):
            done.append(sample.language)
            match sample.language:
                case "sh" if sample.options.get("class") != "not-tested":
                    printed = run(sample.text)
                case "python":
                    (tmp_path / sample.options["caption"]).write_text(sample.text)
                case "text":
                    for line in sample.text.splitlines():
                        assert line in printed, f"{line!r} is not in:\n{printed}"
    finally:
        for program, folder in (("buildmill-worker", "worker"), ("buildmill", "master")):
            subprocess.run([programs / program, "stop", folder], cwd=tmp_path, capture_output=True, check=False)

    assert (done.count("sh"), done.count("python"), done.count("text")) == counts
