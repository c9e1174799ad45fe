"""What the tests of the staging program share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.staging_zygote import Zygote, running_zygote


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """Runs phases without a new interpreter for each."""
    with running_zygote() as running:
        yield running
