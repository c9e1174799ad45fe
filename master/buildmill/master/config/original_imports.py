"""Answering ``import buildbot…``: configurations and their helper modules import our names by Buildbot's paths.

`install` puts a finder before all others. It stays, since the code of steps imports late.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from buildmill.master.domain.not_there_yet import NotThereYet
from buildmill.plugins.original.names import modules, names_in, star_names

ROOT: Final = "buildbot"
PAGE: Final = "the manual's page reference/coming-from-buildbot lists what there is"


class OriginalModule(ModuleType):
    """One of Buildbot's modules: its names are looked up when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        found = names_in(self.__name__).get(name)
        if found is not None:
            missing = found.home is None
            value = NotThereYet(found.known_as, refusal=found.refusal) if missing else found.load()
            vars(self)[name] = value
            return value
        if f"{self.__name__}.{name}" in modules():
            return import_module(f"{self.__name__}.{name}")
        raise AttributeError(_unknown(self.__name__, name))

    def __setattr__(self, name: str, value: Any) -> None:
        # Python puts a module into its package when it is imported; the name of a function stays the function's
        if not isinstance(value, OriginalModule) or name not in names_in(self.__name__):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *star_names(self.__name__)})


class OriginalImports(MetaPathFinder, Loader):
    """Finds and makes the modules. All of them are packages without files, so unknown names come here, too."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Called by Python for each import.

        Raises:
            ImportError: for what is below ``buildbot`` and not there.
        """
        if fullname != ROOT and not fullname.startswith(f"{ROOT}."):
            return None
        if fullname not in modules():
            # without the attribute `name` Python takes it for what it is also in "from module import name"
            raise ModuleNotFoundError(_unknown(*fullname.rpartition(".")[::2]))
        return ModuleSpec(fullname, self, origin="Buildmill", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Called by Python for a module that is imported for the first time."""
        return OriginalModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Called by Python after it."""
        vars(module)["__all__"] = star_names(module.__name__)


_finder = OriginalImports()


def install() -> None:
    """Answer all imports of ``buildbot`` from now on. Repeats are harmless.

    Modules of a real installation that were imported before give way.
    """
    for name, module in list(sys.modules.items()):
        if (name == ROOT or name.startswith(f"{ROOT}.")) and not isinstance(module, OriginalModule):
            del sys.modules[name]
    if sys.meta_path[:1] != [_finder]:
        uninstall()
        sys.meta_path.insert(0, _finder)


def uninstall() -> None:
    """No longer answer them; what was imported stays with those who have it."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def _unknown(module: str, name: str) -> str:
    if module in modules() and module != ROOT:
        return f"Buildmill has no {name!r} in the module {module!r}; {PAGE}"
    return f"Buildmill has no module {module}.{name}; {PAGE}"
