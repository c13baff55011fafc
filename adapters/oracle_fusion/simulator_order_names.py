"""Names and ids that belong together, and the defaults of an order: clients send one, the system shows both."""

from __future__ import annotations

from typing import Final

from adapters.oracle_fusion.simulator_messages import Problem, problem
from adapters.oracle_fusion.simulator_order_amounts import is_priced
from adapters.oracle_fusion.simulator_rows import Data, Row, Value
from adapters.oracle_fusion.simulator_settings import LINE_TYPES
from adapters.oracle_fusion.simulator_world import World

PAIRS: Final = (
    ("RequisitioningBUId", "RequisitioningBU"),
    ("BuyerId", "Buyer"),
    ("BuyerId", "BuyerEmail"),
    ("SupplierId", "Supplier"),
    ("SupplierSiteId", "SupplierSite"),
    ("DocumentStyleId", "DocumentStyle"),
)


def fresh_names(data: Data, sent: Data) -> None:
    """Forget the other half of each pair of which a client sent one half."""
    for key, name in PAIRS:
        if key in sent and name not in sent:
            data[name] = None
        elif name in sent and key not in sent:
            data[key] = None
    if ("SupplierId" in sent or "Supplier" in sent) and "SupplierSiteId" not in sent:
        data["SupplierSiteId"] = data["SupplierSite"] = None


def complete_header(world: World, data: Data) -> list[Problem]:
    """Resolve names to ids, fill in defaults and show the names; say what cannot be resolved."""
    problems = [
        problem("REQUIRED", f"/{name}", attribute=name, entity="DraftPurchaseOrderHeaderEO")
        for name in ("BuyerId", "DocumentStyleId")
        if world.settings.has_strict_header and data[name] is None
    ]
    problems += _units(world, data)
    _agent(world, data)
    _style(world, data)
    problems += _supplier(world, data)
    unit = world.books.units.get(int(str(data["RequisitioningBUId"] or 0)))
    if data["CurrencyCode"] is None and unit:
        data["CurrencyCode"] = world.books.ledgers[unit.ledger].currency
    return problems


def complete_line(world: World, tree: Row, line: Row) -> None:
    """Fill in a line, its schedules and distributions."""
    data = line.data
    _line_type(data)
    _category(world, data)
    units = world.settings.units_of_measure
    if data["UOMCode"] is None and data["UOM"] is not None:
        data["UOMCode"] = next((code for code, name in units.items() if name == data["UOM"]), data["UOM"])
    data["UOM"] = units.get(str(data["UOMCode"])) if data["UOMCode"] is not None else None
    data["CurrencyCode"] = tree.data["CurrencyCode"]
    size = "Quantity" if is_priced(line) else "Amount"
    schedules = line.of("schedules")
    for schedule in schedules:
        _inherit_size(schedules, schedule, size, data[size])
        _schedule_defaults(schedule, tree, data)
        rows = schedule.of("distributions")
        for row in rows:
            _inherit_size(rows, row, size, schedule.data[size])
            row.data["OrderNumber"] = tree.data["OrderNumber"]


def _inherit_size(rows: list[Row], row: Row, size: str, whole: Value) -> None:
    """An only child without a size takes all of its parent's."""
    if len(rows) == 1 and row.data[size] is None:
        row.data[size] = whole


def _schedule_defaults(schedule: Row, tree: Row, line: Data) -> None:
    data = schedule.data
    data["Price"] = line["Price"]
    if data["ShipToLocationId"] is None and data["ShipToLocation"] is None:
        data["ShipToLocationId"] = tree.data["DefaultShipToLocationId"]
    data["DestinationTypeCode"] = data["DestinationTypeCode"] or "EXPENSE"


def _line_type(data: Data) -> None:
    if data["LineType"] is None:
        by_id = {key: name for name, (key, _) in LINE_TYPES.items()}
        key = data["LineTypeId"]
        data["LineType"] = "Goods" if key is None else by_id.get(int(str(key)))
    if data["LineType"] in LINE_TYPES:
        data["LineTypeId"] = LINE_TYPES[str(data["LineType"])][0]


def _category(world: World, data: Data) -> None:
    if data["CategoryId"] is None:
        wanted = data["Category"] or data["CategoryCode"]
        data["CategoryId"] = next((key for key, name in world.categories.items() if name == wanted), None)
    elif data["Category"] is None:
        data["Category"] = world.categories.get(int(str(data["CategoryId"])))


def _units(world: World, data: Data) -> list[Problem]:
    by_name = {unit.name: unit for unit in world.books.units.values()}
    if data["RequisitioningBUId"] is None and data["RequisitioningBU"] is None:
        data["RequisitioningBUId"] = data["ProcurementBUId"]
    if data["RequisitioningBUId"] is None:
        unit = by_name.get(str(data["RequisitioningBU"]))
        data["RequisitioningBUId"] = unit.id if unit else None
    problems = []
    for role, attribute, name in (
        ("procurement", "ProcurementBUId", "ProcurementBU"),
        ("requisitioning", "RequisitioningBUId", "RequisitioningBU"),
    ):
        unit = world.books.units.get(int(str(data[attribute] or 0)))
        if unit is None:
            value = data[attribute] or data[name]
            problems.append(problem("BAD_BU", f"/{attribute}", role=role, value=value))
        else:
            data[name] = unit.name
    return problems


def _agent(world: World, data: Data) -> None:
    agents = world.tables["procurementAgents"]
    if data["BuyerId"] is None:
        for agent in agents:
            have = agent.data
            if (data["BuyerEmail"] or data["Buyer"]) and (
                have["AgentEmail"] == data["BuyerEmail"] or have["Agent"] == data["Buyer"]
            ):
                data["BuyerId"] = have["AgentId"]
                break
    found = agents.first("AgentId", data["BuyerId"])
    if found:
        data["Buyer"], data["BuyerEmail"] = found.data["Agent"], found.data["AgentEmail"]


def _style(world: World, data: Data) -> None:
    styles = world.tables["purchasingDocumentStylesLOV"]
    if data["DocumentStyleId"] is None and data["DocumentStyle"] is not None:
        names = (row for row in styles if row.data["DisplayName"] == data["DocumentStyle"])
        row = next(names, None)
        data["DocumentStyleId"] = row.id if row else None
    elif data["DocumentStyleId"] is None:
        data["DocumentStyleId"] = world.settings.default_document_style_id
    style = styles.get(data["DocumentStyleId"])
    if style:
        data["DocumentStyle"] = style.data["DisplayName"]


def _supplier(world: World, data: Data) -> list[Problem]:
    suppliers = world.tables["suppliers"]
    if data["SupplierId"] is None and data["Supplier"] is not None:
        named = suppliers.first("Supplier", data["Supplier"])
        if named is None:
            return [problem("SUPPLIER_MISSING", "/Supplier", value=data["Supplier"])]
        data["SupplierId"] = named.id
    supplier = suppliers.get(data["SupplierId"])
    if supplier is None:
        return []
    data["Supplier"] = supplier.data["Supplier"]
    sites = [one for one in supplier.of("sites") if one.data["ProcurementBUId"] == data["ProcurementBUId"]]
    if data["SupplierSiteId"] is None:
        named_sites = [one for one in sites if data["SupplierSite"] in (None, one.data["SupplierSite"])]
        usable = [
            one
            for one in named_sites
            if one.data["SitePurposePurchasingFlag"] and not one.data["InactiveDate"]
        ]
        if data["SupplierSite"] is not None and not named_sites:
            facts = {"site": data["SupplierSite"], "supplier": data["Supplier"], "bu": data["ProcurementBU"]}
            return [problem("SITE_INVALID", "/SupplierSite", **facts)]
        if not usable:
            facts = {
                "site": data["SupplierSite"] or "(none)",
                "supplier": data["Supplier"],
                "bu": data["ProcurementBU"],
            }
            return [problem("SITE_INVALID", "/SupplierSiteId", **facts)]
        if len(usable) == 1:
            data["SupplierSiteId"] = usable[0].id
    site = next((one for one in supplier.of("sites") if one.id == data["SupplierSiteId"]), None)
    data["SupplierSite"] = site.data["SupplierSite"] if site else None
    return []
