"""How the values that documents carried were answered: by a rule of their own, passed on as they are, or by the rule for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection


@dataclass(frozen=True, slots=True)
class Answered:
    """How many values of a table were answered in which way, each value of each company once."""

    by_rule: int = 0
    as_is: int = 0
    """The target has the same code: a rule said so, or passed it on."""
    by_default: int = 0


_ANSWERED = """
WITH asked AS (
  SELECT DISTINCT r.value->>'table' AS name, coalesce(w.legal_entity, '') AS scope, r.value->>'from' AS value,
         CASE WHEN r.value->>'is_default' THEN 'by_default' WHEN r.value->>'from' = r.value->>'to' THEN 'as_is'
              ELSE 'by_rule' END AS way
  FROM workflow_step s JOIN workflow w ON w.id = s.workflow_id, json_each(s.detail, '$.rules') r
  WHERE s.name = 'resolve_accounts' AND s.state = 'done'
)
SELECT name, sum(way = 'by_rule') AS by_rule, sum(way = 'as_is') AS as_is, sum(way = 'by_default') AS by_default
FROM asked GROUP BY name
"""


def answered(db: Connection) -> dict[str, Answered]:
    """Return for each table how the values that were ever decided by it were answered."""
    return {name: Answered(*counts) for name, *counts in db.execute(_ANSWERED)}
