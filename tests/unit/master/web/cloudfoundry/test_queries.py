"""What is asked of lists, and the pages that are answered."""

from __future__ import annotations

import pytest

from buildmill.master.domain.staging.requests import LabelRule, LabelTest, Listing, OrderField, Times
from buildmill.master.web.cloudfoundry import queries
from buildmill.master.web.cloudfoundry.errors import ApiError
from buildmill.master.web.cloudfoundry.paging import envelope
from buildmill.master.web.cloudfoundry.queries import ListQuery
from buildmill.master.web.targets import parameters_of

FILTERS = ("states", "app_guids", "package_guids")
FORMAT = "has an invalid timestamp format. Timestamps should be formatted as 'YYYY-MM-DDThh:mm:ssZ'"


def read(text: str) -> ListQuery:
    return queries.read(parameters_of(text.encode()), FILTERS)


def problem(text: str) -> str:
    with pytest.raises(ApiError) as error:
        read(text)
    assert (error.value.status, error.value.code, error.value.title) == (400, 10005, "CF-BadQueryParameter")
    return error.value.detail.removeprefix("The query parameter is invalid: ")


def test_nothing_is_the_first_page_of_everything() -> None:
    query = read("")

    assert query.listing == Listing()
    assert (query.listing.page, query.listing.per_page, query.listing.order) == (1, 50, None)
    assert query.values("states") is None


def test_filters() -> None:
    query = read("states=STAGED,FAILED&guids=a,b&app_guids=x%252Cy,z")

    assert query.values("states") == ("STAGED", "FAILED")
    assert query.values("app_guids") == ("x,y", "z")
    assert query.listing.guids == ("a", "b")


@pytest.mark.parametrize(
    ("text", "order", "is_descending"),
    [
        ("order_by=created_at", OrderField.CREATED_AT, False),
        ("order_by=%2Bupdated_at", OrderField.UPDATED_AT, False),
        ("order_by=+updated_at", OrderField.UPDATED_AT, False),
        ("order_by=-created_at", OrderField.CREATED_AT, True),
    ],
)
def test_orders(text: str, order: OrderField, is_descending: bool) -> None:
    listing = read(text).listing

    assert (listing.order, listing.is_descending) == (order, is_descending)


def test_times() -> None:
    listing = read(
        "created_ats=2026-01-01T00:00:00Z,2026-01-01T00:00:01Z"
        "&updated_ats[lt]=1970-01-01T00:01:00Z&updated_ats[gte]=1970-01-01T00:00:10Z"
    ).listing

    assert listing.created == Times(any_of=(1767225600, 1767225601))
    assert listing.updated == Times(before=60, not_before=10)
    assert read("created_ats[lte]=1970-01-01T00:00:01Z").listing.created == Times(not_after=1)
    assert read("created_ats%5Bgt%5D=1970-01-01T00:00:01Z").listing.created == Times(after=1)


def test_labels() -> None:
    assert read("label_selector=a%3Db,!c").listing.labels == (
        LabelRule("a", LabelTest.IN, ("b",)),
        LabelRule("c", LabelTest.ABSENT),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("page=0", "Page must be a positive integer"),
        ("page=x", "Page must be a positive integer"),
        ("page=-1", "Page must be a positive integer"),
        ("per_page=0", "Per page must be a positive integer"),
        ("per_page=x", "Per page must be a positive integer"),
        ("per_page=5001", "Per page must be between 1 and 5000"),
        ("order_by=name", "Order by can only be: 'created_at', 'updated_at'"),
        ("label_selector=", "Missing label_selector value"),
        ("label_selector=a%3D%3D%3Db", "Invalid label_selector value"),
        ("created_ats=yesterday", f"Created ats {FORMAT}"),
        ("created_ats=2026-13-01T00:00:00Z", f"Created ats {FORMAT}"),
        ("updated_ats[lt]=2026-01-01", f"Updated ats {FORMAT}"),
        (
            "updated_ats[gt]=2026-01-01T00:00:00Z,2026-01-01T00:00:01Z",
            "Updated ats only accepts one value when using a relational operator",
        ),
    ],
)
def test_what_a_list_cannot_be_asked(text: str, expected: str) -> None:
    assert problem(text) == expected


def test_an_unknown_operator() -> None:
    assert problem("created_ats[ne]=2026-01-01T00:00:00Z").endswith("Invalid relational operator: 'ne'")


def test_an_unknown_parameter_is_told_with_those_that_are_known() -> None:
    text = problem("x=1&colour=red")

    assert text.startswith("Unknown query parameter(s): 'x', 'colour'. Valid parameters are: 'page', 'per_page', ")
    assert text.endswith("'states', 'app_guids', 'package_guids'")


def test_everything_that_is_wrong_is_told() -> None:
    assert problem("page=0&per_page=0") == "Page must be a positive integer, Per page must be a positive integer"


def links(query: str, total: int) -> dict[str, str | None]:
    found = envelope("http://here/v3/builds", read(query), total, [])["pagination"]
    assert found["total_results"] == total
    return {name: found[name] and found[name]["href"] for name in ("first", "last", "next", "previous")}


def test_links_of_pages_repeat_what_was_asked_for_in_alphabetical_order() -> None:
    query = "states=STAGED,FAILED&page=2&per_page=10&order_by=created_at&created_ats[lt]=2026-01-01T00:00:00Z"
    rest = "&per_page=10&states=STAGED%2CFAILED"
    begin = "http://here/v3/builds?created_ats%5Blt%5D=2026-01-01T00%3A00%3A00Z&order_by=%2Bcreated_at&page="

    assert links(query, 35) == {
        "first": f"{begin}1{rest}",
        "last": f"{begin}4{rest}",
        "next": f"{begin}3{rest}",
        "previous": f"{begin}1{rest}",
    }


@pytest.mark.parametrize(
    ("query", "total", "expected"),
    [
        ("", 0, ("1", "1", None, None)),
        ("", 50, ("1", "1", None, None)),
        ("", 51, ("1", "2", "2", None)),
        ("page=2", 51, ("1", "2", None, "1")),
        ("page=9", 51, ("1", "2", None, "2")),
    ],
)
def test_the_first_and_the_last_page(query: str, total: int, expected: tuple[str | None, ...]) -> None:
    begin = "http://here/v3/builds?page="

    assert tuple(links(query, total).values()) == tuple(
        None if page is None else f"{begin}{page}&per_page=50" for page in expected
    )


def test_links_lead_to_what_they_were_made_of() -> None:
    query = "app_guids=a%252Cb,c&order_by=-updated_at&label_selector=a+in+(b,c)"
    following = links(query, 200)["next"]
    assert following is not None

    again = read(following.partition("?")[2])

    assert again.filters == read(query).filters
    assert again.listing.labels == read(query).listing.labels
    assert (again.listing.order, again.listing.is_descending, again.listing.page) == (OrderField.UPDATED_AT, True, 2)
