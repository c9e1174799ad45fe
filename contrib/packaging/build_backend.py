"""The build backend: setuptools, and the web pages inside the wheel (PEP 517).

Node.js is asked for only when the pages have to be built: not where they are there already, as in a source
distribution, and not with BUILDMILL_SKIP_UI=1, which makes a wheel without pages. Editable installs never build them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

sys.path.insert(0, str(Path(__file__).parent))
import ui

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]


def _must_build() -> bool:
    return os.environ.get("BUILDMILL_SKIP_UI") != "1" and not ui.is_current()


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_wheel(config_settings), *([ui.NODE] if _must_build() else [])]


def get_requires_for_build_sdist(config_settings: Any = None) -> list[str]:
    return [*build_meta.get_requires_for_build_sdist(config_settings), *([ui.NODE] if _must_build() else [])]


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    _prepare()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    _prepare()
    return build_meta.build_sdist(sdist_directory, config_settings)


def _prepare() -> None:
    if _must_build():
        ui.build()
    shutil.rmtree(ui.ROOT / "build", ignore_errors=True)  # setuptools would pack the assets of the build before, too
