"""Suppliers and segment values as clients write them: required attributes, unique names, nothing else."""

from __future__ import annotations

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import World

RELATIONSHIPS = {"SPEND_AUTHORIZED": "Spend Authorized", "PROSPECTIVE": "Prospective"}
CHILDREN = ("addresses", "sites", "contacts")


class SupplierDesk:
    """Creates and changes suppliers and what belongs to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["suppliers"]

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        """Add a supplier, or a child to the last row of `path`."""
        if path:
            self._check_child(path[0], resource, parsed.data, None)
            return self._add_child(path, resource, parsed)
        self._check_unique(parsed.data, None)
        for name, rows in parsed.children.items():
            for one in rows:
                self._check_child(None, resource.children[name], one.data, None)
        world = self._world
        data: Data = {"BusinessRelationshipCode": "PROSPECTIVE", **parsed.data}
        data["SupplierId"] = world.new_id()
        data["SupplierNumber"] = data.get("SupplierNumber") or world.new_supplier_number()
        data["SupplierPartyId"] = data.get("SupplierPartyId") or world.new_id()
        supplier = world.new_row(resource, data)
        self._derive(supplier)
        self._table.put(supplier)
        for name in CHILDREN:
            for one in parsed.children.get(name, []):
                self._add_child([supplier], resource.children[name], one)
        return supplier

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        """Change the last row of `path`; children are changed under their own address."""
        row = path[-1]
        if parsed.children:
            name = next(iter(parsed.children))
            raise refused("READ_ONLY", f"/{name}", attribute=name, entity=row.resource.entity)
        if len(path) == 1:
            self._check_unique(parsed.data, row)
        else:
            self._check_child(path[0], row.resource, parsed.data, row)
        row.data.update(parsed.data)
        self._derive(row)
        row.touch(self._world.now())
        self._touch_parents(path[:-1])
        return row

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("suppliers and their children are never deleted")

    def _add_child(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        data = dict(parsed.data)
        if resource.name == "sites":
            data.update(self._site_defaults(path[0], data))
        if resource.name == "assignments":
            unit = self._world.books.units.get(int(str(data["ClientBUId"])))
            data["ClientBU"] = unit.name if unit else None
        row = self._world.new_row(resource, data)
        self._derive(row)
        path[-1].of(resource.name).append(row)
        for name, rows in parsed.children.items():
            for one in rows:
                self._add_child([*path, row], resource.children[name], one)
        self._touch_parents(path)
        return row

    def _site_defaults(self, supplier: Row, data: Data) -> Data:
        unit = self._world.books.units.get(int(str(data["ProcurementBUId"])))
        found: Data = {"ProcurementBU": unit.name if unit else None}
        for address in supplier.of("addresses"):
            if data.get("SupplierAddressName") == address.data["AddressName"]:
                found["SupplierAddressId"] = address.data["SupplierAddressId"]
        return found

    def _touch_parents(self, path: list[Row]) -> None:
        """A new child always shows in its parent; whether the parent counts as changed is a setting."""
        for row in path:
            row.rendered.clear()
            if self._world.settings.moves_parent_with_child:
                row.touch(self._world.now())
        if path:
            self._table.put(path[0])

    def _check_unique(self, data: Data, own: Row | None) -> None:
        for attribute, message, fact in (
            ("Supplier", "SUPPLIER_NAME_TAKEN", "name"),
            ("SupplierNumber", "SUPPLIER_NUMBER_TAKEN", "number"),
        ):
            value = data.get(attribute)
            if value is not None and any(row is not own for row in self._table.find(attribute, value)):
                raise refused(message, f"/{attribute}", **{fact: value})

    def _check_child(self, supplier: Row | None, resource: Resource, data: Data, own: Row | None) -> None:
        units = self._world.books.units
        for attribute in ("ProcurementBUId", "ClientBUId", "BillToBUId"):
            value = data.get(attribute)
            if attribute in resource.attributes and value is not None and value not in units:
                raise refused("UNKNOWN_BU", f"/{attribute}", value=value)
        if resource.name == "sites" and supplier is not None:
            unit = data.get("ProcurementBUId") or (own.data["ProcurementBUId"] if own else None)
            for site in supplier.of("sites"):
                if site is not own and (site.data["SupplierSite"], site.data["ProcurementBUId"]) == (
                    data.get("SupplierSite"),
                    unit,
                ):
                    raise refused("SITE_TAKEN", "/SupplierSite", site=data["SupplierSite"])

    def _derive(self, row: Row) -> None:
        """Set what the system shows but nobody may send."""
        data = row.data
        if "Status" in row.resource.attributes:
            ends = data.get("InactiveDate")
            data["Status"] = (
                "INACTIVE" if isinstance(ends, str) and ends <= str(self._world.today()) else "ACTIVE"
            )
        if "BusinessRelationship" in data:
            data["BusinessRelationship"] = RELATIONSHIPS.get(str(data["BusinessRelationshipCode"]))
        if "FormattedAddress" in data:
            parts = ("AddressLine1", "AddressLine2", "PostalCode", "City", "CountryCode")
            data["FormattedAddress"] = ", ".join(str(data[one]) for one in parts if data[one])


class ValueDesk:
    """Creates, changes and deletes values of value sets."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        value_set = path[-1]
        code, value = str(value_set.data["ValueSetCode"]), str(parsed.data["Value"])
        if self._world.value_row(code, value):
            raise refused("VALUE_TAKEN", "/Value", value=value, value_set=code)
        given: Data = {
            "EnabledFlag": "Y",
            **parsed.data,
            "ValueSetId": value_set.data["ValueSetId"],
            "ValueSetCode": code,
        }
        _check_enabled(given)
        row = self._world.new_row(resource, given)
        value_set.of("values").append(row)
        value_set.rendered.clear()
        return row

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row = path[-1]
        _check_enabled(parsed.data)
        row.data.update(parsed.data)
        row.touch(self._world.now())
        path[0].rendered.clear()
        return row

    def delete(self, path: list[Row]) -> None:
        path[0].of("values").remove(path[-1])
        path[0].rendered.clear()


def _check_enabled(data: Data) -> None:
    if data.get("EnabledFlag", "Y") not in ("Y", "N"):
        raise refused(
            "BAD_VALUE", "/EnabledFlag", value=data["EnabledFlag"], attribute="EnabledFlag", kind="Y or N"
        )
