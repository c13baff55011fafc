"""What a system said, whole, and which request it said it to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from adapters.errors import OutcomeUnknownError, ProtocolError
from adapters.redaction import redact

if TYPE_CHECKING:
    import httpx  # five megabytes that the workbench needs for nothing

T = TypeVar("T")

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading a document from outside may raise: not JSON, not UTF-8, another shape, nested without end."""

EXCERPT_LENGTH: Final = 2000
"""So many characters of an answer's beginning are kept with an error."""
_BYTE = re.compile(r"\(byte (\d+)\)")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `method`, `path` and `is_write` are those of the request; the path never holds a query."""

    status: int
    headers: httpx.Headers
    content: bytes
    system: str = ""
    method: str = "GET"
    path: str = ""
    is_write: bool = False
    is_private: bool = False
    """It may hold account numbers: nothing of it goes into an error or an exception."""
    clean: Callable[[str], str] = redact
    """Takes credentials out of a text."""

    def excerpt(self) -> str:
        """Return how the body begins, without credentials; nothing of what is private."""
        if self.is_private:
            return ""
        # Cleaned before it is cut: half a secret is a secret, too.
        return self.clean(self.content[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]

    def decode(self, shape: type[T]) -> T:
        """Read the JSON body as `shape`; a body that is something else is an error that says where."""
        bad = first_bad_byte(self.content)
        if bad is not None:  # the decoder skips fields that nobody asked for, with whatever is in them
            raise self.unreadable(f"it is not UTF-8 at byte {bad}")
        try:
            return msgspec.json.decode(self.content, type=shape)
        except UNREADABLE as error:
            raise self.unreadable(where(error, self.content)) from None

    def unreadable(self, reason: str) -> ProtocolError | OutcomeUnknownError:
        """Return the error for a body that cannot be read: after a write nobody knows what was done."""
        text = f"the answer to {self.method} {self.path} could not be read: {reason}"
        if self.is_write:
            return OutcomeUnknownError(
                self.system,
                f"{text}. The write may have been done: it is looked up first",
                status=self.status,
                answer=self.excerpt(),
            )
        return ProtocolError(
            self.system,
            f"{text}. Nothing of this answer was taken over. Check that base_url leads to the API itself; "
            "if it does, show this to the system's support",
            status=self.status,
            answer=self.excerpt(),
        )


def where(error: Exception, content: bytes) -> str:
    """Say in words where a document broke, without repeating any of it.

    >>> try:
    ...     msgspec.json.decode(b'{"a": 1, oops}')
    ... except msgspec.DecodeError as error:
    ...     where(error, b'{"a": 1, oops}')
    'it is not JSON at byte 9 (object keys must be strings)'
    """
    if isinstance(error, RecursionError):
        return "it is nested more deeply than any document of ours"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 at byte {first_bad_byte(content)}"
    text = str(error)
    byte = _BYTE.search(text)
    if byte:
        reason = text.partition(": ")[2].partition(" (byte")[0]
        return f"it is not JSON at byte {byte[1]} ({reason})"
    if isinstance(error, msgspec.ValidationError):
        return f"it has another shape than described ({text})"
    if "truncated" in text:
        return f"it ends in the middle of a JSON document, at byte {len(content)}"
    return text


def first_bad_byte(content: bytes) -> int | None:
    """Return where the first byte stands that is not UTF-8; None: all are."""
    if content.isascii():
        return None
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None
