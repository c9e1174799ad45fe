"""The wheel: all of the tree and nothing else; and a worker needs little to be installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"common": ROOT / "common", "worker": ROOT / "worker", "master": ROOT / "master"}
BUILT = ROOT / "master" / "buildmill" / "master" / "web" / "static"
pytestmark = pytest.mark.slow
FOR_EVERYBODY = {"cryptography"}
"""What the master names because it imports it, and `twisted[tls]` brings to workers, too."""


def run(*command: str | Path) -> str:
    """Run a program to its end and return what it printed; its error output goes into the failure."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a clean copy of what git knows about, and the web pages that were built before."""
    copy = tmp_path_factory.mktemp("tree")
    files = run("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    if not (BUILT / "index.html").is_file():
        pytest.skip("the web pages are not built: make ui")
    shutil.copytree(BUILT, copy / BUILT.relative_to(ROOT))
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", out, copy)
    (built,) = out.glob("*.whl")
    return built


def test_wheel_holds_every_module_and_data_file_of_the_tree(wheel: Path) -> None:
    in_tree = {
        path.relative_to(root).as_posix()
        for root in SOURCES.values()
        for path in (root / "buildmill").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "static" not in path.parts
    }

    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {n for n in archive.namelist() if ".dist-info/" not in n and "/static/" not in n}

    assert in_wheel == in_tree


def test_wheel_holds_the_web_pages_and_nothing_of_an_older_build(wheel: Path) -> None:
    built = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()}

    with zipfile.ZipFile(wheel) as archive:
        packed = {name.partition("/web/static/")[2] for name in archive.namelist() if "/web/static/" in name}

    assert packed == built


def required_by_master(wheel: Path) -> set[str]:
    """Names of the distributions that the extra `master` adds."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    return {
        found.lower() for found in re.findall(r"^Requires-Dist: ([\w.-]+).*extra == .master.", metadata, re.MULTILINE)
    }


def test_every_folder_with_modules_is_a_package() -> None:
    without = {
        path.parent.relative_to(ROOT).as_posix()
        for root in SOURCES.values()
        for path in (root / "buildmill").rglob("*.py")
        if path.parent != root / "buildmill"
        and "migrations" not in path.parts
        and not (path.parent / "__init__.py").exists()
    }

    assert without == set()


def test_worker_runs_without_what_only_the_master_needs(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel)

    installed = {line.split("==")[0].lower() for line in run(programs / "python", "-m", "pip", "freeze").splitlines()}
    usage = run(programs / "buildmill-worker", "--help")

    master_only = required_by_master(wheel) - FOR_EVERYBODY
    assert "sqlalchemy" in master_only
    assert installed & master_only == set()
    assert "Usage" in usage
