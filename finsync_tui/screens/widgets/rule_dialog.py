"""One rule of a mapping table, judged while it is typed and completed from what the ERP knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from finsync_tui.mapping import MappingRow, conditions
from finsync_tui.screens import mapping_form
from finsync_tui.screens.mapping_form import Offer
from finsync_tui.screens.mapping_reading import Sheet
from finsync_tui.screens.text import fit, safe_text
from finsync_tui.screens.widgets.dialog import Dialog

LABELS = {
    "source": "From",
    "target": "To",
    "scope": "For company",
    "where": "Only where",
    "priority": "Priority",
    "valid_from": "Valid from",
    "valid_to": "Valid until",
}
PLACEHOLDERS = {
    "source": "as documents say; 43*; 70..79",
    "target": "as the ERP says; = the same",
    "scope": "every company; or a region",
    "where": "like category=IT*; currency=EUR",
    "priority": "0; higher wins",
    "valid_from": "always; like 2026-04-01",
    "valid_to": "for ever; like 2026-12-31",
}
CODE_WIDTH = 16


class RuleDialog(Dialog["MappingRow | None"]):
    """Answers with the rule; None: nothing was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "Cancel", id="dialog.no"),
        Binding("down", "choose(1)", "Next offer", show=False, priority=True, id="rule.down"),
        Binding("up", "choose(-1)", "Previous offer", show=False, priority=True, id="rule.up"),
        Binding("tab", "field(1)", "Next field", show=False, priority=True, id="rule.next"),
        Binding("shift+tab", "field(-1)", "Previous field", show=False, priority=True, id="rule.previous"),
    ]

    def __init__(
        self, title: str, sheet: Sheet, others: Sequence[MappingRow], rule: MappingRow | None
    ) -> None:
        """`others`: the rules of the table beside the one that is written; `rule`: what the fields begin with."""
        super().__init__()
        self._title = title
        self._sheet = sheet
        self._others = others
        self._first = _texts(rule)
        self._offers: list[Offer] = []
        self._is_shown = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -rule") as box:
            box.border_title = Content(self._title)
            for name in mapping_form.FIELDS:
                with Horizontal(classes="field"):
                    yield Static(Content.assemble((LABELS[name], "$muted")), classes="label")
                    yield Input(
                        self._first[name], placeholder=PLACEHOLDERS[name], compact=True, id=name, max_length=200,
                        select_on_focus=False,
                    )  # fmt: skip
                    yield Static(id=f"{name}-note", classes="note")
            yield OptionList(id="offers", markup=False, compact=True)
            yield Static(id="wrong")
            keys = (("enter", "go on"), ("tab", "next field"), ("↓ ↑", "choose"), ("esc", "cancel"))
            pieces = [part for key, word in keys for part in ((key, "bold $primary"), f" {word}   ")]
            yield Static(Content.assemble(*pieces), id="keys")

    def on_mount(self) -> None:
        for field in self.query(Input):
            field.cursor_blink = False
        self.query_one("#offers").can_focus = False
        self.query_one("#target" if self._first["source"] else "#source", Input).focus()
        self._judge()

    # -- while it is typed ----------------------------------------------------------------------------------------------

    @property
    def _fields(self) -> dict[str, str]:
        return {name: self.query_one(f"#{name}", Input).value for name in mapping_form.FIELDS}

    @property
    def _field(self) -> Input | None:
        focused = self.focused
        return focused if isinstance(focused, Input) else None

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._judge()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._offer()

    def _judge(self) -> None:
        fields = self._fields
        for name, value in fields.items():
            told = mapping_form.note(name, value, self._sheet)
            self.query_one(f"#{name}-note", Static).update(Content.assemble((told, "$accent")))
        typed = mapping_form.understood(fields, self._sheet, self._others)
        is_begun = bool(fields["source"].strip() and fields["target"].strip())
        if typed.problem and (typed.rule is not None or is_begun):
            self._say(typed.problem, "error")
        else:
            self._say(typed.warning, "warning")
        self._offer()

    def _offer(self) -> None:
        field, shown = self._field, self.query_one("#offers", OptionList)
        if field is None or field.id is None:
            return
        self._offers = mapping_form.offers(field.id, field.value, self._fields["source"].strip(), self._sheet)
        shown.clear_options()
        shown.add_options(
            Option(Content.assemble((f" {fit(safe_text(code, 60), CODE_WIDTH)} ", "bold"), (name, "$muted")))
            for code, name in self._offers
        )
        shown.highlighted = None

    def _say(self, what: str, role: str) -> None:
        sign = "✕" if role == "error" else "▲"
        text = Content.assemble((f"{sign} {what}", f"${role}")) if what else Content("")
        self.query_one("#wrong", Static).update(text)

    # -- keys -------------------------------------------------------------------------------------------------------------

    def action_choose(self, by: int) -> None:
        shown = self.query_one("#offers", OptionList)
        if not self._offers:
            self.action_field(by)
            return
        place = shown.highlighted
        if place is None:
            shown.highlighted = 0 if by > 0 else len(self._offers) - 1
        elif 0 <= place + by < len(self._offers):
            shown.highlighted = place + by
        else:
            shown.highlighted = None

    def action_field(self, by: int) -> None:
        self._take()
        names = mapping_form.FIELDS
        field = self._field
        place = names.index(field.id) if field is not None and field.id in names else 0
        self.query_one(f"#{names[(place + by) % len(names)]}", Input).focus()

    def _take(self) -> bool:
        """Complete the field with the offer that is highlighted."""
        shown, field = self.query_one("#offers", OptionList), self._field
        if shown.highlighted is None or field is None or not self._offers:
            return False
        field.value = self._offers[shown.highlighted][0]
        field.cursor_position = len(field.value)
        shown.highlighted = None
        return True

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.query_one("#offers", OptionList).highlighted = event.option_index
        self._take()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._take():
            return
        typed = mapping_form.understood(self._fields, self._sheet, self._others)
        if typed.rule is None or typed.problem:
            self._say(typed.problem, "error")
        else:
            self.dismiss(typed.rule)

    def action_no(self) -> None:
        self.dismiss(None)


def _texts(rule: MappingRow | None) -> dict[str, str]:
    if rule is None:
        return dict.fromkeys(mapping_form.FIELDS, "")
    return {
        "source": rule.source,
        "target": rule.target,
        "scope": rule.scope,
        "where": conditions.words(rule.where),
        "priority": f"{rule.priority}" if rule.priority else "",
        "valid_from": rule.valid_from.isoformat() if rule.valid_from else "",
        "valid_to": rule.valid_to.isoformat() if rule.valid_to else "",
    }
