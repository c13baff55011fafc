"""Account combinations looked up before they are sent: a disabled one is refused here, in words, not in a job's log.

Oracle creates a new combination when its values and the cross-validation rules allow it, and only it knows the rules:
what is not found is left to it, unless `account_check = "known"`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from adapters.base import Translated
from adapters.oracle_fusion import inbound
from adapters.oracle_fusion.api import Api, one_of
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.requests import refused
from adapters.paging import chunks
from store.canonical.chart import AccountCombination

RESOURCE: Final = "accountCombinationsLOV"
ACCOUNTS_MAX: Final = 25
"""Combinations in one filter: each may have some hundred characters."""


class Accounts:
    """The combinations of one instance."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options

    async def check(self, accounts: Iterable[str], on: date, chart_id: int | None = None) -> None:
        """Refuse accounts that Oracle will not take on that day."""
        if self._options.account_check == "none":
            return
        wanted = list(dict.fromkeys(accounts))
        known = {one.number: one for one in await self._known(wanted, chart_id)}
        bad = [
            f"{one} is not enabled on {on}"
            for one in wanted
            if one in known and not known[one].is_usable_on(on)
        ]
        if self._options.account_check == "known":
            bad += [f"{one} does not exist" for one in wanted if one not in known]
        if bad:
            raise refused(
                self._api.system,
                "ACCOUNT_INVALID",
                f"account combination {'; '.join(bad)}. Nothing was sent",
            )

    async def _known(self, accounts: list[str], chart_id: int | None) -> list[AccountCombination]:
        options, found = self._options, []
        for part in chunks(accounts, ACCOUNTS_MAX):
            condition = one_of(options.combination_attribute, part, is_number=False)
            params = {
                "q": condition,
                "onlyData": "true",
                "orderBy": f"{options.combination_id_attribute}:asc",
            }
            for row in await self._api.rows(RESOURCE, params):
                read = inbound.translate("account_combination", row, options)
                record = read.record if isinstance(read, Translated) else None
                if isinstance(record, AccountCombination) and (
                    chart_id is None or record.chart in (None, str(chart_id))
                ):
                    found.append(record)
        return found
