"""What a directory is asked. Pure. Nothing of ours is ever written to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def changed_since(moment: datetime, overlap: timedelta) -> str:
    """Return the filter for what changed since then, in whole seconds, which every server reads.

    >>> changed_since(datetime(2026, 1, 5, 9, 0, 7, 250000, tzinfo=UTC), timedelta(minutes=5))
    'meta.lastModified gt "2026-01-05T08:55:07Z"'
    """
    start = (moment - overlap).astimezone(UTC)
    return f'meta.lastModified gt "{start.strftime("%Y-%m-%dT%H:%M:%SZ")}"'


def page(start: int, count: int, filter_: str | None) -> dict[str, str | int]:
    """Return the arguments for the rows from `start` on, the first of which is 1."""
    asked: dict[str, str | int] = {"startIndex": start, "count": count}
    return asked if filter_ is None else asked | {"filter": filter_}
