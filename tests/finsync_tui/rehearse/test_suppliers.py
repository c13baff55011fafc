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


def wrong(one: Plant, *suppliers: TargetSupplier, number: str = "", is_asked: bool = False) -> list[str]:
    report = Report(MONDAY, (), (), suppliers=suppliers, supplier_numbers={one.key: number})
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
