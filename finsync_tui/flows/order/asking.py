"""The step that asks a person about an order that somebody changed in the ERP: adopt it, or restore what was ordered?"""

from __future__ import annotations

from finsync_tui.flows.order import changed, ended, subject
from finsync_tui.flows.steps import Answer, Context, Done, Finish
from store.canonical.money import total


def ask_change(context: Context) -> Answer:
    """Retry restores, resolve adopts. What the ERP changes or ends on meanwhile is told anew; what is as it was asks nobody."""
    if ended.is_news(context.db, context.workflow):
        return Done({"note": "the ERP has ended it, or lines of it"}, goto="follow_erp")
    found, target, source = changed.found_in(context), subject.target(context), subject.source(context)
    if [one.mark() for one in found] != context.data["changed_there"]:
        return Done({"note": "it has changed again"}, goto="follow_change")
    if not found or subject.company(context).changes_in_erp == "note":
        return Finish("done", {"erp_status": context.data["written"]["erp_status"]})
    return subject.stop(
        context, changed.CLASS, changed.told(context, found),
        f"To adopt it, change the order in {source} to the same, or resolve this to leave {target}'s as it is. To restore what was "
        f"ordered, change it back in {target}, or retry: {target} is then asked for {source}'s order again.",
        {"changes": [one.told() for one in found]},
        amount=total((changed.size(one) for one in found), found[0].new.currency),
    )  # fmt: skip
