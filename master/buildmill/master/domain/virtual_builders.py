"""Virtual builders: builds that are shown under the name that a property gives, whichever builder runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

NAME: Final = "virtual_builder_name"
_DESCRIPTION: Final = "virtual_builder_description"
_TAGS: Final = "virtual_builder_tags"
PROPERTIES: Final = (NAME, _DESCRIPTION, _TAGS)
"""All properties that say something of a virtual builder."""


@dataclass(frozen=True, kw_only=True)
class VirtualBuilder:
    """Under what a build is shown.

    Attributes:
        description, tags: None if no property gives them; what is known of the builder stays then.
    """

    name: str
    description: str | None = None
    tags: tuple[str, ...] | None = None


def virtual_builder(of_buildset: Mapping[str, tuple[Any, str]], of_builder: Mapping[str, Any]) -> VirtualBuilder | None:
    """What the properties that are known before a build begins say; None if it is shown under its own builder.

    Args:
        of_buildset: ``{name: (value, source)}``.
        of_builder: properties of the builder's configuration, which go over them; rendered.
    """
    values = {name: value for name, (value, _) in of_buildset.items() if name in PROPERTIES}
    values |= {name: of_builder[name] for name in PROPERTIES if name in of_builder}
    name, description, tags = values.get(NAME), values.get(_DESCRIPTION), values.get(_TAGS)
    if not isinstance(name, str) or not name:
        return None
    are_tags = isinstance(tags, list | tuple) and all(isinstance(tag, str) for tag in tags)
    return VirtualBuilder(
        name=name,
        description=description if isinstance(description, str) else None,
        tags=tuple(tags) if are_tags and tags is not None else None,
    )
