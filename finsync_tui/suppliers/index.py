"""Forms of suppliers in the store: made when a supplier is new or changed, found again by their keys."""

from __future__ import annotations

from itertools import combinations
from sqlite3 import Connection
from typing import Final

from finsync_tui.suppliers.comparing import Form, form, kinds
from finsync_tui.suppliers.matching import BEGINNING, IN_TOWN, ends
from finsync_tui.suppliers.normal_form import numbers, parts
from store import meta, supplier_forms
from store.canonical.supplier import Supplier
from store.supplier_forms import StoredForm

BATCH: Final = 500
PAIRED_WORDS: Final = 4
"""Words of a name, from its first in the alphabet, that are also kept in pairs."""
_SEEN: Final = "suppliers.seen.4"
"""Where the stored version is noted up to which all forms are made. Another name makes all anew: forms are built otherwise now."""
_NONE: Final[frozenset[str]] = frozenset()


def refresh(db: Connection) -> list[StoredForm] | None:
    """Make the forms of suppliers that are new or changed, a batch of them; return these. None: all forms are made."""
    seen = int(meta.get(db, _SEEN) or 0)
    rows, upto = supplier_forms.changed_since(db, seen, BATCH)
    if upto == seen:
        return None
    meta.set(db, _SEEN, str(upto))
    by_system: dict[str, list[str]] = {}
    for row in rows:
        by_system.setdefault(row.system, []).append(row.external_id)
    accounts = {system: supplier_forms.accounts_of(db, system, ids) for system, ids in by_system.items()}
    made = [
        stored(
            Supplier.model_validate_json(row.body), row.system, row.external_id, row.version_id,
            frozenset(accounts[row.system].get(row.external_id, ())),
        )
        for row in rows
    ]  # fmt: skip
    supplier_forms.put(db, [(one, keys(loaded(one))) for one in made])
    return made


def stored(
    record: Supplier, system: str, external_id: str, version_id: int, accounts: frozenset[str] = _NONE
) -> StoredForm:
    """Return a supplier as it is kept for comparison."""
    address = record.address
    country = record.country or (address.country if address else None) or ""
    made = form(
        record.name,
        country=country,
        postcode=(address.postcode if address else None) or "",
        town=(address.town if address else None) or "",
        accounts=accounts,
    )
    # Numbers of other countries say nothing against a company that gives its own one elsewhere.
    tax_ids = [one for one in record.tax_keys() if not country or one[:2] == country]
    return StoredForm(
        system, external_id, version_id, record.number, record.name, record.kind, record.status, made.text, made.joined,
        made.country, made.postcode, made.town, " ".join(sorted(tax_ids)), " ".join(sorted(accounts)),
    )  # fmt: skip


def loaded(kept: StoredForm) -> Form:
    """Return what is compared, from what is kept."""
    words, tax_ids = kept.text.split(), frozenset(kept.tax_ids.split()) or _NONE
    return Form(
        kept.text,
        tuple(dict.fromkeys(words)),
        kept.joined,
        numbers(kept.text),
        parts(kept.name)[4],
        kept.country,
        kept.postcode,
        kept.town,
        tax_ids,
        kinds(tax_ids),
        frozenset(kept.accounts.split()) or _NONE,
    )


def keys(one: Form) -> list[str]:
    """Return all that a supplier is found by, whichever of its words turn out to be rare."""
    found = [f"={one.text}", *(f"!{number}" for number in (*one.tax_ids, *one.accounts))]
    if one.postcode:
        found.append(f"#{one.postcode}")
    found += [f"w{word}" for word in one.words]
    if one.town:
        found += [f"@{word[:IN_TOWN]}@{one.town}" for word in one.words]
        found += [f"@{ends(word)}@{one.town}" for word in one.words]
    found += [pair_key(a, b) for a, b in combinations(one.words[:PAIRED_WORDS], 2)]
    return found


def pair_key(one: str, other: str) -> str:
    """Return the key of two words by their beginnings, in whatever order."""
    a, b = sorted((one[:BEGINNING], other[:BEGINNING]))
    return f"+{a}+{b}"
