"""Workspace files, profile layers and what is wrong with them."""

from __future__ import annotations

import dataclasses
import grp
import os
import stat
from pathlib import Path

import pytest

from finsync_tui import profile
from finsync_tui.profile.country_codes import is_country
from finsync_tui.profile.overlay import merge
from finsync_tui.settings import (
    NoWorkspaceError,
    SettingsFileError,
    Workspace,
    create_workspace,
    load_workspace,
    too_open,
)
from store.errors import StoreAccessError

SYSTEM = '[systems.coupa]\nadapter = "coupa"\nbase_url = "https://example.coupahost.com"\n'


def a_workspace(folder: Path, layer: str = SYSTEM, **files: str) -> Workspace:
    """Make a workspace whose one own layer holds `layer`; `files` are mapping tables by name."""
    workspace = create_workspace(folder, layers=("own",))
    own = folder / "profiles" / "own"
    (own / "mappings").mkdir(parents=True)
    (own / "profile.toml").write_text(layer, encoding="utf-8")
    for name, text in files.items():
        (own / "mappings" / f"{name}.csv").write_text(text, encoding="utf-8")
    return workspace


def test_a_new_workspace_is_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else on the machine may read the folder or its file."""
    workspace = create_workspace(tmp_path / "w")

    modes = [
        workspace.path.stat().st_mode & 0o777,
        (workspace.path / "workspace.toml").stat().st_mode & 0o777,
    ]

    assert modes == [0o700, 0o600]
    assert workspace == load_workspace(tmp_path / "w")


def test_an_existing_workspace_is_never_overwritten(tmp_path: Path) -> None:
    """A second init says so and changes nothing."""
    create_workspace(tmp_path, name="first")

    with pytest.raises(SettingsFileError, match="there already"):
        create_workspace(tmp_path, name="second")

    assert load_workspace(tmp_path).name == "first"


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """Init changes no folder that it did not make: who else may look in is said, other things in it are refused."""
    empty, used = tmp_path / "empty", tmp_path / "used"
    for folder in (empty, used):
        folder.mkdir()
        folder.chmod(0o755)
    (empty / ".git").mkdir()
    (used / "notes.txt").write_text("mine")

    made = create_workspace(empty)
    with pytest.raises(SettingsFileError, match=r"holds other things \(notes.txt\)"):
        create_workspace(used)

    assert (0o755, 0o755) == tuple(stat.S_IMODE(folder.stat().st_mode) for folder in (empty, used))
    assert "(755): chmod 700" in too_open(made)
    assert ["notes.txt"] == [one.name for one in used.iterdir()]
    assert "" == too_open(create_workspace(tmp_path / "new"))


def test_a_folder_that_is_there_is_not_given_to_a_group(tmp_path: Path) -> None:
    """It is said how to share it."""
    tmp_path.chmod(0o700)
    with pytest.raises(SettingsFileError, match="chmod 2770"):
        create_workspace(tmp_path, group=grp.getgrgid(os.getgid()).gr_name)

    assert 0o700 == stat.S_IMODE(tmp_path.stat().st_mode)


def test_a_folder_without_a_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    """The message names the folder and the command."""
    with pytest.raises(NoWorkspaceError, match="finsync init"):
        load_workspace(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"format = ", "not valid TOML"),
        (b"name = '\xff'", "byte 8: it is not UTF-8"),
        (b"format = 99", "format 99 is unknown"),
        (b"layers = 5", "at layers"),
        (b"unknown_key = 1", "at unknown_key"),
        (b"name = '../../etc'", "at name"),
        (b"", "at format: it is missing"),
        (b"format = 1", "at layers: it is missing"),
        (b"format = true\nlayers = ['shared']", "at format"),
        (b'format = "1"', "at format: a whole number is needed"),
    ],
)
def test_a_bad_workspace_file_is_named_with_its_place(tmp_path: Path, text: bytes, said: str) -> None:
    """Whatever is wrong, the message names file, place and remedy."""
    (tmp_path / "workspace.toml").write_bytes(text)

    with pytest.raises(SettingsFileError) as caught:
        load_workspace(tmp_path)

    assert said in str(caught.value)
    assert "workspace.toml" in str(caught.value)


def test_later_layers_change_only_what_they_mention(tmp_path: Path) -> None:
    """An overlay is a difference, not a copy."""
    below = {"retry": {"default": {"attempts_max": 8}}, "layers": [1, 2]}

    merged = merge(below, {"retry": {"default": {"delay_max": "PT1H"}}, "layers": [3]})

    assert merged == {"retry": {"default": {"attempts_max": 8, "delay_max": "PT1H"}}, "layers": [3]}
    assert below == {"retry": {"default": {"attempts_max": 8}}, "layers": [1, 2]}


def test_the_shipped_layers_fit_together(tmp_path: Path) -> None:
    """Shared services with both regional overlays and the test environment pass the check, once each address is given."""
    workspace = create_workspace(
        tmp_path, layers=("shared", "regions/emea", "regions/americas", "environments/test")
    )
    with (tmp_path / "workspace.toml").open("a") as file:
        file.writelines(
            f'[systems.{name}]\nbase_url = "https://{name}.example.com"\n'
            for name in ("coupa", "oracle-emea", "oracle-amer")
        )
    workspace = load_workspace(tmp_path)

    assert profile.check(workspace) == []
    loaded = profile.load(workspace)
    assert {"coupa", "oracle-emea", "oracle-amer"} == set(loaded.systems)
    assert loaded.retry_for("coupa").attempts_max == 3


def test_no_address_comes_with_finsync(tmp_path: Path) -> None:
    """A shipped layer never sends a secret to a host nobody configured: the file to write it into says which is missing."""
    workspace = create_workspace(tmp_path, layers=("shared",))

    with pytest.raises(SettingsFileError) as caught:
        profile.load(workspace)

    file = workspace.path / "workspace.toml"
    assert f"{file} at systems.coupa.base_url: it is missing" in str(caught.value)
    for shipped in profile.shipped().rglob("*.toml"):
        assert "://" not in shipped.read_text(encoding="utf-8"), shipped


def test_all_that_keeps_a_profile_from_being_read_is_told_at_once(tmp_path: Path) -> None:
    """A fresh workspace lacks every address: each is named, with the file that its user may edit and what to write."""
    workspace = create_workspace(tmp_path, layers=("shared", "regions/emea"))
    file = tmp_path / "workspace.toml"
    file.write_text(file.read_text() + '\n[systems.coupa]\nbase_url = "https://x.example"\ntimout_s = 1\n')

    found = profile.check(load_workspace(tmp_path))

    assert [
        ("systems.coupa.timout_s", "there is no such setting", str(file), 9),
        ("systems.oracle-emea.base_url", "it is missing", str(file), None),
    ] == [(one.place, one.message, one.file, one.line) for one in found]
    assert 'write base_url = "https://..." below [systems.oracle-emea] there' in found[1].remedy
    assert 2 == len(profile.check(workspace))


@pytest.mark.parametrize("line", ['timeout_s = "x"', "timout_s = 1"])
def test_a_wrong_value_is_named_where_it_stands(tmp_path: Path, line: str) -> None:
    """The file and line that say it, not the last layer that was read."""
    a_workspace(tmp_path)
    file = tmp_path / "workspace.toml"
    text = file.read_text(encoding="utf-8") + f"[systems.coupa]\n{line}\n"
    file.write_text(text, encoding="utf-8")

    (problem,) = profile.check(load_workspace(tmp_path))

    assert (str(file), text.count("\n")) == (problem.file, problem.line)
    assert problem.place.startswith("systems.coupa.")


def test_a_layer_that_is_nowhere_is_named(tmp_path: Path) -> None:
    """The message lists where it was looked for."""
    workspace = create_workspace(tmp_path, layers=("absent",))

    (problem,) = profile.check(workspace)

    assert "'absent' is nowhere" in problem.message


def test_a_layer_can_not_leave_the_profiles_folder(tmp_path: Path) -> None:
    """A workspace file from elsewhere can't point into the file system."""
    workspace = create_workspace(tmp_path, layers=("../../etc",))

    (problem,) = profile.check(workspace)

    assert "not a layer's name" in problem.message


@pytest.mark.parametrize(
    ("layer", "place"),
    [
        (SYSTEM.replace('"coupa"\nbase', '"copua"\nbase'), "systems.coupa.adapter"),
        (SYSTEM.replace("https:", "ftp:"), "systems.coupa.base_url"),
        (SYSTEM.replace("https:", "http:"), "systems.coupa.base_url"),
        (SYSTEM.replace("https://", "https://user:secret@"), "systems.coupa.base_url"),
        (SYSTEM + 'proxy = "foo"\n', "systems.coupa.proxy"),
        (SYSTEM + 'ca_bundle = "/nowhere/ca.pem"\n', "systems.coupa.ca_bundle"),
        (SYSTEM + "[systems.coupa.options]\nno_such_option = 1\n", "systems.coupa.options.no_such_option"),
        (
            SYSTEM + '[schedules.x]\nsystem = "y"\nentities = ["supplier"]\nevery = "PT1H"\n',
            "schedules.x.system",
        ),
        (
            SYSTEM + '[schedules.x]\nsystem = "coupa"\nentities = ["ghost"]\nevery = "PT1H"\n',
            "schedules.x.entities",
        ),
        (
            SYSTEM + '[schedules.x]\nsystem = "coupa"\nentities = ["supplier"]\ncron = "61 * * * *"\n',
            "schedules.x.cron",
        ),
        (SYSTEM + '[flows.requisition_to_pay]\nsource = "ghost"\n', "flows.requisition_to_pay.source"),
        (SYSTEM + '[tax]\nprovider = "avatax"\n', "tax.provider"),
        (SYSTEM + '[tax]\nprovider = "coupa"\n', "tax.provider"),
        (SYSTEM + '[extracts]\nbudget = "extracts/none.csv"\n', "extracts.budget"),
    ],
)
def test_what_does_not_fit_is_found_offline(tmp_path: Path, layer: str, place: str) -> None:
    """Each mistake is named by its place in the profile, before anything runs."""
    workspace = a_workspace(tmp_path, layer)

    found = profile.check(workspace)

    assert place in [problem.place for problem in found]


def test_secrets_inside_the_workspace_are_a_problem(tmp_path: Path) -> None:
    """Backups and colleagues would get them; a folder outside is fine."""
    workspace = a_workspace(tmp_path, SYSTEM)
    inside = dataclasses.replace(workspace, secrets_dir=workspace.path / "keys")
    outside = dataclasses.replace(workspace, secrets_dir=tmp_path.parent / "keys")

    (problem,) = [one for one in profile.check(inside) if one.place == "secrets_dir"]

    assert str(workspace.path / "workspace.toml") == problem.file
    assert "secrets_dir" not in [one.place for one in profile.check(outside)]


UNIT = """
[systems.erp]
adapter = "oracle_fusion"
base_url = "https://erp.example.com"
[systems.erp.options.business_units."DE Operations"]
procurement_bu_id = 1
buyer_id = 2
ship_to_location_id = 3
[legal_entities.DE01]
name = "X"
currency = "EUR"
source_chart = "DE"
target = "erp"
ledger = "L"
business_unit = "DE Opertions"
segments = [{ name = "company", value = "01" }]
"""
FIELDS = "[systems.coupa.options]\ncustom_fields = { erp_staus = 'cf' }\n"


@pytest.mark.parametrize(
    ("layer", "place", "near", "line"),
    [
        (SYSTEM + UNIT, "legal_entities.DE01.business_unit", "DE Operations", "DE Opertions"),
        (SYSTEM + FIELDS, "systems.coupa.options.custom_fields", "erp_status", "erp_staus"),
    ],
)
def test_a_mistyped_name_is_said_with_the_nearest_one(
    tmp_path: Path, layer: str, place: str, near: str, line: str
) -> None:
    """With the file and line that have it, before a document would meet it."""
    workspace = a_workspace(tmp_path, layer)

    (problem,) = [one for one in profile.check(workspace) if one.place == place]

    assert f"did you mean '{near}'?" in problem.message
    assert line in Path(problem.file).read_text().splitlines()[(problem.line or 0) - 1]


@pytest.mark.parametrize(
    ("layer", "place", "line", "meant"),
    [
        ('[suppliers.required]\nDE = ["town"]\nUK = ["town"]\n', "suppliers.required.UK", 3, "GB is meant"),
        ('[suppliers.required]\n"*" = ["town"]\nde = ["town"]\n', "suppliers.required.de", 3, "DE is meant"),
        ('[suppliers.create_by_country]\nZZ = ["coupa"]\n', "suppliers.create_by_country.ZZ", 2, "'ZZ'"),
        ("[tax.countries.EL]\nrounding = 'line'\n", "tax.countries.EL", 1, "GR is meant"),
        (
            "[tax.countries.DE]\nwithholding = [{ percent = 15, supplier_countries = ['US', 'UK'] }]\n",
            "tax.countries.DE.withholding.0.supplier_countries",
            2,
            "GB is meant",
        ),
    ],
)
def test_a_country_that_there_is_not_is_named_where_it_stands(
    tmp_path: Path, layer: str, place: str, line: int, meant: str
) -> None:
    """A rule under such a code would never count."""
    workspace = a_workspace(tmp_path, SYSTEM + layer)

    (problem,) = [one for one in profile.check(workspace) if one.place == place]

    assert meant in problem.message
    assert SYSTEM.count("\n") + line == problem.line
    assert is_country("XK")


def test_a_schedule_needs_one_rhythm(tmp_path: Path) -> None:
    """Both `every` and `cron`, or neither, is refused with the place."""
    workspace = a_workspace(tmp_path, SYSTEM + '[schedules.x]\nsystem = "coupa"\nentities = ["supplier"]\n')

    (problem,) = profile.check(workspace)

    assert "schedules.x" == problem.place
    assert "either `every` or `cron`" in problem.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "column 'from' is missing"),
        ("from,to\n,x\n", "line 2"),
        ("from,to,priority\nx,y,high\n", "line 2"),
        ("from,to,valid_from\nx,y,31.12.2026\n", "line 2"),
    ],
)
def test_a_bad_mapping_row_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Finance people edit these in a spreadsheet program: the line number is what they need."""
    workspace = a_workspace(tmp_path, account=text)

    (problem,) = profile.check(workspace)

    assert said in problem.message
    assert "account.csv" in problem.message


@pytest.mark.skipif(os.name != "posix", reason="Unix groups")
def test_a_shared_workspace_is_its_groups(tmp_path: Path) -> None:
    """Folder and workspace.toml belong to the named group, whatever the umask; nobody else can look in."""
    group = grp.getgrgid(os.getgid()).gr_name
    before = os.umask(0o077)
    try:
        workspace = create_workspace(tmp_path / "w", group=group)
    finally:
        os.umask(before)

    folder, file = workspace.path.stat(), (workspace.path / "workspace.toml").stat()
    assert (0o2770, 0o660) == (stat.S_IMODE(folder.st_mode), stat.S_IMODE(file.st_mode))
    assert {os.getgid()} == {folder.st_gid, file.st_gid}


@pytest.mark.skipif(os.name != "posix", reason="Unix groups")
def test_an_unknown_group_leaves_nothing_behind(tmp_path: Path) -> None:
    """It is said before anything is made, so that the corrected command works."""
    with pytest.raises(StoreAccessError, match="there is no group 'no-such-group'"):
        create_workspace(tmp_path / "w", group="no-such-group")

    assert not (tmp_path / "w").exists()


def test_what_is_wrong_with_a_setting_is_said_in_plain_words(tmp_path: Path) -> None:
    """A setting that does not exist, and a list that is empty."""
    for line, words in (
        ("colour = 1", "at colour: there is no such setting"),
        ("layers = []", "at least 1 is needed"),
    ):
        (tmp_path / "workspace.toml").write_text(f"format = 1\n{line}\n")

        with pytest.raises(SettingsFileError, match=words):
            load_workspace(tmp_path)


@pytest.mark.parametrize(
    ("layer", "place"),
    [
        (f"{SYSTEM}timeout_s = -5\n", "timeout_s"),
        (f"{SYSTEM}pages_max = 0\n", "pages_max"),
        (f"{SYSTEM}requests_per_second = 0\n", "requests_per_second"),
        (f"{SYSTEM}connections_max = -3\n", "connections_max"),
        (f"{SYSTEM}answer_bytes_max = 0\n", "answer_bytes_max"),
        (SYSTEM.replace(".com", ".com:99999"), "systems.coupa.base_url"),
        (SYSTEM.replace("//example", "//[example"), "systems.coupa.base_url"),
        (SYSTEM.replace("systems.coupa", 'systems."../../etc"'), "systems.../../etc"),
        (
            SYSTEM
            + '[schedules.x]\nsystem = "coupa"\nentities = ["supplier"]\ncron = "0 6 * * 1"\ntimezone = "Mars/Phobos"\n',
            "schedules.x.timezone",
        ),
        ("x = " + "[" * 5000 + "]" * 5000, "nested more deeply"),
    ],
)
def test_senseless_settings_are_named_with_their_place(tmp_path: Path, layer: str, place: str) -> None:
    """Nothing of it is a defect of ours, and nothing of it is found out only when a system is called."""
    found = profile.check(a_workspace(tmp_path, layer))

    assert [] != [one for one in found if place in f"{one.place} {one.message}"]
