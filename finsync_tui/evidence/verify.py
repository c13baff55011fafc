"""Check a pack of evidence with nothing but Python 3.8 or later: no packages, no network, and not the program that wrote it.

    python3 -I verify.py                      the folder that this file lies in, when the pack was unpacked
    python3 -I verify.py PACK.zip             a pack as it was received
    python3 -I verify.py PACK --key KEY       and that it was signed with this public key: ask the company for it on another way
    python3 -I verify.py PACK --csv log.csv   and write the log, once it was checked, for a spreadsheet
    python3 -I verify.py PACK --signed DIR    and write what was signed, once it was checked, for openssl (README.txt)

It ends with 0 when everything holds and with 1 when something does not: then it says where. What is checked, in this order:

1. manifest   lists every other file with its size and SHA-256, and is signed. Nothing is missing, nothing was added.
2. log        each entry's hash is SHA-256 of the hash before it and the entry's own bytes: one that was edited, left out,
              put in or moved does not fit, nor do all that come after it.
3. checkpoints  at times the hash of the newest entry was signed: a log made anew from some entry on has other hashes there.
4. words      what people wrote stands beside the log, so that it can be erased by law: the log holds SHA-256 of a salt and it.
              Words that are gone were erased by somebody, and an entry of the log says by whom; where that entry comes after
              the last one of the pack, the check says how many are said to be erased so.
5. archives   earlier entries may lie in files of their own, which are packs, too: which ones is signed. Their last hash is the one
              that the next file, or this pack, goes on from.
6. changes    each change that took two persons bears the signatures of both over its very text, by keys that counted then.
7. rules      each version of a mapping table, policy or profile has the SHA-256 by which decisions name it.

Signatures are Ed25519 (RFC 8032), checked by the sixty lines at the end.
"""

import argparse
import base64
import csv
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
LOG, CHECKPOINTS, WORDS = "log/entries.tsv", "log/checkpoints.jsonl", "log/words.jsonl"
ARCHIVES = "log/archives.jsonl"
CHANGES, EMERGENCIES = "changes/proposals.jsonl", "changes/emergencies.jsonl"
PEOPLE, RULES = "access/people.jsonl", "rules/versions.jsonl"
SHOWN = 20
"""So many problems of one kind are printed."""


class Pack:
    """A folder or a zip file."""

    def __init__(self, path: Path) -> None:
        self._folder = path if path.is_dir() else None
        self._zip = None if self._folder else zipfile.ZipFile(path)

    def names(self) -> List[str]:
        if self._zip is not None:
            return [name for name in self._zip.namelist() if not name.endswith("/")]
        assert self._folder is not None
        files = (one for one in self._folder.rglob("*") if one.is_file())
        return [one.relative_to(self._folder).as_posix() for one in files]

    def open(self, name: str) -> Any:
        return self._zip.open(name) if self._zip is not None else open(str(self._folder) + "/" + name, "rb")

    def lines(self, name: str) -> Iterator[bytes]:
        with self.open(name) as file:
            for line in file:
                yield line.rstrip(b"\n")

    def objects(self, name: str) -> Iterator[Dict[str, Any]]:
        if name in self.names():
            for line in self.lines(name):
                yield json.loads(line)


class Findings:
    """What does not hold, printed as it is found."""

    def __init__(self) -> None:
        self.counts: Dict[str, int] = {}

    def add(self, part: str, what: str) -> None:
        self.counts[part] = self.counts.get(part, 0) + 1
        if self.counts[part] <= SHOWN:
            print("DAMAGED  %-12s %s" % (part, what))
        elif self.counts[part] == SHOWN + 1:
            print("DAMAGED  %-12s and more" % part)


def canonical(value: Any) -> bytes:
    """Return the one JSON form that is signed: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(pack: Pack, name: str) -> Tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with pack.open(name) as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
            size += len(part)
    return digest.hexdigest(), size


def check_manifest(pack: Pack, key: Optional[str], found: Findings) -> Dict[str, Any]:
    with pack.open(MANIFEST) as file:
        text = file.read()
    manifest: Dict[str, Any] = json.loads(text)
    names = set(pack.names())
    signature = b"".join(pack.lines(SIGNATURE)).decode() if SIGNATURE in names else ""
    if key is not None and manifest["key"] != key:
        found.add("manifest", "it was signed with %s, which is not the key you gave" % manifest["key"])
    if not is_signed(manifest["key"] or "", text, signature):
        found.add("manifest", "its signature does not fit: the list of files is not the one that was signed")
    listed = {one["path"]: one for one in manifest["files"]}
    for name in sorted(set(listed) - names):
        found.add("manifest", "%s is missing" % name)
    for name in sorted(names - set(listed) - {MANIFEST, SIGNATURE}):
        found.add("manifest", "%s was added" % name)
    for name in sorted(names & set(listed)):
        try:
            digest, size = sha256_of(pack, name)
        except (OSError, zipfile.BadZipFile) as error:
            found.add("manifest", "%s can't be read: %s" % (name, error))
            continue
        if (digest, size) != (listed[name]["sha256"], listed[name]["bytes"]):
            found.add("manifest", "%s is not what was written" % name)
    return manifest


def entries(pack: Pack) -> Iterator[Tuple[int, bytes, bytes]]:
    for line in pack.lines(LOG):
        seq, digest, body = line.split(b"\t", 2)
        yield int(seq), bytes.fromhex(digest.decode()), body


def check_log(pack: Pack, manifest: Dict[str, Any], found: Findings) -> Dict[int, str]:
    """Check the chain; return the hashes at the places of checkpoints."""
    wanted = {one["seq"] for one in pack.objects(CHECKPOINTS)}
    log, at = manifest["log"], {}  # type: Dict[str, Any], Dict[int, str]
    expected, previous = log["first"], bytes.fromhex(log["before"])
    if log["first"] > 1:
        at[log["first"] - 1] = log["before"]
    try:
        for seq, digest, body in entries(pack):
            if seq != expected:
                found.add("log", "entry %d should follow, and entry %d does" % (expected, seq))
                return at
            if hashlib.sha256(previous + body).digest() != digest:
                found.add(
                    "log",
                    "entry %d is not the one that was written, or does not follow entry %d" % (seq, seq - 1),
                )
                return at
            previous, expected = digest, seq + 1
            if seq in wanted:
                at[seq] = digest.hex()
    except ValueError:
        found.add("log", "entry %d can't be read" % expected)
        return at
    if expected - 1 != log["last"]:
        found.add("log", "it ends at entry %d, and should end at entry %d" % (expected - 1, log["last"]))
    elif previous.hex() != log["head"]:
        found.add("log", "the hash of the last entry is not the one in the manifest")
    return at


def check_checkpoints(pack: Pack, manifest: Dict[str, Any], at: Dict[int, str], found: Findings) -> int:
    """Return the last entry that a checkpoint covers."""
    covered = 0
    for one in pack.objects(CHECKPOINTS):
        if one["public"] != manifest["key"]:
            found.add("checkpoints", "the one at entry %d is signed with another key" % one["seq"])
        elif not is_signed(one["public"], checkpoint_text(manifest, one), one["signature"]):
            found.add("checkpoints", "the signature at entry %d does not fit" % one["seq"])
        elif at.get(one["seq"]) != one["head"]:
            found.add("checkpoints", "the log is not what was signed at entry %d" % one["seq"])
        else:
            covered = max(covered, one["seq"])
    return covered


def checkpoint_text(manifest: Dict[str, Any], one: Dict[str, Any]) -> bytes:
    told = {"at": one["at"], "head": one["head"], "seq": one["seq"], "store": manifest["store"]}
    return canonical(dict(told, what="audit.checkpoint"))


def check_words(pack: Pack, manifest: Dict[str, Any], found: Findings) -> int:
    """Check that all words are there that the log has digests of, or that an entry of the log says who erased them; return how many
    were erased by an entry after the last one here, which only a later pack can show."""
    later = 0
    words = pack.objects(WORDS)  # both files are in order of the log
    word = next(words, None)
    promised: Dict[int, List[Tuple[int, str]]] = {}
    for seq, _, body in entries(pack):
        told = json.loads(body) if b'"protected"' in body or seq in promised else {}
        for of, name in promised.pop(seq, []):
            if (
                told.get("what") != "audit.erased"
                or told.get("subject") != "audit:%d" % of
                or name not in told["after"]["names"]
            ):
                found.add(
                    "words",
                    "%s of entry %d is gone, and entry %d does not say that it was erased" % (name, of, seq),
                )
        beside: Dict[str, Dict[str, Any]] = {}
        while word is not None and word["seq"] <= seq:
            beside[word["name"]] = word
            if word["seq"] < seq or word["name"] not in told.get("protected", {}):
                found.add("words", "%s of entry %d is not what was recorded" % (word["name"], word["seq"]))
            word = next(words, None)
        for name, digest in told.get("protected", {}).items():
            one = beside.get(name)
            if one is None:
                found.add(
                    "words", "%s of entry %d is gone, and nobody recorded that it was erased" % (name, seq)
                )
            elif "erased_by" in one:
                if one["erased_by"] <= manifest["log"]["last"]:
                    promised.setdefault(one["erased_by"], []).append((seq, name))
                else:
                    later += 1
            elif hashlib.sha256(bytes.fromhex(one["salt"]) + one["value"].encode()).hexdigest() != digest:
                found.add("words", "%s of entry %d is not what was recorded" % (name, seq))
    if word is not None:
        found.add("words", "there is no entry %d that they belong to" % word["seq"])
    for by, ofs in promised.items():
        found.add(
            "words",
            "%s of entry %d is gone, and there is no entry %d that erased it" % (ofs[0][1], ofs[0][0], by),
        )
    return later


def check_archives(pack: Pack, manifest: Dict[str, Any], found: Findings) -> List[Dict[str, Any]]:
    """Check who says where earlier entries lie, and that they follow each other up to the first one here; return the files."""
    files, before = list(pack.objects(ARCHIVES)), ""
    for one in files:
        place = "the one of entries %d to %d" % (one["first"], one["last"])
        told = json.loads(one["text"])
        if one["public"] != manifest["key"] or not is_signed(
            one["public"], one["text"].encode(), one["signature"]
        ):
            found.add("archives", "%s does not have the signature it should have" % place)
        elif told["store"] != manifest["store"] or any(
            told[name] != one[name] for name in ("first", "last", "before", "head", "file", "sha256")
        ):
            found.add("archives", "%s is not what was signed" % place)
        elif before and one["before"] != before:
            found.add("archives", "%s does not go on from the one before it" % place)
        before = one["head"]
    log = manifest["log"]
    if files and log["first"] == files[-1]["last"] + 1 and log["before"] != before:
        found.add("archives", "the log does not go on from the last of them")
    return files


def keys_of_people(pack: Pack) -> Dict[str, List[Tuple[str, str]]]:
    """Return the keys of each person with the moment until which each counted; empty: it still does."""
    keys: Dict[str, List[Tuple[str, str]]] = {}
    for person in pack.objects(PEOPLE):
        keys.setdefault(person["name"], []).append((person["key"] or "", person["until"] or ""))
    return keys


def signing_key(keys: Dict[str, List[Tuple[str, str]]], who: str, at: str, text: str, signature: str) -> str:
    """Return the key with which somebody signed, one that counted at that moment; empty: there is none."""
    for key, until in keys.get(who, []):
        if (not until or at < until) and is_signed(key, text.encode(), signature):
            return key
    return ""


def check_changes(pack: Pack, found: Findings) -> int:
    keys, count = keys_of_people(pack), 0
    for one in pack.objects(CHANGES):
        place, used = "change %d (%s %s)" % (one["id"], one["kind"], one["name"]), []
        for who, at, text, signature in (
            (one["maker"], one["made_at"], one["maker_text"], one["maker_signature"]),
            (one["checker"], one["decided_at"], one["checker_text"], one["signature"]),
        ):
            if not signature:
                continue
            count += 1
            used.append(signing_key(keys, who, at, text, signature))
            if not used[-1]:
                found.add("changes", "%s: the signature of %s does not fit" % (place, who))
            elif json.loads(text)["digest"] != hashlib.sha256(one["body"].encode()).hexdigest():
                found.add("changes", "%s: its text is not the one that %s signed" % (place, who))
        if one["rule"] == "two" and one["state"] == "approved":
            if one["maker"] == one["checker"]:
                found.add("changes", "%s: made and approved by the same person" % place)
            elif len(used) < 2:
                found.add("changes", "%s: approved without both signatures" % place)
            elif used[0] and used[0] == used[1]:
                found.add("changes", "%s: made and approved with one key" % place)
    for one in pack.objects(EMERGENCIES):
        count += 1
        if not signing_key(keys, one["maker"], one["put_at"], one["text"], one["signature"]):
            found.add(
                "changes",
                "change %d, put in force at once: the signature of %s does not fit"
                % (one["proposal_id"], one["maker"]),
            )
    return count


def check_rules(pack: Pack, found: Findings) -> int:
    count = 0
    for one in pack.objects(RULES):
        count += 1
        if hashlib.sha256(one["body"].encode()).hexdigest() != one["digest"]:
            found.add(
                "rules",
                "version %d of %s %s is not what was recorded" % (one["version"], one["kind"], one["name"]),
            )
    return count


def write_csv(pack: Pack, path: str) -> None:
    words = {(one["seq"], one["name"]): one.get("value", "(erased)") for one in pack.objects(WORDS)}
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["entry", "at", "who", "what", "about", "why", "before", "after", "from"])
        for seq, _, body in entries(pack):
            told = json.loads(body)
            cells = [told["at"], told.get("who", ""), told.get("what", ""), told.get("subject", "")]
            cells += [
                words.get((seq, "why"), told.get("why", "")),
                *(json.dumps(told[one]) if one in told else "" for one in ("before", "after")),
            ]
            cells.append(told.get("source", ""))
            rows.writerow([seq, *("'" + cell if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells)])


def write_signed(pack: Pack, manifest: Dict[str, Any], folder: Path) -> None:
    """Write each checkpoint's text and signature, and the key, as openssl reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(manifest["key"] or "")  # RFC 8410
    pem = base64.b64encode(der).decode()
    (folder / "key.pem").write_text("-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % pem)
    for one in pack.objects(CHECKPOINTS):
        (folder / ("%d.txt" % one["seq"])).write_bytes(checkpoint_text(manifest, one))
        (folder / ("%d.sig" % one["seq"])).write_bytes(base64.b64decode(one["signature"]))
    with pack.open(MANIFEST) as file:
        (folder / "manifest.txt").write_bytes(file.read())
    (folder / "manifest.sig").write_bytes(base64.b64decode(b"".join(pack.lines(SIGNATURE))))


def main(arguments: Optional[List[str]] = None) -> int:
    wanted = argparse.ArgumentParser(
        description="Check a pack of evidence. Ends with 1 when something does not hold."
    )
    wanted.add_argument(
        "pack",
        nargs="?",
        default=str(Path(__file__).resolve().parent),
        help="the zip file, or the folder it was unpacked to",
    )
    wanted.add_argument("--key", help="the public key it has to be signed with, base64")
    wanted.add_argument("--csv", metavar="FILE", help="write the log for a spreadsheet")
    wanted.add_argument("--signed", metavar="DIR", help="write what was signed, for openssl")
    given = wanted.parse_args(arguments)
    try:
        pack, found = Pack(Path(given.pack)), Findings()
        manifest = check_manifest(pack, given.key, found)
        at = check_log(pack, manifest, found)
        covered = check_checkpoints(pack, manifest, at, found)
        later = check_words(pack, manifest, found)
        archived = check_archives(pack, manifest, found)
        signatures, rules = check_changes(pack, found), check_rules(pack, found)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        print("DAMAGED  %-12s it can't be read as a pack of evidence: %r" % ("pack", error))
        return 1
    log = manifest["log"]
    print("log          entries %d to %d; signed up to entry %d" % (log["first"], log["last"], covered))
    print("changes      %d signatures; %d versions of rules" % (signatures, rules))
    print(
        "written      %s by %s, from store %s" % (manifest["made_at"], manifest["made_by"], manifest["store"])
    )
    print(
        "key          %s%s"
        % (manifest["key"], "" if given.key else "   (compare it with what the company tells you)")
    )
    for one in archived:
        print(
            "archived     entries %d to %d lie in %s (SHA-256 %s)"
            % (one["first"], one["last"], one["file"], one["sha256"])
        )
    if later:
        print("words        %d are said to be erased by entries after these: a later pack shows them" % later)
    if found.counts:
        print("NOT INTACT: %d findings" % sum(found.counts.values()))
        return 1
    if given.signed:
        write_signed(pack, manifest, Path(given.signed))
    if given.csv:
        write_csv(pack, given.csv)
    print("INTACT: %d files, %d entries" % (len(manifest["files"]), log["last"] - log["first"] + 1))
    return 0


# Ed25519, as RFC 8032 defines it (section 5.1): the curve's prime, the order of its base point, and points as (X, Y, Z, T).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = Tuple[int, int, int, int]


def is_signed(public: str, text: bytes, signature: str) -> bool:
    try:
        key, sign = base64.b64decode(public), base64.b64decode(signature)
    except ValueError:
        return False
    if len(key) != 32 or len(sign) != 64:
        return False
    base, a, r = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")), point(key), point(sign[:32])
    s = int.from_bytes(sign[32:], "little")
    if base is None or a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(sign[:32] + key + text).digest(), "little") % ORDER
    one, other = times(s, base), add(r, times(k, a))
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % P == 0


def point(data: bytes) -> Optional[Point]:
    """Return the point that 32 bytes stand for (5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add(one: Point, other: Point) -> Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]), (one[1] + one[0]) * (other[1] + other[0])
    c, d = 2 * one[3] * other[3] * D, 2 * one[2] * other[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, one: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = add(found, one)
        one, factor = add(one, one), factor >> 1
    return found


if __name__ == "__main__":
    sys.exit(main())
