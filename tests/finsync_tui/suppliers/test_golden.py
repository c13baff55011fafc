"""The one supplier that records of several systems are: which belong together, whose value counts, and its history."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.profile import Profile
from finsync_tui.reports import supplier_figures
from finsync_tui.suppliers import clustering, golden, sweeping
from store import Store, crossrefs, golden_suppliers, records, supplier_answers
from store.canonical.supplier import SupplierAddress, SupplierBankAccount, SupplierSite, TaxRegistration
from store.golden_suppliers import Edge
from tests.builders import MONDAY, a_store, a_supplier
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET

HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")


class Books:
    """Suppliers of several systems, and what is known of who is who."""

    def __init__(self, **changes: Any) -> None:
        self.store: Store = a_store()
        self.profile = Profile.model_validate(PROFILE | changes)

    def put(self, key: str, **changes: Any) -> None:
        system, _, external_id = key.partition(":")
        fields: dict[str, Any] = {"number": f"N{external_id}", "name": f"Supplier {external_id}", "country": "GB",
                                  "tax_registrations": (), "sites": ()}  # fmt: skip
        record = a_supplier(**fields | changes)
        with self.store.transaction() as db:
            records.put_page(
                db, "supplier", system, [records.Incoming(external_id, record, repr(record).encode())], MONDAY
            )
        sweeping.sweep(self.store, self.profile.suppliers.thresholds, MONDAY)

    def link(self, one: str, other: str) -> None:
        system, _, external_id = other.partition(":")
        with self.store.transaction() as db:
            crossrefs.link(db, "supplier", one, system, external_id, why="created", linked_at=MONDAY)

    def say(self, one: str, other: str, said: Any) -> None:
        with self.store.transaction() as db:
            supplier_answers.answer(db, one, other, said, by="ana", at=MONDAY)

    def consolidate(self) -> golden.Consolidated:
        return golden.consolidate(self.store, self.profile, MONDAY)

    def of(self, key: str) -> golden_suppliers.Golden:
        found = golden_suppliers.get(self.store.db, golden_suppliers.of_keys(self.store.db, [key])[key])
        assert found is not None
        return found

    def together(self) -> list[tuple[str, ...]]:
        """Return the groups there are."""
        self.consolidate()
        ids = {row[0] for row in self.store.db.execute("SELECT golden_id FROM golden_member")}
        return sorted(tuple(golden_suppliers.keys_of(self.store.db, [one])) for one in ids)


def test_a_pair_that_is_one_supplier_already_waits_for_no_answer() -> None:
    """A record and its twin in the ERP are linked: nobody is asked. Two in one system are doubles, and stay to be seen."""
    books = Books()
    for key in (f"{SOURCE}:1", f"{SOURCE}:2", f"{TARGET}:9"):
        books.put(key, name="Harbour Paper Ltd", address=HULL)
    books.link(f"{SOURCE}:1", f"{TARGET}:9")
    books.link(f"{SOURCE}:2", f"{TARGET}:9")
    books.consolidate()
    ask, link = books.profile.suppliers.thresholds.ask, books.profile.suppliers.thresholds.link

    stands = books.store.db.execute(
        "SELECT one, other, is_linked, state FROM v_supplier_pair ORDER BY 1, 2"
    ).fetchall()
    doubles = (f"{SOURCE}:1", f"{SOURCE}:2")

    assert {"linked", "open"} == {state for *_, state in stands}
    assert [(*doubles, 1, "open")] == [tuple(one) for one in stands if one["state"] == "open"]
    waiting = supplier_answers.waiting(books.store.db, ask, 10)
    assert [doubles] == [(one.one, one.other) for one in waiting]
    assert 1 == supplier_answers.counts(books.store.db, ask, link)["open"]
    figures = {row[1]: row[7] for row in supplier_figures.quality(books.store.db, books.profile)}
    assert (1, 0) == (figures[SOURCE], figures[TARGET])


def test_each_supplier_has_one_golden_record_whatever_number_of_systems_it_stands_in() -> None:
    """A link brings two records together; a third stays alone; looking again changes nothing."""
    books = Books()
    books.put(f"{SOURCE}:1")
    books.put(f"{SOURCE}:2")
    books.put(f"{TARGET}:9")
    books.link(f"{SOURCE}:1", f"{TARGET}:9")

    assert [(f"{SOURCE}:1", f"{TARGET}:9"), (f"{SOURCE}:2",)] == books.together()
    assert golden.Consolidated() == books.consolidate()


def test_a_tax_id_in_between_parts_what_only_looks_alike() -> None:
    """The two that look most alike have no numbers; what they already stand with has, and these contradict."""
    books = Books()
    for key, number in (("coupa:1", "GB123456773"), ("oracle-emea:9", ""), ("concur:5", "GB980780684")):
        tax = (TaxRegistration(number=number, country="GB"),) if number else ()
        books.put(key, name="Harbour Paper Ltd", address=HULL, number=key, tax_registrations=tax)

    assert [("concur:5", "oracle-emea:9"), ("coupa:1",)] == sorted(books.together())


def test_an_engine_that_is_to_stop_leaves_the_rest_due() -> None:
    """Nothing is forgotten: the next call goes on."""
    books = Books()
    books.put(f"{SOURCE}:1")

    stopped = golden.consolidate(books.store, books.profile, MONDAY, lambda: True)

    assert golden.Consolidated() == stopped
    assert [(f"{SOURCE}:1",)] == books.together()


def test_two_of_one_system_that_only_look_alike_stay_two() -> None:
    """One system's two may be two branches: a person says so, and then they are one; with the twin elsewhere the first is."""
    books = Books()
    for key in (f"{SOURCE}:1", f"{SOURCE}:2", f"{TARGET}:9"):
        books.put(key, name="Harbour Paper Ltd", address=HULL, number=key)
    before = books.together()

    books.say(f"{SOURCE}:1", f"{SOURCE}:2", "same")

    assert [(f"{SOURCE}:1", f"{TARGET}:9"), (f"{SOURCE}:2",)] == before
    assert [(f"{SOURCE}:1", f"{SOURCE}:2", f"{TARGET}:9")] == books.together()


def test_a_person_who_says_different_parts_what_was_linked() -> None:
    """Two that were one golden record are two again, and the one that lost its record gets its number back later."""
    books = Books()
    books.put(f"{SOURCE}:1")
    books.put(f"{TARGET}:9")
    books.consolidate()
    apart = (books.of(f"{SOURCE}:1").id, books.of(f"{TARGET}:9").id)
    books.say(f"{SOURCE}:1", f"{TARGET}:9", "same")
    books.consolidate()
    joined = books.of(f"{SOURCE}:1").id
    retired = golden_suppliers.get(books.store.db, apart[1])

    books.say(f"{SOURCE}:1", f"{TARGET}:9", "different")
    books.consolidate()

    assert apart[0] == joined
    assert retired is not None
    assert ((), joined) == (retired.members, retired.into_id)
    assert apart == (books.of(f"{SOURCE}:1").id, books.of(f"{TARGET}:9").id)
    assert [(f"{TARGET}:9",), (), (f"{TARGET}:9",)] == [
        one.members for one in golden_suppliers.history(books.store.db, apart[1])
    ]


def test_the_owner_of_a_field_decides_and_else_the_rule() -> None:
    """Each field names the record and version it comes from, and why that one."""
    books = Books(
        ownership={"supplier.name": TARGET},
        suppliers={"trust": [SOURCE], "survivorship": {"address": "most_complete"}},
    )
    tax = TaxRegistration(number="GB220430231", country="GB")
    books.put(
        f"{SOURCE}:1", name="Harbour Paper", address=SupplierAddress(town="Hull"), tax_registrations=(tax,)
    )
    books.put(f"{TARGET}:9", name="Harbour Paper Ltd", address=HULL)
    books.link(f"{SOURCE}:1", f"{TARGET}:9")
    books.consolidate()

    found = books.of(f"{SOURCE}:1").fields

    assert ("Harbour Paper Ltd", f"{TARGET}:9", f"owner {TARGET}") == _told(found["name"])
    assert ("N1", f"{SOURCE}:1", "most_trusted") == _told(found["number"])
    assert ("HU1 1AA", f"{TARGET}:9", "most_complete") == (
        found["address"]["value"]["postcode"], found["address"]["from"], found["address"]["rule"],
    )  # fmt: skip
    assert (f"{SOURCE}:1", "only value") == (
        found["tax_registrations"]["from"],
        found["tax_registrations"]["rule"],
    )


def test_an_owner_with_nothing_to_say_or_with_two_records_leaves_it_to_the_rule() -> None:
    """Of two records of the owner, one a legal entity's own, the rule picks one; a field that the owner leaves empty is not lost; one
    without a rule of its own goes by the general one. Each says so."""
    books = Books(
        ownership={"supplier": TARGET, "supplier.address": "concur"},
        suppliers={
            "rule": "most_trusted",
            "trust": [SOURCE, TARGET],
            "survivorship": {"country": "most_complete"},
        },
    )
    books.put(
        f"{SOURCE}:1",
        name="Harbour Paper Ltd",
        address=HULL,
        tax_registrations=(TaxRegistration(number="GB123456773", country="GB"),),
    )
    books.put(f"{TARGET}:8", name="Harbour Paper (UK01)", status="inactive")
    books.put(f"{TARGET}:9", name="Harbour Paper (IE01)")
    books.put("oracle-amer:3", name="Harbour Paper Inc", address=SupplierAddress(town="Hull"))
    for other in (f"{TARGET}:9", "oracle-amer:3"):
        books.link(f"{SOURCE}:1", other)
    books.say(f"{SOURCE}:1", f"{TARGET}:8", "same")
    books.consolidate()

    found = {name: (one["from"], one["rule"]) for name, one in books.of(f"{SOURCE}:1").fields.items()}

    assert (f"{TARGET}:9", f"owner {TARGET}") == found["name"]
    assert (f"{SOURCE}:1", "most_trusted") == found["address"]
    assert (f"{SOURCE}:1", "only value") == found["tax_registrations"]
    assert (f"{TARGET}:9", f"owner {TARGET}") == found["country"]


def test_a_changed_record_makes_a_new_version_and_the_old_one_stays() -> None:
    """History tells what the supplier was."""
    books = Books()
    books.put(f"{SOURCE}:1", name="Harbour Paper")
    books.consolidate()
    books.put(f"{SOURCE}:1", name="Harbour Paper Ltd")
    books.consolidate()

    history = golden_suppliers.history(books.store.db, books.of(f"{SOURCE}:1").id)

    assert [(1, "Harbour Paper", 1), (2, "Harbour Paper Ltd", 2)] == [
        (one.version, one.fields["name"]["value"], one.fields["name"]["version"]) for one in history
    ]


def test_views_tell_records_legal_entities_parents_and_accounts() -> None:
    """In which system it is called what, who orders from it there, whose daughter it is; an account only masked."""
    books = Books()
    books.put(f"{SOURCE}:7", name="Harbour Holding")
    books.put(f"{SOURCE}:1", parent_id="7")
    site = SupplierSite(external_id="71", code="MAIN", business_unit="DE Operations")
    books.put(f"{TARGET}:9", sites=(site,))
    books.link(f"{SOURCE}:1", f"{TARGET}:9")
    account = SupplierBankAccount(number="x", supplier_id="1", fingerprint="f" * 64, masked="GB…3000")
    with books.store.transaction() as db:
        records.put_page(db, "supplier_bank_account", SOURCE, [records.Incoming("a", account, b"a")], MONDAY)
    sweeping.sweep(books.store, books.profile.suppliers.thresholds, MONDAY)
    books.consolidate()
    golden_id, parent = books.of(f"{SOURCE}:1").id, books.of(f"{SOURCE}:7").id

    rows = books.store.db.execute(
        "SELECT record_key, number, why, legal_entities FROM v_supplier_record WHERE supplier_id=? ORDER BY record_key",
        (golden_id,),
    ).fetchall()
    shown = books.store.db.execute(
        "SELECT record_count, system_count, parent_id FROM v_supplier WHERE id=?", (golden_id,)
    ).fetchone()
    (account_value,) = books.store.db.execute(
        "SELECT value FROM v_supplier_field WHERE supplier_id=? AND field='bank_accounts'", (golden_id,)
    ).fetchone()

    assert [(f"{SOURCE}:1", "N1", "linked", "[]"), (f"{TARGET}:9", "N9", "linked", '["DE01"]')] == [
        tuple(r) for r in rows
    ]
    assert (2, 2, parent) == tuple(shown)
    assert "GB…3000" in account_value


_KEYS = [f"{system}:{n}" for system in "abc" for n in range(3)]
_EDGES = st.lists(
    st.builds(
        Edge, st.sampled_from(_KEYS), st.sampled_from(_KEYS), st.sampled_from(["person", "linked", "proof"]),
        st.sampled_from([92.0, 95.0, 100.0]),
    ),
    max_size=12,
)  # fmt: skip
_VETOES = st.sets(
    st.tuples(st.sampled_from(_KEYS), st.sampled_from(_KEYS)).filter(lambda p: p[0] < p[1]), max_size=4
)


@given(_EDGES, _VETOES, st.randoms())
def test_groups_part_all_records_keep_vetoes_and_do_not_depend_on_order(
    edges: list[Edge], different: set[tuple[str, str]], chance: Any
) -> None:
    """Every record in exactly one group; two called different never in the same; a shuffle changes nothing."""
    found = clustering.groups(_KEYS, edges, different)
    shuffled = list(edges)
    chance.shuffle(shuffled)

    assert sorted(_KEYS) == sorted(key for group in found for key in group)
    assert not any(one in group and other in group for one, other in different for group in found)
    assert found == clustering.groups(list(reversed(_KEYS)), shuffled, different)


def _told(field: Any) -> tuple[str, str, str]:
    return field["value"], field["from"], field["rule"]
