"""Lists in the protocol's pages."""

from __future__ import annotations

from typing import Any

from ..problems import bad_request

LARGEST_PAGE = 1000


def page(objects: list[dict[str, Any]], limit: int, after: str | None = None) -> dict[str, Any]:
    """At most `limit` objects behind the one whose identifier is `after`."""
    if not limit >= 1:
        raise bad_request("invalid_value", "'limit' has to be at least 1.", "limit")
    start = 0
    if after is not None:
        start = next((i + 1 for i, found in enumerate(objects) if found["id"] == after), len(objects))
    data = objects[start : start + min(limit, LARGEST_PAGE)]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": start + len(data) < len(objects),
    }
