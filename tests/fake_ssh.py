"""A stand-in for ssh."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def fake_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ssh that writes down what it has got, and runs the command here."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "ssh").write_text(
        f"""#!/bin/sh
(
    echo "$@"
    for argument; do
        case $argument in
            */key) echo "$(stat -c %a "$argument") $(cat "$argument")";;
            UserKnownHostsFile=*) cat "${{argument#*=}}";;
        esac
    done
) >> {folder}/seen
for command; do :; done
exec sh -c "$command"
"""
    )
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
