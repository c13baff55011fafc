"""The workbench: its screens over one store, a pulse twice a second, nothing on the event loop that could block it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.worker import Worker, WorkerState

from finsync_tui.actor import Actor, account
from finsync_tui.portions import PORTION, portions
from finsync_tui.screens import ascii, choices, keymap, overview, permits, promptness, text, themes
from finsync_tui.screens.base import WorkScreen
from finsync_tui.screens.overview import Pulse
from finsync_tui.screens.places import PLACES
from finsync_tui.screens.reader import Reader
from finsync_tui.screens.stylesheet import KeptStylesheet
from finsync_tui.screens.widgets.top_bar import READING, UNKNOWN, Bar, TopBar, engine_sign
from finsync_tui.screens.widgets.verb_bar import VerbBar
from finsync_tui.stopping import StoppedError
from store.clock import Clock, SystemClock, VirtualClock
from store.errors import FinsyncError

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.actions import Outcome
    from finsync_tui.screens.overview import Engine
    from finsync_tui.screens.verbs import Name
    from finsync_tui.settings import Workspace
    from finsync_tui.usage import Usage
    from store.glances import Glance
    from store.leases import Standing

T = TypeVar("T")
TRAIL_MAX = 50
MANY = frozenset(
    ["retry", "resolve", "ignore", "assign", "snooze", "return", "replay", "hold", "release", "cancel"]
)
"""What may be done to any number of rows, each for itself."""
BUSY = "One thing that takes long at a time: wait for the one under way, or stop it with esc."
Told = Callable[..., None]
"""Takes how many of something are done, and of how many where that is known."""
PROGRESS_S = 1.0
WRITING = "⟳ writing"
UNREAD, OLD = -1, -2
"""Versions that no store has: nothing was read yet; what was read is to be read again."""
POLL_S = 0.5
TICK_S = 10
"""How often ages are drawn again while nothing is written."""
RETRY_S = 2.0
"""What could not be read is read again so often."""
SILENCE_S = 25.0
"""So long without a sign of life is silence, whatever the clock says: an engine gives one every ten seconds."""


def _screen(name: str) -> Callable[[], Screen[Any]]:
    """Return a maker that imports a screen at its first visit."""

    def make() -> Screen[Any]:
        if name == "home":
            from finsync_tui.screens.home import HomeScreen

            return HomeScreen()
        if name == "exceptions":
            from finsync_tui.screens.exceptions import ExceptionsScreen

            return ExceptionsScreen()
        if name == "workflows":
            from finsync_tui.screens.workflows import WorkflowsScreen

            return WorkflowsScreen()
        if name == "reconcile":
            from finsync_tui.screens.reconciliation import ReconciliationScreen

            return ReconciliationScreen()
        if name == "mappings":
            from finsync_tui.screens.mappings import MappingsScreen

            return MappingsScreen()
        if name == "deliveries":
            from finsync_tui.screens.deliveries import DeliveriesScreen

            return DeliveriesScreen()
        if name == "audit":
            from finsync_tui.screens.audit_log import AuditScreen

            return AuditScreen()
        if name == "events":
            from finsync_tui.screens.events import EventsScreen

            return EventsScreen()
        if name == "findings":
            from finsync_tui.screens.findings import FindingsScreen

            return FindingsScreen()
        if name == "reports":
            from finsync_tui.screens.reports import ReportsScreen

            return ReportsScreen()
        if name == "suppliers":
            from finsync_tui.screens.suppliers import SuppliersScreen

            return SuppliersScreen()
        if name == "golden":
            from finsync_tui.screens.golden import GoldenScreen

            return GoldenScreen()
        if name == "merges":
            from finsync_tui.screens.merges import MergesScreen

            return MergesScreen()
        if name == "bank":
            from finsync_tui.screens.bank_changes import BankChangesScreen

            return BankChangesScreen()
        if name == "policies":
            from finsync_tui.screens.policies import PoliciesScreen

            return PoliciesScreen()
        if name == "settings":
            from finsync_tui.screens.settings_screen import SettingsScreen

            return SettingsScreen()
        from finsync_tui.screens.systems import SystemsScreen

        return SystemsScreen()

    return make


class FinsyncApp(App[None]):
    """The terminal workbench on one store."""

    TITLE = "finsync"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-mid"), (150, "-wide")]  # noqa: RUF012  # as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (16, "-short"), (32, "-tall")]  # noqa: RUF012
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {mode: _screen(mode) for mode, *_ in PLACES}
    DEFAULT_MODE = "home"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"go('{mode}')", name, show=False, id=f"go.{mode}")
            for key, mode, name in TopBar.MODES
        ),
        Binding("question_mark,f1", "keys", "Help", show=False, key_display="?", id="app.help"),
        Binding("ctrl+p", "command_palette", "Commands", show=False, priority=True, id="app.palette"),
        Binding("colon", "command_palette", "Commands", show=False, id="app.palette_too"),
        Binding("semicolon,ctrl+o", "jump", "Jump to…", show=False, key_display=";", id="app.jump"),
        Binding("backspace", "previous", "Back to where you were", show=False, id="app.previous"),
        Binding("ctrl+r", "reread", "Refresh now", show=False, id="app.refresh"),
        Binding("q", "leave", "Close", show=False, id="app.close"),
    ]

    def __init__(
        self,
        store_path: Path,
        clock: Clock | None,
        actor: Actor,
        *,
        engine_note: str | None = None,
        is_read_only: bool = False,
        workspace: Workspace | None = None,
    ) -> None:
        super().__init__()
        self.workspace = workspace
        self.is_read_only = is_read_only
        self.unsent: dict[int, tuple[str, str]] = {}
        """Edits of bodies that were not sent yet, by exception: the body as it was, and the text."""
        self.refused: Mapping[str, str] = {}
        """What this person's roles do not allow, by action, with the reason."""
        self.own_keys: dict[str, str] = {}
        """The workspace's keys that take the place of ours, by id."""
        self.preferences: dict[str, str] = {}
        """What this person set up, by name. Read with the first look at the store."""
        self.store_path = store_path
        self.actor = actor
        self.engine_note = engine_note
        self.machine_clock: Clock = clock or SystemClock()
        self.pulse = Pulse()
        self.trouble: BaseException | None = None
        self.reader = Reader(store_path, self.machine_clock, self._store_upgrades)
        self._upgrade: Timer | None = None
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="writing")
        self._version = UNREAD
        self._sign_seen_at = -inf
        self._tried_at = -inf
        self._is_polling = False
        self._has_asked_permits = False
        self._ascii = ascii.AsciiGlyphs() if ascii.is_wanted() else None
        self._acting_count = 0
        self.progress = ""
        """How far something is that takes long; empty: nothing is. The last line of every screen says it."""
        self._stops = False
        self._trail: list[str] = []
        for theme, _ in themes.OWN:
            self.register_theme(theme)
        self.theme = os.environ.get("TEXTUAL_THEME") or themes.DARK.name
        self.stylesheet = KeptStylesheet(self.get_css_variables())
        text.use(text.Format())
        if "SSH_CONNECTION" in os.environ:
            self.animation_level = "none"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.FALLBACK

    def get_line_filters(self) -> Sequence[LineFilter]:
        found = super().get_line_filters()
        return [*found, self._ascii] if self._ascii is not None else found

    # -- time ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return what time it is for the engine: ages and due times count from it, in a rehearsal too."""
        engine = self.pulse.engine
        return engine.clock_at if engine is not None and engine.is_virtual else self.machine_clock.now()

    @property
    def has_pulse(self) -> bool:
        """Whether the store was read once: before that nobody knows what time it is."""
        return self._version != UNREAD

    @property
    def is_current(self) -> bool:
        """Whether what was read is not to be read again: nobody asked, or it was done."""
        return self._version >= 0

    @property
    def is_virtual(self) -> bool:
        return self.pulse.engine is not None and self.pulse.engine.is_virtual

    @property
    def engine_standing(self) -> Standing:
        """How the engine is. One that gave a sign of life while we watched is not silent yet: when the machine has slept
        or its clock was set, its lease has run out by the clock, and it renews it within seconds.
        """
        if self.pulse.engine is None:
            return "gone"
        found = self.pulse.engine.standing(self.machine_clock.now())
        is_patient = monotonic() - self._sign_seen_at < SILENCE_S
        return "running" if found == "silent" and is_patient else found

    @property
    def zone(self) -> tzinfo:
        """The time zone in which this person reads and writes times."""
        return text.zone()

    @property
    def shows_keys(self) -> bool:
        """Whether the last line names the verbs of the screen."""
        return choices.chosen(self.preferences, "keys") == "verbs"

    def zone_name(self) -> str:
        """Return the zone's short name at this time: `UTC`, `CEST`."""
        return self.now().astimezone(self.zone).tzname() or ""

    def use_settings(self) -> None:
        """Let what this person has chosen hold from now on."""
        self._take_settings()
        self._show_bar()
        self.screen.refresh(layout=True)

    def _take_settings(self) -> None:
        text.use(choices.format_of(self.preferences))
        if not os.environ.get("TEXTUAL_THEME") and f"{choices.PREFIX}theme" in self.preferences:
            self.theme = choices.chosen(self.preferences, "theme")

    # -- pulse --------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self._take_keys()
        self.call_after_refresh(self._begin)

    def _take_keys(self) -> None:
        """Use the workspace's own keys; a file that can't be understood changes none."""
        if not (self.store_path.parent / keymap.FILE_NAME).exists():
            return
        try:
            self.own_keys = keymap.read(self.store_path.parent)
        except FinsyncError as error:
            self.notify(text.safe_text(error), severity="warning", markup=False)
        self.set_keymap(self.own_keys)

    def _begin(self) -> None:
        """After the first paint: only now is the store opened."""
        self.look()
        self.set_interval(POLL_S, self.look)
        self.set_interval(TICK_S, self._tick)
        self.set_timer(promptness.START_S, promptness.go_on)

    def _store_upgrades(self, steps: Sequence[str]) -> None:
        """The reading thread found a file of an older version, and brings it up to date: say so, and how long it takes."""
        self.call_from_thread(self._show_upgrade, len(steps), monotonic())

    def _show_upgrade(self, count: int, began: float) -> None:
        if isinstance(self.screen, WorkScreen):
            self.screen.store_upgrades(count, int(monotonic() - began))
        if self._upgrade is None:
            self._upgrade = self.set_interval(1, partial(self._show_upgrade, count, began))

    def _end_upgrade(self) -> None:
        if self._upgrade is not None:
            self._upgrade.stop()
            self._upgrade = None

    def look(self) -> None:
        """See whether somebody has written; never two looks at a time."""
        if not self._is_polling:
            self._is_polling = True
            self._look()

    @work(group="pulse", exit_on_error=False)
    async def _look(self) -> None:
        try:
            version = await self.reader.version()
            if version != self._version or self._tries_again():
                self._tried_at = monotonic()
                found = await self.reader.run(partial(overview.pulse, machine_now=self.machine_clock.now()))
                if found.engine is not None and self._gave_a_sign(found.engine):
                    self._sign_seen_at = monotonic()
                self.pulse = found
                if self._version < 0:
                    self.preferences |= await self.reader.run(
                        partial(overview.remembered, person=self.actor.desk)
                    )
                    self._take_settings()  # nothing is shown yet that would have to be drawn again
                self._version = version
                self._show_news()
        finally:
            self._end_upgrade()
            self._is_polling = False

    def _tries_again(self) -> bool:
        """Whether what could not be read is to be read again, also when nobody has written since."""
        return self.trouble is not None and monotonic() - self._tried_at >= RETRY_S

    def _show_news(self) -> None:
        """Let the screen read what it shows. Trouble is over when it could; at once, where it has nothing to read."""
        screen = self._work_screen()
        if screen is not None:
            screen.store_changed()
        if screen is None or not screen.is_reading():
            self.trouble = None
        self._show_bar()

    def has_read(self) -> None:
        """A screen has read what it shows: what was said of the store before does not hold any more."""
        if self.trouble is not None:
            self.trouble = None
            self._show_bar()

    def _gave_a_sign(self, engine: Engine) -> bool:
        """Say whether it gave a sign of life since the last look. At the first look only its lease can tell."""
        if self.pulse.engine is None:
            return engine.standing(self.machine_clock.now()) == "running"
        return engine.lease != self.pulse.engine.lease

    def has_shown(self) -> None:
        """A screen shows what it read: now there is time for what comes with the whole profile."""
        if not self._has_asked_permits:
            self._has_asked_permits = True
            self._ask_permits()

    @work(group="permits", exit_on_error=False)
    async def _ask_permits(self) -> None:
        """Use the name that the profile has for this person, and draw dim what their roles do not allow."""
        self.actor, self.refused = await self.reader.run(
            lambda db: permits.known(self.store_path, self.actor)
        )
        self.screen.refresh_bindings()
        self._show_bar()

    def _tick(self) -> None:
        self._show_bar()
        if (screen := self._work_screen()) is not None and screen.is_composed:
            with suppress(
                NoMatches
            ):  # a screen may be half taken down when the clock ticks; the next one is not
                screen.time_passed()

    def _work_screen(self) -> WorkScreen | None:
        """Return the screen that is shown, if it shows the store; none any more while the program closes."""
        screen = self.screen_stack[-1] if self.screen_stack else None
        return screen if isinstance(screen, WorkScreen) else None

    def _show_bar(self) -> None:
        for screen in self.screen_stack[-1:]:
            for bar in screen.query(TopBar):
                self.dress(bar)

    def dress(self, bar: TopBar) -> None:
        """Tell a top bar how things are."""
        trouble = "store can't be read" if self.trouble is not None else ""
        known = engine_sign(self.pulse, self.engine_standing) if self.has_pulse else READING
        bar.bar = Bar(
            pulse=self.pulse,
            engine=known if self.trouble is None else UNKNOWN,
            time=text.stamp(self.now()) if self.has_pulse else "",
            zone=self.zone_name(),
            is_virtual=self.is_virtual,
            person=self.actor.name,
            trouble=trouble,
            is_read_only=self.is_read_only,
            place=next((name for mode, name, _ in PLACES if mode == self.current_mode), ""),
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Trouble with the store in the background: said in the top bar and on Home, never in a dialog."""
        if (
            event.state is WorkerState.ERROR
            and event.worker.error is not None
            and event.worker.group == "pulse"
        ):
            if self._version < 0 or self.trouble is None:
                self.trouble = event.worker.error
                if (screen := self._work_screen()) is not None:
                    screen.store_failed(event.worker.error)
            self._show_bar()

    def usage(self, db: Connection, system: str) -> Usage | str:
        """Return how a system is used, read with the profile in a reading thread; a text says why it is not known."""
        from finsync_tui import profile, usage
        from store.errors import FinsyncError

        if self.workspace is None:
            return "Limits and schedules are in the profile of the workspace; only its file is open here."
        try:
            return usage.of(db, profile.load(self.workspace), system)
        except FinsyncError as error:
            return text.safe_text(f"Limits and schedules are not known: {error}")

    # -- writing ------------------------------------------------------------------------------------------------

    async def perform(
        self,
        verb: Name,
        ids: Sequence[int],
        words: str,
        *,
        system: str = "",
        body: str = "",
        seen: Mapping[int, Glance] | None = None,
    ) -> Outcome:
        """Let `actions` do it, in the writing thread, at the engine's time. `seen`: how things looked to the person."""
        assert not self.is_read_only, "a read-only workbench asks nothing of the kind"
        clock: Clock = VirtualClock(self.now()) if self.is_virtual else self.machine_clock

        def act(some: Sequence[int]) -> Outcome:
            from finsync_tui.screens.acting import perform

            return perform(self.store_path, clock, self.actor, verb, some, words, system, body, seen)

        if verb in MANY and len(ids) > PORTION:
            return await self._in_portions(act, ids)
        return await self._write(partial(act, ids))

    async def _in_portions(self, act: Callable[[Sequence[int]], Outcome], ids: Sequence[int]) -> Outcome:
        """Do it to many, a portion a transaction: the engine and other people write between two of them. It can be stopped, and
        what was done by then stays."""
        if self.progress:
            from finsync_tui.actions import (
                Outcome,  # by the writing thread, which is at work, it is loaded already
            )

            self.notify(BUSY, severity="warning", markup=False)
            return Outcome((), ())
        done: list[int] = []
        refused: list[tuple[int, str]] = []
        self._acting_count += 1
        self._stops = False
        try:
            for some in portions(ids, PORTION):
                left = len(ids) - len(done) - len(refused)
                if self._stops:
                    self.notify(f"Stopped: {left:,} were left as they are.", markup=False)
                    break
                self._say_progress(f"⟳ {len(done) + len(refused):,} of {len(ids):,} · esc stops")
                try:
                    found = await self._write(partial(act, some))
                except (FinsyncError, sqlite3.Error) as error:
                    if not done:
                        raise
                    refused.append((some[0], f"{error}. {left:,} were left as they are"))
                    break
                done += found.done
                refused += found.refused
        finally:
            self._acting_count -= 1
            self._say_progress("")
        return replace(found, done=tuple(done), refused=tuple(refused))

    async def read_long(
        self, words: str, query: Callable[[Connection, Told], T], *, stopped: str = "It was stopped."
    ) -> T | None:
        """Return what a query finds that takes a while: the last line says since when, and how far where it tells; esc stops
        it while SQLite works for it, and when it tells. None: it was stopped, or something else is under way already."""
        if self.progress:
            self.notify(BUSY, severity="warning", markup=False)
            return None
        self._stops = False
        began, far = monotonic(), [""]

        def say() -> None:
            self._say_progress(f"⟳ {words}{far[0]} · {int(monotonic() - began)} s · esc stops")

        def told(done: int, of: int | None = None) -> None:
            far[0] = f" · {done:,}" + (f" of {of:,}" if of is not None else "")
            if self._stops:
                raise StoppedError("It was stopped.")

        say()
        timer = self.set_interval(PROGRESS_S, say)
        try:
            return await self.reader.run(lambda db: query(db, told), lambda: self._stops)
        except StoppedError:
            self.notify(stopped, markup=False)
            return None
        finally:
            timer.stop()
            self._say_progress("")

    def _say_progress(self, words: str) -> None:
        self.progress = words
        if isinstance(self.screen, WorkScreen):
            self.screen.progressed()
        for screen in self.screen_stack:
            for bar in screen.query(VerbBar):
                bar.refresh()

    def stop_progress(self) -> bool:
        """Stop what takes long; what is done to many rows ends after the portion under way. False: there is nothing of the
        kind."""
        self._stops = bool(self.progress) and not self.progress.startswith(WRITING)
        return self._stops

    async def in_workspace(self, act: Callable[[Workspace, Clock, Actor], T]) -> T:
        """Let something be done that needs the workspace's profile, in the writing thread, at the engine's time."""
        assert not self.is_read_only, "a read-only workbench asks nothing of the kind"
        assert self.workspace is not None, "only screens that have a workspace ask for this"
        clock: Clock = VirtualClock(self.now()) if self.is_virtual else self.machine_clock
        return await self._write(partial(act, self.workspace, clock, self.actor))

    def remember(self, name: str, value: str | None) -> None:
        """Keep what this person set up; None forgets it. A read-only workbench remembers until it is closed."""
        if self.preferences.get(name) == value:
            return
        if value is None:
            del self.preferences[name]
        else:
            self.preferences[name] = value
        if not self.is_read_only:
            self._remember(name, value)

    @work(group="remembering", exit_on_error=False)
    async def _remember(self, name: str, value: str | None) -> None:
        def keep() -> None:
            from finsync_tui.screens.remembering import remember

            remember(self.store_path, self.machine_clock, self.actor.desk, name, value)

        await self._write(keep)

    async def _write(self, act: Callable[[], T]) -> T:
        self._acting_count += 1
        began = monotonic()

        def say() -> None:
            if not self.progress or self.progress.startswith(WRITING):
                self._say_progress(
                    f"{WRITING} · {int(monotonic() - began)} s · it is kept whole or not at all"
                )

        timer = self.set_interval(PROGRESS_S, say)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._writing, act)
        finally:
            timer.stop()
            if self.progress.startswith(WRITING):
                self._say_progress("")
            self._acting_count -= 1
            self.look()

    async def on_unmount(self) -> None:
        """Wait for what is being written, then close the file."""
        self._writing.shutdown(wait=True)
        self.reader.close()

    # -- going places -------------------------------------------------------------------------------------------

    async def action_go(self, mode: str) -> None:
        """Go to a screen, as it was left; where one comes from is kept, so that backspace leads back. There already: its first
        page, whatever was opened over it."""
        if self.current_mode == mode:
            self.to_first_page()
            return
        self._trail = [*self._trail, self.current_mode][-TRAIL_MAX:]
        await self.switch_mode(mode)

    def to_first_page(self) -> None:
        """Close what was opened over the screen's list; a question that waits for its answer stays."""
        while len(self.screen_stack) > 1 and not isinstance(self.screen, ModalScreen):
            self.pop_screen()

    async def action_previous(self) -> None:
        """Go back to the screen one came from."""
        if self._trail:
            await self.switch_mode(self._trail.pop())
        else:
            self.notify("There is no screen to go back to.", markup=False)

    async def go_filtered(self, mode: str, words: str) -> None:
        """Go to a list and show what a filter finds there."""
        from finsync_tui.screens.listing import ListScreen

        await self.action_go(mode)
        self.to_first_page()
        if isinstance(self.screen, ListScreen):
            self.screen.filter_to(words)

    async def go_close(self, reason: str = "") -> None:
        """Go to the close board; with a reason on to what stands in the way of any period for it."""
        from finsync_tui.screens.reconciliation import ReconciliationScreen
        from store.closing import REASONS

        await self.action_go("reconcile")
        self.to_first_page()
        if isinstance(self.screen, ReconciliationScreen):
            self.screen.action_board()
            of = next((one for one in REASONS if one == reason), None)
            if of is not None:
                from finsync_tui.screens.close_items import CloseItemsScreen

                await self.push_screen(CloseItemsScreen(of))

    async def go_waiting(self) -> None:
        """Go to the changes of mapping tables that wait for a second person."""
        from finsync_tui.screens.mappings import MappingsScreen

        await self.action_go("mappings")
        self.to_first_page()
        if isinstance(self.screen, MappingsScreen):
            self.screen.choose("Waiting")

    async def go_system(self, system: str) -> None:
        """Go to one of the systems."""
        from finsync_tui.screens.systems import SystemsScreen

        await self.action_go("systems")
        self.to_first_page()
        if isinstance(self.screen, SystemsScreen):
            self.screen.choose(system)

    async def on_top_bar_mode_asked(self, event: TopBar.ModeAsked) -> None:
        await self.action_go(event.mode)

    @work(group="doing", exit_on_error=False)
    async def action_jump(self) -> None:
        """Show every screen with its letter."""
        from finsync_tui.screens.widgets.jump_dialog import JumpDialog

        mode = await self.push_screen_wait(JumpDialog(PLACES, self.current_mode))
        if mode is not None:
            await self.action_go(mode)

    def action_reread(self) -> None:
        self._version = OLD
        self._has_asked_permits = False
        if isinstance(self.screen, WorkScreen):
            self.screen.reread()
        self.look()

    def action_leave(self) -> None:
        """Close one level; the last one ends the program, unless something is being written."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        elif self._acting_count:
            self.notify("Something is being written. Press q again when it is done.", markup=False)
        else:
            self.exit()

    def action_sign_out(self) -> None:
        """End this person's session in the browser, and with it the workbench."""
        if self._acting_count:
            self.notify("Something is being written. Sign out when it is done.", markup=False)
        else:
            from finsync_tui.people.who import SIGNED_OUT

            self.exit(return_code=SIGNED_OUT)

    def action_keys(self) -> None:
        from finsync_tui.screens.help import keys_dialog

        if isinstance(self.screen, WorkScreen):
            self.push_screen(keys_dialog(self.screen))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Everything that has a key is here too, with its key."""
        from finsync_tui.screens.help import commands

        yield from commands(self, screen)

    def on_resize(self, event: events.Resize) -> None:
        self._show_bar()


def run(
    workspace: Workspace,
    *,
    is_read_only: bool = False,
    face: Literal["tui", "web"] = "tui",
    person: Actor | None = None,
) -> int:
    """Open the workbench on a workspace, as who has signed in or else whoever is logged in; return how it ended."""
    # what this person may do is looked up before each act, in the profile as it is then
    who = person or Actor(account(), face, account=account())
    promptness.begin()
    app = FinsyncApp(workspace.store_path, None, who, is_read_only=is_read_only, workspace=workspace)
    app.run()
    return app.return_code or 0
