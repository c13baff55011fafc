"""How records and decisions are identified.

A record's key is `<system>:<external id>`, where system is the *configured instance* (`coupa`, `oracle-emea`).
"""

from __future__ import annotations

from typing import NamedTuple


class RecordKey(NamedTuple):
    """Where a record lives: the system instance and that system's own id for it.

    >>> str(RecordKey("coupa", "4711")), RecordKey.parse("oracle-emea:300000008800321").external_id
    ('coupa:4711', '300000008800321')
    """

    system: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        system, colon, external_id = text.partition(":")
        if not (system and colon and external_id):
            raise ValueError(f"{text!r} is not a record key (system:id)")
        return cls(system, external_id)


def idempotency_key(
    target: str, operation: str, document: RecordKey, revision: str, generation: int = 1
) -> str:
    """Return the key of one decision to write: made from the fact, never from the attempt.

    `generation` rises only when a person's fix leads to a new decision about the same revision.
    """
    return f"{target}/{operation}/{document}/{revision}/{generation}"
