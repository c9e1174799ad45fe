"""Pages of a long collection."""

from __future__ import annotations

from typing import Any

from buildmill.client import api
from buildmill.client.paging import Paging

ALL = [{"buildid": number} for number in range(1, 8)]


def read(what: Any, rows: list[dict[str, Any]], page_rows: int = 3) -> tuple[list[list[tuple[str, str]]], list[Any]]:
    """The parameters of each page, and the rows, of a collection that answers by id."""
    paging, asked, found = Paging(what, page_rows), [], []
    while not paging.is_done:
        parameters = paging.parameters()
        asked.append(parameters)
        named = dict(parameters)
        begin = int(named.get("buildid__gt", 0))
        page = [row for row in rows if row["buildid"] > begin][int(named.get("offset", 0)) :][: int(named["limit"])]
        paging.took(page)
        found += page
    return asked, found


def test_without_an_order_pages_go_by_id() -> None:
    asked, found = read(api.builds.only("buildid"), ALL)

    assert found == ALL
    assert asked[0] == [("field", "buildid"), ("order", "buildid"), ("limit", "3")]
    assert [dict(page).get("buildid__gt") for page in asked] == [None, "3", "6"]


def test_rows_that_go_meanwhile_hide_no_others() -> None:
    paging = Paging(api.builds.only("buildid"), 3)
    paging.parameters()
    paging.took(ALL[:3])  # and now these are deleted: the fourth is the first

    assert dict(paging.parameters())["buildid__gt"] == "3"


def test_a_limit_holds_for_all_pages_together() -> None:
    asked, found = read(api.builds.limit(4).only("buildid"), ALL)

    assert found == ALL[:4]
    assert [dict(page)["limit"] for page in asked] == ["3", "1"]


def test_another_order_goes_by_distance() -> None:
    asked, found = read(api.builds.order("started_at"), ALL)

    assert found == ALL
    assert [dict(page).get("offset") for page in asked] == [None, "3", "6"]


def test_a_bound_on_the_id_is_not_disturbed() -> None:
    asked, _ = read(api.builds.where(buildid__gt=2), ALL, page_rows=10)

    assert asked == [[("buildid__gt", "2"), ("limit", "10")]]


def test_descending_ids_are_followed_downwards() -> None:
    paging = Paging(api.builds.order("-buildid"), 2)
    paging.parameters()
    paging.took([{"buildid": 9}, {"buildid": 8}])

    assert dict(paging.parameters())["buildid__lt"] == "8"


def test_a_full_last_page_needs_one_more_look() -> None:
    asked, found = read(api.builds.only("buildid"), ALL[:6])

    assert (len(asked), found) == (3, ALL[:6])
