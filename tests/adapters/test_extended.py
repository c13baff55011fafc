"""Fields of regional extensions, from one simulated system to the other: read with their documents, written, and read back."""

from __future__ import annotations

import asyncio
from typing import Any

from adapters.base import Page, Translated, WriteRequest
from adapters.broken import translated
from adapters.coupa import resources, wire
from adapters.coupa.options import Options as CoupaOptions
from adapters.oracle_fusion.options import Options as OracleOptions
from adapters.oracle_fusion.reads import source
from finsync_tui import extensions
from finsync_tui.extensions import ExtensionSetup
from store.canonical.record import CanonicalRecord
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.oracle_receipts import ReceivingWorld
from tests.adapters.test_oracle_matching import matched

CODE = {"kind": "text", "meaning": "where invoices go"}


def an_extension(entity: str, **field: Any) -> ExtensionSetup:
    told = {
        "name": "it_tax",
        "version": "1.0",
        "owner": "tax",
        "entity": entity,
        "description": "Italian tax",
    }
    return ExtensionSetup.model_validate({**told, "fields": {"code": {**CODE, **field}}})


def kept(adapter: Any, entity: str, rows: list[bytes], setup: ExtensionSetup) -> dict[str, Any]:
    """Return by the records' numbers what their extension says."""
    found = translated(adapter, entity, rows, extensions.extend([setup], adapter.system, entity))
    read = [one.record for one in found if isinstance(one, Translated)]
    assert len(rows) == len(read)
    return {one.number: _values(one) for one in read}


def _values(record: CanonicalRecord) -> dict[str, Any]:
    return {name: one.fields for name, one in record.extensions.items()}


def test_a_custom_field_of_coupa_comes_with_its_supplier() -> None:
    """It is asked for where the connection says so; a supplier without it has no extension."""
    world = CoupaWorld(options={"extra_fields": {"supplier": ["custom-fields"]}})
    told = next(iter(world.simulator.documents("suppliers")))
    world.simulator.put("suppliers", {**told, "custom-fields": {"cf-code": "ABC1234"}})

    async def read() -> list[Page]:
        return [page async for page in world.adapter.read("supplier")]

    rows = [row for page in asyncio.run(read()) for row in page.rows]
    found = kept(
        world.adapter,
        "supplier",
        rows,
        an_extension("supplier", **{"from": {"coupa": "custom-fields.cf-code"}}),
    )

    assert [{"it_tax": {"code": "ABC1234"}}] == [one for one in found.values() if one]


def test_what_is_written_to_the_erp_is_read_back() -> None:
    """A field of the ERP's own document that finsync does not know otherwise: sent with the invoice, shown when it is read afresh."""
    world = ReceivingWorld()
    wanted = matched(world)
    setup = an_extension("invoice", **{"from": {"coupa": "x"}, "to": {world.adapter.system: "InvoiceGroup"}})
    body = {
        "invoice": wanted.model_dump(mode="json"),
        "extended": {"InvoiceGroup": "ABC1234", "InvoiceAmount": 1},
    }

    done = asyncio.run(world.adapter.write(WriteRequest("invoice.create", "once", None, body)))
    rows = asyncio.run(world.adapter.read_many("invoice", [str(done.external_id)]))

    assert {wanted.number: {"it_tax": {"code": "ABC1234"}}} == kept(world.adapter, "invoice", rows, setup)
    (read,) = world.adapter.translate("invoice", rows)
    assert isinstance(read, Translated)
    assert wanted.total == read.record.total  # type: ignore[attr-defined]


def test_what_extensions_lie_in_is_asked_for() -> None:
    """Coupa's custom fields in the form that it documents; Oracle's child collections beside those that are read anyway."""
    asked = resources.fields(
        wire.Supplier,
        3,
        resources.extras("supplier", CoupaOptions(extra_fields={"supplier": ("custom-fields",)})),
    )
    read = source("invoice", OracleOptions(extension_children={"invoice": ("invoiceDff",)}))

    assert '{"custom_fields":{}}' in asked
    assert read is not None
    assert {"invoiceLines", "invoiceInstallments", "invoiceDff"} == set(read.children)
