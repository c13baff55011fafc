"""Where the next page of an old list begins: only the offset is taken from its link, which names another host."""

from __future__ import annotations

import httpx

from adapters.answer import Answer
from adapters.concur import wire
from adapters.errors import ProtocolError


class _Page(wire.Pascal):
    next_page: str | None = None


def next_offset(answer: Answer) -> str | None:
    """Return the offset of the next page; None: this was the last."""
    named = answer.decode(_Page).next_page
    if not named:
        return None
    try:
        offset = httpx.URL(named).params.get("offset", "")
    except httpx.InvalidURL:
        offset = ""
    if not offset or len(offset) > 4000:
        raise ProtocolError(
            answer.system,
            f"{answer.path} names a next page without an offset. What was read before is kept",
            status=answer.status,
        )
    return str(offset)
