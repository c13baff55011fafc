"""A loopback system for benchmarks: answers as fast as it can from bytes made beforehand, in a process of its own.

It speaks just enough of the two vendors' dialects for the paths that are timed; the simulators are for everything else.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import overload
from urllib.parse import parse_qs

import httpx

PAGE = 500
HELD_MAX = 200_000
"""More rows than these are made when asked for."""
_AFTER = re.compile(r"SupplierId > (\d+)")
_SINCE = re.compile(r"LastUpdateDate >= '([^']+)'")


def supplier(number: int, stamp: str = "2026-01-05T08:00:00+00:00", edition: int = 0) -> bytes:
    """One supplier as Oracle sends it, about a kilobyte."""
    return json.dumps(
        {
            "SupplierId": 300000000000000 + number,
            "SupplierPartyId": 400000000000000 + number,
            "Supplier": f"Harbour Paper and Packaging {number} Ltd{f' ({edition})' if edition else ''}",
            "SupplierNumber": f"V-{number}",
            "AlternateName": None,
            "BusinessRelationshipCode": "SPEND_AUTHORIZED",
            "TaxOrganizationTypeCode": "CORPORATION",
            "TaxpayerId": f"GB{number:09d}",
            "TaxpayerCountry": "GB",
            "Status": "ACTIVE",
            "InactiveDate": None,
            "CreationDate": "2025-01-05T08:00:00+00:00",
            "LastUpdateDate": stamp,
            "sites": {
                "items": [
                    {
                        "SupplierSiteId": 500000000000000 + number,
                        "SupplierSite": "MAIN",
                        "ProcurementBUId": 300000001000011,
                        "ProcurementBU": "UK Operations",
                        "SitePurposePurchasingFlag": True,
                        "InactiveDate": None,
                        "Status": "ACTIVE",
                    }
                ],
                "count": 1,
                "hasMore": False,
                "limit": 25,
                "offset": 0,
                "links": [],
            },
        }
    ).encode()


def account(number: int) -> bytes:
    """One account combination: a collection without any filter by time."""
    segments = ["01", f"{number % 1000:04d}", f"{number // 1000:04d}", "0000", "000"]
    return json.dumps(
        {
            "_CODE_COMBINATION_ID": 600000000000000 + number,
            "_CHART_OF_ACCOUNTS_ID": 101,
            "AccountCombination": "-".join(segments),
            "EnabledFlag": "Y",
            "_START_DATE_ACTIVE": None,
            "_END_DATE_ACTIVE": None,
        }
    ).encode()


def order(number: int) -> bytes:
    """One order as Coupa sends it, with two lines: a good kilobyte."""

    def line(position: int, quantity: str, price: str, total: str) -> dict[str, object]:
        return {
            "id": 9_000_000 + 10 * number + position,
            "line-num": str(position),
            "type": "OrderQuantityLine",
            "status": "created",
            "description": "Paper A4 80g white",
            "quantity": quantity,
            "price": price,
            "total": total,
            "uom": {"code": "BX"},
            "currency": {"code": "USD"},
            "commodity": {"name": "Office Supplies"},
            "need-by-date": "2026-03-01T00:00:00-08:00",
            "account": {
                "id": 14 + number % 100,
                "code": f"01-{number % 100:04d}-6100",
                "segment-1": "01",
                "segment-2": f"{number % 100:04d}",
                "segment-3": "6100",
                "account-type": {"name": "US Chart"},
            },
            "account-allocations": [],
        }

    return json.dumps(
        {
            "id": number,
            "po-number": f"PO-{number}",
            "status": "issued",
            "version": 1,
            "internal-revision": 5,
            "created-at": "2026-01-28T11:00:00-08:00",
            "updated-at": "2026-02-03T09:14:05-08:00",
            "currency": {"code": "USD"},
            "supplier": {"id": 88, "name": "Harbour Paper Ltd", "number": "V-10442"},
            "supplier-site": {"id": 7},
            "requester": None,
            "requisition-header": {"id": 3902, "requested-by": {"login": "mjones"}},
            "payment-term": {"code": "Net 30"},
            "custom-fields": {"cf-erp-po-number": None, "cf-erp-status": None},
            "updated-by": {"login": "buyer1"},
            "order-lines": [line(1, "40.000000", "12.500000", "500.00"), line(2, "3", "25.00", "75.00")],
        },
        separators=(",", ":"),
    ).encode()


class Made(Sequence[bytes]):
    """Rows that are made when they are asked for: a million would take a gigabyte."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        if isinstance(at, int):
            return supplier(range(1, self._count + 1)[at])
        return [supplier(i + 1) for i in range(*at.indices(self._count))]


class System:
    """Holds the rows and counts what was written."""

    def __init__(self, suppliers: int, accounts: int, orders: int, changed: int, delay_s: float) -> None:
        self.suppliers: Sequence[bytes] = Made(suppliers)
        if suppliers <= HELD_MAX:
            self.suppliers = self.suppliers[:]
        self.changed_ids = [i * (suppliers // changed) + 1 for i in range(changed)] if changed else []
        self.changed: list[bytes] = []
        self.edition = 0
        self.accounts = [account(i + 1) for i in range(accounts)]
        self.orders = [order(i + 1) for i in range(orders)]
        self.delay_s = delay_s
        self.writes: dict[str, int] = {}

    async def __call__(self, scope: dict, receive: object, send: object) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        path = scope["path"]
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        if scope["method"] == "GET":
            await self._respond(send, self._page(path, query))
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if path.endswith("/token"):
            token = {"access_token": "t" * 40, "token_type": "bearer", "expires_in": 86399, "scope": ""}
            await self._respond(send, json.dumps(token).encode())
            return
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        self.writes[path] = self.writes.get(path, 0) + 1
        fields = json.loads(body).get("custom-fields", {})
        answer = {"id": int(path.rsplit("/", 1)[1]), "custom-fields": fields}
        await self._respond(send, json.dumps(answer).encode())

    def _page(self, path: str, query: dict[str, str]) -> bytes:
        if path == "/count":
            return json.dumps({"writes": sum(self.writes.values()), "paths": len(self.writes)}).encode()
        limit, condition = int(query.get("limit", PAGE)), query.get("q", "")
        if path.endswith("/purchase_orders"):
            if "updated_at[gt_or_eq]" in query:
                return b"[]"  # none of them ever changes
            start = int(query.get("id[gt]", 0))
            return b"[%s]" % b",".join(self.orders[start : start + limit])
        if path.endswith("/suppliers"):
            since = _SINCE.search(condition)
            after = _AFTER.search(condition)
            rows = self.suppliers
            if since:
                if after is None:  # each delta read finds the same rows changed once more
                    self.edition += 1
                    stamp = f"2026-06-01T{8 + self.edition // 60:02d}:{self.edition % 60:02d}:00+00:00"
                    self.changed = [supplier(i, stamp, self.edition) for i in self.changed_ids]
                rows = self.changed
            start = 0
            if after:
                wanted = int(after[1])
                start = (
                    next((i for i, row in enumerate(rows) if _id(row) > wanted), len(rows))
                    if rows is self.changed
                    else wanted - 300000000000000
                )
            return _envelope(rows, start, limit)
        return _envelope(self.accounts, int(query.get("offset", 0)), limit)

    async def _respond(self, send: object, content: bytes) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"date", b"Wed, 01 Jul 2026 08:00:00 GMT"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def _id(row: bytes) -> int:
    return int(row[15:30])


def _envelope(rows: Sequence[bytes], start: int, limit: int) -> bytes:
    page = rows[start : start + limit]
    more = b"true" if start + limit < len(rows) else b"false"
    return b'{"items":[%s],"count":%d,"hasMore":%s,"limit":%d,"offset":%d,"links":[]}' % (
        b",".join(page), len(page), more, limit, start,
    )  # fmt: skip


@contextmanager
def running(
    suppliers: int = 0, accounts: int = 0, orders: int = 0, changed: int = 0, delay_s: float = 0.0
) -> Iterator[str]:
    """Start the system in a process of its own; give its base URL; stop it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [str(n) for n in (port, suppliers, accounts, orders, changed, delay_s)]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.server", *arguments])
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/count", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Serve until terminated: port, suppliers, accounts, orders, changed suppliers, delay of a write in seconds."""
    import uvicorn

    port, *counts = (int(a) for a in sys.argv[1:6])
    system = System(*counts, float(sys.argv[6]))
    uvicorn.run(system, host="127.0.0.1", port=port, log_level="error", access_log=False, date_header=False)


if __name__ == "__main__":
    main()
