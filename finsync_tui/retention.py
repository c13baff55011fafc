"""Erasing people's names and bank details when their time is over, or on request.

A digest of each value stays in the audit log, under a key that lies among the engine's secrets and not in the file: whoever has a value
and the key can prove that it was there, and nobody can try all names or account numbers against it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Final

import msgspec

from finsync_tui import veil
from finsync_tui.credentials import SecretMissingError, SecretPlaceError, Secrets
from finsync_tui.profile import Profile
from store import Store, audit, erasures, meta
from store.clock import instant, text
from store.erasures import Due, Erasure, Kind

ERASED: Final = erasures.ERASED
WHAT: Final = "privacy.erased"
BATCH: Final = 200
EVERY: Final = timedelta(days=1)
PLACE: Final = "privacy"
KEY: Final = "digests"
_LOOKED = "privacy.looked_at"
_BANK: Final = re.compile(
    r"iban|bban|fingerprint|masked|terms|card_?reference|account_?num(?:ber)?|bank_?account(?:_?num(?:ber)?)?|routing(?:_?num(?:ber)?)?"
)


@dataclass(slots=True)
class _Eraser:
    """Takes the values of one class away, and keeps their digests."""

    entity: str
    kind: Kind
    key: bytes
    digests: dict[str, list[str]] = field(default_factory=dict)
    count: int = 0

    def __call__(self, place: str, old: str) -> str:
        def taken(name: str, value: str) -> str:
            if value == ERASED:
                return ERASED
            self.count += 1
            found = self.digests.setdefault(name, [])
            one = digest(self.key, name, value)
            if one not in found:
                found.append(one)
            return ERASED

        wanted = veil.is_personal if self.kind == "personal" else is_of_bank
        try:
            read = msgspec.json.decode(old)
        except (msgspec.DecodeError, RecursionError):
            read = None
        if not isinstance(read, dict | list):
            return str(veil.replaced(old, "", wanted, taken))
        new = veil.replaced(read, self.entity, wanted, taken)
        return old if new == read else msgspec.json.encode(new).decode()


def is_of_bank(name: str) -> bool:
    """Say whether a field of this name tells of a bank account.

    >>> is_of_bank("IBAN"), is_of_bank("bank-account-number"), is_of_bank("account")
    (True, True, False)
    """
    return _BANK.fullmatch(name.replace("-", "_").lower()) is not None


def digest(key: bytes, name: str, value: str) -> str:
    """Return what stays of an erased value: it depends on the field, so that equal values of two fields do not show as equal."""
    return hmac.new(key, f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()


def erase_due(
    store: Store, profile: Profile, secrets: Secrets, now: datetime, is_stopping: Callable[[], bool]
) -> int:
    """Erase what the profile no longer keeps, a batch at a time; return of how many records. Looked at once a day."""
    terms = profile.privacy.retention
    looked = meta.get(store.db, _LOOKED)
    if not terms or (looked is not None and now - instant(looked) < EVERY):
        return 0
    key = _key(secrets)
    if key is None:
        return 0  # nothing is erased of which no digest could stay; `audit retention` says so
    count = 0
    for entity, kinds in sorted(terms.items()):
        for kind, term in sorted(kinds.items()):
            while not is_stopping() and (some := erasures.due(store.db, entity, kind, now - term, BATCH)):
                with store.transaction() as db:
                    for one in some:
                        _erase(db, key, entity, kind, one, "engine", f"kept for {term.days} days", now)
                count += len(some)
    if not is_stopping():
        with store.transaction() as db:
            meta.set(db, _LOOKED, text(now))
    return count


def waiting(db: Connection, profile: Profile, now: datetime) -> dict[tuple[str, Kind], int]:
    """Return of how many records something is to be erased now, by entity and class."""
    return {
        (entity, kind): len(erasures.due(db, entity, kind, now - term, 1_000_000))
        for entity, kinds in sorted(profile.privacy.retention.items())
        for kind, term in sorted(kinds.items())
    }


def erase_now(
    store: Store, secrets: Secrets, entity: str, one: Due, kind: Kind, who: str, why: str, now: datetime
) -> Erasure:
    """Erase one record's fields on request. Raises SecretPlaceError where no digest of them could be kept."""
    key = _key(secrets)
    if key is None:
        raise SecretPlaceError(
            "the key of digests can be kept nowhere, so that nothing would prove what was there. Nothing was erased. Use the account "
            "that the engine works under."
        )
    with store.transaction() as db:
        return _erase(db, key, entity, kind, one, who, why, now)


def proves(db: Connection, secrets: Secrets, document_key: str, value: str) -> list[tuple[int, str]]:
    """Return the entries and fields in which a known value was erased."""
    key = _key(secrets)
    if key is None:
        return []
    rows = db.execute(
        "SELECT seq, body FROM audit WHERE body ->> '$.what' = ? AND body ->> '$.subject' = ? ORDER BY seq",
        (WHAT, document_key),
    )
    return [
        (seq, name)
        for seq, body in rows
        for name, kept in msgspec.json.decode(body)["after"]["digests"].items()
        if digest(key, name, value) in kept
    ]


def _erase(
    db: Connection, key: bytes, entity: str, kind: Kind, one: Due, who: str, why: str, now: datetime
) -> Erasure:
    eraser = _Eraser(entity, kind, key)
    erasures.erase(db, entity, one, kind, eraser)
    entry = audit.Entry(
        who=who,
        what=WHAT,
        subject=f"{one.system}:{one.external_id}",
        after={
            "class": kind,
            "entity": entity,
            "through_version": one.through,
            "values": eraser.count,
            "digests": eraser.digests,
        },
        protected={audit.WORDS: why},
    )
    (seq,) = audit.record(db, [entry], now)
    made = Erasure(entity, one.system, one.external_id, kind, one.through, eraser.count, now, who, seq)
    erasures.note(db, made)
    return made


def _key(secrets: Secrets) -> bytes | None:
    """Return the key of digests, made now if there is none; None: it can be kept nowhere."""
    try:
        found = secrets.find(PLACE, KEY)
        if found is not None:
            return bytes.fromhex(found[1].strip())
        made = randomness.token_bytes(32)
        secrets.put(PLACE, KEY, made.hex())
    except (SecretPlaceError, SecretMissingError, ValueError):
        return None
    return made
