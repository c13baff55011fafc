"""What can be done with exceptions, alike on the list, on one exception's page and on a whole cause."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content

from finsync_tui.screens import drawing, queries, verbs
from finsync_tui.screens.base import DIALOG_WIDTH, WorkScreen
from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.queries import ExceptionRow
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.verbs import Verb

if TYPE_CHECKING:
    from sqlite3 import Connection

    from store.glances import Glance

CHANGES_SHOWN = 12


class CaseActions(WorkScreen):
    """The keys of exceptions. A screen says what they are for: `act` and `edited_row`. It stands behind the screen's kind
    among the bases."""

    act: Callable[..., object]
    """Asks, then does a verb to what the screen is about."""

    def missing_rule(self) -> Callable[[Connection], MissingRule | None] | None:
        """Return the question which rule is waited for; None: there is nothing to ask it about."""
        raise NotImplementedError

    @work(group="doing", exit_on_error=False)
    async def action_mapping(self) -> None:
        """Write the rule that is waited for, in its table."""
        if self.refuses_writing():
            return
        question = self.missing_rule()
        found = await self.read(question) if question is not None else None
        if found is None:
            self.app.notify(
                "It waits for something else than a mapping rule.", severity="warning", markup=False
            )
        elif self.desk.workspace is None:
            self.app.notify(
                "Mapping tables belong to a workspace; only its store is open here.",
                severity="warning",
                markup=False,
            )
        else:
            from finsync_tui.screens import mapping_reading
            from finsync_tui.screens.mapping_table import Begin, MappingTableScreen
            from finsync_tui.screens.proposal_detail import ProposalScreen

            waiting = await self.read(
                partial(
                    mapping_reading.waiting_proposal,
                    workspace=self.desk.workspace,
                    rule=found,
                    now=self.desk.now(),
                )
            )
            if waiting:
                self.app.notify("Its rule is proposed already, and waits for a second person.", markup=False)
                await self.app.push_screen(ProposalScreen(array("q", [waiting]), 0))
                return
            await self.app.push_screen(
                MappingTableScreen(found.table, Begin(found.value, found.scope, dict(found.given)))
            )

    def edited_row(self) -> ExceptionRow | None:
        """Return the one exception whose body is to be edited; None: it has said why not."""
        raise NotImplementedError

    def action_retry(self) -> None:
        self.act(verbs.RETRY)

    def action_resolve(self) -> None:
        self.act(verbs.RESOLVE)

    def action_ignore(self) -> None:
        self.act(verbs.IGNORE)

    def action_comment(self) -> None:
        self.act(verbs.COMMENT)

    def action_assign(self) -> None:
        self.act(verbs.ASSIGN, self.desk.actor.name)

    def action_snooze(self) -> None:
        self.act(verbs.SNOOZE, "1d")

    def action_send_back(self) -> None:
        self.act(verbs.RETURN)

    def action_write_off(self) -> None:
        self.act(verbs.WRITE_OFF)

    def action_approve_case(self) -> None:
        self.act(verbs.APPROVE_CASE)

    def action_reject_case(self) -> None:
        self.act(verbs.REJECT_CASE)

    def action_withdraw_case(self) -> None:
        self.act(verbs.WITHDRAW_CASE)

    async def previewed(self, verb: Verb, ids: Sequence[int]) -> Sequence[Content]:
        """Return of write-offs that wait who would do it, and why."""
        if verb not in (verbs.APPROVE_CASE, verbs.REJECT_CASE, verbs.WITHDRAW_CASE):
            return ()
        return drawing.waiting(await self.read(partial(queries.waiting_cases, ids=ids)), DIALOG_WIDTH)

    def action_edit(self) -> None:
        if self.refuses_writing():
            return
        row = self.edited_row()
        if row is not None:
            self._edit(row)

    @work(group="doing", exit_on_error=False)
    async def _edit(self, row: ExceptionRow) -> None:
        """Edit what was refused, see what changes, then send it."""
        from finsync_tui import bodies
        from finsync_tui.screens import editing
        from finsync_tui.screens.widgets.edit_dialog import EditDialog
        from store import outbox

        seen = await self.glance(queries.EXCEPTIONS, [row.id])
        delivery = await self.read(partial(outbox.get, entry_id=row.entry_id or 0))
        assert delivery is not None, (
            "only a delivery's exception is edited, and no delivery is ever taken away"
        )
        body = delivery.edited_body or delivery.body
        if len(body) > editing.TEXT_BYTES_MAX:
            self.app.notify(
                f"{row.number} is too large to be edited here: `finsync exceptions edit {row.id} --payload FILE --reason REASON` takes a file.",
                severity="warning",
                markup=False,
            )
            return
        before = editing.laid_out(body)
        refusal = partial(bodies.problem, delivery.operation, delivery.body)
        kept = self.desk.unsent
        while True:
            decided, text = kept.get(row.id, (body, before))
            answer = await self.app.push_screen_wait(
                EditDialog(
                    f"Edit {row.number}",
                    before,
                    problem=editing.problem,
                    refusal=lambda text: refusal(editing.restored(text, body)),
                    file_name="document.json",
                    text=text if decided == body else before,
                )
            )
            if answer is None:
                kept.pop(row.id, None)
                return
            kept[row.id] = (body, answer)
            is_done = await self._send(row, body, before, answer, seen)
            if is_done:
                kept.pop(row.id, None)
                self.reread()
            if is_done is not None:  # what was refused is kept: e opens it again
                return

    async def _send(
        self, row: ExceptionRow, body: str, before: str, text: str, seen: Mapping[int, Glance]
    ) -> bool | None:
        """Show what was edited, ask for the reason, and send it; None: the person went back to it."""
        from finsync_tui.screens import editing

        lines = editing.changes(before, text)
        shown = [
            drawing.line((safe_text(line, 64), "error" if line[0] == "-" else "ok"))
            for line in lines[:CHANGES_SHOWN]
        ]
        if len(lines) > CHANGES_SHOWN:
            shown.append(Content(f"and {len(lines) - CHANGES_SHOWN:,} more lines"))
        return await self.ask_and_do(
            verbs.EDIT,
            queries.EXCEPTIONS,
            [row.id],
            subject=row.number,
            body=editing.restored(text, body),
            shown=shown,
            seen=seen,
        )
