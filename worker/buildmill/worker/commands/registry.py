"""Which commands there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.worker.commands.base import Command, Host, MasterFiles
from buildmill.worker.commands.directories import CopyDirectory, RemoveDirectories
from buildmill.worker.commands.download_file import DownloadFile
from buildmill.worker.commands.files import Glob, ListDirectory, MakeDirectories, RemoveFile, Stat
from buildmill.worker.commands.shell import Shell
from buildmill.worker.commands.upload_directory import UploadDirectory
from buildmill.worker.commands.upload_file import UploadFile
from buildmill.worker.output import Output

# What masters compare when they decide which arguments a command understands.
COMMAND_VERSION = "3.3"

COMMANDS: Mapping[str, type[Command[Any]]] = {
    "shell": Shell,
    "upload_file": UploadFile,
    "uploadFile": UploadFile,
    "upload_directory": UploadDirectory,
    "uploadDirectory": UploadDirectory,
    "download_file": DownloadFile,
    "downloadFile": DownloadFile,
    "mkdir": MakeDirectories,
    "rmdir": RemoveDirectories,
    "cpdir": CopyDirectory,
    "stat": Stat,
    "glob": Glob,
    "listdir": ListDirectory,
    "rmfile": RemoveFile,
}


def make_command(name: str, args: Mapping[str, object], output: Output, files: MasterFiles, host: Host) -> Command[Any]:
    """The command, ready to run.

    Raises:
        InvalidInput: there is none of this name, or its arguments are wrong.
    """
    kind = COMMANDS.get(name)
    if kind is None:
        raise InvalidInput("command_name", f"no command is called {name!r}")
    return kind(args, output, files, host)
