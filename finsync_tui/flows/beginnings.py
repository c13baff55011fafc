"""In which systems the documents of a flow begin: where the profile says, and for suppliers at each owner of a field."""

from __future__ import annotations

from finsync_tui.flows import supplier_requests
from finsync_tui.profile import Profile

FOLLOWING = "supplier_following"
ONBOARDING = "supplier_onboarding"
BANK_CHANGE = "supplier_bank_change"


def sources(profile: Profile, name: str) -> frozenset[str]:
    """Return the systems whose news of its entity starts an instance.

    >>> setup = {"systems": {}, "flows": {"supplier_onboarding": {"source": "coupa"}}}
    >>> company = Profile.model_validate({**setup, "ownership": {"supplier.address": "oracle"}})
    >>> sorted(sources(company, "supplier_onboarding")), sorted(sources(company, "supplier_following"))
    (['coupa'], ['oracle'])
    """
    setup = profile.flows.get(ONBOARDING if name == FOLLOWING else name)
    if setup is None or not setup.is_enabled:
        return frozenset()
    if name == BANK_CHANGE and profile.suppliers.bank.entered != "off":
        return frozenset((setup.source, *(one for one in profile.systems if _reads_accounts(profile, one))))
    if name != FOLLOWING:
        return frozenset((setup.source,))
    return supplier_requests.owners(profile) - {setup.source}


def _reads_accounts(profile: Profile, system: str) -> bool:
    return bool(profile.systems[system].options.get("reads_bank_accounts"))
