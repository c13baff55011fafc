"""From a commitment to what Oracle's order resources are sent. Pure: nothing is asked, nothing is sent.

Prices and quantities stay decimals until `wire.encode` writes them as exact JSON numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation, localcontext
from typing import Any, Final

from adapters.oracle_fusion import projects
from adapters.oracle_fusion.fields import PRECISION, add_up, product
from adapters.oracle_fusion.options import BusinessUnit, Options
from store.canonical.budget import Commitment, CommitmentDistribution, CommitmentLine
from store.canonical.currency import exponent
from store.canonical.money import plain, total

DESCRIPTION_MAX: Final = 240
NOTE_MAX: Final = 1000
NUMBER_MAX: Final = 30
UOM_MAX: Final = 3
SHARE_DECIMALS: Final = 15
"""Of a quantity that is split by amounts: fine enough that the amounts come out again to the minor unit."""

Body = dict[str, Any]


class CannotExpressError(ValueError):
    """A commitment that Oracle has no way to hold as it is; a person must decide."""

    def __init__(self, case_class: str, message: str) -> None:
        super().__init__(message)
        self.case_class = case_class
        self.message = message


def purchase_order(commitment: Commitment, options: Options) -> Body:
    """Return the body that creates the whole order: header, lines, one schedule a line, distributions."""
    unit = _unit(commitment, options)
    body: Body = {
        "ProcurementBUId": unit.procurement_bu_id,
        "RequisitioningBUId": unit.requisitioning_id,
        "DocumentStyleId": unit.document_style_id,
        "BuyerId": unit.buyer_id,
        "SupplierId": _id(commitment.supplier_id, "supplier"),
        "CurrencyCode": commitment.currency,
        "Description": cut(commitment.description, DESCRIPTION_MAX),
    }
    if commitment.supplier_site_id is not None:
        body["SupplierSiteId"] = _id(commitment.supplier_site_id, "supplier site")
    if options.order_numbering == "manual":
        body["OrderNumber"] = identifier(commitment.number, NUMBER_MAX, "order number")
    limit = NOTE_MAX if options.marker_field == "NoteToReceiver" else DESCRIPTION_MAX
    body[options.marker_field] = identifier(commitment.marker, limit, "marker")
    body["lines"] = [_line(line, commitment.currency, unit, options) for line in commitment.lines]
    _refuse_repeated([line["LineNumber"] for line in body["lines"]])
    return body


def cut(text: str, limit: int) -> str:
    """Return text that fits: control characters and line breaks become spaces, the rest is cut with a mark.

    >>> cut("Standing desk", 9)
    'Standing…'
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _unit(commitment: Commitment, options: Options) -> BusinessUnit:
    unit = options.business_units.get(commitment.business_unit)
    if unit is None:
        raise CannotExpressError(
            "MAPPING_MISSING",
            f"business unit {commitment.business_unit!r} has no entry under business_units of this system",
        )
    return unit


def _line(line: CommitmentLine, currency: str, unit: BusinessUnit, options: Options) -> Body:
    number = _number(line.number, "line")
    size = _size(line, currency)
    is_priced = "Quantity" in size
    body: Body = {
        "LineNumber": number,
        "LineType": unit.line_type if is_priced else unit.amount_line_type,
        "Description": cut(line.description, DESCRIPTION_MAX) or f"Line {line.number}",
        **size,
    }
    category = _category(line, unit, options)
    if category:
        body["Category"] = category
    if is_priced and line.uom:
        body["UOMCode"] = uom_code(line.uom, unit)
    body["schedules"] = [_schedule(line, is_priced, unit, options)]
    return body


def _size(line: CommitmentLine, currency: str) -> Body:
    """Return quantity and price, which must come to the line's amount, or the amount where one of them lacks."""
    if line.quantity is None or line.unit_price is None:
        return {"Amount": line.amount.amount}
    comes_to = product(line.quantity, line.unit_price, currency)
    if comes_to != line.amount:
        raise CannotExpressError(
            "TOTALS_DIFFER",
            f"line {line.number} is {line.amount}, but {plain(line.quantity)} at {plain(line.unit_price)} "
            f"comes to {comes_to}, and that is what Oracle would book",
        )
    return {"Quantity": line.quantity, "Price": line.unit_price}


def _schedule(line: CommitmentLine, is_priced: bool, unit: BusinessUnit, options: Options) -> Body:
    body: Body = {
        "ScheduleNumber": 1,
        **({"Quantity": line.quantity} if is_priced else {"Amount": line.amount.amount}),
        "ShipToLocationId": unit.ship_to_location_id,
        "DestinationTypeCode": unit.destination_type,
    }
    if unit.ship_to_organization_id is not None:
        body["ShipToOrganizationId"] = unit.ship_to_organization_id
    if unit.match_approval_level is not None:
        body["MatchApprovalLevel"] = unit.match_approval_level
        body["ReceiptRequiredFlag"] = unit.match_approval_level == "3 Way"
    if line.need_by_on is not None:
        body["RequestedDeliveryDate"] = line.need_by_on.isoformat()
    sizes: Sequence[Body]
    if is_priced and line.quantity is not None:
        sizes = [{"Quantity": one} for one in quantities(line.quantity, line.distributions)]
    else:
        sizes = [{"Amount": one.amount.amount} for one in line.distributions]
    body["distributions"] = [
        {
            "DistributionNumber": position,
            **size,
            "POChargeAccount": one.charge_account,
            **_project(one.charge_account, line, options),
        }
        for position, (one, size) in enumerate(zip(line.distributions, sizes, strict=True), 1)
    ]
    return body


def _project(account: str, line: CommitmentLine, options: Options) -> Body:
    try:
        coded = projects.of_distribution(account, line.need_by_on, options)
    except projects.UncodedError as error:
        raise CannotExpressError("MAPPING_MISSING", f"line {line.number}: {error}") from None
    return {"projectDFF": coded} if coded is not None else {}


def quantities(whole: Decimal, distributions: Sequence[CommitmentDistribution]) -> list[Decimal]:
    """Return each distribution's quantity; together they are exactly `whole`.

    Stated quantities that add up are kept. Otherwise the quantity follows the amounts, and the last one takes
    what rounding left over.
    """
    stated = [one.quantity for one in distributions if one.quantity is not None]
    if len(stated) == len(distributions) and add_up(stated) == whole and _fit(stated, distributions):
        return stated
    amounts = [Decimal(one.amount.amount_minor) for one in distributions]
    weights = amounts if add_up(amounts) else [Decimal(1)] * len(amounts)
    step = Decimal(1).scaleb(-SHARE_DECIMALS)
    with localcontext() as context:
        context.prec = PRECISION
        base = sum(weights)
        parts = [(whole * weight / base).quantize(step, rounding=ROUND_DOWN) for weight in weights[:-1]]
        return [_short(part) for part in (*parts, whole - sum(parts, Decimal(0)))]


def _fit(stated: Sequence[Decimal], distributions: Sequence[CommitmentDistribution]) -> bool:
    """Say whether these quantities give these amounts: it is Oracle that computes amounts from quantities.

    How it rounds is not documented, so they must do so by largest remainder and by rounding all but the last.
    """
    wanted = [one.amount for one in distributions]
    currency = wanted[0].currency
    line = total(wanted, currency)
    if any(value < 0 for value in stated) or not add_up(stated):
        return False
    price = Decimal(line.amount_minor).scaleb(-exponent(currency)) / add_up(stated)
    rounded = [product(value, price, currency) for value in stated[:-1]]
    rounded.append(line - total(rounded, currency))
    return list(line.split(stated)) == wanted == rounded


def _short(value: Decimal) -> Decimal:
    return Decimal(plain(value))


def _category(line: CommitmentLine, unit: BusinessUnit, options: Options) -> str | None:
    """Return Oracle's category: the mapped one, the unit's default, else the canonical text as it is."""
    if line.category and line.category in options.categories:
        return options.categories[line.category]
    return unit.default_category or line.category


def uom_code(uom: str, unit: BusinessUnit) -> str:
    code = unit.uom_map.get(uom, uom)
    if len(code) > UOM_MAX:
        raise CannotExpressError("MAPPING_MISSING", f"unit of measure {uom!r} has no UOMCode in uom_map")
    return code


def identifier(text: str, limit: int, what: str) -> str:
    """Return a text that identifies something, which therefore must not be cut."""
    if not text or len(text) > limit or text != text.strip() or not text.isprintable():
        raise CannotExpressError(
            "PAYLOAD_INVALID", f"the {what} {text!r} is not 1 to {limit} plain characters"
        )
    return text


def _id(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise CannotExpressError("PAYLOAD_INVALID", f"{text!r} is not the id of a {what} in Oracle")
    return int(text)


def _number(text: str, what: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0 or number.adjusted() > NUMBER_MAX:
        raise CannotExpressError("PAYLOAD_INVALID", f"{what} number {text!r} is not a number above zero")
    return _short(number)


def _refuse_repeated(numbers: Sequence[Decimal]) -> None:
    repeated = sorted({plain(one) for one in numbers if numbers.count(one) > 1})
    if repeated:
        raise CannotExpressError(
            "PAYLOAD_INVALID", f"line number {', '.join(repeated)} is used more than once"
        )


def action(reason_name: str, reason: str, parameters: Mapping[str, Any]) -> Body:
    """Return the body of a cancel or close action."""
    return {**parameters, reason_name: cut(reason, DESCRIPTION_MAX)} if reason else dict(parameters)
