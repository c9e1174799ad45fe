"""The system's Chromium, for tests that need a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none, which in CI is a failure.

    One at a time in a process: while it is open, an event loop of asyncio counts as running. So a fixture that opens
    one does not outlive its module or package.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; CHROMIUM names another one")
    with sync_playwright() as playwright:
        # as root Chromium has no sandbox; it only visits our own pages
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield launched
        finally:
            launched.close()
