"""How a supplier and its golden record are found by their keys, and shown: where each field comes from, which records it has, what it was before."""

from __future__ import annotations

from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from finsync_tui.cli._output import safe, say, table

if TYPE_CHECKING:
    from finsync_tui.profile import Profile
    from store.golden_suppliers import Golden
    from store.supplier_forms import StoredForm


def found(db: Connection, key: str) -> Golden | None:
    """Return the golden record that `golden:17` or the key of one of its records names; None: it has none yet."""
    from finsync_tui.actions.suppliers import HINT
    from store import golden_suppliers
    from store.errors import NotFoundError

    if key.startswith(golden_suppliers.PREFIX):
        number = key.removeprefix(golden_suppliers.PREFIX)
        one = golden_suppliers.get(db, int(number)) if number.isdecimal() and len(number) < 19 else None
        if one is None:
            raise NotFoundError("supplier", key, HINT)
        return one
    form(db, key)  # a key that nobody has is a mistake, not a supplier without a golden record
    golden_id = golden_suppliers.of_keys(db, [key]).get(key)
    return golden_suppliers.get(db, golden_id) if golden_id is not None else None


def form(db: Connection, key: str) -> StoredForm:
    """Return the record of a supplier that SYSTEM:ID names."""
    from finsync_tui.actions.suppliers import HINT
    from store import supplier_forms
    from store.errors import NotFoundError

    system, _, external_id = key.partition(":")
    found = supplier_forms.get(db, system, external_id)
    if found is None:
        raise NotFoundError("supplier", key, HINT)
    return found


def row(one: StoredForm) -> dict[str, Any]:
    """Return a record of a supplier in the words of a list."""
    return {
        "key": one.key,
        "number": one.number,
        "name": one.name,
        "country": one.country or None,
        "postcode": one.postcode or None,
        "town": one.town or None,
        "status": one.status,
        "kind": one.kind,
    }


def as_data(db: Connection, profile: Profile, golden: Golden) -> dict[str, Any]:
    """Return a golden record with its fields, what other records say of each, and its records."""
    from finsync_tui.suppliers import survivorship
    from store import golden_suppliers

    keys = list(golden.members)
    known = golden_suppliers.newest(db, keys)
    accounts = golden_suppliers.accounts(db, keys)
    fields = []
    for name, field in golden.fields.items():
        ranked, _ = survivorship.ranking(
            name, list(known.values()), accounts, profile.suppliers, profile.ownership
        )
        others = [
            {"from": one.key, "value": one.value}
            for one in ranked
            if one.key != field["from"] and one.value != field["value"]
        ]
        fields.append({"field": name, **field, "others": others})
    records = db.execute(
        "SELECT record_key, number, name, status, why, legal_entities FROM v_supplier_record WHERE supplier_id=?"
        " ORDER BY record_key",
        (golden.id,),
    )
    from store.columns import from_json

    return {
        "key": golden.key,
        "version": golden.version,
        "into": f"{golden_suppliers.PREFIX}{golden.into_id}" if golden.into_id is not None else None,
        "fields": fields,
        "records": [{**dict(one), "legal_entities": from_json(one["legal_entities"])} for one in records],
    }


def say_golden(data: dict[str, Any]) -> None:
    """Write it for people."""
    from finsync_tui.suppliers.golden_words import shown

    say(
        f"\n{data['key']}, version {data['version']}"
        + (f", now part of {data['into']}" if data["into"] else "")
    )
    rows = [[one["field"], shown(one["value"]), one["from"], one["rule"]] for one in data["fields"]]
    say(table(["field", "value", "from", "because of"], rows))
    for one in data["fields"]:
        for other in one["others"]:
            say(f"  {one['field']}: {safe(other['from'])} says {safe(shown(other['value']))}")
    say(
        table(
            ["record", "number", "name", "status", "why", "legal entities"],
            [
                [one["record_key"], one["number"], one["name"] or "", one["status"] or "", one["why"],
                 ", ".join(one["legal_entities"])]
                for one in data["records"]
            ],
        )
    )  # fmt: skip
