"""Takes the pictures of the manual: ``python -m tests.browser.shots FOLDER`` in a checkout with built pages."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.conftest import visit
from tests.browser.site import Site
from tests.chromium import chromium

PICTURES = {
    "front": ("/", "light", 1000, 420),
    "build": ("/builders/app/builds/2", "light", 1000, 640),
    "log": ("/builders/app/builds/2/steps/compile/logs/stdio#L423-L425", "dark", 1000, 420),
    "narrow": ("/builders", "dark", 360, 640),
}
"""By file name: the page, the colours, the size."""


def take(site: Site, folder: Path) -> None:
    """Write a PNG of each."""
    with chromium() as browser:
        for name, (path, scheme, width, height) in PICTURES.items():
            context = browser.new_context(
                base_url=site.url,
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            visit(page, path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")
            context.close()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        site = Site(Path(scratch))
        try:
            site.start()
            site.fill()
            take(site, folder)
        finally:
            site.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
