"""How good the suppliers are: duplicates prevented, found and open, by system and by legal entity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection
from typing import Final

from finsync_tui.profile import Profile
from store import supplier_answers

COLUMNS: Final = (
    "scope", "name", "suppliers", "records", "prevented", "found", "asked", "open", "likely", "doubles", "merged", "parted",
)  # fmt: skip
"""
| column | counts |
| --- | --- |
| suppliers, records | golden records, and records of systems |
| prevented | suppliers of which no second one was made there: linked with the one for which another stands already, or with the one that a person was asked about |
| found | pairs of which persons said that they are one |
| asked | questions, before a supplier was made, that wait for a person |
| open, likely | pairs that nobody has answered and that are not linked already, and those that score as one |
| doubles | records of one system beyond the first that belong to one supplier, and are active |
| merged, parted | doubles that were merged, and those of which it was undone |
"""
_BY_SYSTEM: Final = """
WITH system(name) AS (SELECT DISTINCT system FROM golden_member)
SELECT 'system', s.name,
  (SELECT count(DISTINCT m.golden_id) FROM golden_member m WHERE m.system=s.name),
  (SELECT count(*) FROM golden_member m WHERE m.system=s.name),
  (SELECT count(DISTINCT f.document_key) FROM prevented f WHERE f.system=s.name),
  (SELECT count(*) FROM same_pair p WHERE p.one_system=s.name OR p.other_system=s.name),
  (SELECT count(*) FROM exception_case c WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.system=s.name AND c.ended_at IS NULL),
  (SELECT count(*) FROM open_pair p WHERE p.one_system=s.name OR p.other_system=s.name),
  (SELECT count(*) FROM open_pair p WHERE p.score>=:link AND (p.one_system=s.name OR p.other_system=s.name)),
  (SELECT count(*) - count(DISTINCT m.golden_id) FROM golden_member m JOIN supplier_form f ON f.system=m.system
   AND f.external_id=m.external_id AND f.status='active' WHERE m.system=s.name),
  (SELECT count(*) FROM supplier_merge g WHERE g.state='merged' AND substr(g.double_key, 1, length(s.name) + 1)=s.name || ':'),
  (SELECT count(*) FROM supplier_merge g WHERE g.state='parted' AND substr(g.double_key, 1, length(s.name) + 1)=s.name || ':')
FROM system s ORDER BY s.name
"""
_BY_ENTITY: Final = """
WITH reach AS (
  SELECT DISTINCT e.value AS entity, m.system, m.external_id, m.golden_id FROM golden_member m, json_each(m.legal_entities) e)
SELECT 'legal entity', r.entity, count(DISTINCT r.golden_id), count(*),
  (SELECT count(DISTINCT f.document_key) FROM prevented f JOIN reach x ON f.is_key = x.system || ':' || x.external_id
   WHERE x.entity=r.entity),
  (SELECT count(*) FROM same_pair p WHERE EXISTS (SELECT 1 FROM reach x WHERE x.entity=r.entity
   AND x.system || ':' || x.external_id IN (p.one, p.other))),
  (SELECT count(*) FROM exception_case c WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.ended_at IS NULL
   AND EXISTS (SELECT 1 FROM reach x JOIN asked_about a ON a.key = x.system || ':' || x.external_id
   WHERE x.entity=r.entity AND a.case_id=c.id)),
  (SELECT count(*) FROM open_pair p WHERE EXISTS (SELECT 1 FROM reach x WHERE x.entity=r.entity
   AND x.system || ':' || x.external_id IN (p.one, p.other))),
  (SELECT count(*) FROM open_pair p WHERE p.score>=:link AND EXISTS (SELECT 1 FROM reach x WHERE x.entity=r.entity
   AND x.system || ':' || x.external_id IN (p.one, p.other))),
  (SELECT count(*) - count(DISTINCT x.system || ' ' || x.golden_id) FROM reach x JOIN supplier_form f ON f.system=x.system
   AND f.external_id=x.external_id AND f.status='active' WHERE x.entity=r.entity),
  (SELECT count(*) FROM supplier_merge g JOIN reach x ON x.system || ':' || x.external_id=g.double_key
   WHERE g.state='merged' AND x.entity=r.entity),
  (SELECT count(*) FROM supplier_merge g JOIN reach x ON x.system || ':' || x.external_id=g.double_key
   WHERE g.state='parted' AND x.entity=r.entity)
FROM reach r GROUP BY r.entity ORDER BY r.entity
"""
_SHARED: Final = f"""open_pair(one, other, score, one_system, other_system) AS (
  SELECT one, other, score, substr(one, 1, instr(one, ':') - 1), substr(other, 1, instr(other, ':') - 1) FROM supplier_pair p
  WHERE p.score>=:ask AND {supplier_answers.IS_OPEN}),
same_pair(one, other, one_system, other_system) AS (
  SELECT one, other, substr(one, 1, instr(one, ':') - 1), substr(other, 1, instr(other, ':') - 1) FROM supplier_answer
  WHERE answer='same' AND is_newest=1),
prevented(document_key, system, is_key) AS (
  SELECT f.document_key, f.system, f.detail ->> '$.is' FROM finding f WHERE f.class='SUPPLIER_DUPLICATE_PREVENTED'
  UNION SELECT c.document_key, c.system, x.system || ':' || x.external_id FROM exception_case c
  JOIN crossref x ON x.entity='supplier' AND x.document_key=c.document_key AND x.system=c.system
  WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.ended_at IS NOT NULL AND x.why NOT IN ('created', 'found')),
asked_about(case_id, key) AS (
  SELECT c.id, c.document_key FROM exception_case c WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.ended_at IS NULL
  UNION SELECT c.id, e.value ->> '$.key' FROM exception_case c, json_each(c.evidence, '$.similar') e
  WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.ended_at IS NULL
  UNION SELECT c.id, e.value FROM exception_case c, json_each(c.evidence, '$.same_account') e
  WHERE c.class='SUPPLIER_DUPLICATE_POSSIBLE' AND c.ended_at IS NULL)"""  # noqa: S608


def quality(db: Connection, profile: Profile) -> Iterator[Sequence[object]]:
    """Yield the header, a row for each system, and one for each legal entity."""
    limits = profile.suppliers.thresholds
    yield COLUMNS
    for query in (_BY_SYSTEM, _BY_ENTITY):
        sql = query.replace("WITH ", f"WITH {_SHARED}, ", 1)
        yield from (tuple(row) for row in db.execute(sql, {"ask": limits.ask, "link": limits.link}))
