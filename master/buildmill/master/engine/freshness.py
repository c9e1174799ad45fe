"""Whether a build of the same inputs has succeeded already, as a builder's `SameInputs` asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from buildmill.master.domain.resources import SourceStamp
from buildmill.master.domain.retrying import SameInputs
from buildmill.master.engine.plan import describe_recipes

FORCED = "force_build"
_DAY_SECONDS = 86_400


def digest_of(
    policy: SameInputs,
    stamps: Sequence[SourceStamp],
    properties: Mapping[str, tuple[Any, str]],
    recipes: Iterable[Any],
) -> str | None:
    """What a build is made of, as a short text; None when that cannot be said, or when it is to be built anyway."""
    if not stamps or any(stamp.revision is None for stamp in stamps) or properties.get(FORCED, (False, ""))[0] is True:
        return None
    sources = sorted(stamp.ssid for stamp in stamps)  # equal content is one row
    text = repr((sources, policy.relevant(properties), describe_recipes(recipes)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def since(policy: SameInputs, now: int) -> int:
    """The first instant that counts."""
    return 0 if policy.days is None else now - int(policy.days * _DAY_SECONDS)
