"""`worker.toml`, addresses of masters, the environment, the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import ConfigError, Conflict, Forbidden, InvalidInput
from buildmill.worker.config import WorkerConfig, load_config, read_password, render_config
from buildmill.worker.create import create_worker
from buildmill.worker.environment import merge_environment
from buildmill.worker.masters import parse_master
from buildmill.worker.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("host", "ws://host:9989/"),
        ("host:12", "ws://host:12/"),
        ("10.0.0.1:12", "ws://10.0.0.1:12/"),
        ("[::1]:12", "ws://[::1]:12/"),
        ("ws://host:12/path", "ws://host:12/path"),
        ("wss://host", "wss://host:9989/"),
        ("tcp:host:12", "ws://host:12/"),
        ("tls:host=h:port=12", "wss://h:12/"),
        (r"tcp:\:\:1:12", "ws://[::1]:12/"),
    ],
)
def test_addresses_of_masters_have_many_spellings(text: str, url: str) -> None:
    assert parse_master(text).url == url


@pytest.mark.parametrize("text", ["", "host:x", "http://host/", "host:99999", "ws://u:p@host/", "ws://:12/"])
def test_bad_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_master(text)


def test_tls_is_taken_where_the_spelling_leaves_it_open() -> None:
    assert parse_master("host:12", use_tls=True).url == "wss://host:12/"


def test_created_worker_can_be_loaded(tmp_path: Path) -> None:
    base = tmp_path / "w"

    create_worker(str(base), {"name": "w1", "masters": ["ws://h:1/"], "numcpus": None, "umask": "022"}, "pass")

    config = load_config(str(base))
    assert config == WorkerConfig(name="w1", masters=["ws://h:1/"], umask="022")
    assert read_password(str(base), config) == "pass"
    assert (base / "worker.toml").stat().st_mode & 0o777 == 0o600
    assert (base / "password").stat().st_mode & 0o777 == 0o600
    assert (base / "info" / "admin").exists()


def test_existing_worker_is_kept_unless_forced(tmp_path: Path) -> None:
    values = {"name": "w1", "masters": ["ws://h:1/"]}
    create_worker(str(tmp_path), values, "old")
    (tmp_path / "info" / "admin").write_text("me\n")

    with pytest.raises(Conflict, match="--force"):
        create_worker(str(tmp_path), values, "new")
    create_worker(str(tmp_path), values, "new", force=True)

    assert (tmp_path / "password").read_text() == "new\n"
    assert (tmp_path / "info" / "admin").read_text() == "me\n"


@given(st.text(min_size=1).filter(lambda text: ":" not in text and text.isprintable()))
def test_any_name_survives_the_file(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    base = tmp_path_factory.mktemp("w")
    (base / "worker.toml").write_text(render_config({"name": name, "masters": ["h"]}), encoding="utf-8")

    assert load_config(str(base)).name == name


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "worker.toml").write_text('masters = ["http://x"]\numask = "9"\n\nnonsense = 1\nnumcpus = 0\n')

    with pytest.raises(ConfigError) as error:
        load_config(str(tmp_path))

    found = {(p.line, p.message.partition(":")[0]) for p in error.value.problems}
    assert found == {(1, "masters"), (2, "umask"), (4, "nonsense"), (5, "numcpus"), (None, "name")}


@pytest.mark.parametrize("text", [None, "name = "])
def test_missing_or_broken_file_is_a_config_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "worker.toml").write_text(text)

    with pytest.raises(ConfigError):
        load_config(str(tmp_path))


def test_environment_follows_the_rules() -> None:
    own = {"HOME": "/h", "PYTHONPATH": "/own", "GONE": "x"}

    merged = merge_environment(
        own, {"A": "${HOME}/${NO}$HOME", "GONE": None, "L": ["a", "${HOME}"], "PYTHONPATH": ["/n"]}, "/w"
    )

    assert merged == {"HOME": "/h", "A": "/h/$HOME", "L": "a:/h", "PYTHONPATH": "/n:/own", "PWD": "/w"}


def test_workspace_resolves_links_before_it_decides(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    (base / "link").symlink_to(outside)
    workspace = Workspace(str(base))

    assert workspace.check_blocking("new/x") == str(base / "new" / "x")
    assert workspace.check_entry_blocking("link") == str(base / "link")
    for bad in ("link", "link/x", "..", "../base2", "/", str(base) + "x"):
        with pytest.raises(Forbidden):
            workspace.check_blocking(bad)
    assert Workspace(str(base), ["/"]).check_blocking("link/x") == str(outside / "x")
