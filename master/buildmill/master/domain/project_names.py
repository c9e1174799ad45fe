"""Names of projects and codebases, and the slugs that are made of them."""

from __future__ import annotations

import re

NAME_LENGTH = 70


def slug_of(name: str) -> str:
    """A name as an identifier: what may not stand in one becomes ``_``."""
    slug = re.sub(r"[^\w-]", "_", name)[:NAME_LENGTH]
    return slug if slug and not slug[0].isdigit() else "_" + slug
