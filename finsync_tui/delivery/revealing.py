"""Bank details on their way from one system to another: asked of their own system in the moment they are sent.

Nothing of them is in the store. What a person approved is known by its fingerprint; if the system shows other details by
now, nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from adapters.base import Adapter, Reveals, WriteRequest
from adapters.errors import AdapterError, Refusal, RejectedError, TransientError
from store.canonical.keys import RecordKey
from store.canonical.supplier import account_problem, fingerprint

OPERATIONS: Final = frozenset(("supplier_bank_account.change",))


async def revealed(adapters: Mapping[str, Adapter], system: str, request: WriteRequest) -> WriteRequest:
    """Return the request with the details it carries, if it carries any. Raises as the target would."""
    account = request.body.get("account")
    if request.operation not in OPERATIONS or not isinstance(account, Mapping):
        return request
    key = RecordKey.parse(str(account["key"]))
    origin = adapters.get(key.system)
    if not isinstance(origin, Reveals):
        raise _refused(
            system, f"{key.system} is not connected, or does not tell the numbers of bank accounts"
        )
    try:
        details = await origin.reveal_account(key.external_id)
    except RejectedError:
        raise
    except AdapterError as error:  # about the origin: the target is well
        raise TransientError(
            system, f"{key.system} could not be asked for the account: {error.message}"
        ) from None
    if details is None:
        raise _refused(system, f"{key.system} does not have the account {account['masked']} any more")
    if fingerprint(details.number) != account["fingerprint"]:
        raise _refused(system, f"{key.system} shows other details by now than those that were approved")
    problem = account_problem(details.number if details.is_iban else None, details.bic)
    if problem is not None:
        raise _refused(system, problem)
    return replace(request, private=details)


def _refused(system: str, why: str) -> RejectedError:
    return RejectedError(system, Refusal("BANK_CHANGE_OUTDATED", f"{why}. Nothing was sent"))
