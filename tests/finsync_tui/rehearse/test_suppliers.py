"""Suppliers that turn up in the demo: what each really is is decided first, and judged by what the ERPs hold."""

from __future__ import annotations

from dataclasses import replace

from finsync_tui.rehearse import supplier_planted, supplier_verdict
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.evidence import AuditCheck, Case, Evidence
from finsync_tui.rehearse.planted import Plant, plant
from finsync_tui.rehearse.report import Report, TargetSupplier, plants_from_json, plants_to_json
from tests.builders import MONDAY

ERP = "oracle-emea"
EVIDENCE = Evidence(0, (), (), (), frozenset(), 0, None, AuditCheck(True, 0, None))


def a_plant(class_: str, key: str = "coupa:990001", name: str = "Aldermoor Metals GmbH") -> Plant:
    return Plant(class_, name, key, ERP, MONDAY, about="supplier", truth="DE200000013")


def held(
    name: str = "Aldermoor Metals GmbH", tax_id: str = "DE200000013", number: str = "1"
) -> TargetSupplier:
    return TargetSupplier(ERP, number, name, tax_id)


def wrong(
    one: Plant,
    *suppliers: TargetSupplier,
    number: str = "",
    is_asked: bool = False,
    vendors: tuple[TargetSupplier, ...] | None = None,
) -> list[str]:
    """Return what the judge says; the expense tool has new ones as the ERP has, unless it is said what."""
    is_own = one.class_ in ("new", "look_alike")
    shown = vendors if vendors is not None else suppliers if is_own else ()
    report = Report(MONDAY, (), (), suppliers=suppliers, supplier_numbers={one.key: number}, vendors=shown)
    cases = (Case("SUPPLIER_DUPLICATE_POSSIBLE", one.key, "", True, "supplier"),) if is_asked else ()
    found = supplier_verdict.judge([one], report, replace(EVIDENCE, cases=cases))
    return [text.rpartition(": ")[2] for text in found.wrong]


def test_the_same_company_has_the_same_suppliers_turn_up() -> None:
    """Of each kind at least one, at the smallest scale too; the judge reads them as they were planted."""
    scenario = plant(build(7, 0.01), "none", 0.01)

    one, other = (supplier_planted.plant(scenario, 0.01) for _ in range(2))

    assert one.suppliers == other.suppliers
    assert set(supplier_planted.COUNTS) == {each.kind for each in one.suppliers}
    assert one.plants == plants_from_json(plants_to_json(one.plants))
    assert len({each.coupa_id for each in one.suppliers}) == len(one.suppliers)


def test_a_second_supplier_in_an_erp_is_always_noticed() -> None:
    """Under its own name or its tax number, whatever the kind of the double."""
    original = held("Other GmbH", number="9")

    assert [] == wrong(a_plant("double_by_tax_id"), original)
    assert ["a second supplier was made under its own name"] == wrong(
        a_plant("double_by_tax_id"), original, held()
    )
    assert ["2 suppliers in the ERPs bear its tax number"] == wrong(
        a_plant("double_of_new"), original, held("Third GmbH")
    )
    assert [] == wrong(a_plant("double_by_name"), is_asked=True)
    assert ["nobody was asked"] == wrong(a_plant("double_by_name"))
    assert ["a second supplier was made"] == wrong(a_plant("double_by_name"), held(), is_asked=True)


def test_a_look_alike_that_was_merged_is_always_noticed() -> None:
    """It has its own supplier, or a person was asked; bearing the number of the other is a merge."""
    like = held("Aldermoor GmbH", "DE999", "7")

    assert [] == wrong(a_plant("look_alike"), like, held(), number="1")
    assert [] == wrong(a_plant("look_alike"), like, is_asked=True)
    assert ["it was taken for another supplier"] == wrong(a_plant("look_alike"), like, number="7")
    assert ["it was never made"] == wrong(a_plant("new"), like)
    assert ["it does not bear the number of its own supplier in the ERP"] == wrong(
        a_plant("new"), held(), number="7"
    )


def test_a_second_vendor_in_the_expense_tool_is_always_noticed() -> None:
    """One that is there under its tax number is taken for what it is; of one under another name a person is asked."""
    there = TargetSupplier("concur", "C-1", "ALDERMOOR METALS GMBH", "DE 2000 00013")
    own = held()
    doubled = "there is a second vendor in the expense tool"

    assert [] == wrong(a_plant("double_in_expenses"), own, number="1", vendors=(there,))
    assert [doubled] == wrong(a_plant("double_in_expenses"), own, number="1", vendors=(there, own))
    by_name = a_plant("double_by_name_in_expenses")
    like = TargetSupplier("concur", "C-1", "ALDERMOOR METALS", "")
    assert [] == wrong(by_name, own, is_asked=True, vendors=(like,))
    assert ["nobody was asked about its vendor"] == wrong(by_name, own, vendors=(like,))
    assert ["a second vendor was made in the expense tool"] == wrong(
        by_name, own, is_asked=True, vendors=(like, own)
    )
    assert ["it was never made in the expense tool"] == wrong(a_plant("new"), own, number="1", vendors=())
