"""`load`: from a configuration file to a checked `MasterConfig`, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.config.cross_checks import check_together
from buildmill.master.config.execution import exception_problem, fresh_helpers, run_file
from buildmill.master.config.keys import CHECKERS, REMOVED
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.problems import Problems, nearest
from buildmill.master.config.staging_builders import with_staging_builders
from buildmill.master.config.web_keys import UNSET
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.not_there_yet import NotThereYet

VARIABLE = "BuildmasterConfig"


def load(basedir: str | Path, filename: str | Path = "master.cfg") -> MasterConfig:
    """Read and check a configuration. Blocking: it runs the user's Python.

    Args:
        basedir: the master's directory; the working directory while the file runs.
        filename: the file, absolute or below `basedir`.

    Raises:
        ConfigError: all that is wrong, each with file and line where these are known, in the order of the file.
    """
    basedir = Path(basedir).absolute()
    file = basedir / filename
    with collected_errors() as found, fresh_helpers():
        try:
            names = run_file(file, basedir)
        except ConfigError as error:
            raise _sorted_error([*found, *error.problems]) from error
        problems = Problems(file, found)
        values = names.get(VARIABLE)
        if not isinstance(values, dict):
            what = "defines no" if values is None else "must define the"
            found.append(ConfigProblem(f"the configuration {what} dictionary {VARIABLE}", str(file)))
            raise _sorted_error(found)
        config = from_dictionary(values, basedir, file, problems)
        if found:
            raise _sorted_error(found)
        return config


def from_dictionary(values: dict[str, Any], basedir: Path, file: Path, problems: Problems) -> MasterConfig:
    """The configuration that a dictionary describes; what is wrong with it is added to `problems`."""
    _run_configurators(values, file, problems)
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if key not in CHECKERS:
            hint = REMOVED[key] if key in REMOVED else nearest(str(key), CHECKERS)
            problems.at_key(str(key), f"unknown key in {VARIABLE}: {key!r}", hint=hint)
            continue
        field, check = CHECKERS[key]
        checked = check(key, value, problems)
        if field and checked is not UNSET and not (key == "db_url" and "db" in values):
            fields[field] = checked
    if "caches" in values and (old := {"buildCacheSize", "changeCacheSize"} & set(values)):
        problems.at_key("caches", f"caches cannot be given together with {', '.join(sorted(old))}")
    before = len(problems.found)
    config = with_staging_builders(MasterConfig(basedir=basedir, file=file, **fields))
    # what could not be taken would only lead to misleading complaints about what is missing
    if before == 0 or all(_is_whole_list(values.get(key, [])) for key in ("workers", "builders", "schedulers")):
        check_together(config, problems)
    return replace(config, notices=tuple(sorted(problems.notices, key=lambda notice: notice.line or 0)))


def _is_whole_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and not any(isinstance(item, NotThereYet) for item in value)


def _run_configurators(values: dict[str, Any], file: Path, problems: Problems) -> None:
    configurators = values.get("configurators", [])
    if not isinstance(configurators, list | tuple):
        problems.at_key("configurators", f"configurators must be a list, not {configurators!r}")
        return
    for configurator in configurators:
        if problems.is_not_there_yet("configurators", configurator):
            continue
        configure = getattr(configurator, "configure", None)
        if not callable(configure):
            problems.at_key("configurators", f"configurators must have a method configure, not {configurator!r}")
            continue
        problems.note_not_delivering("configurators", configurator)
        try:
            configure(values)
        except ConfigError as error:
            problems.found.extend(error.problems)
        except BaseException as error:  # whatever the user's code raises is a problem of the configuration
            problems.found.append(exception_problem(error, str(file)))


def _sorted_error(found: list[ConfigProblem]) -> ConfigError:
    unique: Mapping[tuple[str, str | None, int | None], ConfigProblem] = {(p.message, p.file, p.line): p for p in found}
    return ConfigError(sorted(unique.values(), key=lambda p: (p.file or "", p.line or 0)))
