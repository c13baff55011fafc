"""Findings, rule sets, commitments, the engine's report, preferences and facts about the workspace."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from store import commitments, engine, findings, meta, preferences, rulesets
from store.canonical.budget import CommitmentDistribution
from store.canonical.money import Money
from store.commitments import CommitmentTotal, Relief
from store.findings import Finding
from tests.builders import MONDAY, a_commitment, a_commitment_line, a_store

ERP: Any = {"legal_entity": "DE01", "system": "oracle-emea", "booked_on": date(2026, 1, 5)}


def a_finding(class_: str = "THROTTLED", **changes: object) -> Finding:
    fields: dict[str, object] = {
        "class_": class_,
        "severity": "warn",
        "system": "coupa",
        "message": "asked to wait",
        "noticed_at": MONDAY,
        "document_key": "coupa:1",
        "detail": {"seconds": 3},
    }
    return Finding(**fields | changes)  # type: ignore[arg-type]


def test_findings_read_back_and_are_counted() -> None:
    """What was handled without a person can still be seen, per document and per class."""
    with a_store() as store:
        with store.transaction() as db:
            added = findings.append(db, [a_finding(), a_finding(), a_finding("DRIFT", document_key=None)])
            assert 0 == findings.append(db, [])

        assert 3 == added
        assert [a_finding(), a_finding()] == findings.of_document(store.db, "coupa:1")
        assert {"THROTTLED": 2, "DRIFT": 1} == findings.counts(store.db)


def test_rule_sets_get_a_version_when_they_change() -> None:
    """The same text keeps its version; going back is a version of its own; every version stays."""
    with a_store() as store, store.transaction() as db:
        versions = [rulesets.record(db, "mapping", "account", body, MONDAY) for body in ("a", "a", "b", "a")]
        other = rulesets.record(db, "policy", "account", "x", MONDAY)

        current = rulesets.current(db, "mapping", "account")
        second = rulesets.get(db, "mapping", "account", 2)

        assert ([1, 1, 2, 3], 1) == (versions, other)
        assert current is not None
        assert second is not None
        assert ((3, "a"), "b") == ((current.version, current.body), second.body)
        assert rulesets.current(db, "mapping", "unknown") is None
        assert rulesets.get(db, "mapping", "account", 4) is None


def test_commitments_follow_the_newest_revision() -> None:
    """Promise 4: totals in equal totals out, per legal entity and currency; a revision replaces the one before."""
    two_lines = a_commitment(lines=(a_commitment_line("10.00"), a_commitment_line("5.50", number="2")))
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("101.00"))
        commitments.replace(db, "coupa:2", "oracle-emea", a_commitment("7", currency="JPY"))
        commitments.replace(db, "coupa:3", "oracle-emea", a_commitment("1.00"))
        commitments.replace(db, "coupa:1", "oracle-emea", two_lines)

        assert [
            CommitmentTotal("DE01", "oracle-emea", "EUR", "obligation", 2, 1650),
            CommitmentTotal("DE01", "oracle-emea", "JPY", "obligation", 1, 7),
        ] == commitments.totals(db)
        assert 2 == commitments.drop(db, "coupa:1")
        assert 0 == commitments.drop(db, "coupa:1")


def test_an_invoice_takes_from_what_an_order_promises() -> None:
    """Open = ordered - invoiced, to the minor unit, whatever the split; telling it again changes nothing."""
    thirds = tuple(
        CommitmentDistribution(
            number=str(n),
            charge_account=f"01-{n}",
            amount=Money.of(amount, "EUR"),
            cost_centre=str(n),
            account="7110",
        )
        for n, amount in enumerate(("33.34", "33.33", "33.33"), 1)
    )
    order = a_commitment("100.00", lines=(a_commitment_line("100.00", distributions=thirds),))
    taken = [
        Relief("coupa:1", "1", Money.of("10.00", "EUR")),
        Relief("coupa:1", "1", Money.of("0.01", "EUR")),
    ]
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", order)

        commitments.relieve(db, "coupa:inv", taken, **ERP)
        commitments.relieve(db, "coupa:inv", taken, **ERP)
        commitments.relieve(db, "coupa:stranger", [Relief("coupa:9", "1", Money.of("1", "EUR"))], **ERP)

        (open_,) = commitments.totals(db)
        assert (8999, 1) == (open_.amount_minor, open_.order_count)
        shares = db.execute(
            "SELECT cost_centre, invoiced_minor, amount_minor, ended_minor FROM v_commitment ORDER BY 1"
        ).fetchall()
        assert [(None, 0, 0, 100), ("1", 334, 3000, 0), ("2", 334, 2999, 0), ("3", 333, 3000, 0)] == [
            tuple(row) for row in shares
        ]
        commitments.take_back(db, "coupa:inv")
        assert 10000 == commitments.totals(db)[0].amount_minor


def test_the_engine_says_how_it_stands() -> None:
    """Its last report, with its own clock."""
    with a_store() as store, store.transaction() as db:
        assert engine.get(db) is None
        engine.report(db, "working", "vm:1:2", MONDAY, True, 1, "reading coupa", MONDAY)
        later = MONDAY + timedelta(days=1)
        engine.report(db, "idle", "vm:1:2", later, True, 2, None, later)

        assert engine.EngineState("idle", "vm:1:2", later, True, 2, None, later) == engine.get(db)


def test_preferences_belong_to_a_person() -> None:
    """One person's choice is not another's."""
    with a_store() as store, store.transaction() as db:
        preferences.set(db, "a.berg", "theme", "light")
        preferences.set(db, "a.berg", "theme", "dark")

        assert "dark" == preferences.get(db, "a.berg", "theme")
        assert preferences.get(db, "b.lund", "theme") is None


def test_facts_about_the_workspace() -> None:
    """Set, changed, never set."""
    with a_store() as store, store.transaction() as db:
        meta.set(db, "a", "1")
        meta.set(db, "a", "2")

        assert "2" == meta.get(db, "a")
        assert meta.get(db, "b") is None


def test_preferences_are_listed_and_forgotten_per_person() -> None:
    """One person's settings are nobody else's."""
    with a_store() as store:
        with store.transaction() as db:
            preferences.set(db, "ana", "setting.zone", "UTC")
            preferences.set(db, "ana", "view.a", "1")
            preferences.set(db, "ben", "view.a", "2")
            preferences.clear(db, "ana", "view.a")

        assert {"setting.zone": "UTC"} == preferences.of(store.db, "ana")
        assert {"view.a": "2"} == preferences.of(store.db, "ben")
