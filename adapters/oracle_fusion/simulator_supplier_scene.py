"""The part of a simulated pod's stage that suppliers play on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_stage import Stage


class SupplierScene(Stage):
    """Hands that make suppliers and change them."""

    def add_supplier(
        self,
        name: str,
        *,
        number: str | None = None,
        supplier_id: int | None = None,
        units: Sequence[int] = (),
        site: str = "MAIN",
        taxpayer_id: str | None = None,
        country: str | None = None,
        bank_accounts: Sequence[str] = (),
        is_active: bool = True,
        is_authorized: bool = True,
    ) -> int:
        """Add a supplier with a purchasing site for each unit; return its id."""
        world = self.world
        resource = world.catalogue["suppliers"]
        ended = (world.today() - timedelta(days=1)).isoformat()
        if supplier_id is not None:
            world.keep_id(supplier_id)
        supplier = world.new_row(
            resource,
            {
                "SupplierId": supplier_id,
                "Supplier": name,
                "SupplierNumber": number or world.new_supplier_number(),
                "SupplierPartyId": world.new_id(),
                "BusinessRelationshipCode": "SPEND_AUTHORIZED" if is_authorized else "PROSPECTIVE",
                "BusinessRelationship": "Spend Authorized" if is_authorized else "Prospective",
                "TaxpayerId": taxpayer_id,
                "TaxpayerCountry": country,
                "InactiveDate": None if is_active else ended,
                "Status": "ACTIVE" if is_active else "INACTIVE",
            },
        )
        for unit_id in units:
            supplier.of("sites").append(self._site(resource.children["sites"].name, supplier, site, unit_id))
        world.tables["suppliers"].put(supplier)
        for iban in bank_accounts:
            self._bank_account(supplier, iban, country)
        assert isinstance(supplier.id, int)
        return supplier.id

    def set_supplier_active(self, supplier_id: int, *, is_active: bool) -> None:
        row = self.world.row("suppliers", supplier_id)
        if row is None:
            raise KeyError(f"there is no supplier {supplier_id}")
        ended = (self.world.today() - timedelta(days=1)).isoformat()
        row.data |= {
            "InactiveDate": None if is_active else ended,
            "Status": "ACTIVE" if is_active else "INACTIVE",
        }
        row.touch(self.world.now())
        self.world.tables["suppliers"].put(row)

    def _site(self, resource: str, supplier: Row, code: str, unit_id: int) -> Row:
        sites = supplier.resource.children[resource]
        unit = self.world.books.units[unit_id]
        site = self.world.new_row(
            sites,
            {
                "SupplierSite": code,
                "ProcurementBUId": unit.id,
                "ProcurementBU": unit.name,
                "SitePurposePurchasingFlag": True,
                "SitePurposePayFlag": True,
                "Status": "ACTIVE",
            },
        )
        assignment: Data = {"ClientBUId": unit.id, "ClientBU": unit.name, "BillToBUId": unit.id}
        site.of("assignments").append(self.world.new_row(sites.children["assignments"], assignment))
        return site

    def _bank_account(self, supplier: Row, iban: str, country: str | None) -> None:
        owner = {
            "AccountOwnerId": self.world.new_id(),
            "AccountOwnerPartyIdentifier": supplier.data["SupplierPartyId"],
            "AccountOwnerPartyId": supplier.data["SupplierPartyId"],
            "AccountOwnerPartyName": supplier.data["Supplier"],
            "PrimaryOwnerIndicator": "Y",
            "EndDate": "4712-12-31",
        }
        self.put(
            "externalBankAccounts",
            {
                "BankAccountNumber": iban[4:],
                "IBAN": iban,
                "CountryCode": country or iban[:2],
                "EndDate": "4712-12-31",
                "accountOwners": [owner],
            },
        )
