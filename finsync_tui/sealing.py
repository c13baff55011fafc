"""Signing the audit log from time to time, and checking what was signed.

The key is the engine account's own, kept where its secrets are: in the keyring or a folder outside the workspace, made
when it is first needed. Beside it lies the anchor: the store, place and hash that were signed last, so that a log that was
cut together with its checkpoints shows as well. Where neither place can be written to nothing is signed; `finsync doctor`
and `finsync audit verify` say so. Whoever may use that account can sign anything: that is what the account is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import TYPE_CHECKING, Final

import msgspec

from finsync_tui.credentials import FOLDER_VARIABLE, SecretMissingError, SecretPlaceError, Secrets
from store import Store, archives, audit, checkpoints, findings, meta, proposals
from store.audit import Reason, Verification
from store.checkpoints import Checkpoint
from store.clock import instant, text

if TYPE_CHECKING:
    from finsync_tui import people

PLACE: Final = "audit"
"""Among the secrets, what belongs to the audit log is that of a system of this name."""
KEY: Final = "checkpoint"
ANCHOR: Final = "anchor"
EVERY: Final = timedelta(days=1)
ENTRIES_MAX: Final = 1_000
"""So many entries stay unsigned at most while an engine works."""
CUT: Final = "AUDIT_CHANGED"


class _Anchor(msgspec.Struct, frozen=True):
    """What was signed last, as it is kept outside the workspace."""

    store: str
    seq: int
    head: str
    since: int = 0
    """Checkpoints up to this place were accepted by a person as they were, whoever signed them."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the checkpoints say of a chain."""

    count: int
    """Checkpoints that hold."""
    to: int
    """The last entry that is covered by one."""
    public: str | None
    """The key they are compared with; None: there is none here."""
    problem: str = ""
    """Empty: everything holds."""
    first_bad_seq: int | None = None
    reason: Reason | None = None


def seal(store: Store, secrets: Secrets, now: datetime, *, is_last: bool = False) -> bool:
    """Sign the chain's end when it is time for it; say whether that was done. `is_last`: whatever is new, the engine ends.

    A chain that is not what was signed before is not signed again: a person looks first.
    """
    seq, head = audit.head(store.db)
    last = checkpoints.newest(store.db)
    done = last.seq if last is not None else 0
    if seq <= done:
        return False
    is_time = last is None or now - last.at >= EVERY or seq - done >= ENTRIES_MAX
    if not (is_last or is_time) or _was_in_vain(store.db, now):
        return False
    try:
        signer = _signer(secrets)
    except (SecretPlaceError, SecretMissingError):
        with store.transaction() as db:
            meta.set(db, _IN_VAIN, text(now))
        return False
    anchor = _anchor(secrets)
    problem = _changed(store.db, anchor, last)
    if problem:
        _tell(store, problem, now)
        return False
    _sign(store, signer, seq, head, now)
    with suppress(SecretPlaceError, SecretMissingError):  # a key that is only mounted signs without an anchor
        _remember(secrets, store, seq, head, anchor.since if anchor is not None else 0)
    return True


def _was_in_vain(db: Connection, now: datetime) -> bool:
    """Say whether no place for a key was found lately: a keyring takes longer to ask than a cycle that finds nothing."""
    tried = meta.get(db, _IN_VAIN)
    return tried is not None and now - instant(tried) < EVERY


def _changed(db: Connection, anchor: _Anchor | None, last: Checkpoint | None) -> str:
    """Say why the chain can't be what was signed last; empty: it can. All of it is looked at when somebody asks."""
    if last is not None and checkpoints.hash_at(db, last.seq) != last.head:
        return f"the log is not what was signed at entry {last.seq}"
    if anchor is None:
        return ""
    return _against(
        db, anchor, proposals.store_id(db), Sealed(0, last.seq if last is not None else 0, None)
    ).problem


def accept(store: Store, secrets: Secrets, who: str, why: str, now: datetime) -> Sealed:
    """Take the log as it stands for the one to be guarded from now on: after a backup was put back, say. Raises SecretPlaceError.

    What did not hold is recorded first, then the end is signed.
    """
    before = check(store.db, secrets)
    try:
        signer = _signer(secrets)
    except (SecretPlaceError, SecretMissingError):
        raise SecretPlaceError(
            "the audit log can't be signed here: its key can be kept in no keyring and no folder of secrets. Nothing was changed. "
            f"Use the account that the engine works under, or name a writable folder outside the workspace with {FOLDER_VARIABLE}."
        ) from None
    with store.transaction() as db:
        entry = audit.Entry(
            who=who, what="audit.accepted", subject="audit", why=why,
            before={"problem": before.problem, "first_bad_seq": before.first_bad_seq},
        )  # fmt: skip
        audit.record(db, [entry], now)
    seq, head = audit.head(store.db)
    _sign(store, signer, seq, head, now)
    _remember(secrets, store, seq, head, seq - 1)
    return check(store.db, secrets)


def check(db: Connection, secrets: Secrets | None, keys: Sequence[str] = ()) -> Sealed:
    """Compare the chain with its checkpoints and the anchor. `keys`: the public halves to compare with, where given.

    That each entry follows from the one before is `audit.verify`'s to say.
    """
    anchor, own = (_anchor(secrets), _own(secrets)) if secrets is not None else (None, None)
    wanted = tuple(keys) or ((own,) if own else ())
    store_id, since = proposals.store_id(db), anchor.since if anchor is not None else 0
    found = Sealed(0, 0, wanted[0] if wanted else None)
    for kept in archives.listed(db):
        problem = _archive_problem(db, kept, store_id, wanted)
        if problem:
            return replace(found, problem=problem, first_bad_seq=kept.first, reason="missing")
    archived, _ = archives.base(db)
    for one, now_there in checkpoints.with_hashes(db):
        if one.seq <= since or one.seq < archived:
            continue
        problem, reason = _problem(one, now_there, store_id, wanted)
        if problem:
            return replace(found, problem=problem, first_bad_seq=found.to + 1, reason=reason)
        found = replace(found, count=found.count + 1, to=one.seq)
    return _against(db, anchor, store_id, found)


def _archive_problem(db: Connection, one: archives.Archive, store_id: str, wanted: Sequence[str]) -> str:
    """Say why entries that are not here are not said to lie in an archive by whoever signs the log; empty: they are."""
    from finsync_tui import people

    if wanted and one.public not in wanted:
        return f"the archive of entries {one.first} to {one.last} is signed with another key"
    if not people.is_signed_by(one.public, archives.statement(store_id, one), one.signature):
        return f"the archive of entries {one.first} to {one.last} does not have the signature it should have"
    earlier = checkpoints.hash_at(db, one.first - 1) if one.first > 1 else audit.FIRST_PREVIOUS.hex()
    return "" if earlier == one.before else f"the archive that should end at entry {one.first - 1} is gone"


def _problem(
    one: Checkpoint, now_there: str | None, store_id: str, wanted: Sequence[str]
) -> tuple[str, Reason | None]:
    from finsync_tui import people

    if wanted and one.public not in wanted:
        return f"the checkpoint at entry {one.seq} is signed with another key", "head"
    if not people.is_signed_by(
        one.public, checkpoints.statement(store_id, one.seq, one.head, one.at), one.signature
    ):
        return f"the checkpoint at entry {one.seq} does not have the signature it should have", "head"
    if now_there is None:
        return f"the log was signed up to entry {one.seq}, which is gone", "truncated"
    if now_there != one.head:
        return f"the log is not what was signed at entry {one.seq}", "edited"
    return "", None


def _against(db: Connection, anchor: _Anchor | None, store_id: str, found: Sealed) -> Sealed:
    """Compare with what was noted outside the workspace."""
    if anchor is None:
        return found
    if anchor.store != store_id:
        return replace(
            found, problem="another store was signed in this workspace before", first_bad_seq=1, reason="head"
        )
    there = checkpoints.hash_at(db, anchor.seq)
    if there is None:
        problem = f"the log was signed up to entry {anchor.seq}, which is gone, and so is its checkpoint"
        return replace(found, problem=problem, first_bad_seq=audit.head(db)[0] + 1, reason="truncated")
    if there != anchor.head or found.to < anchor.seq:
        problem = f"the log is not what was signed at entry {anchor.seq}"
        return replace(found, problem=problem, first_bad_seq=found.to + 1, reason="edited")
    return found


def together(chain: Verification, found: Sealed) -> Verification:
    """Return what checking the chain found, with what its checkpoints say."""
    if not chain.is_intact or not found.problem:
        return chain
    return replace(chain, is_intact=False, first_bad_seq=found.first_bad_seq, reason=found.reason)


def signed(secrets: Secrets, statement: bytes) -> tuple[str, str]:
    """Sign something with the key of the checkpoints; return its public half and the signature. Raises SecretPlaceError."""
    signer = _signer(secrets)
    return signer.public, signer.sign(statement)


def public_key(secrets: Secrets) -> str | None:
    """Return the public half of the key that checkpoints are signed with here; None: there is none."""
    return _own(secrets)


def _sign(store: Store, signer: people.Signer, seq: int, head: str, now: datetime) -> None:
    with store.transaction() as db:
        store_id = proposals.make_store_id(db)
        signature = signer.sign(checkpoints.statement(store_id, seq, head, now))
        checkpoints.append(db, Checkpoint(seq, head, now, signer.public, signature))


def _tell(store: Store, problem: str, now: datetime) -> None:
    """Note once that the log is not what was signed."""
    if meta.get(store.db, _TOLD) == problem:
        return
    noticed = findings.Finding(
        class_=CUT, severity="block", system="engine", entity="audit", message=f"{problem}; nothing more is signed",
        noticed_at=now,
    )  # fmt: skip
    with store.transaction() as db:
        meta.set(db, _TOLD, problem)
        findings.append(db, [noticed])


def _signer(secrets: Secrets) -> people.Signer:
    """Return the key, made now if there is none. Raises SecretPlaceError where it can be kept nowhere."""
    from finsync_tui import people

    known = secrets.find(PLACE, KEY)
    if known is None:
        private = people.new_private()
        secrets.put(PLACE, KEY, private.hex())
        return people.signer_from(KEY, private)
    try:
        return people.signer_from(KEY, bytes.fromhex(known[1].strip()))
    except ValueError:
        raise SecretPlaceError(f"what lies in the {known[0]} as {PLACE}.{KEY} is no signing key.") from None


def _own(secrets: Secrets) -> str | None:
    try:
        return _signer(secrets).public if secrets.find(PLACE, KEY) is not None else None
    except (SecretPlaceError, SecretMissingError):
        return None


def _anchor(secrets: Secrets) -> _Anchor | None:
    try:
        known = secrets.find(PLACE, ANCHOR)
        return msgspec.json.decode(known[1], type=_Anchor) if known is not None else None
    except (SecretPlaceError, SecretMissingError, msgspec.DecodeError):
        return None


def _remember(secrets: Secrets, store: Store, seq: int, head: str, since: int) -> None:
    anchor = _Anchor(proposals.store_id(store.db), seq, head, since)
    secrets.put(PLACE, ANCHOR, msgspec.json.encode(anchor).decode())


_TOLD = "audit.problem"
_IN_VAIN = "audit.unsigned_at"
