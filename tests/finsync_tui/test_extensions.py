"""Regional extensions of contracts: declared in a layer, read with their documents, and held to the contracts' rule of change."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.broken import translated
from adapters.extended import merged
from finsync_tui import explain, extensions, profile, schedule, sync
from finsync_tui.extensions import ExtensionSetup
from finsync_tui.extensions.changes import breaches
from finsync_tui.extensions.paths import put_at, value_at
from finsync_tui.flows import deriving
from finsync_tui.flows import given as known
from finsync_tui.mapping import Table
from finsync_tui.policies import ruling, testing
from finsync_tui.policies.comparing import Comparison
from finsync_tui.policies.decisions import extended
from finsync_tui.policies.model import PolicySetup
from finsync_tui.profile import MappingRow, Profile
from finsync_tui.profile.extensions import with_compared
from finsync_tui.profile.overlay import shipped
from finsync_tui.settings import Workspace, create_workspace, load_workspace, read_toml
from finsync_tui.strict_check import strict_problems
from store import Store, records
from store.canonical.expense import ExpenseReport
from store.canonical.extending import UnfitExtensionError
from store.canonical.money import Money, plain
from store.canonical.payables import Invoice
from store.canonical.record import CanonicalRecord, Extension
from store.canonical.supplier import Supplier
from tests import strategies
from tests.builders import a_clock, a_purchase_order, a_store, a_supplier
from tests.finsync_tui.flows.invoice_desk import PROFILE, InvoiceDesk, a_free_line, an_invoice
from tests.finsync_tui.reconcile.desk import a_desk
from tests.finsync_tui.test_sync import Shelf

SAMPLES = Path(__file__).parents[2] / "adapters" / "concur" / "samples"
FIELDS: dict[str, Any] = {
    "code": {"kind": "text", "meaning": "where invoices go", "pattern": "[A-Z0-9]{7}", "from": {"coupa": "custom-fields.code"}},
    "split": {"kind": "boolean", "meaning": "tax goes to the state", "from": {"coupa": "custom-fields.split"}},
    "kind": {"kind": "code", "meaning": "what it is", "codes": {"TD01": "invoice"}, "from": {"coupa": "custom-fields.kind"}},
    "rate": {"kind": "decimal", "meaning": "how much", "from": {"coupa": "custom-fields.rate"}},
    "stamp": {"kind": "money", "meaning": "stamp duty", "currency": "EUR", "from": {"coupa": "custom-fields.stamp"}},
    "day": {"kind": "date", "meaning": "when it came", "from": {"coupa": "custom-fields.day"}},
}  # fmt: skip
PAYLOAD: dict[str, Any] = {
    "code": "ABC1234", "split": "Yes", "kind": {"name": "TD01"}, "rate": "9.50", "stamp": "2.00", "day": "2026-05-31T00:00:00Z",
}  # fmt: skip
KEPT: dict[str, Any] = {
    "code": "ABC1234", "split": True, "kind": "TD01", "rate": "9.5", "stamp": Money.of("2", "EUR"), "day": "2026-05-31",
}  # fmt: skip


def an_extension(entity: str = "invoice", version: str = "1.0", **changes: Any) -> ExtensionSetup:
    told = {
        "name": "it_tax",
        "version": version,
        "owner": "tax",
        "entity": entity,
        "description": "Italian tax",
        "fields": FIELDS,
    }
    return ExtensionSetup.model_validate(told | changes)


def read(
    setup: ExtensionSetup, record: CanonicalRecord, said: dict[str, Any], system: str = "coupa"
) -> CanonicalRecord:
    extend = extensions.extend([setup], system, record.entity)
    assert extend is not None
    return extend(record, json.dumps({"custom-fields": said}).encode())


def a_report() -> ExpenseReport:
    return ExpenseReport.model_validate_json((SAMPLES / "expense_report.canonical.json").read_bytes())


# -- reading


@pytest.mark.parametrize("record", [a_supplier(), a_purchase_order(), an_invoice(), a_report()])
def test_any_entity_keeps_what_its_payload_says(record: CanonicalRecord) -> None:
    """Each kind as the contract writes it, under the extension's name and version; it is content, and it is read again as it was."""
    found = read(an_extension(record.entity), record, PAYLOAD)

    assert {"it_tax": Extension(version="1.0", fields=KEPT)} == found.extensions
    assert record.content_hash() != found.content_hash()
    assert found == type(found).model_validate_json(found.canonical_json())
    body = json.loads(found.canonical_json())["extensions"]["it_tax"]["fields"]
    jsonschema_rs.validator_for(extensions.schema(an_extension())).validate(body)


def test_a_record_without_any_is_stored_as_it_always_was() -> None:
    """Neither its JSON nor its hash says a word of extensions: no document changes when the first extension is declared."""
    found = read(an_extension(where={"ship_to_country": ["IT"]}), an_invoice(ship_to_country="DE"), PAYLOAD)

    assert an_invoice() == found
    assert b"extensions" not in found.canonical_json()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"split": True}, "it_tax 1.0 needs code, and it is missing"),
        ({"code": "", "split": True}, "it_tax 1.0 needs code, and it is missing"),
        ({"code": "short"}, "code does not look like"),
        ({"code": 7.5}, "code is no text"),
        ({"code": "ABC1234", "split": "perhaps"}, "split is neither yes nor no"),
        ({"code": "ABC1234", "kind": "TD99"}, "kind is none of TD01"),
        ({"code": "ABC1234", "rate": "much"}, "rate is no number"),
        ({"code": "ABC1234", "rate": True}, "rate is no number"),
        ({"code": "ABC1234", "stamp": "2.005"}, "stamp is no amount"),
        ({"code": "ABC1234", "day": "31.05.2026"}, "day is no date"),
    ],
)
def test_what_is_missing_or_of_another_kind_names_its_place(said: dict[str, Any], reason: str) -> None:
    """The path in the payload and what is wrong there; nothing is guessed."""
    needed = {**FIELDS, "code": {**FIELDS["code"], "is_required": True}}

    with pytest.raises(UnfitExtensionError) as caught:
        read(an_extension(fields=needed), an_invoice(), said)

    assert reason in caught.value.reason
    assert caught.value.path.startswith("$.custom-fields.")


def test_a_payload_that_lacks_a_field_is_an_exception_and_its_neighbours_go_on() -> None:
    """The document waits with its payload; as soon as it is corrected it is read, and the exception ends."""
    needed = {
        "code": {
            "kind": "text",
            "meaning": "where invoices go",
            "is_required": True,
            "from": {"shelf": "code"},
        }
    }
    extend = extensions.extend([an_extension("supplier", fields=needed)], "shelf", "supplier")
    store, shelf = a_store(), Shelf([{"id": "S1", "name": "a", "code": "X"}, {"id": "S2", "name": "b"}])

    pulled = pull(store, shelf, extend)
    (case,) = waiting(store)
    payload = case["payload"]
    shelf.pages = [[{"id": "S2", "name": "b", "code": "Y"}]]
    pull(store, shelf, extend)

    assert (2, 1, 1) == (pulled.rows_read, pulled.rows_changed, pulled.rows_refused)
    assert ("PAYLOAD_INVALID", "shelf:S2") == (case["class"], case["document_key"])
    assert "it_tax 1.0 needs code, and it is missing (at $.code)" in case["cause"]
    assert {"id": "S2", "name": "b"} == json.loads(payload)
    assert [] == waiting(store)
    held = records.get(store.db, Supplier, "shelf", "S2")
    assert held is not None
    assert {"code": "Y"} == held.record.extensions["it_tax"].fields


def waiting(store: Store) -> list[Any]:
    return store.db.execute("SELECT * FROM exception_case WHERE ended_at IS NULL").fetchall()


def pull(store: Store, shelf: Shelf, extend: Any) -> sync.Pulled:
    return asyncio.run(sync.pull(store, shelf, sync.Pull("shelf", "supplier", extend=extend), a_clock()))


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "code": st.text("ABCDEFGH0123456789", min_size=7, max_size=7),
    "split": st.booleans(),
    "kind": st.just("TD01"),
    "rate": strategies.quantities.map(plain),
    "stamp": strategies.moneys("EUR"),
    "day": strategies.days.map(date.isoformat),
}


@given(values=st.fixed_dictionaries({}, optional=VALUES), other=st.fixed_dictionaries({}, optional=VALUES))
def test_whatever_is_written_is_read_again_and_counts_as_content(
    values: dict[str, Any], other: dict[str, Any]
) -> None:
    """For any values: payload to record to its JSON and back are the same values, and two records have one hash only when all are the
    same. What a target is sent of them reads back as them."""
    told = [
        {name: str(one.amount) if isinstance(one, Money) else one for name, one in some.items()}
        for some in (values, other)
    ]
    targets = {name: {**one, "to": {"erp": f"dff[0].{name}"}} for name, one in FIELDS.items()}
    setup = an_extension(fields=targets)

    one, two = (read(setup, an_invoice(), some) for some in told)
    again = Invoice.model_validate_json(one.canonical_json())
    sent = json.dumps(extensions.written([setup], "erp", one)).encode()
    extend = extensions.extend([setup], "erp", "invoice")
    assert extend is not None

    assert (
        values == (again.extensions["it_tax"].fields if values else {}) if values else again.extensions == {}
    )
    assert (values == other) == (one.content_hash() == two.content_hash())
    assert one.extensions == extend(an_invoice(), sent).extensions


@given(
    path=st.sampled_from(["a.b-c", "a[1].b", "a[id=x].value", "a[0][id=y].b[2].c"]), value=st.text(min_size=1)
)
def test_what_is_put_at_a_place_is_found_there(path: str, value: str) -> None:
    """Whatever the way, lists and look-ups in lists made on it; a value that stands beside it stays."""
    document: dict[str, Any] = {"beside": 1}

    put_at(document, path, value)

    assert (value, 1) == (value_at(document, path), document["beside"])
    assert document == merged(document, {"beside": 2})


# -- rules and mapping tables


def rules(when: str) -> dict[str, PolicySetup]:
    rule = {"when": when, "then": "stop", "why": "the law"}
    return {"tax": PolicySetup.model_validate({"decides": "invoice_check", "rules": {"it": rule}})}


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("has(invoice.extensions.it_tax.rate) && invoice.extensions.it_tax.rate < decimal('10.00')", True),
        (
            "has(invoice.extensions.it_tax.stamp) && invoice.extensions.it_tax.stamp.amount == decimal('2.0')",
            True,
        ),
        (
            "has(invoice.extensions.it_tax.day) && days_between(invoice.extensions.it_tax.day, today) == 1",
            True,
        ),
        ("has(invoice.extensions.it_tax.split) && !invoice.extensions.it_tax.split", False),
        ("!has(invoice.extensions.it_tax.code) || invoice.extensions.it_tax.code != 'ABC1234'", False),
    ],
)
def test_rules_ask_for_fields_with_their_types(when: str, says: bool) -> None:
    """Amounts compare as amounts; asked of a record and of its stored JSON a rule says the same; a document without any is no error."""
    setup = an_extension()
    judge = ruling.judges(rules(when), [setup])["invoice_check"]
    decision = extended([setup])["invoice_check"]
    with_it = read(setup, an_invoice(), PAYLOAD)
    comparison = Comparison(decision, None, judge)
    on = date(2026, 6, 1)

    assert says == bool(judge.ask({"invoice": with_it}, "IT01", "", on))
    found = comparison.is_same(with_it.canonical_json(), "IT01", "", on)
    assert (None if says else ([], [])) == found
    without = bool(judge.ask({"invoice": an_invoice()}, "IT01", "", on))
    assert (
        without
        == (comparison.is_same(an_invoice().canonical_json(), "IT01", "", on) is None)
        == when.startswith("!has")
    )


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("has(invoice.extensions.it_tax.splitt)", "there is no field splitt"),
        ("has(invoice.extensions.fr_tax.split)", "there is no field fr_tax"),
        ("invoice.extensions.it_tax.split", "may be missing: ask for it first"),
        ("has(invoice.extensions.it_tax.rate) && invoice.extensions.it_tax.rate < '10'", "is compared with"),
    ],
)
def test_a_rule_that_does_not_fit_the_extension_fails_at_the_check(when: str, problem: str) -> None:
    """A wrong name or type is found offline, not at midnight; without the extension no rule may name it."""
    (found,) = ruling.misfits(rules(when), {}, [an_extension()])

    assert problem in found.message
    assert ruling.misfits(rules(when), {})


def test_a_case_gives_fields_of_extensions() -> None:
    """The table of cases beside a policy says them like any other field; what it does not say is missing."""
    policy = rules("has(invoice.extensions.it_tax.rate) && invoice.extensions.it_tax.rate > decimal('9.50')")[
        "tax"
    ]
    given_it = {"invoice": {"extensions": {"it_tax": {"rate": "10"}}}}
    told = [{"given": given_it, "on": "2026-01-05", "expects": ["it"]}, {"on": "2026-01-05", "expects": []}]
    cases_ = PolicySetup.model_validate(
        policy.model_dump() | {"tests": {str(n): one for n, one in enumerate(told)}}
    )

    assert ["", ""] == [one.problem for one in testing.run({"tax": cases_}, {}, [an_extension()])]


def test_a_mapping_table_asks_for_fields_of_extensions() -> None:
    """A column of its own, like the other conditions."""
    invoice = read(an_extension(), an_invoice(), PAYLOAD)
    column = "extension.it_tax.split"
    table = Table("tax_account", 1, (
        MappingRow(source="V22", target="split", where=((column, "true"),)), MappingRow(source="V22", target="usual"),
    ))  # fmt: skip

    found = [
        table.find("V22", scope="IT01", on=date(2026, 1, 5), given=known.of_invoice(one))
        for one in (invoice, an_invoice())
    ]

    assert ["split", "usual"] == [one.target for one in found if one]


def test_rules_that_derive_a_segment_are_asked_of_a_document_with_extensions() -> None:
    """They see what the contract says of it; what a region keeps beside it is no reason to refuse it."""
    rule = {"when": "segment.name == 'account'", "then": "7000", "why": "the law"}
    policy = PolicySetup.model_validate({"decides": "ledger_derivation", "rules": {"it": rule}})
    judge = ruling.judges({"tax": policy})["ledger_derivation"]
    derive = deriving.by(judge, "IT01", "", date(2026, 1, 5))
    assert derive is not None

    said = derive("account", "7110", known.of_invoice(read(an_extension(), an_invoice(), PAYLOAD)))

    assert said is not None
    assert "7000" == said.then


# -- targets


def a_profile(**changes: Any) -> Profile:
    fields = {"code": {**FIELDS["code"], "to": {"oracle-emea": "InvoiceGroup"}}}
    return Profile.model_validate(
        PROFILE
        | {"extensions": {"it_tax-1.0": an_extension(fields=fields).model_dump(by_alias=True)}}
        | changes
    )


def test_a_posted_invoice_carries_what_the_extension_writes_there() -> None:
    """The decision says it in the ERP's own shape, beside the document; an invoice without it says nothing."""
    desk = InvoiceDesk(match={"level": "none"})
    desk.profile = a_profile(
        legal_entities={"DE01": desk.profile.legal_entities["DE01"].model_dump(by_alias=True)},
        tax=desk.profile.tax,
    )
    kept = {"it_tax": Extension(version="1.0", fields={"code": "ABC1234"})}

    desk.invoice(an_invoice(a_free_line(), extensions=kept))

    assert {"InvoiceGroup": "ABC1234"} == desk.body("invoice.create")["extended"]
    assert kept == desk.posted.extensions
    assert {"it_tax 1.0"} == {
        line.what for line in explain.story(desk.store.db, "coupa:I1").lines if line.kind == "extension"
    }


def test_our_own_fields_are_never_those_of_an_extension() -> None:
    """Whatever path an extension names: what finsync says of a document itself stays."""
    ours = {"InvoiceAmount": 100, "invoiceLines": [{"LineAmount": 100}]}

    assert {**ours, "InvoiceGroup": "X"} == merged(
        ours, {"InvoiceAmount": 1, "InvoiceGroup": "X", "invoiceLines": [{"LineAmount": 1}]}
    )


def test_what_is_written_to_a_target_is_compared() -> None:
    """A value that the target lost is a break of that field; a field that no target gets is not compared."""
    with a_desk() as desk:
        kept = {"it_tax": Extension(version="1.0", fields={"code": "ABC1234"})}
        for orders in (desk.left, desk.right):
            for key, order in orders.held.items():
                orders.held[key] = order.model_copy(update={"extensions": kept})
        desk.right.held["302"] = desk.right.held["302"].model_copy(update={"extensions": {}})
        fields = {"code": {**FIELDS["code"], "to": {"erp": "code"}}, "split": FIELDS["split"]}
        told = an_extension("purchase_order", fields=fields)
        definition = with_compared(
            Profile.model_validate(
                {
                    "systems": {},
                    "extensions": {"it_tax-1.0": told.model_dump(by_alias=True)},
                    "reconciliations": {"orders": shipped_orders()},
                }
            )
        ).reconciliations["orders"]
        desk.changes = {"fields": [one.model_dump(mode="json") for one in definition.fields]}

        desk.run()

        names = [one.name for one in definition.fields]
        assert ("it_tax.code" in names, "it_tax.split" in names) == (True, False)
        assert [("field", "PO-2")] == [(kind, number) for kind, _, number in desk.open_breaks()]


def shipped_orders() -> dict[str, Any]:
    return read_toml(shipped() / "shared" / "reconciliations" / "orders.toml")


# -- the profile


SETUP = """
[systems.coupa]
adapter = "coupa"
base_url = "https://example.coupahost.com"
"""
DECLARED = """
name = "it_tax"
version = "{version}"
owner = "tax"
entity = "invoice"
description = "Italian tax"
[fields.split]
kind = "{kind}"
meaning = "tax goes to the state"
from = {{ coupa = "custom-fields.split" }}
{more}
"""


def a_layer(folder: Path, **files: str) -> Workspace:
    workspace = create_workspace(folder, layers=("own",))
    own = folder / "profiles" / "own" / "extensions"
    own.mkdir(parents=True)
    (own.parent / "profile.toml").write_text(SETUP, encoding="utf-8")
    for name, text in files.items():
        (own / f"{name.replace('__', '-').replace('_0', '.0').replace('_1', '.1')}.toml").write_text(
            text, encoding="utf-8"
        )
    return workspace


def test_declared_extensions_are_read_with_their_documents(tmp_path: Path) -> None:
    """By a file in a layer and nothing else: the engine's reads of that system and entity add its values."""
    workspace = a_layer(tmp_path, it_tax__1_0=DECLARED.format(version="1.0", kind="boolean", more=""))
    found = profile.load(workspace)

    assert [] == profile.check(workspace)
    assert schedule.pull(found, "coupa", "invoice").extend is not None
    assert schedule.pull(found, "coupa", "supplier").extend is None


def test_what_does_not_fit_is_named_with_its_place(tmp_path: Path) -> None:
    """System, entity, path, target, file name: each in the file that says it."""
    more = 'to = { oracle = "x", coupa = "custom-fields.split" }\n'
    text = DECLARED.format(version="1.1", kind="boolean", more=more).replace(
        'entity = "invoice"', 'entity = "invoice"\nwhere = { land = ["IT"] }'
    )
    workspace = a_layer(tmp_path, it_tax__1_0=text)

    found = {one.message for one in profile.check(workspace)}

    assert {
        "it is it_tax 1.1", "'invoice' has no field 'land'", "there is no system 'oracle'",
        "coupa writes no fields of extensions to 'invoice'",
    } == found  # fmt: skip
    assert all("it_tax-1.0.toml" in one.file for one in profile.check(workspace))


@pytest.mark.parametrize(
    ("version", "kind", "more", "is_fine"),
    [
        ("1.1", "boolean", '[fields.code]\nkind = "text"\nmeaning = "more"\nfrom = { coupa = "x" }', True),
        (
            "1.1",
            "boolean",
            '[fields.code]\nkind = "text"\nmeaning = "more"\nis_required = true\nfrom = { coupa = "x" }',
            False,
        ),
        ("1.1", "text", "", False),
        ("2.0", "text", "", True),
    ],
)
def test_a_version_only_adds_or_raises_the_major(
    tmp_path: Path, version: str, kind: str, more: str, is_fine: bool
) -> None:
    """The contracts' own rule, asked by `profile check --strict`."""
    first, later = (
        DECLARED.format(version="1.0", kind="boolean", more=""),
        DECLARED.format(version=version, kind=kind, more=more),
    )
    workspace = a_layer(tmp_path, it_tax__1_0=first, **{f"it_tax__{version.replace('.', '_')}": later})
    found = profile.load(workspace)

    problems = [one for one in strict_problems(workspace, found) if one.place.startswith("extensions.")]

    assert [] == profile.check(workspace)
    assert is_fine == (problems == [])
    assert (version,) == tuple(one.version for one in found.extending)
    assert is_fine == (list(breaches(found.extensions.values())) == [])


def test_a_table_that_asks_for_a_field_nobody_declared_is_found(tmp_path: Path) -> None:
    """A wrong name in a column's head is a problem of the profile."""
    workspace = a_layer(tmp_path, it_tax__1_0=DECLARED.format(version="1.0", kind="boolean", more=""))
    folder = tmp_path / "profiles" / "own" / "mappings"
    folder.mkdir()
    (folder / "tax_account.csv").write_text(
        "from,to,extension.it_tax.splitt\nV22,154500,true\n", encoding="utf-8"
    )

    (one,) = profile.check(workspace)

    assert "no extension has 'extension.it_tax.splitt'" in one.message


def test_the_shipped_italian_extensions_fit(tmp_path: Path) -> None:
    """The example of the documentation is a profile that passes."""
    create_workspace(tmp_path, layers=("shared", "regions/italy"))
    with (tmp_path / "workspace.toml").open("a") as file:
        file.write('[systems.coupa]\nbase_url = "https://coupa.example.com"\n')
    workspace = load_workspace(tmp_path)

    assert [] == profile.check(workspace)
    assert {"it_invoicing", "it_procurement", "it_supplier"} == {
        one.name for one in profile.load(workspace).extending
    }


def test_adapters_refuse_what_an_extension_can_not_read() -> None:
    """Said where any bad row is said: id, number, path and reason; rows that are refused already stay so."""
    needed = {"code": {**FIELDS["code"], "is_required": True, "from": {"shelf": "code"}}}
    extend = extensions.extend([an_extension("supplier", fields=needed)], "shelf", "supplier")
    rows = [json.dumps(one).encode() for one in ({"id": "S1", "name": "a"}, {"id": "S2"})]

    found: list[Any] = translated(Shelf(), "supplier", rows, extend)

    assert [("S1", "$.code"), ("S2", "$.name")] == [(one.external_id, one.path) for one in found]
