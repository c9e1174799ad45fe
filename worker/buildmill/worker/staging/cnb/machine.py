"""What buildpacks are told of the machine."""

from __future__ import annotations

import shlex
from pathlib import Path

from buildmill.worker.staging.cnb.descriptor import Distribution, Target
from buildmill.worker.staging.docker.image import architecture_of

OS_RELEASE = "/etc/os-release"


def this_machine_blocking(machine: str, os_release: str = OS_RELEASE) -> Target:
    """The target of a build here.

    Args:
        machine: as `uname` calls the hardware.
    """
    arch, variant = architecture_of(machine)
    names = _names_blocking(Path(os_release))
    distro = Distribution(name=names.get("ID", ""), version=names.get("VERSION_ID", ""))
    return Target(os="linux", arch=arch, variant=variant, distros=[distro] if distro.name else [])


def target_variables(target: Target) -> dict[str, str]:
    """As the environment of a buildpack has it."""
    distro = target.distros[0] if target.distros else Distribution()
    found = {
        "CNB_TARGET_OS": target.os,
        "CNB_TARGET_ARCH": target.arch,
        "CNB_TARGET_ARCH_VARIANT": target.variant,
        "CNB_TARGET_DISTRO_NAME": distro.name,
        "CNB_TARGET_DISTRO_VERSION": distro.version,
    }
    return {name: value for name, value in found.items() if value}


def _names_blocking(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            try:
                found[name] = "".join(shlex.split(value))
            except ValueError:  # an open quote
                found[name] = value
    return found
