"""The workspace's key of bank accounts: made once, missed aloud, and put over what older versions read without one."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from keyring.errors import NoKeyringError

from finsync_tui import account_key
from finsync_tui.account_key import AccountKeyError
from finsync_tui.credentials import FOLDER_VARIABLE, Secrets, variable
from finsync_tui.profile import Profile
from finsync_tui.suppliers import golden, sweeping
from store import Store, account_prints, cases, guards, meta, open_store, records
from store.canonical import supplier
from store.canonical.record import HASH_BYTES, raw_digest
from store.canonical.supplier import fingerprint, keyed
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.builders import MONDAY, a_case, a_clock, a_store, a_supplier
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD, Paid
from tests.store import released_store

READS = {
    "coupa": {"adapter": "coupa", "base_url": "http://coupa.test", "options": {"reads_bank_accounts": True}}
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "secrets"
    made.mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(made))
    return made


def reading(**changes: object) -> Profile:
    return Profile.model_validate({**PROFILE, "flows": {}, "systems": READS, **changes})


def prepare(store: Store, tmp_path: Path, profile: Profile | None = None) -> None:
    account_key.prepare(store, profile or reading(), Secrets("books", tmp_path / "w"), MONDAY)


def test_the_key_is_made_once_and_kept_among_the_secrets(folder: Path, tmp_path: Path) -> None:
    """Outside the workspace; the store holds what it is known by, and the audit log that it was set."""
    store = a_store()

    prepare(store, tmp_path)
    first = (folder / "accounts.fingerprint").read_text()
    prepare(store, tmp_path)

    assert first == (folder / "accounts.fingerprint").read_text()
    assert 32 == len(bytes.fromhex(first))
    assert account_key.mark(bytes.fromhex(first)) == meta.get(store.db, "accounts.key")
    entries = store.db.execute(
        "SELECT 1 FROM audit WHERE CAST(body AS TEXT) LIKE '%account_key.set%'"
    ).fetchall()
    assert 1 == len(entries)
    assert first not in "\n".join(store.db.iterdump())


def test_without_its_key_nothing_begins(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another account or machine does not make another key: it says which one is missing, and where it belongs."""
    store = a_store()
    prepare(store, tmp_path)
    right = (folder / "accounts.fingerprint").read_text()
    (folder / "accounts.fingerprint").unlink()

    with pytest.raises(AccountKeyError, match=r"not among the secrets.*FINSYNC_SECRETS_DIR") as missing:
        prepare(store, tmp_path)
    assert not (folder / "accounts.fingerprint").exists()
    assert ("ACCOUNT_KEY", 2) == (missing.value.code, missing.value.exit_code)

    monkeypatch.setenv(variable("accounts", "fingerprint"), "ab" * 32)
    with pytest.raises(AccountKeyError, match="another one"):
        prepare(store, tmp_path)
    monkeypatch.setenv(variable("accounts", "fingerprint"), "no key")
    with pytest.raises(AccountKeyError, match="no key"):
        prepare(store, tmp_path)
    monkeypatch.setenv(variable("accounts", "fingerprint"), right)
    prepare(store, tmp_path)


def test_a_key_that_can_be_kept_nowhere_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container without keyring and folder is told so, and the store stays without a mark."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr("keyring.set_password", refusing)
    store = a_store()

    with pytest.raises(AccountKeyError, match="kept nowhere"):
        prepare(store, tmp_path)

    assert meta.get(store.db, "accounts.key") is None


def refusing(*_: str) -> None:
    raise NoKeyringError


def test_who_reads_no_accounts_needs_no_key(tmp_path: Path) -> None:
    """Nothing is looked for."""
    store = a_store()

    prepare(store, tmp_path, reading(systems={}, schedules={}))

    assert meta.get(store.db, "accounts.key") is None


def an_older_store(monkeypatch: pytest.MonkeyPatch) -> Paid:
    """A store that was filled when fingerprints were plain hashes: one change is delivered, one is confirmed."""
    with monkeypatch.context() as before:
        before.setattr(supplier, "keyed", lambda plain, _: plain)
        estate = Paid(ownership={"supplier.bank_accounts": TARGET})
        change = estate.changes(NEW)
        estate.confirm(change.id)
        estate.approve(change.id)
        estate.cycle(timedelta(days=2))
        estate.cycle()
        refused = estate.changes("DE02500105170137075030")
        estate.refuse(refused.id)
        estate.cycle()
        estate.cycle()
        back = estate.changes(OLD)
        estate.confirm(back.id)
    with estate.store.transaction() as db, guards.lifted(db, account_prints._GUARDED):
        write_as_before(db)
    return estate


def write_as_before(db: sqlite3.Connection) -> None:
    """Neither Coupa's rows nor records said whether an account was deleted."""
    rows = db.execute(
        "SELECT id, body, payload FROM record_version WHERE entity='supplier_bank_account'"
    ).fetchall()
    for id_, body, payload in rows:
        old, kept = body.replace(',"is_deleted":false', ""), payload.replace(b',"deleted":false', b"")
        digest = hashlib.sha256(old.encode()).digest()[:HASH_BYTES]
        db.execute(
            "UPDATE record_version SET body=?, payload=?, content_hash=? WHERE id=?", (old, kept, digest, id_)
        )
        db.execute(
            "UPDATE record SET content_hash=?, raw_digest=? WHERE version_id=?",
            (digest, raw_digest(kept), id_),
        )


def plain(monkeypatch: pytest.MonkeyPatch, number: str) -> str:
    with monkeypatch.context() as before:
        before.setattr(supplier, "keyed", lambda hashed, _: hashed)
        return fingerprint(number, b"")


def tables_with(store: Store, text: str) -> set[str]:
    """Return the tables that hold a text, in whatever column."""
    names = [row[0] for row in store.db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    return {
        name
        for name in names
        for row in store.db.execute(f"SELECT * FROM {name}")
        if any(text in (one.decode(errors="replace") if isinstance(one, bytes) else str(one)) for one in row)
    }


def test_what_older_versions_read_is_known_by_the_new_fingerprints(monkeypatch: pytest.MonkeyPatch) -> None:
    """In every table, every version; only what persons signed stays as they signed it."""
    estate = an_older_store(monkeypatch)
    old, new = plain(monkeypatch, NEW), fingerprint(NEW, ACCOUNT_KEY)
    where = tables_with(estate.store, old)
    guards = estate.store.db.execute(
        "SELECT sql FROM sqlite_master WHERE type='trigger' ORDER BY name"
    ).fetchall()

    with estate.store.transaction() as db:
        account_prints.convert(db, partial(keyed, key=ACCOUNT_KEY))

    assert {
        "record_version",
        "identity",
        "supplier_form",
        "supplier_key",
        "golden_version",
        "outbox_entry",
    } < where
    assert {"proposal"} == tables_with(estate.store, old)
    assert where - {"proposal"} == tables_with(estate.store, new)
    assert (
        guards
        == estate.store.db.execute(
            "SELECT sql FROM sqlite_master WHERE type='trigger' ORDER BY name"
        ).fetchall()
    )


def test_nothing_looks_changed_when_it_is_read_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No version, no event and no golden record more; what was confirmed and not sent yet is confirmed anew."""
    estate = an_older_store(monkeypatch)
    waiting = estate.newest()
    with estate.store.transaction() as db:
        account_prints.convert(db, partial(keyed, key=ACCOUNT_KEY))
    counts = "SELECT (SELECT count(*) FROM record_version), (SELECT count(*) FROM event), (SELECT count(*) FROM golden_version)"
    before = estate.store.db.execute(counts).fetchone()
    estate.store.db.execute("DELETE FROM watermark")

    estate.cycle()

    assert before == estate.store.db.execute(counts).fetchone()
    assert (waiting.id, "await_approval") == (estate.newest().id, estate.newest().step)
    estate.confirm(waiting.id)
    estate.approve(waiting.id)
    estate.cycle(timedelta(days=2))
    assert [OLD] == estate.paid_to()


def test_a_released_store_finds_the_same_pairs_by_its_accounts_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of version 0.1, whose supplier is paid to an account of another name elsewhere: compared anew with the key, the two are
    the same pair, by the same evidence, and the golden records have no version more."""
    path = tmp_path / "finsync.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((released_store.FOLDER / "0.1.sql").read_text(encoding="utf-8"))
    with open_store(path, a_clock()) as store:
        with monkeypatch.context() as before:
            before.setattr(supplier, "keyed", lambda hashed, _: hashed)
            _paid_to(store, "coupa", "501", OLD, NEW)
            _paid_to(store, "coupa", "502", NEW)
        with store.transaction() as db, guards.lifted(db, account_prints._GUARDED):
            write_as_before(db)
        found = _compared(store)

        with store.transaction() as db:
            account_prints.convert(db, partial(keyed, key=ACCOUNT_KEY))
        again = _compared(store)
        kept = store.db.execute("SELECT count(*) FROM record_version").fetchone()[0]
        _paid_to(store, "coupa", "501", OLD, NEW)
        _paid_to(store, "coupa", "502", NEW)

        assert again == found == _compared(store)
        assert kept == store.db.execute("SELECT count(*) FROM record_version").fetchone()[0]
        (pair,) = found[0]
        assert ("coupa:501", "coupa:502") == pair[:2]
        assert "bank account" in pair[3]
        assert [2, 1] == [len(one.split()) for (one,) in store.db.execute(
            "SELECT accounts FROM supplier_form ORDER BY external_id"
        )]  # fmt: skip


def _paid_to(store: Store, system: str, external_id: str, *numbers: str) -> None:
    """Read a supplier's accounts, and the supplier where there is none yet."""
    accounts = [
        records.Incoming(f"{external_id}-{last}", account, account.canonical_json())
        for last, number in enumerate(numbers)
        for account in (
            supplier.SupplierBankAccount(
                number=f"A{last}", supplier_id=external_id, fingerprint=fingerprint(number, ACCOUNT_KEY),
                masked=supplier.masked(number),
            ),
        )
    ]  # fmt: skip
    with store.transaction() as db:
        if records.get(db, supplier.Supplier, system, external_id) is None:
            named = a_supplier(name="Muster Bueromoebel", number="S-9", tax_registrations=(), sites=())
            records.put_page(db, "supplier", system, [records.Incoming(external_id, named, b"{}")], MONDAY)
        records.put_page(db, "supplier_bank_account", system, accounts, MONDAY)


def _compared(store: Store) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Compare all anew; return the pairs with score and evidence, and the versions of golden records."""
    profile = reading()
    sweeping.sweep(store, profile.suppliers.thresholds, MONDAY)
    sweeping.sweep_all(store, profile.suppliers.thresholds, MONDAY)
    golden.consolidate(store, profile, MONDAY)
    pairs = store.db.execute("SELECT one, other, score, evidence FROM supplier_pair ORDER BY 1, 2")
    versions = store.db.execute("SELECT golden_id, version, members FROM golden_version ORDER BY 1, 2")
    return [tuple(row) for row in pairs], [tuple(row) for row in versions]


def test_what_was_refused_before_is_still_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that names the account as it was known then speaks against it now."""
    estate = an_older_store(monkeypatch)
    with estate.store.transaction() as db:
        account_prints.convert(db, partial(keyed, key=ACCOUNT_KEY))

    estate.changes("DE02500105170137075030")

    (evidence,) = estate.store.db.execute(
        "SELECT evidence FROM exception_case WHERE ended_at IS NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert "it was refused before" in evidence
    assert SOURCE in evidence


def test_a_row_that_was_refused_is_known_by_the_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its account is in no record."""
    old = plain(monkeypatch, NEW)
    store = a_store()
    payload = f'{{"id":"1","fingerprint":"{old}"}}'.encode()
    with store.transaction() as db:
        cases.open(db, a_case(entity="supplier_bank_account", payload=payload), MONDAY)

    with store.transaction() as db:
        account_prints.convert(db, partial(keyed, key=ACCOUNT_KEY))

    assert set() == tables_with(store, old)
    assert {"exception_case"} == tables_with(store, fingerprint(NEW, ACCOUNT_KEY))
