"""`GitDiffInfo`: which lines the sources differ in from another branch, as data of the build."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from buildmill.common.results import SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.safe_words import safe_argument

_FILES = re.compile(r"diff --git (?P<source>\"(?:[^\"\\]|\\.)*\"|.+?) (?P<target>\"(?:[^\"\\]|\\.)*\"|.+)$")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_QUOTED = re.compile(r'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class GitDiffInfo(ShellMixin):
    """Finds where the branch left another one, and keeps which lines differ from there as data of the build.

    The data is JSON: a list of files with ``source_file``, ``target_file``, ``is_binary``, ``is_rename``, and
    ``hunks`` of ``ss``, ``sl``, ``ts``, ``tl``: first line and number of lines in the source and in the target.

    Args:
        compareToRef: the other branch. dataName: name of the data.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "GitDiffInfo"
    description: Any = "running GitDiffInfo"
    descriptionDone: Any = "GitDiffInfo"
    renderables: Any = (*ShellMixin.renderables, "compareToRef", "dataName")

    def __init__(self, compareToRef: Any = "master", dataName: Any = "diffinfo-master", **kwargs: Any) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        self.compareToRef = compareToRef
        self.dataName = dataName
        for name in ("compareToRef", "dataName"):
            require(self, name, getattr(self, name))
            check_type(self, name, getattr(self, name), str)
        if isinstance(dataName, str) and len(dataName) > 256:
            config_error(f"{label(self)}: dataName must have at most 256 characters")

    async def run(self) -> int:
        """Compare."""
        reference = safe_argument("branch", self.compareToRef)
        base = (await self._git("stdio-merge-base", ["merge-base", "HEAD", reference])).strip()
        options = ["--no-prefix", "--no-color", "--no-ext-diff", "-U0"]
        output = await self._git("stdio-diff", ["diff", *options, safe_argument("revision", base), "HEAD"])
        await self.setBuildData(self.dataName, json.dumps(diff_info(output.split("\n"))).encode(), "GitDiffInfo")
        return SUCCESS

    async def _git(self, log: str, words: list[str]) -> str:
        command = await self.makeRemoteShellCommand(
            collectStdout=True, stdioLogName=log, command=["git", *words], logfiles={}
        )
        await self.runCommand(command)
        if command.results() != SUCCESS:
            raise BuildStepFailed(f"git {words[0]} failed with exit code {command.rc}")
        return command.stdout


def diff_info(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The files and places in the output of ``git diff --no-prefix -U0``."""
    files: list[dict[str, Any]] = []
    left = 0  # lines of the present hunk that are still to come: they are content, whatever they look like
    for line in lines:
        if left and line[:1] in ("+", "-"):
            left -= 1
        elif line.startswith("\\"):
            continue  # "No newline at end of file"
        elif found := _FILES.match(line):
            source, target = _names(found, line)
            files.append(
                {"source_file": source, "target_file": target, "is_binary": False, "is_rename": False, "hunks": []}
            )
        elif not files:
            continue
        elif line.startswith("new file"):
            files[-1]["source_file"] = "/dev/null"
        elif line.startswith("deleted file"):
            files[-1]["target_file"] = "/dev/null"
        elif line.startswith("rename from "):
            files[-1] |= {"is_rename": True, "source_file": _unquoted(line.removeprefix("rename from "))}
        elif line.startswith("rename to "):
            files[-1]["target_file"] = _unquoted(line.removeprefix("rename to "))
        elif line.startswith(("Binary files ", "GIT binary patch")):
            files[-1]["is_binary"] = True
        elif hunk := _HUNK.match(line):
            ss, sl, ts, tl = (int(part) if part is not None else 1 for part in hunk.groups())
            files[-1]["hunks"].append({"ss": ss, "sl": sl, "ts": ts, "tl": tl})
            left = sl + tl
    return files


def _names(found: re.Match[str], line: str) -> tuple[str, str]:
    """The two names; without a rename both are the same, which tells where one with spaces ends."""
    rest = line.removeprefix("diff --git ")
    half = len(rest) // 2
    if rest[:half] == rest[half + 1 :] and rest[half : half + 1] == " ":
        return _unquoted(rest[:half]), _unquoted(rest[:half])
    return _unquoted(found["source"]), _unquoted(found["target"])


def _unquoted(name: str) -> str:
    """A name as git writes it, with its quotes and escapes undone."""
    if not (name.startswith('"') and name.endswith('"')):
        return name
    data = _QUOTED.sub(_character, name[1:-1]).encode("latin-1", "replace")
    return data.decode("utf-8", "replace")


def _character(found: re.Match[str]) -> str:
    code = found.group(1)
    return chr(int(code, 8) if code.isdecimal() else _ESCAPES[code])
