"""What may not make two companies one, nor one company two: a shared account, equal digits, a number of another kind, a name."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.simulation import Fault
from finsync_tui import actions
from finsync_tui.suppliers import identity
from store import crossrefs, golden_suppliers, records, supplier_answers
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier, SupplierBankAccount
from store.errors import NotAllowedError
from tests.adapters.setup_oracle import UNIT
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.test_onboarding import GB, GB_OTHER, Onboarding

IBAN = "DE89370400440532013000"
"""That of the world's own supplier in Oracle."""
WITH_ACCOUNTS = (
    (TARGET, "supplier"), (TARGET, "supplier_bank_account"), (SOURCE, "supplier"), (SOURCE, "supplier_bank_account"),
)  # fmt: skip


class Doubtful(Onboarding):
    """What is in Oracle already, and what Coupa has that looks like it."""

    entities: Any

    def paid_to(self, supplier_id: int, iban: str) -> None:
        self.coupa.simulator.put(
            "supplier_information",
            {"id": 900 + supplier_id, "supplier-id": supplier_id, "status": "approved",
             "supplier-information-addresses": [{"id": 12, "iban-number": iban, "country": {"code": "DE"}, "active": True}]},
        )  # fmt: skip

    def in_oracle(self, name: str, tax: str | None = None, country: str = "GB", **changes: Any) -> int:
        made = self.oracle.simulator.add_supplier(
            name, units=[UNIT], country=country, taxpayer_id=tax, **changes
        )
        self.read()
        return int(made)

    def place(self, made: int) -> None:
        """Oracle has the address of a supplier, where Coupa's are."""
        row, where = self.oracle.simulator.world.row("suppliers", made), ("GB", "Hull", "HU1 1AA")
        assert row is not None
        address = {"SupplierAddressId": 5, "AddressName": "HQ"} | dict(
            zip(("CountryCode", "City", "PostalCode"), where, strict=True)
        )
        kind = row.resource.children["addresses"]
        row.of("addresses").append(self.oracle.simulator.world.new_row(kind, address))
        self.clock.advance(timedelta(minutes=1))
        row.touch(self.clock.now())

    def say_different(self, one: int | str, other: int | str, source: str = TARGET) -> None:
        pair = (f"{SOURCE}:{one}", f"{source}:{other}")
        actions.answer_suppliers(
            self.store, self.profile, self.who(), [pair], "different", "two", self.signer()
        )

    def name_rule(self, made: int) -> str:
        (rule,) = self.store.db.execute(
            "SELECT f.rule FROM v_supplier_field f JOIN v_supplier_record r ON r.supplier_id=f.supplier_id"
            " WHERE f.field='name' AND r.record_key=?", (f"{SOURCE}:{made}",),
        ).fetchone()  # fmt: skip
        return str(rule)

    def found(self, made: int) -> identity.Identity:
        return identity.identify(
            self.store.db, RecordKey(SOURCE, str(made)), None, TARGET, lambda one, other: None
        )


def test_a_shared_bank_account_is_asked_about_and_proves_nothing() -> None:
    """Two companies paid to a factor's account stay two: somebody looks, then the second one is made."""
    estate = Doubtful()
    estate.entities = WITH_ACCOUNTS
    made = estate.coupa_supplier("Weber Engineering Ltd", **{"tax-id": GB})
    estate.paid_to(made, IBAN)
    estate.cycle()
    shown = estate.open_classes, estate.link(made)

    estate.say_different(made, estate.oracle.supplier_id)
    estate.cycle(timedelta(hours=2))
    cases = [
        row[0] for row in estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL")
    ]
    actions.retry(estate.store, estate.who(), cases)
    estate.settle()

    assert (["SUPPLIER_DUPLICATE_POSSIBLE"], None) == shown
    assert "Weber Engineering Ltd" == estate.twin(made)["Supplier"]


def test_a_shared_account_of_another_tax_id_is_not_even_asked_about() -> None:
    """The tax ids say that they are two, whoever is paid."""
    estate = Doubtful()
    estate.entities = WITH_ACCOUNTS
    made = estate.coupa_supplier(
        "Weber Engineering GmbH", **{"tax-id": "DE136695976", "primary-address": {"city": "Köln", "postal-code": "50667",
                                                                              "country": {"code": "DE"}}}
    )  # fmt: skip
    estate.paid_to(made, IBAN)

    estate.cycle()
    estate.cycle()

    link = estate.link(made)
    assert link is not None
    assert "created" == link.why


def test_companies_of_one_vat_group_stay_two_when_a_person_said_so() -> None:
    """The same VAT number links nothing that is called different."""
    estate = Doubtful()
    there = estate.in_oracle("Zacharias Catering Ltd", GB)
    made = estate.coupa_supplier("Weber Engineering Ltd", **{"tax-id": GB})
    estate.clock.advance(timedelta(minutes=5))
    estate.read()

    estate.say_different(made, there)
    estate.settle()

    assert "Weber Engineering Ltd" in estate.oracle_names
    assert str(there) != estate.twin(made)["SupplierId"]


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_a_namesake_that_is_called_different_is_not_taken_by_its_name(is_interrupted: bool) -> None:
    """A name stands in Oracle only once: the new one needs another, and is not linked with its namesake, also after a fault."""
    estate = Doubtful()
    there = estate.in_oracle("Harbour Paper Trading Ltd")
    made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB})
    estate.clock.advance(timedelta(minutes=5))
    estate.read()
    estate.say_different(made, there)
    if is_interrupted:
        estate.oracle.faults.add(Fault(id="r", kind="reset", path="/suppliers$", method="POST"))

    estate.cycle()

    assert (None, ["SUPPLIER_AMBIGUOUS"]) == (estate.link(made), estate.open_classes)


def test_called_different_a_link_that_was_found_ends_and_documents_wait() -> None:
    """What finsync made with the supplier is not ended by a word."""
    estate = Doubtful()
    there = estate.in_oracle("Harbour Paper Trading Limited", GB)
    found, made = estate.new(), estate.new("Zenith Robotics Ltd", **{"tax-id": GB_OTHER})
    estate.cycle()
    before = estate.link(found)

    estate.say_different(found, there)

    assert before is not None
    assert ("tax_id", str(there)) == (before.why, before.external_id)
    assert estate.link(found) is None
    assert isinstance(estate.found(found), identity.Unknown)
    with pytest.raises(NotAllowedError, match="finsync made it there"):
        estate.say_different(made, str(estate.twin(made)["SupplierId"]))
    assert estate.link(made) is not None


def test_two_that_one_record_stands_for_are_not_called_different_before_its_link_is() -> None:
    """The refusal names what to say first; afterwards it is kept."""
    estate = Doubtful()
    one, other = estate.new(), estate.new("Harbour Paper Trading Limited")
    there = str(estate.twin(one)["SupplierId"])

    with pytest.raises(NotAllowedError, match=f"different {SOURCE}:{other} {TARGET}:{there}"):
        estate.say_different(one, other, SOURCE)
    estate.say_different(other, there)
    estate.say_different(one, other, SOURCE)

    assert (True, None) == (estate.link(one) is not None, estate.link(other))


def test_a_link_against_a_persons_word_stops_documents() -> None:
    """However it came into the file."""
    estate = Doubtful()
    there = estate.in_oracle("Zacharias Catering Ltd")
    made = estate.coupa_supplier("Weber Engineering Ltd", **{"tax-id": GB})
    estate.read()
    estate.say_different(made, there)
    with estate.store.transaction() as db:
        crossrefs.link(
            db, "supplier", f"{SOURCE}:{made}", TARGET, str(there), why="number", linked_at=estate.clock.now()
        )

    assert isinstance(estate.found(made), identity.Ambiguous)


def test_equal_digits_of_two_countries_prove_nothing() -> None:
    """An EIN is no VAT number."""
    estate = Doubtful()
    estate.in_oracle("Texas Tooling Inc", "980780684", "US")

    made = estate.new("Harbour Paper Trading Ltd", **{"tax-id": GB_OTHER[2:]})
    estate.cycle()

    link = estate.link(made)
    assert link is not None
    assert "created" == link.why


def test_a_number_of_quite_another_name_is_asked_about() -> None:
    """The number typed in Coupa is another company's in Oracle, which has no tax id to say so."""
    estate = Doubtful()
    estate.in_oracle("Zacharias Catering Ltd", number="5577")

    made = estate.new("Harbour Paper Trading Ltd", number="5577")

    assert (["SUPPLIER_AMBIGUOUS"], None) == (estate.open_classes, estate.link(made))


@pytest.mark.parametrize(
    ("theirs", "ours", "country"),
    [
        ("181/815/08155", "DE136695976", "DE"),
        ("404833048", "FR83404833048", "FR"),
        ("40483304800022", "FR83404833048", "FR"),
    ],
)
def test_numbers_of_two_kinds_do_not_make_one_company_two(theirs: str, ours: str, country: str) -> None:
    """Where one number holds the other it is linked; where they say nothing of each other, a person is asked."""
    estate = Doubtful()
    estate.in_oracle("Müller Maschinenbau GmbH", theirs, country)

    made = estate.new(
        "Mueller Maschinenbau GmbH",
        **{"tax-id": ours, "primary-address": {"city": "Köln", "postal-code": "50667" if country == "DE" else "75001",
                                               "country": {"code": country}}},
    )  # fmt: skip
    estate.cycle()

    link = estate.link(made)
    assert ["Müller Maschinenbau GmbH"] == [name for name in estate.oracle_names if name.endswith("bau GmbH")]
    assert (link is not None and "tax_id" == link.why) == (country == "FR")


def test_what_was_made_by_hand_in_an_outage_is_not_made_again() -> None:
    """The request waits while the ERP is away; somebody makes it there under the same VAT number and a longer name."""
    estate = Doubtful()
    estate.oracle.faults.add(Fault(id="down", kind="unavailable", path="/suppliers$", method="POST"))
    estate.new("Harbour Paper Trading Ltd")
    estate.oracle.simulator.add_supplier(
        "Harbour Paper Trading Limited", units=[UNIT], country="GB", taxpayer_id=GB
    )

    estate.cycle(timedelta(hours=2))
    estate.cycle(timedelta(hours=2))

    assert "Harbour Paper Trading Ltd" not in estate.oracle_names
    assert ["SUPPLIER_DUPLICATE_POSSIBLE"] == estate.open_classes


def test_what_waited_is_compared_again_before_it_is_sent() -> None:
    """While the ERP is away one of nearly its name comes there, without a tax number; a person is asked, and nothing is sent."""
    estate = Doubtful()
    later = estate.clock.now() + timedelta(hours=1)
    estate.oracle.faults.add(
        Fault(id="away", kind="maintenance", path="/suppliers", method="POST", ends_at=later)
    )
    made = estate.new("Harbour Paper Trading Ltd")
    before = estate.open_classes
    estate.in_oracle("Harbour Paper Tradng Ltd")

    estate.cycle(timedelta(hours=2))

    assert ([], ["SUPPLIER_DUPLICATE_POSSIBLE"]) == (before, estate.open_classes)
    assert "Harbour Paper Trading Ltd" not in estate.oracle_names
    assert estate.link(made) is None


def test_one_that_is_inactive_in_the_erp_is_asked_about_and_an_active_one_preferred() -> None:
    """Nobody's ended supplier is linked unasked; with an active one of that number beside it there is nothing to ask."""
    asked, preferred = Doubtful(), Doubtful()
    for estate in (asked, preferred):
        ended = estate.oracle.simulator.add_supplier(
            "Harbour Paper Trading Limited", units=[UNIT], country="GB", taxpayer_id=GB
        )
        row = estate.oracle.simulator.world.row("suppliers", ended)
        assert row is not None
        row.data.update(Status="INACTIVE", InactiveDate="2026-01-01")
        estate.read()
    active = preferred.in_oracle("Harbour Paper Trading (Hull) Ltd", GB)

    first, second = asked.new(), preferred.new()

    assert (None, ["SUPPLIER_INACTIVE"]) == (asked.link(first), asked.open_classes)
    assert str(active) == str(preferred.twin(second)["SupplierId"])


def test_another_owner_decides_the_fields_of_records_that_are_there() -> None:
    """When the profile names the ERP as owner, golden records take its values with the next cycle."""
    estate = Doubtful(ownership={"supplier": SOURCE})
    made = estate.new()
    estate.cycle()
    before = estate.name_rule(made)
    estate.profile = estate.profile.model_copy(update={"ownership": {"supplier": TARGET}})

    estate.read()

    assert (f"owner {SOURCE}", f"owner {TARGET}") == (before, estate.name_rule(made))


def test_a_word_that_nobody_signed_joins_no_golden_records() -> None:
    """What merely stands in the file is nobody's: the two stay two golden records."""
    estate = Doubtful()
    there = estate.in_oracle("Zacharias Catering Ltd")
    made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB})
    estate.read()
    pair = (f"{SOURCE}:{made}", f"{TARGET}:{there}")
    with estate.store.transaction() as db:
        supplier_answers.answer(db, *pair, "same", by="maria", at=estate.clock.now())

    estate.read()

    ids = golden_suppliers.of_keys(estate.store.db, pair)
    assert ids[pair[0]] != ids[pair[1]]


def test_a_one_time_supplier_is_nobodys_double() -> None:
    """Many stand under one name on purpose; that it is another may be said."""
    estate = Doubtful()
    there, made = estate.in_oracle("Sundry Ltd"), estate.coupa_supplier("Sundry Ltd")
    estate.read()
    held = records.get(estate.store.db, Supplier, TARGET, str(there))
    assert held is not None
    once = held.record.model_copy(update={"kind": "one_time"})
    with estate.store.transaction() as db:
        records.put_page(
            db, "supplier", TARGET, [records.Incoming(str(there), once, b"once")], estate.clock.now()
        )
    pair = [(f"{SOURCE}:{made}", f"{TARGET}:{there}")]

    with pytest.raises(NotAllowedError, match="one-time"):
        actions.answer_suppliers(
            estate.store, estate.profile, estate.who(), pair, "same", "one", estate.signer()
        )
    estate.say_different(made, there)


def test_a_certain_one_beside_a_likely_one_is_asked_about() -> None:
    """Two of the ERP look alike: neither is linked, however certain the first; alone it is."""
    beside, alone = Doubtful(link=91), Doubtful(link=91)
    for estate in (beside, alone):
        estate.place(estate.in_oracle("Harbour Paper Trading Limited"))
    beside.in_oracle("Harbour Paper Tradng Ltd")

    asked, linked = beside.new(), alone.new()

    (evidence,) = beside.store.db.execute(
        "SELECT evidence FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    assert (None, ["SUPPLIER_DUPLICATE_POSSIBLE"]) == (beside.link(asked), beside.open_classes)
    assert [True, False] == [one["score"] >= 91 for one in json.loads(evidence)["similar"]]
    assert alone.link(linked) is not None


def test_an_account_that_has_ended_says_nothing() -> None:
    """Nobody is asked about who was paid to it once."""
    estate = Doubtful()
    estate.entities = WITH_ACCOUNTS
    made = estate.coupa_supplier("Weber Engineering Ltd", **{"tax-id": GB})
    estate.paid_to(made, IBAN)
    estate.read()
    before = estate.found(made)
    rows = estate.store.db.execute(
        "SELECT external_id FROM record WHERE entity='supplier_bank_account' AND system=?", (TARGET,)
    ).fetchall()
    with estate.store.transaction() as db:
        for (external_id,) in rows:
            held = records.get(db, SupplierBankAccount, TARGET, external_id)
            assert held is not None
            ended = held.record.model_copy(update={"is_active": False})
            records.put_page(
                db,
                "supplier_bank_account",
                TARGET,
                [records.Incoming(external_id, ended, b"ended")],
                estate.clock.now(),
            )

    after = estate.found(made)

    assert isinstance(before, identity.Unknown)
    assert isinstance(after, identity.Unknown)
    assert ((f"{TARGET}:{estate.oracle.supplier_id}",), ()) == (before.paid_alike, after.paid_alike)


@pytest.mark.parametrize(
    ("how", "class_"), [("inactive", "SUPPLIER_INACTIVE"), ("different", "SUPPLIER_DUPLICATE_POSSIBLE")]
)
def test_what_only_looks_alike_is_not_linked_where_somebody_has_ended_it_or_said_that_it_is_another(
    how: str, class_: str
) -> None:
    """However high it scores: an end in the ERP may have had a reason, and a word that nobody signed keeps the two apart, too."""
    estate = Doubtful()
    there = estate.in_oracle("Harbour Paper Trading Ltd")
    estate.place(there)
    row = estate.oracle.simulator.world.row("suppliers", there)
    assert row is not None
    if how == "inactive":
        row.data.update(InactiveDate="2026-01-02", Status="INACTIVE")
        row.touch(estate.clock.now())
    made = estate.coupa_supplier("Harbour Paper Trading Ltd", **{"tax-id": GB})
    estate.clock.advance(timedelta(minutes=2))
    estate.read()
    if how == "different":
        with estate.store.transaction() as db:
            pair = (f"{SOURCE}:{made}", f"{TARGET}:{there}")
            supplier_answers.answer(
                db, *pair, "different", by="maria", at=estate.clock.now(), reason="another house"
            )

    estate.cycle()

    assert estate.link(made) is None
    assert [class_] == estate.open_classes
    assert 1 == estate.oracle_names.count("Harbour Paper Trading Ltd")
