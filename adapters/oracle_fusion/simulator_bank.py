"""Bank accounts of suppliers as clients write them: an account once, its owners, and to which payees it is assigned."""

from __future__ import annotations

from typing import Final

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import World

BANK_RESOURCES: Final = ("externalBankAccounts", "paymentsExternalPayees", "instrumentAssignments")
OPEN_END: Final = "4712-12-31"


class BankDesk:
    """Creates and changes accounts, payees and assignments."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        if path:
            return self._own(path[-1], resource, parsed.data)
        check = {
            "externalBankAccounts": self._check_account,
            "paymentsExternalPayees": self._check_payee,
            "instrumentAssignments": self._check_assignment,
        }[resource.name]
        data: Data = (
            {"EndDate": OPEN_END, **check(parsed.data)}
            if "EndDate" in resource.attributes
            else check(parsed.data)
        )
        row = self._world.new_row(resource, {**data, resource.key: self._world.new_id()})
        for one in parsed.children.get("accountOwners", []):
            self._own(row, resource.children["accountOwners"], one.data)
        self._world.tables[resource.name].put(row)
        return row

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row = path[-1]
        row.data.update(parsed.data)
        row.touch(self._world.now())
        path[0].rendered.clear()
        return row

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("accounts, payees and assignments are ended, never deleted")

    def _own(self, account: Row, resource: Resource, data: Data) -> Row:
        party = data["AccountOwnerPartyIdentifier"]
        name = self._party_name(party)
        owner: Data = {
            "EndDate": OPEN_END, **data, "AccountOwnerId": self._world.new_id(), "AccountOwnerPartyId": party,
            "AccountOwnerPartyName": name,
        }  # fmt: skip
        row = self._world.new_row(resource, owner)
        account.of("accountOwners").append(row)
        account.touch(self._world.now())
        return row

    def _party_name(self, party: object) -> str:
        for row in self._world.tables["suppliers"].find("SupplierPartyId", party):  # type: ignore[arg-type]
            return str(row.data["Supplier"])
        raise refused("UNKNOWN_PARTY", "/AccountOwnerPartyIdentifier", value=party)

    def _check_account(self, data: Data) -> Data:
        number = data.get("IBAN") or data.get("BankAccountNumber")
        if not number:
            raise refused(
                "REQUIRED",
                "/BankAccountNumber",
                attribute="BankAccountNumber",
                entity="ExternalBankAccountEO",
            )
        name = "IBAN" if data.get("IBAN") else "BankAccountNumber"
        if self._world.tables["externalBankAccounts"].first(name, data[name]) is not None:
            raise refused("BANK_ACCOUNT_TAKEN", "/IBAN", number=number)
        return dict(data)

    def _check_payee(self, data: Data) -> Data:
        return {**data, "PayeeName": self._party_name(data["PayeePartyIdentifier"])}

    def _check_assignment(self, data: Data) -> Data:
        for attribute, table in (
            ("PaymentInstrumentId", "externalBankAccounts"),
            ("PaymentPartyId", "paymentsExternalPayees"),
        ):
            value = data[attribute]
            if not isinstance(value, int) or self._world.row(table, value) is None:
                raise refused("UNKNOWN_PARTY", f"/{attribute}", value=value)
        return dict(data)
