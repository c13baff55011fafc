"""What a write request holds, and how a refusal of our own is made."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from adapters.base import WriteRequest
from adapters.errors import Refusal, RejectedError

D = TypeVar("D", bound=BaseModel)


def document(system: str, request: WriteRequest, name: str, shape: type[D]) -> D:
    """Return the document in the request's body; one that does not fit its contract is refused."""
    try:
        return shape.model_validate(request.body.get(name))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise refused(
            system, "PAYLOAD_INVALID", f"the {name} does not fit at {place}: {first['msg']}"
        ) from None


def text_of(request: WriteRequest, name: str) -> str:
    value = request.body.get(name)
    return value if isinstance(value, str) else ""


def refused(system: str, case_class: str, message: str) -> RejectedError:
    """Return a refusal that we make ourselves, before or after asking Oracle."""
    return RejectedError(system, Refusal(case_class, message))
