"""The figures of duplicates, against a count over the views that shares nothing with them."""

from __future__ import annotations

import json
from typing import Any

from finsync_tui import actions
from finsync_tui.reports import supplier_figures
from store import crossrefs
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_onboarding import GB, Onboarding


def figures(estate: Onboarding) -> dict[str, dict[str, Any]]:
    header, *rows = supplier_figures.quality(estate.store.db, estate.profile)
    return {str(row[1]): dict(zip(map(str, header), row, strict=True)) for row in rows}


def counted(estate: Onboarding, system: str) -> dict[str, int]:
    """Count by hand, over the views."""
    db, ask = estate.store.db, estate.profile.suppliers.ask
    pairs = [dict(row) for row in db.execute("SELECT * FROM v_supplier_pair")]
    cases = [
        dict(row) for row in db.execute("SELECT * FROM v_exception WHERE class='SUPPLIER_DUPLICATE_POSSIBLE'")
    ]
    findings = [
        dict(row) for row in db.execute("SELECT * FROM v_finding WHERE class='SUPPLIER_DUPLICATE_PREVENTED'")
    ]
    golden = {
        row["record_key"]: row["supplier_id"]
        for row in map(dict, db.execute("SELECT * FROM v_supplier_record"))
    }
    mine = [
        one
        for one in pairs
        if f"{system}:" in (one["one"][: len(system) + 1], one["other"][: len(system) + 1])
    ]
    links = {
        (one.document_key, one.system): one.why
        for case in cases
        for one in crossrefs.of(db, "supplier", case["document_key"])
    }
    prevented = {one["document_key"] for one in findings if one["system"] == system}
    prevented |= {
        case["document_key"]
        for case in cases
        if case["system"] == system and case["ended_at"] is not None
        and links.get((case["document_key"], system), "created") not in ("created", "found")
    }  # fmt: skip
    waiting = [
        one for one in mine
        if one["score"] >= ask and one["answer"] is None
        and not (golden.get(one["one"]) == golden.get(one["other"]) and one["one"].split(":")[0] != one["other"].split(":")[0])
    ]  # fmt: skip
    return {
        "prevented": len(prevented),
        "found": sum(one["answer"] == "same" for one in mine),
        "asked": sum(one["system"] == system and one["ended_at"] is None for one in cases),
        "open": len(waiting),
    }


def answers(estate: Onboarding, answer: Any) -> None:
    """Whoever is asked says so, of each that is named; then the question is tried again."""
    (case_id, key, evidence) = estate.store.db.execute(
        "SELECT id, document_key, evidence FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    pairs = [(key, one["key"]) for one in json.loads(evidence)["similar"]]
    for by in ("maria", "tom") if answer == "same" else ("maria",):
        actions.answer_suppliers(
            estate.store, estate.profile, estate.who(by), pairs, answer, "looked up", estate.signer(by)
        )
    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()
    estate.cycle()


def test_the_figures_are_what_the_views_hold() -> None:
    """One prevented by its tax number, one by a person who was asked, one made since they differ, one that waits."""
    estate = Onboarding()
    first = estate.new()
    estate.coupa_supplier("HARBOUR PAPER TRADING LIMITED", **{"tax-id": GB})
    estate.cycle()
    estate.oracle_supplier("Blohm Anlagenbau Ltd")
    estate.new("Blohm Anlagen-Bau Limited", **{"tax-id": "GB884573422"})
    answers(estate, "same")
    estate.oracle_supplier("Keller Drehteile Ltd")
    estate.new("Keller Drehteil Limited", **{"tax-id": "GB221077740"})
    answers(estate, "different")
    theirs = estate.oracle_supplier("Nordlicht Catering Ltd")
    estate.new("Nordlicht Caterings Limited", **{"tax-id": "GB221155413"})

    shown = figures(estate)

    names = ("prevented", "found", "asked", "open")
    for system in (SOURCE, TARGET):
        assert counted(estate, system) == {name: shown[system][name] for name in names}
    assert (2, 1) == (shown[TARGET]["prevented"], shown[TARGET]["asked"])
    assert shown[TARGET]["found"] >= 1
    assert first
    assert theirs


def test_a_question_counts_for_the_legal_entities_that_order_from_whom_it_names() -> None:
    """The one that is there is ordered from by DE01."""
    estate = Onboarding()
    theirs = estate.oracle_supplier("Nordlicht Catering Ltd")
    estate.new("Nordlicht Caterings Limited", **{"tax-id": "GB221233128"})
    with estate.store.transaction() as db:
        db.execute(
            "UPDATE golden_member SET legal_entities='[\"DE01\"]' WHERE system=? AND external_id=?",
            (TARGET, str(theirs)),
        )

    assert ["SUPPLIER_DUPLICATE_POSSIBLE"] == estate.open_classes
    assert 1 == figures(estate)["DE01"]["asked"]
