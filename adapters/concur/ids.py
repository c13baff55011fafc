"""How an expense document is named: by three ids in one text, because Concur takes none of them alone.

Writing takes the document's own id, reading the id of its report (or cash advance, or request) in the queue of
its type. A report that comes again after a recall is another document with the same report id.

>>> DocumentId("9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c", "expense", "4E6593CB987D459C88FA").text
'9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c.expense.4E6593CB987D459C88FA'
>>> parse("9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c.expense.4E6593CB987D459C88FA").source
'4E6593CB987D459C88FA'
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

DOCUMENT_TYPES: Final = (
    "expense",
    "cashadvance",
    "reportobligation",
    "requestobligation",
    "invoice",
    "payroll",
)
ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
"""What may stand in a path or a query of ours."""


class DocumentId(NamedTuple):
    """One financial document."""

    document: str
    doc_type: str
    source: str
    """Id of the report, cash advance or request."""

    @property
    def text(self) -> str:
        return ".".join(self)


def parse(text: str) -> DocumentId | None:
    """Read a document's name; None: it is none."""
    parts = text.split(".")
    if len(parts) != 3 or parts[1] not in DOCUMENT_TYPES:
        return None
    if not (ID.fullmatch(parts[0]) and ID.fullmatch(parts[2])):
        return None
    return DocumentId(*parts)
