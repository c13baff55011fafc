"""Is a supplier that waits to be made there by now? What waits for a system that was away is compared again before it is sent."""

from __future__ import annotations

from functools import partial
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows import supplier_sameness
from finsync_tui.profile import Profile
from finsync_tui.suppliers import identity, searching
from store import supplier_forms
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier
from store.columns import from_json
from store.outbox import Claim

CREATE: Final = "supplier.create"
CLASS: Final = "SUPPLIER_DUPLICATE_POSSIBLE"


def problem(db: Connection, profile: Profile, write: Claim) -> str | None:
    """Say which supplier of the target this one may be by now; None: none, and it may be made.

    Of one that may have been made by an earlier attempt, a namesake is no other one: its adapter looks it up by its name.
    """
    if write.operation != CREATE or write.entity != Supplier.entity:
        return None
    key = RecordKey.parse(write.document_key)
    doubt = partial(supplier_sameness.problem, db, profile)
    found = identity.identify(db, key, None, write.system, doubt)
    own_name = _name(write) if write.is_outcome_unknown else None
    if isinstance(found, identity.Identified):
        return (
            None
            if found.supplier.name == own_name
            else f"it is {found.supplier.number} {found.supplier.name} there by now"
        )
    if isinstance(found, identity.Ambiguous):
        return f"it could be several there by now: {found.reason} ({'; '.join(found.candidates)})"
    own = supplier_forms.get(db, key.system, key.external_id)
    if own is None:
        return None
    likely = searching.similar(db, own, profile.suppliers.ask, systems=(write.system,))
    others = [
        one.form
        for one in likely
        if one.form.name != own_name
        and not (
            one.answer == "different" and supplier_sameness.is_different(db, profile, str(key), one.form.key)
        )
    ]
    return f"it may be {others[0].key} {others[0].name}, which has come there since" if others else None


def _name(write: Claim) -> str | None:
    body = from_json(write.body)
    supplier = body.get("supplier") if isinstance(body, dict) else None
    return str(supplier.get("name")) if isinstance(supplier, dict) else None
