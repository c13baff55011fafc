"""Which class of failure a refusal of this system's is. What is common to all systems is read by
`judgement`.
"""

from __future__ import annotations

from adapters.answer import Answer
from adapters.errors import AdapterError, DuplicateError, Refusal, RejectedError


def classify(answer: Answer, text: str) -> AdapterError | None:
    """Read a 4xx that is the system's own; None leaves it to the common reading."""
    if answer.status == 409:
        return DuplicateError(answer.system, f"{answer.path} exists already", status=409, answer=text)
    if answer.status == 422:
        refusal = Refusal("PAYLOAD_INVALID", f"{answer.method} {answer.path}: {text}", status=422)
        return RejectedError(answer.system, refusal, answer=text)
    return None
