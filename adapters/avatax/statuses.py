"""What AvaTax's product for accounts payable says of a document, as a verdict of ours.

Each of its words pairs what it did or would do (accrue, hold back, reject, nothing) with what it found.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from store.canonical.tax import Opinion, Verdict

_MATCH = ("NoAccrualMatch", "AccruedShortPayItemsMatch", "PendingShortPayItemsMatch")
_NOTED = {
    "NoAccrualAmountThresholdNotMet": "below the amount from which AvaTax looks at it",
    "NoAccrualTrustedVendor": "the supplier's tax is trusted in AvaTax",
}
_UNDERCHARGED = (
    "NoAccrualUndercharge",
    "AccruedUndercharge",
    "AccruedShortPayItemsUndercharge",
    "PendingAccrualUndercharge",
    "PendingShortPayItemsUndercharge",
    "AccruedVendor",
    "PendingAccrualVendor",
)
_OVERCHARGED = (
    "NoAccrualOvercharge",
    "AccruedShortPayItemsOvercharge",
    "PendingShortPayItemsOvercharge",
    "NoAccrualShortPayAvalaraCalculated",
)
_REVIEW = (
    "NeedReviewMatch",
    "NeedReviewUndercharge",
    "NeedReviewOvercharge",
    "NeedReviewVendor",
    "NoAccrualRejectMatch",
    "NoAccrualRejectUndercharge",
    "NoAccrualRejectOvercharge",
)
_EXEMPT = {
    "NoAccrualExemptedCostCenter": "the cost centre is exempt in AvaTax",
    "NoAccrualExemptedItem": "the item is exempt in AvaTax",
    "NoAccrualExemptedVendor": "the supplier is exempt in AvaTax",
    "NoAccrualExemptedGLAccount": "the account is exempt in AvaTax",
    "NoAccrualExemptedMapping": "the mapping in AvaTax makes it exempt",
}

VERDICTS: Final[Mapping[str, Verdict]] = MappingProxyType(
    {
        **dict.fromkeys((*_MATCH, *_NOTED), "match"),
        **dict.fromkeys(_UNDERCHARGED, "undercharged"),
        **dict.fromkeys(_OVERCHARGED, "overcharged"),
        **dict.fromkeys(_REVIEW, "needs_review"),
        **dict.fromkeys(_EXEMPT, "exempt"),
    }
)
"""All words there are."""
_NOTES: Final[Mapping[str, str]] = {**_NOTED, **_EXEMPT}


def opinion_of(status: str) -> Opinion:
    """Return a word of AvaTax's as an opinion; one that is not known is for a person.

    >>> opinion_of("AccruedUndercharge").accrues, opinion_of("NoAccrualUndercharge").accrues
    (True, False)
    """
    verdict = VERDICTS.get(status)
    if verdict is None:
        return Opinion(verdict="needs_review", note=f"AvaTax says {status[:100]}", status=status[:100])
    accrues = verdict == "undercharged" and status.startswith(("Accrued", "Pending"))
    return Opinion(
        verdict=verdict, note=_NOTES.get(status, f"AvaTax says {status}"), accrues=accrues, status=status
    )
