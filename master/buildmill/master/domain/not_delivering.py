"""`NotDelivering`: marks classes that load, check their arguments, and do not do their work yet.

A configuration may use them, so that a file that names them is read to its end; each object that is used gives a
notice with its place, in ``checkconfig`` and in the log at start. A class that also works is not marked; one that
cannot even check its arguments is no class at all but a name of `not_there_yet`.
"""

from __future__ import annotations


class NotDelivering:
    """A mixin: objects of the class are accepted and do nothing yet.

    A class that derives from a marked one and does the work by itself says so with an empty `not_delivering`.

    Attributes:
        not_delivering: what does not happen, to be read behind the object's name: ``sends nothing to Zulip yet``.
        way_out: what its user can do meanwhile: ``use HttpStatusPush``; empty if there is nothing.
    """

    not_delivering: str = "does nothing yet"
    way_out: str = ""


def is_not_delivering(cls: object) -> bool:
    """Whether something is a class whose objects do not do their work."""
    return isinstance(cls, type) and issubclass(cls, NotDelivering) and bool(cls.not_delivering)


def what_is_not_delivered(thing: object) -> str | None:
    """What to tell the user of an object: what it does not do, and the way out. None if it does its work."""
    if not isinstance(thing, NotDelivering) or not thing.not_delivering:
        return None
    name = getattr(thing, "name", None)
    is_own = isinstance(name, str) and name and name != getattr(type(thing), "name", None)
    called = f"{type(thing).__name__} {name!r}" if is_own else type(thing).__name__
    way_out = f"; {thing.way_out}" if thing.way_out else ""
    return f"{called} is accepted, but {thing.not_delivering}{way_out}"
