"""What a company's own pipeline asks of its profile: `finsync profile check --strict` and `finsync people duties`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml

from finsync_tui.governance.duties import conflicts
from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.governance.council import PEOPLE, Council

GOOD = "company,account,on,category,expects\nDE01,01-420-7110,2026-05-04,,01-420-7110-0000-000\n"


def own(office: Finsync) -> Path:
    return office.path / "profiles" / "own"


def sampled(office: Finsync, text: str = GOOD) -> None:
    folder = own(office) / "samples"
    folder.mkdir(exist_ok=True)
    (folder / "accounts.csv").write_text(text, encoding="utf-8")


def strict(office: Finsync) -> list[tuple[str, str]]:
    answer = office("profile", "check", "--strict", "--json")
    assert answer.code == (3 if answer.json else 0)
    return [(one["place"], one["message"]) for one in answer.json]


def test_a_profile_that_covers_its_samples_is_fine(office: Finsync) -> None:
    """Without samples nobody knows, and the check says so; an engine would start all the same."""
    without = strict(office)
    plain = office("profile", "check").code

    sampled(office)

    assert ["samples"] == [place for place, _ in without]
    assert 0 == plain
    assert [] == strict(office)


def test_samples_go_by_the_rules_that_derive_accounts(office: Finsync) -> None:
    """A cost centre that no table has is covered by a rule of `ledger_derivation`, from its first day on."""
    folder = own(office) / "policies"
    folder.mkdir()
    (folder / "ledger.toml").write_text(
        'decides = "ledger_derivation"\nowner = "controlling"\ndeputy = "controlling"\n[rules.moved]\n'
        'when = \'segment.name == "cost_centre" && segment.value == "999"\'\n'
        'then = "430"\nwhy = "moved"\nvalid_from = 2026-05-01\n'
        '[tests.moved]\non = 2026-05-04\ngiven.segment = { name = "cost_centre", value = "999" }\nexpects = ["moved"]\n',
        encoding="utf-8",
    )
    head, sample = "company,account,on,expects\n", "DE01,01-999-7110,{},01-430-7110-0000-000\n"
    sampled(office, head + sample.format("2026-05-01"))
    within = [message for place, message in strict(office) if place.startswith("samples")]
    sampled(office, head + sample.format("2026-04-30"))
    before = [message for place, message in strict(office) if place.startswith("samples")]

    assert [] == within
    assert ["has no rule"] == [one[one.index("has no rule") :][:11] for one in before]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "DE01,01-999-7110,2026-05-04,",
            "cost centre 999 of account 01-999-7110 has no rule in the mapping table",
        ),
        (
            "DE01,01-420-7110,2026-05-04,01-430-7110-0000-000",
            "is charged to 01-420-7110-0000-000, not to 01-430",
        ),
        ("DE01,01,2026-05-04,", "account 01 has 1 segments"),
        ("XX99,01-420-7110,2026-05-04,", "there is no company 'XX99'"),
        ("DE01,01-420-7110,May,", "line 2: 'May' is no day"),
    ],
)
def test_a_sample_that_no_rule_leads_where_it_should_is_named(office: Finsync, row: str, said: str) -> None:
    """With its file and line."""
    sampled(office, f"company,account,on,expects\n{row}\n")

    ((place, message),) = strict(office)

    assert place.startswith("samples")
    assert said in message


def test_a_file_of_samples_without_its_columns_says_which(office: Finsync) -> None:
    """Nothing is guessed."""
    sampled(office, "company,konto\nDE01,01-420-7110\n")

    assert [("samples", "it has no column 'account'")] == strict(office)


def test_rows_that_contradict_each_other_do_not_pass(office: Finsync) -> None:
    """Nor do rules for a company that there is not."""
    sampled(office)
    table = own(office) / "mappings" / "cost_centre.csv"
    table.write_text("from,to,scope\n420,420,\n430,1,\n430,2,\n9,9,DE99\n", encoding="utf-8")

    found = strict(office)

    assert ["mappings.cost_centre", "mappings.cost_centre"] == [place for place, _ in found]
    assert "row 2 says 1 and this one 2" in found[0][1]
    assert "'DE99'" in found[1][1]


def test_rules_need_a_case_and_somebody_who_answers_for_them(office: Finsync) -> None:
    """What an engine would bear, a pipeline does not."""
    sampled(office)
    folder = own(office) / "policies"
    folder.mkdir()
    rule = {"when": "order.total.amount > decimal('1')", "then": "ask", "why": "large"}
    (folder / "orders.toml").write_text(
        tomlkit.dumps({"decides": "order_check", "owner": "procurement", "rules": {"large": rule}}),
        encoding="utf-8",
    )

    assert [
        ("policies.orders.rules.large", "no case expects this rule"),
        ("policies.orders.deputy", "it names no deputy"),
    ] == strict(office)


def test_duties_of_one_person_that_belong_apart_are_named_until_they_are_accepted(office: Finsync) -> None:
    """With the reason that the profile gives; a reason for nobody is a problem of its own."""
    sampled(office)
    file = own(office) / "profile.toml"
    settings: dict[str, Any] = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()
    settings["people"]["tom"]["roles"] = ["approver", "analyst"]
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")
    found = strict(office)
    listed = office("people", "duties", "--json")
    settings["governance"] = {"duties_accepted": {"tom": "two people in the office"}}
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")
    accepted = office("people", "duties", "--json")
    settings["governance"] = {"duties_accepted": {"nobody": "because"}}
    file.write_text(tomlkit.dumps(settings), encoding="utf-8")
    wrong = office("profile", "check", "--json")

    assert ["people.tom.roles"] == [place for place, _ in found]
    assert (3, ["tom"]) == (listed.code, [one["person"] for one in listed.json])
    assert "confirm and release changed bank details" in listed.json[0]["duties"]
    assert (0, ["two people in the office"]) == (accepted.code, [one["accepted"] for one in accepted.json])
    assert ["governance.duties_accepted.nobody"] == [one["place"] for one in wrong.json]


def test_one_role_alone_has_no_duties_that_belong_apart() -> None:
    """Whatever role it is."""
    people = {name: one | {"roles": one["roles"][:1]} for name, one in PEOPLE.items()}

    assert [] == list(conflicts(Council(people).profile))


def test_the_example_workflow_runs_commands_that_exist(office: Finsync) -> None:
    """As it is written: the checks of a company's pipeline."""
    text = (Path(__file__).parents[3] / "docs" / "examples" / "check-profile.yml").read_text(encoding="utf-8")
    steps = yaml.safe_load(text)["jobs"]["check"]["steps"]
    commands = [
        one["run"].split(" --workspace")[0] for one in steps if one.get("run", "").startswith("finsync")
    ]
    sampled(office)

    assert 2 == len(commands)
    assert [0, 0] == [office(*command.split()[1:]).code for command in commands]
