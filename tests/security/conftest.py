"""A history to protect, and places where it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.scene import Scene
from tests.security.place import Place
from tests.unit.master.web.conftest import scene

__all__ = ["scene"]

Open = Callable[..., Place]


@pytest.fixture
def open_place(scene: Scene) -> Iterator[Open]:  # the fixture of that name
    """Opens places; they are closed behind the test."""
    places: list[Place] = []

    def opening(**access: Any) -> Place:
        places.append(Place(scene, **access))
        return places[-1]

    yield opening
    for place in places:
        place.close()
