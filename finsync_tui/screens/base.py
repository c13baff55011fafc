"""What the screens share: the frame, reading in the background, asking before doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from finsync_tui.screens import drawing
from finsync_tui.screens.compositor import NarrowCompositor
from finsync_tui.screens.text import money, safe_text
from finsync_tui.screens.widgets.top_bar import TopBar
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.screens.widgets.virtual_table import VirtualTable

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.actions import Outcome
    from finsync_tui.screens.app import FinsyncApp
    from finsync_tui.screens.queries import Listing, R, Sum
    from finsync_tui.screens.verbs import Verb
    from store.glances import Glance

T = TypeVar("T")
TOO_SMALL = "Window too small (need 60x16)"
REFUSALS_SHOWN = 8
DIALOG_WIDTH = 66
NO_FILES = "Files here are those of the account that runs the server: in a browser, copy with y, or use the commands there."
READ_ONLY = "This workbench is read-only: nothing can be changed from here."
WRITING = frozenset(
    [
        "retry",
        "resolve",
        "ignore",
        "comment",
        "assign",
        "snooze",
        "send_back",
        "write_off",
        "approve_case",
        "reject_case",
        "withdraw_case",
        "edit",
        "fix",
        "replay",
        "hold",
        "release",
        "cancel",
        "abort",
        "pause",
        "resume",
        "run_now",
        "assign_break",
        "comment_break",
        "explain_break",
        "resend_break",
        "reread_break",
        "adopt_break",
        "reopen_break",
        "write_off_break",
        "approve_break",
        "reject_break",
        "withdraw_break",
        "same_suppliers",
        "different_suppliers",
        "merge_suppliers",
        "approve_merge",
        "reject_merge",
        "withdraw_merge",
        "part_suppliers",
        "confirm_bank",
        "approve_bank",
        "refuse_bank",
        "certify",
        "mapping",
        "rule_new",
        "rule_edit",
        "rule_remove",
        "propose",
        "import_rules",
        "restore",
        "anew",
        "reveal",
        "approve",
        "reject",
        "withdraw",
        "edit_policy",
        "propose_policy",
        "import_policy",
    ]
)
"""Actions that change something in the store."""
ACTIONS: Mapping[str, str] = {"return": "send_back"}
"""Verbs whose action has another name."""
READING_GROUPS = ("overview", "ids", "count", "dossier", "systems", "mappings", "policies")
"""Workers that read what a screen shows."""


class WorkScreen(Screen[None]):
    """One screen of the workbench."""

    PURPOSE: ClassVar[str] = ""
    """What the screen is for, in a sentence: its help begins with it."""
    VERBS: ClassVar[tuple[str, ...]] = ()
    """Actions in the order in which the verb bar shows them."""
    TROUBLE_IN: ClassVar[str] = ""
    """The part that tells at length why the store can't be read, where there is one beside the table."""
    ACTS_AS: ClassVar[Mapping[str, str]] = {}
    """Actions that `permits` knows by another name, because another kind of screen has the same action."""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False, id="app.back")]

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NarrowCompositor()
        self._is_stale = False

    @property
    def desk(self) -> FinsyncApp:
        """The app this screen belongs to."""
        return cast("FinsyncApp", self.app)

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield from self.body()
        yield VerbBar()
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def body(self) -> ComposeResult:
        """Yield what lies between the two bars."""
        raise NotImplementedError

    @property
    def is_composed(self) -> bool:
        """Whether its parts are there: a clock may tick while a screen is being made."""
        return bool(self.query(VerbBar))

    # -- reading ------------------------------------------------------------------------------------------------

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Return what the store says, read beside the event loop."""
        return await self.desk.reader.run(query)

    def store_changed(self) -> None:
        """Somebody has written. Read again what is shown, quietly; never before the last reading has ended, or an
        engine that writes all the time would keep us from ever showing anything."""
        self._is_stale = self.is_reading()
        if not self._is_stale:
            self.refresh_data()

    def is_reading(self) -> bool:
        """Whether what is shown is being read."""
        return any(
            worker.node is self and worker.group in READING_GROUPS and not worker.is_finished
            for worker in self.workers
        )

    def refresh_data(self) -> None:
        """Read again what is shown; nothing may jump."""

    def reread(self) -> None:
        """Read everything again, because a person asked for it."""
        self.refresh_data()

    def time_passed(self) -> None:
        """Draw ages and due times again."""

    def store_upgrades(self, count: int, seconds: int) -> None:
        """Show that the store is being brought up to date, and since when."""

    def store_failed(self, error: BaseException) -> None:
        """Show that the store can't be read; what is shown already stays, and no list says that there is nothing."""
        title, lines = explained(error, self.desk)
        for table in self.query(VirtualTable):
            table.fail(f"✕ {title}: {' '.join(safe_text(line, 500) for line in lines)}")
        for part in self.query(self.TROUBLE_IN).results(Static) if self.TROUBLE_IN else ():
            part.update(told(title, lines))

    def on_screen_resume(self) -> None:
        for bar in self.query(TopBar):
            self.desk.dress(bar)
        if self.desk.is_current:
            self.reread()
        elif self.desk.trouble is not None and self.is_composed:
            self.store_failed(self.desk.trouble)

    # -- doing --------------------------------------------------------------------------------------------------

    def reason_against(self, action: str) -> str:
        """Return why an action is not possible now; empty: it is. The verb bar draws such a verb dim."""
        return ""

    def why_not(self, action: str) -> str:
        """Return why an action is not possible here and now: nobody writes in a read-only workbench."""
        if self.desk.is_read_only and action in WRITING:
            return READ_ONLY
        with suppress(NoMatches):  # a screen may be half taken down when its keys are drawn once more
            return self.refusal(action) or self.reason_against(action)
        return ""

    def refusal(self, action: str) -> str:
        """Return why this person's roles do not allow an action; empty: they do."""
        return self.desk.refused.get(self.ACTS_AS.get(action, action), "")

    def is_refused(self, action: str) -> bool:
        """Say why an action is not possible here and now, if it is not."""
        why = self.why_not(action)
        if why:
            self.app.notify(why, severity="warning", markup=False)
        return bool(why)

    def refuses_writing(self) -> bool:
        """Say so when this workbench only looks."""
        if self.desk.is_read_only:
            self.app.notify(READ_ONLY, severity="warning", markup=False)
        return self.desk.is_read_only

    def refuses_files(self) -> bool:
        """Say so when this person came with a browser: the files here are those of whoever runs the server."""
        if self.desk.actor.web_login:
            self.app.notify(NO_FILES, severity="warning", markup=False)
        return bool(self.desk.actor.web_login)

    def _read_until(self, text: str) -> str:
        from finsync_tui.screens.moments import until
        from store.clock import text as instant_text

        return instant_text(until(text, self.desk.now(), self.desk.zone))

    async def ask_and_do(
        self,
        verb: Verb,
        listing: Listing[R] | None,
        ids: Sequence[int],
        *,
        subject: str,
        value: str = "",
        system: str = "",
        body: str = "",
        shown: Sequence[Content] = (),
        seen: Mapping[int, Glance] | None = None,
    ) -> bool | None:
        """Ask, do, and say what came of it. `subject`: one thing by its name; `shown`: what else the question shows;
        `seen`: how things stood when the person began, where that was before now. Returns whether it was done; None: the person
        went back."""
        if self.refuses_writing():
            return False
        why = self.desk.refused.get(ACTIONS.get(verb.name, verb.name))
        if why:
            self.app.notify(why, severity="warning", markup=False)
            return False
        from finsync_tui.screens import queries
        from finsync_tui.screens.widgets.dialogs import AskDialog

        if seen is None:
            seen = await self.glance(listing, ids)
        sums = await self.read(lambda db: queries.sums(db, listing, ids)) if listing is not None else []
        name = subject if len(ids) == 1 else f"{len(ids):,} {listing.name if listing else ''}"
        answer = await self.app.push_screen_wait(
            AskDialog(
                f"{verb.title} {name}",
                drawing.stack([*shown, *([drawing.BLANK] if shown else []), _question(verb, sums, len(ids))]),
                verb=verb.button or verb.title.lower(),
                prompt=verb.prompt,
                is_needed=verb.is_needed,
                value=value,
                empty=verb.empty,
                read=self._read_until if verb.name == "snooze" else None,
            )
        )
        if answer is None:
            return None
        outcome = await self.desk.perform(verb.name, ids, answer, system=system, body=body, seen=seen)
        self._tell(verb, outcome, name)
        return bool(outcome.done)

    def progressed(self) -> None:
        """Show how far something is that is done to many rows."""

    async def previewed(self, verb: Verb, ids: Sequence[int]) -> Sequence[Content]:
        """Return what else the question shows before this is done to those."""
        return ()

    async def glance(self, listing: Listing[R] | None, ids: Sequence[int]) -> Mapping[int, Glance]:
        """Return how things stand now, so that nothing is overwritten that somebody does while this person thinks."""
        from store import glances

        ways = {
            "exceptions": glances.of_cases,
            "breaks": glances.of_breaks,
            "deliveries": glances.of_deliveries,
            "suppliers": glances.of_pairs,
        }
        look = ways.get(listing.name) if listing is not None else None
        return await self.read(partial(look, ids=ids)) if look is not None else {}

    def _tell(self, verb: Verb, outcome: Outcome, name: str) -> None:
        """One toast a batch; refusals with their reasons in a dialog: the person started it."""
        if outcome.done and not outcome.refused:
            self.app.notify(f"{name}: {outcome.told or verb.past}.", markup=False)
        if outcome.refused:
            from finsync_tui.screens.widgets.dialogs import MessageDialog

            lines = [
                f"{len(outcome.done):,} {verb.past}, {len(outcome.refused):,} not. Those were left as they are:"
            ]
            lines += [f"#{number}: {why}" for number, why in outcome.refused[:REFUSALS_SHOWN]]
            if len(outcome.refused) > REFUSALS_SHOWN:
                lines.append(f"and {len(outcome.refused) - REFUSALS_SHOWN:,} more")
            self.app.push_screen(MessageDialog(f"{verb.title}: not everything was done", lines))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show an error of something the person started; background reading only marks the top bar."""
        if event.state is WorkerState.SUCCESS and event.worker.group in READING_GROUPS:
            self.desk.has_read()
            self.call_after_refresh(self.desk.has_shown)
        if event.state is WorkerState.SUCCESS and self._is_stale and not self.is_reading():
            self.store_changed()
        if event.state is not WorkerState.ERROR or event.worker.error is None:
            return
        event.stop()
        if event.worker.group == "doing":
            from finsync_tui.screens.widgets.dialogs import MessageDialog

            title, lines = explained(event.worker.error, self.desk)
            self.app.push_screen(MessageDialog(title, lines))
        else:
            self.desk.trouble = event.worker.error
            self.store_failed(event.worker.error)
            for bar in self.query(TopBar):
                self.desk.dress(bar)

    async def action_back(self) -> None:
        if self.desk.stop_progress():
            return
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()


def explained(error: BaseException, desk: FinsyncApp) -> tuple[str, list[str]]:
    """Return an error as a person reads it: what happened, what was kept, what to do now."""
    from store.errors import FinsyncError
    from store.faults import from_sqlite

    if hasattr(error, "sqlite_errorcode"):
        error = from_sqlite(error, desk.store_path)  # type: ignore[arg-type]  # only SQLite's errors carry a code
    if isinstance(error, FinsyncError):
        return error.code, [str(error)]
    return type(error).__name__, [
        f"Something unexpected happened: {safe_text(error) or 'no more is known'}.",
        "Nothing was written: each action is one transaction, kept whole or not at all.",
        "Try again; if it happens again, run `finsync doctor` and report what it says.",
    ]


def told(title: str, lines: Sequence[str]) -> Content:
    """Return an error as it is shown in place of what could not be read."""
    return drawing.stack(
        [
            drawing.line((f"✕ {title}", "error")),
            drawing.BLANK,
            *(Content(safe_text(one, 2_000)) for one in lines),
        ]
    )


def _question(verb: Verb, sums: Sequence[Sum], count: int) -> Content:
    """Say how many, how much money, and what can't be undone."""
    lines: list[Content] = []
    if sums and not verb.is_plain:
        text = " · ".join(f"{money(total.amount_minor, total.currency)}" for total in sums if total.currency)
        lines.append(
            drawing.line((f"{count:,} in all, " if count > 1 else "", ""), (text or "no amount", "strong"))
        )
    if verb.consequence:
        if lines:
            lines.append(drawing.BLANK)
        lines.append(drawing.paragraph("", verb.consequence, DIALOG_WIDTH))
    return drawing.stack(lines)
