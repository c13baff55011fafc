"""`finsync policy`: a change of rules from the layers to what is in force, by two people."""

from __future__ import annotations

from tests.finsync_tui.cli.conftest import Finsync, Sit

RULES = """
decides = "order_check"
owner = "procurement"
[rules.large]
when = "order.total.amount > decimal('{amount}')"
then = "ask"
why = "it is large"
"""


def layer(office: Finsync, amount: str) -> None:
    folder = office.path / "profiles" / "own" / "policies"
    folder.mkdir(exist_ok=True)
    (folder / "orders.toml").write_text(RULES.format(amount=amount), encoding="utf-8")


def agreed(office: Finsync, sit: Sit) -> None:
    proposed = office("policy", "propose", "orders", "--reason", "because", "--json")
    sit("tom")
    assert 0 == office("policy", "approve", proposed.json["proposal"]).code
    sit("maria")


def test_a_change_of_rules_from_the_layers_to_force(office: Finsync, sit: Sit) -> None:
    """Proposed, compared, tried, approved by somebody else; every version says whose it is."""
    layer(office, "100")
    agreed(office, sit)
    layer(office, "900")
    waits = office("policy", "status", "--json").json
    differs = office("policy", "diff", "orders", "--json").json
    tried = office("policy", "impact", "orders", "--json").json
    agreed(office, sit)
    held = office("policy", "status", "--json").json
    history = office("policy", "history", "orders", "--json").json

    assert [True] == [one["profile_differs"] for one in waits]
    assert ["rules.large.when"] == [one["place"] for one in differs]
    assert (0, []) == (tried["asked"], tried["totals"])
    assert [(True, False, [])] == [(o["is_signed"], o["profile_differs"], o["problems"]) for o in held]
    assert ["proposal 2 by maria, approved by tom", "proposal 1 by maria, approved by tom", "profile"] == [
        one["from"] for one in history
    ]
    assert "it says the same" in office("policy", "diff", "orders").err
    assert "0 documents were asked" in office("policy", "impact", "orders").err


def test_who_may_not_change_rules_is_told_why(office: Finsync, sit: Sit) -> None:
    """A stable code, a sentence, exit code 1; nothing was kept."""
    layer(office, "100")
    proposed = office("policy", "propose", "orders", "--reason", "because")
    own = office("policy", "approve", "1")
    sit("vera")
    viewer = office("policy", "propose", "orders", "--reason", "because")
    sit("tom")
    rejected = office("policy", "reject", "1", "--reason", "too low")
    again = office("policy", "approve", "1")
    unknown = office("policy", "diff", "oders")

    assert (0, 1, 1, 0, 1, 1) == tuple(one.code for one in (proposed, own, viewer, rejected, again, unknown))
    assert "finsync policy approve 1" in proposed.out
    assert "ROLE_MISSING" in own.err
    assert "ROLE_MISSING" in viewer.err
    assert "decided already: rejected by tom" in again.err
    assert "finsync policy status" in unknown.err
    assert [("rejected", "tom")] == [
        (one["state"], one["checker"]) for one in office("policy", "proposals", "--all", "--json").json
    ]


def test_rules_that_do_not_fit_can_neither_be_proposed_nor_tried(office: Finsync) -> None:
    """The message names the place."""
    layer(office, "100")
    office("policy", "propose", "orders", "--reason", "because")
    layer(office, "many")

    refused = [
        office("policy", "propose", "orders", "--reason", "because"),
        office("policy", "impact", "orders"),
    ]

    assert [2, 2] == [one.code for one in refused]
    assert all("orders.rules.large.when" in one.err for one in refused)


def test_the_doctor_names_rules_that_files_alone_decide(office: Finsync, sit: Sit) -> None:
    """And, once they are signed, those whose layers say something else."""
    layer(office, "100")
    bare = office("doctor", "--json").json
    agreed(office, sit)
    layer(office, "900")
    differs = office("doctor", "--json").json

    def said(looks: object) -> list[str]:
        assert isinstance(looks, list)
        return [one["found"] for one in looks if one["what"] == "policy orders"]

    assert ["never signed, so the profile's files decide alone"] == said(bare)
    assert ["the layers say something else than is in force"] == said(differs)


def test_a_text_is_shown_edited_compared_tried_and_proposed(office: Finsync, sit: Sit) -> None:
    """What `show` prints is what `propose --file` takes; the layers stay as they are."""
    layer(office, "100")
    agreed(office, sit)
    file = office.path / "mine.toml"
    file.write_text(office("policy", "show", "orders").out.replace("100", "700"), encoding="utf-8")

    differs = office("policy", "diff", "orders", "--file", file, "--json").json
    tried = office("policy", "impact", "orders", "--file", file, "--json").json
    proposed = office("policy", "propose", "orders", "--file", file, "--reason", "because", "--json").json
    sit("tom")
    office("policy", "approve", proposed["proposal"])
    held = office("policy", "show", "orders", "--json").json

    assert ["rules.large.when"] == [one["place"] for one in differs]
    assert 0 == tried["asked"]
    assert "order.total.amount > decimal('700')" == held["rules"]["rules"]["large"]["when"]


def test_a_file_that_is_no_policy_is_refused_with_its_place(office: Finsync) -> None:
    """Syntax, an unknown word, a file that is not there: each with a stable code, and nothing is proposed."""
    layer(office, "100")
    file = office.path / "mine.toml"
    refused = []
    for text in (
        "a = 1\nb = ?",
        'decides = "order_check"\n[rules.a]\nwhen = "true"\nthan = "ask"\nwhy = "x"\n',
        None,
    ):
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text, encoding="utf-8")
        refused.append(office("policy", "propose", "orders", "--file", file, "--reason", "because"))

    assert [2, 2, 2] == [one.code for one in refused]
    assert all("POLICY_UNREADABLE" in one.err for one in refused)
    assert "line 2" in refused[0].err
    assert "rules.a.then" in refused[1].err
    assert [] == office("policy", "proposals", "--json").json


def test_the_impact_goes_to_a_file_for_whoever_approves(office: Finsync) -> None:
    """With a header also where nothing would change; a file that is there stays."""
    layer(office, "100")
    file = office.path / "impact.csv"

    office("policy", "impact", "orders", "--export", file)
    again = office("policy", "impact", "orders", "--export", file)

    assert "document,document_key,state,outcome,before,after,why,amount,currency\n" == file.read_text()
    assert "SHEET" in again.err
