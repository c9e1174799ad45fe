"""How Sphinx builds the manual. `make docs` treats every warning as an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Buildmill"
author = "the Buildmill authors"
release = version = installed_version("buildmill")
extensions = ["myst_parser", "sphinx.ext.autodoc", "generated_reference"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "newsfragments", "reference/generated", "adr/template.md"]
# Links to code and to pages are checked; references to Python names in docstrings are plain text here.
nitpicky = False
html_theme = "furo"
html_title = f"Buildmill {release}"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
