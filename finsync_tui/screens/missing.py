"""The rule that an exception waits for, where it waits for one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.causes import RULE_CLASSES

if TYPE_CHECKING:
    from sqlite3 import Connection


@dataclass(frozen=True, slots=True)
class MissingRule:
    """A value that a table has no rule for."""

    table: str
    value: str
    scope: str
    given: tuple[tuple[str, str], ...] = ()
    """What the document has that rules may ask for."""


def of_evidence(class_: str, evidence: Mapping[str, object]) -> MissingRule | None:
    """Return what the evidence of an exception says is missing; None: something else is wrong.

    >>> of_evidence("MAPPING_MISSING", {"table": "cost_centre", "value": "CC410"})
    MissingRule(table='cost_centre', value='CC410', scope='', given=())
    >>> of_evidence("REJECTED", {})
    """
    if class_ not in RULE_CLASSES or not evidence.get("table") or not evidence.get("value"):
        return None
    from finsync_tui.mapping.conditions import of_evidence as given_of  # loaded where somebody writes a rule

    given = tuple(given_of(evidence).items())
    return MissingRule(
        str(evidence["table"]), str(evidence["value"]), str(evidence.get("scope") or ""), given
    )


def of_case(db: Connection, case_id: int) -> MissingRule | None:
    """Return what one exception waits for; None: not for a rule."""
    row = db.execute("SELECT class, evidence FROM exception_case WHERE id = ?", (case_id,)).fetchone()
    return of_evidence(row[0], json.loads(row[1])) if row is not None else None
