"""Takes the pictures of the manual: ``python -m tests.browser.shots FOLDER`` in a checkout with built pages."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.browser.conftest import visit
from tests.browser.graph_site import GraphSite
from tests.browser.site import Site
from tests.chromium import chromium

PICTURES = {
    "front": ("/", "light", 1000, 420),
    "build": ("/builders/app/builds/2", "light", 1000, 640),
    "log": ("/builders/app/builds/2/steps/compile/logs/stdio#L423-L425", "dark", 1000, 420),
    "narrow": ("/builders", "dark", 360, 640),
}
PICTURES_OF_GRAPHS = {
    "run": ("/graph/runs/{failed}", "light", 1100, 760),
    "tests": ("/builders/unit/tests", "light", 1000, 420),
}
"""By file name: the page, the colours, the size."""
Pictures = Mapping[str, tuple[str, str, int, int]]


def take(url: str, pictures: Pictures, folder: Path) -> None:
    """Write a PNG of each."""
    with chromium() as browser:
        for name, (path, scheme, width, height) in pictures.items():
            context = browser.new_context(
                base_url=url,
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
        for site in (Site(Path(scratch) / "site"), GraphSite(Path(scratch) / "graphs")):
            try:
                site.start()
                site.fill()
                take(site.url, pictures_of(site), folder)
            finally:
                site.stop()


def pictures_of(site: Site | GraphSite) -> Pictures:
    """What there is to see of a site."""
    if isinstance(site, Site):
        return PICTURES
    return {
        name: (path.format(failed=site.failed), scheme, width, height)
        for name, (path, scheme, width, height) in PICTURES_OF_GRAPHS.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
