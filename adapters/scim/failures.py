"""Which class of failure a directory's refusal is. What is common to all systems is read by `judgement`."""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.errors import AdapterError, Refusal, RejectedError
from adapters.scim import wire

DETAIL_MAX: Final = 500
BAD_REQUEST: Final = 400


def classify(answer: Answer, text: str) -> AdapterError | None:
    """Read a 400 that is the protocol's own (RFC 7644, section 3.12); None leaves it to the common reading."""
    if answer.status != BAD_REQUEST:
        return None
    said = _said(answer)
    why = answer.clean(said.detail or said.scim_type or "no reason was given")[:DETAIL_MAX]
    refusal = Refusal(
        "PAYLOAD_INVALID", f"{answer.method} {answer.path} was refused: {why}", status=BAD_REQUEST
    )
    return RejectedError(answer.system, refusal, answer=text)


def _said(answer: Answer) -> wire.Error:
    """Return what a refusal says; nothing where it is none of this protocol."""
    try:
        return msgspec.json.decode(answer.content, type=wire.Error)
    except UNREADABLE:
        return wire.Error()
