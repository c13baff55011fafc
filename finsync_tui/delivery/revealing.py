"""Bank details on their way from one system to another: asked of their own system in the moment they are sent.

Nothing of them is in the store. What a person approved is known by its fingerprint; if the system shows other details by
now, nothing is sent. Trouble there is that system's, and the one that is to be told has no part in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapters.base import Adapter, Reveals, WriteRequest
from finsync_tui.delivery.keeping_back import KeptBackError
from store.canonical.keys import RecordKey
from store.canonical.supplier import account_problem

OPERATIONS: Final = frozenset(("supplier_bank_account.change",))


def origin_of(operation: str, body: Mapping[str, Any]) -> str | None:
    """Return the system that is asked for what a request carries; None: it carries nothing of another one's."""
    if operation not in OPERATIONS:
        return None
    account = body.get("account")
    if not isinstance(account, Mapping):
        return None
    return RecordKey.parse(str(account["key"])).system


async def revealed(adapters: Mapping[str, Adapter], system: str, request: WriteRequest) -> WriteRequest:
    """Return the request with the details it carries, if it carries any. Raises as their own system does."""
    name = origin_of(request.operation, request.body)
    if name is None:
        return request
    account = request.body["account"]
    origin = adapters.get(name)
    if not isinstance(origin, Reveals):
        raise _outdated(system, f"{name} is not connected, or does not tell the numbers of bank accounts")
    details = await origin.reveal_account(RecordKey.parse(str(account["key"])).external_id)
    if details is None:
        raise _outdated(system, f"{name} does not have the account {account['masked']} any more")
    if details.fingerprint != account["fingerprint"] or account.get("terms") not in (None, details.terms):
        raise _outdated(system, f"{name} shows other details by now than those that were approved")
    problem = account_problem(details.number if details.is_iban else None, details.bic)
    if problem is not None:
        raise _outdated(system, problem)
    return replace(request, private=details)


def _outdated(system: str, why: str) -> KeptBackError:
    return KeptBackError(system, "BANK_CHANGE_OUTDATED", why)
