"""`buildpack.toml`: what a buildpack says of itself."""

from __future__ import annotations

from pathlib import Path

import msgspec

from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.documents import read_toml_blocking
from buildmill.worker.staging.cnb.groups import Element, Id, Order, Version

FILE = "buildpack.toml"
APIS = ("0.7", "0.8", "0.9", "0.10", "0.11", "0.12")
"""Versions of the Buildpack API that are spoken; older ones differ in what their files look like."""


class Identity(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """Who it is."""

    id: Id
    version: Version
    name: str = ""
    homepage: str = ""
    clear_env: bool = False


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of an operating system."""

    name: str = ""
    version: str = ""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A machine, or what a buildpack can do with: what is empty fits everything."""

    os: str = ""
    arch: str = ""
    variant: str = ""
    distros: list[Distribution] = []

    def fits(self, machine: Target) -> bool:
        """Whether a buildpack for this works on that machine."""
        return (
            self.os in ("", "*", machine.os)
            and self.arch in ("", "*", machine.arch)
            and self.variant in ("", machine.variant)
            and (not self.distros or not machine.distros or any(one in machine.distros for one in self.distros))
        )


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """A stack by its id; ``*`` for all."""

    id: str


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """The file; other members are not looked at.

    Attributes:
        order: of a composite buildpack; empty otherwise.
    """

    api: str
    buildpack: Identity
    targets: list[Target] = []
    stacks: list[Stack] = []
    order: Order = []

    @property
    def element(self) -> Element:
        """How a group names it."""
        return Element(id=self.buildpack.id, version=self.buildpack.version)

    def is_at_least(self, api: str) -> bool:
        """Whether it was written for this version of the API, or a later one."""
        return APIS.index(self.api) >= APIS.index(api)

    def why_not(self, machine: Target, stack: str) -> str:
        """Why it can't be used here; empty if it can."""
        if self.order:
            return ""
        if self.targets:
            if any(target.fits(machine) for target in self.targets):
                return ""
            return f"it is not for {machine.os} on {machine.arch}"
        if self.stacks and all(one.id not in ("*", stack) for one in self.stacks):
            return f"it is not for the stack {stack}"
        return ""


def read_descriptor_blocking(directory: Path) -> Descriptor:
    """The descriptor of the buildpack in a directory.

    Raises:
        InvalidInput: there is none, it is malformed, or it is for an API that is not spoken here.
    """
    descriptor = read_toml_blocking(directory / FILE, Descriptor)
    if descriptor is None:
        raise InvalidInput(FILE, "is missing")
    shown = descriptor.element.shown
    if descriptor.api not in APIS:
        spoken = f"{APIS[0]} to {APIS[-1]}"
        raise InvalidInput(f"api of {shown}", f"{descriptor.api!r}: versions of the Buildpack API are {spoken}")
    if not descriptor.order:
        for script in ("bin/detect", "bin/build"):
            if not (directory / script).is_file():
                raise InvalidInput(shown, f"{script} is missing")
    return descriptor
