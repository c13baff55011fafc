"""Draft purchase orders as clients write them: created whole, changed at any level, deleted while incomplete.

A change works on a copy of the tree and replaces it only when everything is right, so a refused request has no
effect. Changing an issued order opens a change order; what is in force stays until that is approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_order_amounts import is_priced, recalculate
from adapters.oracle_fusion.simulator_order_checks import OrderChecks
from adapters.oracle_fusion.simulator_order_names import complete_header, complete_line, fresh_names
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import Order, World

NUMBERS: Final = {"lines": "LineNumber", "schedules": "ScheduleNumber", "distributions": "DistributionNumber"}
"""By which attribute a nested row is known when its key is not sent."""
EDITABLE: Final = frozenset({"INCOMPLETE", "REJECTED", "OPEN"})


class OrderDesk:
    """Creates, changes and deletes draft orders and what is in them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["draftPurchaseOrders"]
        self._checks = OrderChecks(world)

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        """Make a whole order; or, below the last row of `path`, one more line, schedule or distribution."""
        if not path:
            return self._create_order(resource, parsed)
        order, tree = self._opened(path[0])
        parent = _same_row(tree, path)
        row = self._grown(resource, parsed)
        parent.of(resource.name).append(row)
        self._finish(order, tree, {id(one): one for one in _below(row)}, _amounts_sent(row, parsed))
        return row

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        """Change the last row of `path`, and rows below it that the payload names."""
        order, tree = self._opened(path[0])
        row = _same_row(tree, path)
        touched: dict[int, Row] = {}
        self._apply(order, row, parsed, touched)
        if row is tree:
            fresh_names(tree.data, parsed.data)
            problems = [*complete_header(self._world, tree.data), *self._checks.header(tree.data)]
            if problems:
                raise RefusedError(400, problems)
        self._finish(order, tree, touched, _amounts_sent(row, parsed))
        return row

    def delete(self, path: list[Row]) -> None:
        """Take away an incomplete order, or a part of one that was never issued."""
        if len(path) == 1:
            self._delete_order(self._world.orders[_id(path[0])])
            return
        order, tree = self._opened(path[0])
        row = path[-1]
        is_issued = order.approved is not None and any(
            one.key == row.key and one.resource is row.resource for one in _below(order.approved)
        )
        if is_issued and row.resource.name in ("lines", "schedules"):
            raise refused("LINE_ISSUED", line=row.data[NUMBERS[row.resource.name]])
        parent = _same_row(tree, path[:-1])
        parent.children[row.resource.name] = [
            one for one in parent.of(row.resource.name) if one.key != row.key
        ]
        self._finish(order, tree, {}, {})

    def _create_order(self, resource: Resource, parsed: Parsed) -> Row:
        world = self._world
        data: Data = dict.fromkeys(resource.attributes) | parsed.data
        problems = complete_header(world, data)
        problems = problems or [*self._number_problems(data), *self._checks.header(data)]
        if problems:
            raise RefusedError(400, problems)
        data |= {"VersionId": world.new_id(), "Status": "Incomplete", "StatusCode": "INCOMPLETE"}
        tree = world.new_row(resource, data)
        for name, nodes in parsed.children.items():
            tree.of(name).extend(self._grown(resource.children[name], one) for one in nodes)
        sent = _amounts_sent(tree, parsed)
        self._derive(tree)
        problems = self._checks.lines(tree)
        problems = problems or [
            *self._checks.balance(tree),
            *_amount_problems(sent),
            *self._checks.accounts(tree),
        ]
        if problems:
            raise RefusedError(400, problems)
        entity = self._checks.unit(data).legal_entity
        tree.data["OrderNumber"] = data["OrderNumber"] or world.new_number()
        world.numbers[entity, str(tree.data["OrderNumber"])] = _id(tree)
        self._use_accounts(tree)
        self._derive(tree)
        world.orders[_id(tree)] = Order(_id(tree), tree)
        return self._table.put(tree)

    def _number_problems(self, data: Data) -> Iterator[Problem]:
        number, is_manual = data["OrderNumber"], self._world.settings.order_numbering == "manual"
        unit = self._world.books.units.get(int(str(data["RequisitioningBUId"])))
        if number is None and is_manual:
            entity = self._table.resource.entity
            yield problem("REQUIRED", "/OrderNumber", attribute="OrderNumber", entity=entity)
        elif number is not None and not is_manual:
            yield problem("NUMBER_NOT_MANUAL", "/OrderNumber")
        elif unit and (unit.legal_entity, str(number)) in self._world.numbers:
            yield problem("NUMBER_TAKEN", "/OrderNumber", number=number, legal_entity=unit.legal_entity)

    def _delete_order(self, order: Order) -> None:
        status = order.draft.data["Status"]
        if order.is_issued or order.draft.data["StatusCode"] not in ("INCOMPLETE", "REJECTED"):
            raise refused("NOT_DELETABLE", number=order.number, status=status)
        entity = self._checks.unit(order.draft.data).legal_entity
        self._world.numbers.pop((entity, order.number), None)
        self._world.books.release(order.id)
        self._table.remove(order.draft)
        del self._world.orders[order.id]

    def _opened(self, draft: Row) -> tuple[Order, Row]:
        """Return an order that may be changed, and a copy of its tree to change."""
        order = self._world.orders[_id(draft)]
        if draft.data["StatusCode"] not in EDITABLE:
            raise refused("NOT_EDITABLE", number=order.number, status=draft.data["Status"])
        return order, draft.copy()

    def _grown(self, resource: Resource, parsed: Parsed) -> Row:
        """Make a row and everything below it."""
        row = self._world.new_row(resource, parsed.data)
        for name, nodes in parsed.children.items():
            row.of(name).extend(self._grown(resource.children[name], one) for one in nodes)
        return row

    def _apply(self, order: Order, row: Row, parsed: Parsed, touched: dict[int, Row]) -> None:
        if parsed.data:
            if parsed.data.get("CancelFlag"):
                _check_cancelable(order, row)
            row.data.update(parsed.data)
            row.touch(self._world.now())
            touched[id(row)] = row
        for name, nodes in parsed.children.items():
            resource = row.resource.children[name]
            for node in nodes:
                below = _known(row, resource, node)
                if below is None:
                    missing = [
                        problem(
                            "REQUIRED", f"{node.path}/{one.name}", attribute=one.name, entity=resource.entity
                        )
                        for one in resource.attributes.values()
                        if one.is_required and node.data.get(one.name) is None
                    ]
                    if missing:
                        raise RefusedError(400, missing)
                    below = self._grown(resource, node)
                    row.of(name).append(below)
                    touched.update({id(one): one for one in _below(below)})
                else:
                    self._apply(order, below, node, touched)

    def _finish(
        self, order: Order, tree: Row, touched: Mapping[int, Row], sent: Mapping[str, tuple[Row, Decimal]]
    ) -> None:
        """Check a changed tree and put it in place. Sums are checked at submission: a change takes several calls."""
        self._derive(tree)
        new = [one for one in touched.values() if one.resource.name == "distributions"]
        problems = [*self._checks.lines(tree), *_amount_problems(sent)]
        problems = problems or self._checks.accounts(tree, new)
        if problems:
            raise RefusedError(400, problems)
        self._use_accounts(tree)
        data = tree.data
        if order.is_issued and data["ChangeOrderStatusCode"] is None:
            data["VersionId"] = self._world.new_id()
        data |= {
            "StatusCode": "INCOMPLETE",
            "Status": "Incomplete",
            "ChangeOrderStatusCode": "INCOMPLETE" if order.is_issued else None,
        }
        tree.touch(self._world.now())
        order.draft = self._table.put(tree)

    def _derive(self, tree: Row) -> None:
        """Fill in what follows from what is there: names, defaults, amounts."""
        for line in tree.of("lines"):
            complete_line(self._world, tree, line)
        recalculate(tree)

    def _use_accounts(self, tree: Row) -> None:
        chart = self._world.books.chart_of(self._checks.unit(tree.data))
        for row in _below(tree):
            account = row.data.get("POChargeAccount")
            if isinstance(account, str):
                self._world.use_combination(account, chart)


def _id(row: Row) -> int:
    found = row.id
    assert isinstance(found, int)
    return found


def _below(row: Row) -> Iterator[Row]:
    """Walk a row and everything under it."""
    yield row
    for rows in row.children.values():
        for one in rows:
            yield from _below(one)


def _same_row(tree: Row, path: list[Row]) -> Row:
    """Return the row in a copied tree that stands where the last of `path` stands in the original."""
    found = tree
    for row in path[1:]:
        found = next(one for one in found.of(row.resource.name) if one.key == row.key)
    return found


def _known(parent: Row, resource: Resource, node: Parsed) -> Row | None:
    """Return the child that a payload means: by key, else by number."""
    key = node.data.pop(resource.key, None)
    rows = parent.of(resource.name)
    if key is not None:
        found = next((one for one in rows if one.id == key), None)
        if found is None:
            raise refused("MISSING_ROW", node.path, key=key, resource=resource.name)
        return found
    number = NUMBERS.get(resource.name)
    if number is None:
        return rows[0] if rows else None
    return next((one for one in rows if one.data[number] == node.data.get(number)), None)


def _check_cancelable(order: Order, row: Row) -> None:
    issued = order.approved and any(
        one.key == row.key and one.resource is row.resource for one in _below(order.approved)
    )
    if not issued:
        raise refused("LINE_NOT_ISSUED", "/CancelFlag", line=row.data[NUMBERS[row.resource.name]])
    for schedule in row.children.get("schedules", []):
        schedule.data["CancelFlag"] = True


def _amounts_sent(row: Row, parsed: Parsed) -> dict[str, tuple[Row, Decimal]]:
    """Return the amounts a client sent for rows whose amount is price times quantity."""
    found: dict[str, tuple[Row, Decimal]] = {}
    _collect_amounts(row, parsed, None, found)
    return found


def _collect_amounts(
    row: Row, parsed: Parsed, line: Row | None, found: dict[str, tuple[Row, Decimal]]
) -> None:
    line = row if row.resource.name == "lines" else line
    amount = parsed.data.get("Amount")
    if isinstance(amount, Decimal) and line is not None and is_priced(line):
        found[f"{parsed.path}/Amount"] = (row, amount)
    for name, nodes in parsed.children.items():
        number = NUMBERS.get(name)
        for node in nodes:
            for one in row.of(name):
                if number and one.data[number] == node.data.get(number):
                    _collect_amounts(one, node, line, found)


def _amount_problems(sent: Mapping[str, tuple[Row, Decimal]]) -> list[Problem]:
    return [
        problem("AMOUNT_NOT_PRICE", path, actual=amount, line=row.resource.title, expected=row.data["Amount"])
        for path, (row, amount) in sent.items()
        if row.data["Amount"] != amount
    ]
