"""Vendors v3.1: suppliers of Concur Invoice, by vendor code and address code. Writes answer record by record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from adapters.concur.simulator_http import Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_world import World
from adapters.simulation import Document

PATH: Final = "/api/v3.1/invoice/vendors"
LIMIT_MAX: Final = 1000
REQUIRED: Final = (
    "VendorCode",
    "AddressCode",
    "VendorName",
    "Address1",
    "City",
    "PostalCode",
    "CountryCode",
    "CurrencyCode",
)
PAYMENT_METHODS: Final = ("ACH", "CARD", "CHECK", "CLIENT", "PAYPVD", "VCHER", "WIRE")
_FILTERS: Final = {
    "vendorCode": "VendorCode",
    "vendorName": "VendorName",
    "taxID": "TaxID",
    "addressCode": "AddressCode",
}
_SEARCHES: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "exact": lambda have, want: have == want,
    "begins": lambda have, want: have.startswith(want),
    "contains": lambda have, want: want in have,
    "ends": lambda have, want: have.endswith(want),
}


class Vendors:
    """The calls, and the records."""

    def __init__(self, world: World) -> None:
        self._world = world

    def endpoints(self) -> list[Endpoint]:
        def one(method: str, handle: Callable[[Ask], Answer]) -> Endpoint:
            return Endpoint(method, PATH, "legacy", handle, ("INVVEN",))

        return [
            one("GET", self._list),
            one("POST", self._create),
            one("PUT", self._update),
            one("DELETE", self._delete),
        ]

    def put(self, record: Mapping[str, Any]) -> None:
        """Keep a vendor without asking anyone."""
        self._store(dict(record))

    def _list(self, ask: Ask) -> Answer:
        limit = ask.count("limit", 25, least=1, most=LIMIT_MAX)
        start = ask.count("offset", 0)
        search = ask.query.get("searchType", "exact")
        if search not in _SEARCHES:
            raise RefusedError(400, f"searchType must be one of {', '.join(_SEARCHES)}", source="searchType")
        fits = _SEARCHES[search]
        found = self._world.state.vendors
        for name, attribute in _FILTERS.items():
            wanted = ask.query.get(name)
            if wanted is not None:
                found = [one for one in found if fits(_folded(one.get(attribute)), wanted.lower())]
        approved = ask.flag("approved")
        if approved is not None:
            found = [one for one in found if _is_approved(one) == approved]
        following = None
        if start + limit < len(found):
            query = {**ask.query, "offset": start + limit, "limit": limit}
            following = f"{self._world.settings.legacy_host}{PATH}?{urlencode(query)}"
        shown = found[start : start + limit]
        return Answer(200, {"Vendor": shown, "NextPage": following, "TotalCount": len(found)})

    def _create(self, ask: Ask) -> Answer:
        return self._write(ask, is_new=True)

    def _update(self, ask: Ask) -> Answer:
        return self._write(ask, is_new=False)

    def _write(self, ask: Ask, *, is_new: bool) -> Answer:
        records = ask.fields().get("Vendor")
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise RefusedError(400, "Vendor must be an array of vendors", source="Vendor")
        answered = []
        failed = 0
        for place, record in enumerate(records, 1):
            problem = self._problem(record, is_new=is_new)
            failed += problem is not None
            if problem is None:
                self._store(record)
            status = {
                "Code": "ERROR" if problem else "SUCCESS",
                "Message": problem or ("Vendor created" if is_new else "Vendor updated"),
                "RecordNumber": place,
                "Type": "ERROR" if problem else "INFO",
            }
            answered.append(record | {"StatusList": [status]})
        summary = {
            "RecordsReceived": len(records),
            "RecordsSucceeded": len(records) - failed,
            "RecordsFailed": failed,
        }
        return Answer(200, {"Vendor": answered, "RequestRunSummary": summary})

    def _problem(self, record: Mapping[str, Any], *, is_new: bool) -> str | None:
        for name in ("VendorCode", "AddressCode") if not is_new else REQUIRED:
            if not record.get(name):
                return f"{name} is required"
        if record.get("Approved") not in (None, "Y", "N"):
            return "Approved must be Y or N"
        method = record.get("PaymentMethodType")
        if method is not None and method not in PAYMENT_METHODS:
            return f"PaymentMethodType must be one of {', '.join(PAYMENT_METHODS)}"
        is_known = self._find(record["VendorCode"], record["AddressCode"]) is not None
        if is_new and is_known:
            return "A vendor with this VendorCode and AddressCode exists"
        if not is_new and not is_known:
            return "There is no vendor with this VendorCode and AddressCode"
        return None

    def _delete(self, ask: Ask) -> Answer:
        code, address = ask.query.get("vendorCode"), ask.query.get("addressCode")
        if not code or not address:
            raise RefusedError(400, "vendorCode and addressCode are required")
        found = self._find(code, address)
        if found is None:
            raise RefusedError(404, "The vendor does not exist")
        self._world.state.vendors.remove(found)
        return Answer(200, {"Vendor": [found], "RequestRunSummary": None})

    def _find(self, code: str, address: str) -> Document | None:
        key = (code, address)
        vendors = self._world.state.vendors
        return next((one for one in vendors if (one["VendorCode"], one["AddressCode"]) == key), None)

    def _store(self, record: Document) -> None:
        kept = {name: value for name, value in record.items() if name != "StatusList"}
        known = self._find(kept["VendorCode"], kept["AddressCode"])
        if known is None:
            self._world.state.vendors.append(kept)
        else:
            known |= kept


def _is_approved(vendor: Document) -> bool:
    return str(vendor.get("Approved", "Y")).upper() in ("Y", "TRUE")


def _folded(value: Any) -> str:
    return str(value or "").lower()
