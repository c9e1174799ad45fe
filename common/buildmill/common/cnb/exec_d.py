"""Programs of a layer that say variables when the droplet is launched."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from buildmill.common.errors import InvalidInput

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OUTPUT_BYTES = 1 << 20
OUTPUT_DESCRIPTOR = 3


def run_exec_d_blocking(folder: Path, environment: MutableMapping[str, str], directory: Path) -> None:
    """Run the programs of one folder, alphabetically, in a working directory.

    Each prints TOML, names and strings, on file descriptor 3; they are set before the next runs.

    Raises:
        InvalidInput: one failed, or what it printed is something else.
    """
    if folder.is_dir():
        for program in sorted(path for path in folder.iterdir() if path.is_file()):
            environment.update(_ask_blocking(program, environment, directory))


def _ask_blocking(program: Path, environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    name = f"exec.d/{program.name}"
    output = _run_blocking(program, name, environment, directory)
    try:
        answer = tomllib.loads(output.decode())
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(name, f"printed no TOML: {problem}") from problem
    for variable, value in answer.items():
        if not NAME.fullmatch(variable) or not isinstance(value, str) or "\0" in value:
            raise InvalidInput(name, f"printed {variable!r}, which is no variable with a string")
    return answer


def _run_blocking(program: Path, name: str, environment: Mapping[str, str], directory: Path) -> bytes:
    # A shell moves the pipe to where the program expects it; what the program says on stdout goes to stderr.
    moved = ["/bin/sh", "-c", f'exec "$0" {OUTPUT_DESCRIPTOR}>&1 1>&2', str(program)]
    child = subprocess.Popen(moved, env=environment, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    with child:
        assert child.stdout is not None
        output = child.stdout.read(OUTPUT_BYTES + 1)
        if len(output) > OUTPUT_BYTES:
            child.kill()
            raise InvalidInput(name, f"printed more than {OUTPUT_BYTES} bytes")
    if child.returncode:
        raise InvalidInput(name, f"exited with {child.returncode}")
    return output
