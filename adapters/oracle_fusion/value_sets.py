"""Where a value set is: its key is opaque, so its address is looked up by its code."""

from __future__ import annotations

import msgspec

from adapters.errors import SettingsError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, quoted


class ValueSets:
    """The addresses of one instance's value sets: each is looked up once, and again after it has failed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._hrefs: dict[str, str] = {}

    async def href(self, code: str | None) -> str:
        """Return the address of a value set."""
        if code is None:
            raise SettingsError(
                self._api.system,
                "cost centres cannot be read or written without cost_centre_value_set in this system's options",
            )
        if code not in self._hrefs:
            self._hrefs[code] = await self._looked_up(code)
        return self._hrefs[code]

    def forget(self, code: str | None) -> None:
        """Its address may not be so any more: one that was made anew under the same code has another."""
        self._hrefs.pop(code or "", None)

    async def _looked_up(self, code: str) -> str:
        condition = f"ValueSetCode = {quoted(code)}"
        rows = await self._api.rows(
            "valueSets", {"q": condition, "orderBy": "ValueSetId:asc", "links": "self"}
        )
        found = [one for one in map(_value_set.decode, rows) if one.ValueSetCode == code and one.href]
        if len(found) != 1 or found[0].href is None:
            raise SettingsError(
                self._api.system,
                f"cost_centre_value_set {code!r} names {len(found)} value sets; correct it, or give the "
                "integration user access to the value set",
            )
        return found[0].href


_value_set = msgspec.json.Decoder(wire.ValueSet)
