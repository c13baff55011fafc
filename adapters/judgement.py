"""Which class of failure an answer is, as far as that is common to all systems."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from adapters.answer import EXCERPT_LENGTH, Answer
from adapters.errors import (
    AdapterError,
    CredentialsError,
    MaintenanceError,
    OutcomeUnknownError,
    ProtocolError,
    Refusal,
    RejectedError,
    TransientError,
    VersionConflictError,
)

MAINTENANCE = r"maintenance|メンテナンス"
"""What the body of a 503 says when the system is away on purpose (oracle_fusion sheet, 4.1)."""
EXCERPT_SHOWN = 300


Classify = Callable[[Answer, str], AdapterError | None]
"""An adapter's own reading of a 4xx (the text is the answer's start, secrets removed); None: the common
one.
"""


def judge(
    answer: Answer,
    text: str,
    classify: Classify | None,
    maintenance: re.Pattern[str],
    now: datetime,
    *,
    wait_max: timedelta,
) -> AdapterError:
    """Return the error that an unexpected answer means. `text` is the start of its body, secrets removed."""
    system, status, shown = answer.system, answer.status, _shown(answer)
    wait = retry_after(answer, now, wait_max)
    if status == 401:
        return CredentialsError(
            system,
            f"{shown}: the credentials were refused. Set them again with `finsync secrets set {system} NAME`",
            status=status,
            answer=text,
        )
    if status in (408, 425, 429):
        return TransientError(
            system, f"{shown}: asked to come back {_when(wait)}", status=status, answer=text, retry_after=wait
        )
    # Of an answer that may hold what is private nothing is kept; its kind is read all the same.
    if status == 503 and maintenance.search(answer.content[:EXCERPT_LENGTH].decode("utf-8", "replace")):
        return MaintenanceError(
            system, f"{shown}: the system is in maintenance", status=status, answer=text, retry_after=wait
        )
    if status >= 500:
        return _server_fault(answer, shown, text, wait)
    if status >= 400:
        own = classify(answer, text) if classify else None
        return own or _client_fault(answer, shown, text)
    return _unexpected(answer, shown, text)


def _when(wait: timedelta | None) -> str:
    return "later" if wait is None else f"in {wait.total_seconds():.0f} s"


def retry_after(answer: Answer, now: datetime, wait_max: timedelta) -> timedelta | None:
    """Return how long the system asks us to wait, within bounds: seconds, or a date seen against the answer's own Date."""
    asked = answer.headers.get("retry-after", "").strip()
    if not asked:
        return None
    if asked.isascii() and asked.isdigit():
        return min(timedelta(seconds=min(int(asked[:9]), 10**8)), wait_max)
    until = http_date(asked)
    if until is None:
        return None
    said_at = http_date(answer.headers.get("date", "")) or now
    return min(max(until - said_at, timedelta()), wait_max)


def http_date(text: str) -> datetime | None:
    """Read a date as HTTP headers write it."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def server_time(answer: Answer) -> datetime | None:
    """Return what the system's clock said when it answered: the only clock for watermarks."""
    return http_date(answer.headers.get("date", ""))


def _server_fault(answer: Answer, shown: str, text: str, wait: timedelta | None) -> AdapterError:
    if answer.is_write:
        return OutcomeUnknownError(
            answer.system,
            f"{shown}: the system failed while it worked on this; it may have been done. It is looked up "
            "before it is sent again",
            status=answer.status,
            answer=text,
            retry_after=wait,
        )
    return TransientError(
        answer.system, f"{shown}: the system failed", status=answer.status, answer=text, retry_after=wait
    )


def _client_fault(answer: Answer, shown: str, text: str) -> AdapterError:
    system, status = answer.system, answer.status
    if status == 403:
        return CredentialsError(
            system,
            f"{shown}: the login may not do this. Give it the missing scope or role",
            status=status,
            answer=text,
        )
    if status == 412:
        return VersionConflictError(system, f"{shown}: changed since it was read", status=status, answer=text)
    words = text[:EXCERPT_SHOWN] or "no reason given"
    return RejectedError(system, Refusal("REJECTED", f"{shown}: {words}", status=status), answer=text)


def _unexpected(answer: Answer, shown: str, text: str) -> AdapterError:
    message = f"{shown}: not an answer its contract allows here. Check that base_url leads to the API itself"
    if answer.is_write and answer.status < 300:
        return OutcomeUnknownError(answer.system, message, status=answer.status, answer=text)
    return ProtocolError(answer.system, message, status=answer.status, answer=text)


def _shown(answer: Answer) -> str:
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    return f"{answer.method} {answer.path} answered {answer.status}{phrase}"
