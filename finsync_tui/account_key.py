"""The workspace's own key under which bank account numbers become fingerprints.

It lies among the engine account's secrets, is made when bank accounts are read first, and is the same for all systems: that
is what lets their accounts be compared. The store knows which key it is, by a value that says nothing else about it. Without
that key, or with another, no engine works on accounts: all of them would look changed.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
from datetime import datetime
from functools import partial
from sqlite3 import Connection
from typing import Final

from finsync_tui import schedule
from finsync_tui.credentials import SecretMissingError, SecretPlaceError, Secrets, variable
from finsync_tui.profile import Profile
from store import Store, account_prints, audit, meta
from store.canonical.supplier import SupplierBankAccount, keyed
from store.errors import FinsyncError

PLACE: Final = "accounts"
"""Among the secrets it is that of a system of this name."""
KEY: Final = "fingerprint"
BYTES: Final = 32
MISSING: Final = "their key is not among the secrets"
OTHER: Final = "the key here is another one than the one that the store's accounts were read under"
_MARK: Final = "accounts.key"
_SAID: Final = b"the key of bank accounts in a finsync workspace"


class AccountKeyError(FinsyncError):
    """The key by which this workspace compares bank accounts is not here, or not the right one."""

    code = "ACCOUNT_KEY"
    exit_code = 2

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(
            f"bank accounts can't be compared: {problem}. Nothing was read or changed. Give this account the key that the workspace's "
            f"engine had: the secret {KEY!r} of {PLACE!r}, by `finsync secrets set {PLACE} {KEY}`, as {PLACE}.{KEY} in the folder that "
            f"FINSYNC_SECRETS_DIR names, or in {variable(PLACE, KEY)}. Or read no bank accounts until it is found (reads_bank_accounts = false)."
        )


def get(secrets: Secrets) -> bytes:
    """Return the key. Raises AccountKeyError where it is missing or none."""
    found = _find(secrets)
    if found is None:
        raise AccountKeyError(MISSING)
    return found


def is_needed(profile: Profile) -> bool:
    """Say whether any system's bank accounts are read."""
    if any(one.options.get("reads_bank_accounts") for one in profile.systems.values()):
        return True
    pulls = schedule.pulls(profile, tuple(sorted(profile.schedules)))
    return any(one.entity == SupplierBankAccount.entity for one in pulls)


def problem(known: str, secrets: Secrets) -> str:
    """Say why accounts can't be compared with those that were read under the key of this mark; empty: they can."""
    try:
        key = get(secrets)
    except AccountKeyError as error:
        return error.problem
    return "" if known == mark(key) else OTHER


def marked(db: Connection) -> str | None:
    """Return what the store knows its key by; None: it has had none."""
    return meta.get(db, _MARK)


def prepare(store: Store, profile: Profile, secrets: Secrets, now: datetime) -> None:
    """See to it that the key is here, before anything is read: made now, if the store never had one. Raises AccountKeyError.

    Accounts that an older version read are known by the new fingerprints from then on, all of them or none. Under the
    engine's lease: two engines would make two keys.
    """
    if not is_needed(profile):
        return
    known = marked(store.db)
    key = _find(secrets)
    if key is None:
        if known is not None:
            raise AccountKeyError(MISSING)
        key = _made(secrets)
    if known is not None:
        if known != mark(key):
            raise AccountKeyError(OTHER)
        return
    with store.transaction() as db:
        count = account_prints.convert(db, partial(keyed, key=key)) if account_prints.has_any(db) else 0
        meta.set(db, _MARK, mark(key))
        told = {"key": mark(key), "converted": count}
        entry = audit.Entry(who="engine", what="account_key.set", subject=PLACE, after=told)
        audit.record(db, [entry], now)


def mark(key: bytes) -> str:
    """Return what a key is known by."""
    return hmac.new(key, _SAID, hashlib.sha256).hexdigest()[:16]


def parsed(text: str) -> bytes | None:
    """Return the key that this is; None: it is none."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return key if len(key) == BYTES else None


def _made(secrets: Secrets) -> bytes:
    key = randomness.token_bytes(BYTES)
    try:
        secrets.put(PLACE, KEY, key.hex())
    except SecretPlaceError:
        raise AccountKeyError(
            "their key can be kept nowhere: there is no usable keyring, and no writable folder of secrets"
        ) from None
    return key


def _find(secrets: Secrets) -> bytes | None:
    try:
        found = secrets.find(PLACE, KEY)
    except (SecretMissingError, SecretPlaceError) as error:
        raise AccountKeyError(str(error).rstrip(".")) from None
    if found is None:
        return None
    key = parsed(found[1])
    if key is None:
        raise AccountKeyError(
            f"what lies in the {found[0]} as {PLACE}.{KEY} is no key ({2 * BYTES} hexadecimal digits)"
        )
    return key
