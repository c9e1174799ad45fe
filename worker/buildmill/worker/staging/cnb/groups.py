"""Orders and groups: in which combinations buildpacks are tried.

Source: the Buildpack specification, "Order Resolution".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import msgspec

from buildmill.common.errors import InvalidInput

MOST_GROUPS = 10_000
DEEPEST = 32


_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
Id = Annotated[str, msgspec.Meta(pattern=rf"^(?!(?:app|config|generated|sbom)$){_PART}(?:/{_PART})*$")]
"""Of a buildpack; it has directories of this name, beside others that are reserved."""
Version = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]


class Element(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A buildpack as a group names it; it may itself be an order."""

    id: Id
    version: Version
    optional: bool = False

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.id}@{self.version}"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Buildpacks that are tried together."""

    group: list[Element]


Order = list[Group]


def named_order(elements: Sequence[Element]) -> Order:
    """What is asked for when buildpacks were named: one group, everybody is needed."""
    return [Group(group=list(elements))]


def detecting_order(elements: Sequence[Element]) -> Order:
    """What is asked for when none was named: one group for each."""
    return [Group(group=[element]) for element in elements]


def expand(order: Order, order_of: Callable[[Element], Order | None]) -> Iterator[list[Element]]:
    """The groups of buildpacks that are no orders, in the sequence in which they are tried.

    Of one id, only the first in a group counts.

    Args:
        order_of: the order that a composite buildpack stands for; None for any other.

    Raises:
        InvalidInput: an order contains itself, or there are too many groups.
    """
    for count, group in enumerate(_orders(order, [], [], order_of, [])):
        if count >= MOST_GROUPS:
            raise InvalidInput("order", f"stands for more than {MOST_GROUPS} groups")
        yield group


def _orders(
    order: Order,
    done: list[Element],
    rest: list[Element],
    order_of: Callable[[Element], Order | None],
    above: list[Element],
) -> Iterator[list[Element]]:
    for group in order:
        yield from _group([*group.group, *rest], done, order_of, above)


def _group(
    members: list[Element], done: list[Element], order_of: Callable[[Element], Order | None], above: list[Element]
) -> Iterator[list[Element]]:
    for at, member in enumerate(members):
        if any(member.id == earlier.id for earlier in done):
            continue
        if (nested := order_of(member)) is None:
            done = [*done, member]
            continue
        if member in above and len(above) >= DEEPEST:
            raise InvalidInput(member.shown, "its order contains itself")
        rest = members[at + 1 :]
        yield from _orders(nested, done, rest, order_of, [*above, member])
        if member.optional:
            yield from _group(rest, done, order_of, above)
        return
    yield done
