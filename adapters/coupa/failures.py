"""Which class of failure a refusal of Coupa's is.

Coupa has no machine codes: a 400 holds sentences, one list per model. The sentences that are documented are
known here; everything else is passed on word for word.
"""

from __future__ import annotations

import re

import msgspec

from adapters.answer import UNREADABLE, Answer
from adapters.coupa.wire import Errors
from adapters.errors import AdapterError, DuplicateError, Refusal, RejectedError

SENTENCES_MAX = 5
LENGTH_MAX = 500

_TAKEN = re.compile(r"has already been taken", re.IGNORECASE)
_CLASSES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"unable to find valid|unable to find matching", re.IGNORECASE), "MAPPING_MISSING"),
    (
        re.compile(r"can't be blank|must be one of|is not a valid|is too long|is invalid", re.IGNORECASE),
        "PAYLOAD_INVALID",
    ),
)
_TAGS = re.compile(r"<[^>]*>")


def classify(answer: Answer, text: str) -> AdapterError | None:
    """Read a 4xx that is Coupa's own; None leaves it to the common reading (401, 403, 408, 429 ...)."""
    if answer.status not in (400, 404, 406, 409, 422):
        return None
    where = f"{answer.method} {answer.path}"
    if answer.status == 404:
        is_list = answer.method == "GET" and not answer.path.rsplit("/", 1)[-1].isdigit()
        told = (
            "nothing answers at this address. Check base_url (docs/connect.md) and that Coupa offers this to our client"
            if is_list
            else "Coupa has no such document (any more)"
        )
        refusal = Refusal("REJECTED", f"{where}: {told}", status=404)
        return RejectedError(answer.system, refusal, answer=text)
    found = sentences(text)
    words = "; ".join(found[:SENTENCES_MAX])[:LENGTH_MAX] or f"no reason given (status {answer.status})"
    if _TAKEN.search(words):
        return DuplicateError(
            answer.system, f"{where}: exists already: {words}", status=answer.status, answer=text
        )
    case_class = next((name for pattern, name in _CLASSES if pattern.search(words)), "REJECTED")
    refusal = Refusal(case_class, f"Coupa refused {where}: {words}", codes=found, status=answer.status)
    return RejectedError(answer.system, refusal, answer=text)


def sentences(text: str) -> tuple[str, ...]:
    """Return what a refusal says, without warnings; text that is not JSON is one sentence.

    >>> sentences('{"errors": {"warnings": ["slow"], "user": ["Login has already been taken"]}}')
    ('Login has already been taken',)
    """
    try:
        errors = msgspec.json.decode(text.encode(), type=Errors).errors
    except UNREADABLE:
        errors = _TAGS.sub(" ", text)
    if isinstance(errors, dict):
        errors = [
            sentence
            for model, said in errors.items()
            if model != "warnings"
            for sentence in (said if isinstance(said, list) else [said])
        ]
    said = errors if isinstance(errors, list) else [errors or ""]
    return tuple(" ".join(str(one).split()) for one in said if str(one).strip())
