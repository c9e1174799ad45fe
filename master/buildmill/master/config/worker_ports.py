"""The key ``protocols``: where workers connect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buildmill.master.config.master_config import WorkerPort
from buildmill.master.config.problems import Problems
from buildmill.master.config.web_keys import UNSET

MSGPACK = "msgpack_experimental_v7"
PB = "pb"
_KNOWN_OPTIONS = {"port", "interface", "certificate", "private_key"}
_NOT_SPOKEN = (
    "pb is not spoken here; workers that use it cannot connect: start them with protocol "
    f"{MSGPACK} (buildbot-worker create-worker --protocol={MSGPACK} ...)"
)
_ENDPOINT = re.compile(r"tcp:(?:port=)?(\d+)(?::interface=(.+))?")


def checked_protocols(key: str, value: Any, problems: Problems) -> Any:
    """The ports of all protocols, as a tuple of `WorkerPort`.

    The port of ``pb``, which is not spoken here, is used when it is the only one.
    """
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    ports: list[WorkerPort] = []
    for name, options in value.items():
        if not isinstance(name, str):
            problems.at_key(key, f"{key}: the name of a protocol must be a string, not {name!r}")
        elif name == "null":
            continue  # local workers need no port
        elif name not in (MSGPACK, PB):
            problems.at_key(key, f"{key}: unknown protocol {name!r}; workers connect by {MSGPACK!r}", inner=name)
        elif name == PB and MSGPACK in value:
            problems.notice(key, f"{_NOT_SPOKEN}, for which there is a port of its own; this one is not opened", PB)
        elif (port := _worker_port(key, name, options, problems)) is not None:
            ports.append(port)
            if name == PB:
                problems.notice(key, f"{_NOT_SPOKEN}; port {port.port} is served for that instead", PB)
    _check_same_port(key, value, problems)
    return tuple(ports)


def _check_same_port(key: str, value: Mapping[Any, Any], problems: Problems) -> None:
    seen: dict[tuple[int, str], str] = {}
    for name, options in value.items():
        port, interface = _port_and_interface(options.get("port") if isinstance(options, Mapping) else None)
        if port and (first := seen.setdefault((port, interface), name)) != name:
            problems.at_key(key, f"{key}: {first!r} and {name!r} are to have the same port, {port}", inner=str(name))


def _worker_port(key: str, protocol: str, options: Any, problems: Problems) -> WorkerPort | None:
    def problem(message: str, option: str | None = None) -> None:
        problems.at_key(key, f"{key}[{protocol!r}]{message}", inner=option or protocol)

    if not isinstance(options, Mapping):
        problem(f" must be a dictionary with the key 'port', not {options!r}")
        return None
    if unknown := sorted(map(str, set(options) - _KNOWN_OPTIONS)):
        problem(f": unknown keys {', '.join(unknown)}; known are {', '.join(sorted(_KNOWN_OPTIONS))}", unknown[0])
    if "port" not in options:
        problem(": the key 'port' is missing")
        return None
    port, interface = _port_and_interface(options["port"])
    if port is None:
        problem(f"['port'] must be a port from 0 to 65535, not {options['port']!r}", "port")
        return None
    if not isinstance(given := options.get("interface", interface), str):
        problem(f"['interface'] must be an address, not {given!r}", "interface")
        given = ""
    files: dict[str, Path | None] = {}
    for option in ("certificate", "private_key"):
        file = options.get(option)
        if file is not None and not isinstance(file, str | Path):
            problem(f"[{option!r}] must be the name of a file, not {file!r}", option)
            file = None
        files[option] = Path(file) if file is not None else None
    if (files["certificate"] is None) != (files["private_key"] is None):
        problem(": TLS needs both 'certificate' and 'private_key'", "certificate")
    return WorkerPort(port=port, interface=given, certificate=files["certificate"], private_key=files["private_key"])


def _port_and_interface(value: Any) -> tuple[int | None, str]:
    interface = ""
    if isinstance(value, str):
        if matched := _ENDPOINT.fullmatch(value):
            value, interface = matched[1], (matched[2] or "").replace("\\:", ":")
        value = int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        return None, ""
    return value, interface
