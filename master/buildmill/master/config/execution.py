"""Running a configuration file, and telling where it went wrong."""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.config import original_imports

_OWN_CODE = str(Path(__file__).resolve().parents[2])
MODULE_NAME = "buildmill_master_cfg"
"""What the configuration calls itself while it is a module."""

# The modules that configurations brought along; they are imported anew with each reading. A variable of the
# module, as `sys.modules` is one of the process.
_helpers: dict[str, types.ModuleType] = {}


def run_file(file: Path, basedir: Path) -> dict[str, Any]:
    """Execute a configuration and return its global names.

    While it runs, `basedir` is the working directory and on ``sys.path``. From then on imports of ``buildbot`` give
    our names. Call it within `fresh_helpers`.

    Raises:
        ConfigError: the file is missing, has a syntax error, or raised an exception; with the place.
    """
    try:
        text = file.read_bytes()
    except OSError as problem:
        raise ConfigError([ConfigProblem(f"cannot be read: {problem.strerror}", str(file))]) from problem
    try:
        code = compile(text, str(file), "exec", dont_inherit=True)
    except SyntaxError as problem:
        raise ConfigError([_syntax_problem(problem, str(file))]) from problem
    except ValueError as problem:
        raise ConfigError([ConfigProblem(str(problem), str(file))]) from problem

    original_imports.install()
    module = types.ModuleType(MODULE_NAME)
    names = module.__dict__
    names.update(basedir=str(basedir), __file__=str(file))
    with _surroundings(basedir):
        sys.modules[MODULE_NAME] = module
        try:
            exec(code, names)  # noqa: S102  # that is what a configuration is for
        except ConfigError:
            raise
        except BaseException as problem:  # also sys.exit, and what passes by as an interrupt or a cancellation
            raise ConfigError([exception_problem(problem, str(file))]) from problem
    return names


@contextmanager
def _surroundings(basedir: Path) -> Iterator[None]:
    path, folder, writes_bytecode = list(sys.path), Path.cwd(), sys.dont_write_bytecode
    sys.path.insert(0, str(basedir))
    # a helper that is edited twice within a second would be taken from its first byte code
    sys.dont_write_bytecode = True
    os.chdir(basedir)
    try:
        yield
    finally:
        os.chdir(folder)
        sys.dont_write_bytecode = writes_bytecode
        sys.path[:] = path


@contextmanager
def fresh_helpers() -> Iterator[None]:
    """Within the block, modules that an earlier configuration brought along are imported anew.

    If the block raises, ``sys.modules`` is as it was before: the configuration in force keeps its modules.
    """
    before = dict(sys.modules)
    old = {name: module for name, module in _helpers.items() if sys.modules.get(name) is module}
    for name in old:
        del sys.modules[name]
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        for name in _helpers_since(before):
            del sys.modules[name]
        sys.modules.update(old)
        raise
    _helpers.clear()
    _helpers.update(_helpers_since(before))


def present_helpers() -> dict[str, types.ModuleType]:
    """The modules that the configuration read last has brought along, by name; for `put_back_helpers`."""
    return dict(_helpers)


def put_back_helpers(earlier: dict[str, types.ModuleType]) -> None:
    """The configuration read last was not taken: the modules of an earlier one are those to import from again."""
    for name, module in _helpers.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
    sys.modules.update(earlier)
    _helpers.clear()
    _helpers.update(earlier)


def _helpers_since(before: dict[str, types.ModuleType]) -> dict[str, types.ModuleType]:
    new = {name: module for name, module in list(sys.modules.items()) if before.get(name) is not module}
    return {name: module for name, module in new.items() if name == MODULE_NAME or _is_helper(module)}


def _is_helper(module: types.ModuleType) -> bool:
    # not by getattr: some packages import more when they are asked for an attribute
    file = getattr(module, "__dict__", {}).get("__file__")
    return isinstance(file, str) and is_users_file(file)


def is_users_file(file: str) -> bool:
    """Whether a source file belongs to the configuration: not to us, not to Python, not to an installed package."""
    return not file.startswith((_OWN_CODE, "<")) and "/lib/python" not in file and "site-packages" not in file


def _syntax_problem(problem: SyntaxError, file: str) -> ConfigProblem:
    return ConfigProblem(f"{type(problem).__name__}: {problem.msg}", problem.filename or file, problem.lineno)


def exception_problem(problem: BaseException, file: str) -> ConfigProblem:
    """What an exception says, with the innermost line of the user's own files."""
    if isinstance(problem, SyntaxError) and problem.filename and is_users_file(problem.filename):
        return _syntax_problem(problem, file)
    where: tuple[str, int | None] = (file, None)
    traceback = problem.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if is_users_file(name):
            where = (name, traceback.tb_lineno)
        traceback = traceback.tb_next
    text = str(problem)
    return ConfigProblem(f"{type(problem).__name__}: {text}" if text else type(problem).__name__, *where)
