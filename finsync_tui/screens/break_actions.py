"""What can be done with breaks, alike on the list and on one break's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual.content import Content

from finsync_tui.screens import break_queries, drawing, verbs
from finsync_tui.screens.base import DIALOG_WIDTH, WorkScreen
from finsync_tui.screens.break_drawing import adopted
from finsync_tui.screens.verbs import Verb

SYSTEMS_SHOWN = 4


class BreakActions(WorkScreen):
    """The keys of breaks. A screen says what they are for: `act`. It stands behind the screen's kind among the bases."""

    act: Callable[..., object]
    """Asks, then does a verb to what the screen is about."""

    async def previewed(self, verb: Verb, ids: Sequence[int]) -> Sequence[Content]:
        """Return between which systems they are; of what would be adopted, both values; of what waits, who would do what
        and why."""
        if verb.is_plain:
            return ()
        lines = [
            drawing.line(
                (f"{source} → {target}", "strong"), (f"  {count:,}" if len(ids) > 1 else "", "muted")
            )
            for source, target, count in (await self.read(partial(break_queries.between, ids=ids)))[
                :SYSTEMS_SHOWN
            ]
        ]
        if verb in (verbs.APPROVE_BREAK, verbs.REJECT_BREAK, verbs.WITHDRAW_BREAK):
            waiting = await self.read(partial(break_queries.waiting, ids=ids))
            lines += drawing.waiting(waiting, DIALOG_WIDTH)
        if verb is verbs.ADOPT_BREAK:
            lines += adopted(await self.read(partial(break_queries.differing, ids=ids)), DIALOG_WIDTH)
        return lines

    def action_assign_break(self) -> None:
        self.act(verbs.ASSIGN_BREAK, self.desk.actor.name)

    def action_comment_break(self) -> None:
        self.act(verbs.COMMENT_BREAK)

    def action_explain_break(self) -> None:
        self.act(verbs.EXPLAIN_BREAK)

    def action_resend_break(self) -> None:
        self.act(verbs.RESEND_BREAK)

    def action_reread_break(self) -> None:
        self.act(verbs.REREAD_BREAK)

    def action_adopt_break(self) -> None:
        self.act(verbs.ADOPT_BREAK)

    def action_reopen_break(self) -> None:
        self.act(verbs.REOPEN_BREAK)

    def action_write_off_break(self) -> None:
        self.act(verbs.WRITE_OFF_BREAK)

    def action_approve_break(self) -> None:
        self.act(verbs.APPROVE_BREAK)

    def action_reject_break(self) -> None:
        self.act(verbs.REJECT_BREAK)

    def action_withdraw_break(self) -> None:
        self.act(verbs.WITHDRAW_BREAK)
