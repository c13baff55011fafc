"""What of each supplier is compared, and the keys by which those that may be the same are found.

One form for each supplier of each system, made of its newest version; `supplier_key` holds what it is found by: whole
names, words, words within a town, postcodes, tax ids, bank accounts. What the keys mean is the business of whoever makes
them; here they are text. A key that begins another is found by its range.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.columns import chunks, insert, marks

_COLUMNS = "system, external_id, version_id, number, name, kind, status, text, joined, country, postcode, town, tax_ids, accounts"


class StoredForm(NamedTuple):
    """One supplier as it is compared."""

    system: str
    external_id: str
    version_id: int
    """The stored version it was made of."""
    number: str
    name: str
    kind: str
    status: str
    text: str
    joined: str
    country: str
    postcode: str
    town: str
    tax_ids: str
    """Separated by spaces, as are `accounts`."""
    accounts: str

    @property
    def key(self) -> str:
        return f"{self.system}:{self.external_id}"


class Newest(NamedTuple):
    """A supplier's newest version."""

    system: str
    external_id: str
    version_id: int
    body: str


def changed_since(db: sqlite3.Connection, after: int, limit: int) -> tuple[list[Newest], int]:
    """Return suppliers of which a version was stored after `after`, or one of a bank account of theirs, and the version up
    to which that is all. What has changed since is read, however much there is besides."""
    rows = db.execute(
        "SELECT id, entity, system, external_id FROM record_version"
        " WHERE id>? AND entity IN ('supplier', 'supplier_bank_account') ORDER BY id LIMIT ?",
        (after, limit),
    ).fetchall()
    if len(rows) == limit:
        upto = int(rows[-1][0])
    else:
        upto = int(db.execute("SELECT coalesce(max(id), 0) FROM record_version").fetchone()[0])
    wanted = dict.fromkeys((system, own_id) for _, entity, system, own_id in rows if entity == "supplier")
    for _, entity, system, own_id in rows:
        if entity != "supplier":
            owners = db.execute(
                "SELECT i.value FROM record a JOIN identity i ON i.record_id=a.id AND i.kind='supplier'"
                " WHERE a.entity='supplier_bank_account' AND a.system=?1 AND a.external_id=?2"
                " UNION SELECT o.external_id FROM record a JOIN identity w ON w.record_id=a.id AND w.kind='owner_party'"
                " JOIN identity p ON p.value=w.value AND p.kind='party'"
                " JOIN record o ON o.id=p.record_id AND o.entity='supplier' AND o.system=a.system"
                " WHERE a.entity='supplier_bank_account' AND a.system=?1 AND a.external_id=?2",
                (system, own_id),
            )
            wanted.update(((system, owner), None) for (owner,) in owners.fetchall())
    found = [
        db.execute(
            "SELECT r.system, r.external_id, r.version_id, v.body FROM record r JOIN record_version v ON v.id=r.version_id"
            " WHERE r.entity='supplier' AND r.system=? AND r.external_id=?",
            key,
        ).fetchone()
        for key in sorted(wanted)
    ]
    return [Newest(*row) for row in found if row is not None], upto


def put(db: sqlite3.Connection, forms: Sequence[tuple[StoredForm, Iterable[str]]]) -> None:
    """Store forms with the keys they are found by, in place of earlier ones."""
    for form, keys in forms:
        row = db.execute(
            f"INSERT INTO supplier_form({_COLUMNS}) VALUES ({marks(form)}) ON CONFLICT(system, external_id) DO UPDATE SET"
            " version_id=excluded.version_id, number=excluded.number, name=excluded.name, kind=excluded.kind,"
            " status=excluded.status, text=excluded.text, joined=excluded.joined, country=excluded.country,"
            " postcode=excluded.postcode, town=excluded.town, tax_ids=excluded.tax_ids, accounts=excluded.accounts"
            " RETURNING id",
            form,
        ).fetchone()
        db.execute("DELETE FROM supplier_key WHERE form_id=?", row)
        insert(db, "INSERT OR IGNORE INTO supplier_key(key, form_id)", [(key, row[0]) for key in keys])


def get(db: sqlite3.Connection, system: str, external_id: str) -> StoredForm | None:
    """Return the form of one supplier."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM supplier_form WHERE system=? AND external_id=?", (system, external_id)
    ).fetchone()
    return None if row is None else StoredForm(*row)


def every(db: sqlite3.Connection) -> list[StoredForm]:
    """Return all forms, in the order of system and id."""
    return [
        StoredForm(*row)
        for row in db.execute(f"SELECT {_COLUMNS} FROM supplier_form ORDER BY system, external_id")
    ]


def search(db: sqlite3.Connection, part: str, system: str | None, limit: int) -> list[StoredForm]:
    """Return forms whose name or number has this part, in whatever case, in the order of system and id."""
    like = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM supplier_form WHERE (name LIKE ?1 ESCAPE '\\' OR number LIKE ?1 ESCAPE '\\')"
        " AND (?2 IS NULL OR system=?2) ORDER BY system, external_id LIMIT ?3",
        (like, system, limit),
    )
    return [StoredForm(*row) for row in rows]


def of_ids(db: sqlite3.Connection, ids: Sequence[int]) -> list[StoredForm]:
    """Return the forms of these numbers, in the order of system and id."""
    found: list[StoredForm] = []
    for some in chunks(ids):
        found += [
            StoredForm(*row)
            for row in db.execute(f"SELECT {_COLUMNS} FROM supplier_form WHERE id IN ({marks(some)})", some)
        ]
    return sorted(found)


def having(db: sqlite3.Connection, key: str, limit: int) -> list[int]:
    """Return the numbers of the forms that are found by a key; none when there are more than `limit`: it says nothing."""
    rows = db.execute("SELECT form_id FROM supplier_key WHERE key=? LIMIT ?", (key, limit + 1)).fetchall()
    return [] if len(rows) > limit else [number for (number,) in rows]


def beginning(db: sqlite3.Connection, key: str, limit: int) -> list[int]:
    """Return the numbers of the forms with a key that begins so; none when there are more than `limit`."""
    rows = db.execute(
        "SELECT form_id FROM supplier_key WHERE key>=? AND key<? LIMIT ?",
        (key, key + "\U0010ffff", limit + 1),
    ).fetchall()
    return [] if len(rows) > limit else [number for (number,) in rows]


def count_of(db: sqlite3.Connection, key: str, most: int) -> int:
    """Return how many forms have a key, counted no further than `most`."""
    found: int = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM supplier_key WHERE key=? LIMIT ?)", (key, most)
    ).fetchone()[0]
    return found


def accounts_of(db: sqlite3.Connection, system: str, external_ids: Sequence[str]) -> dict[str, set[str]]:
    """Return the fingerprints of the bank accounts of these suppliers of one system."""
    found: dict[str, set[str]] = {}
    for some in chunks(external_ids):
        rows = db.execute(
            f"SELECT external_id, fingerprint FROM v_supplier_account WHERE external_id IN ({marks(some)}) AND system=?",
            (*some, system),
        )
        for supplier_id, account in rows:
            found.setdefault(supplier_id, set()).add(account)
    return found
