"""Pages of lists, and the links that lead from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from buildmill.master.web.cloudfoundry.queries import ListQuery

Document = dict[str, Any]


def envelope(url: str, query: ListQuery, total: int, resources: Sequence[Document]) -> Document:
    """A page as it is answered.

    Args:
        url: of the list, without parameters.
        total: how many there are on all pages.
    """
    page, per_page = query.listing.page, query.listing.per_page
    pages = max(1, -(-total // per_page))

    def link(number: int) -> Document:
        given = sorted([*query.given, ("page", str(number)), ("per_page", str(per_page))])
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in given)
        return {"href": f"{url}?{text}"}

    return {
        "pagination": {
            "total_results": total,
            "total_pages": pages,
            "first": link(1),
            "last": link(pages),
            "next": link(page + 1) if page < pages else None,
            "previous": link(min(page - 1, pages)) if page > 1 else None,
        },
        "resources": list(resources),
    }
