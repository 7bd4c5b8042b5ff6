#!/usr/bin/python3
"""One table of damage, and what each verb that reads says of it. Each case has a partition of its own, with the entries 1
to 5 in an archive each, to which one thing was done; verify, restore, fetch and info run on it, and what they say
is held exactly: every line and the exit code."""

import hashlib
import os
import unittest

import cli_tools as tools
from cli_tools import archive, entry, flipped, key, lines, member, rechecksummed

LSNS = range(1, 6)


class Case:
    """What is done to a partition, and what is right to say of it. The default: archive 3 is damaged, and nothing else."""

    def __init__(self, what, do, verify=None, restore=(1, [1, 2]), fetch="00100", info=(0, {})):  # codes by LSN
        self.what, self.do, self.fetch = what, do, fetch
        self.verify = verify if verify is not None else (1, [("damaged", 3)])
        self.restore, self.info = restore, info


ALL_WELL = {"verify": (0, []), "restore": (0, list(LSNS)), "fetch": "00000"}


def put(lsn, body, last=None, suffix="tar"):
    """Puts these bytes where archive or record lsn..last belongs."""
    return lambda store, partition: store.put(key(partition, lsn, last, suffix),
                                              body(partition) if callable(body) else body)


def together(*steps):
    def do(store, partition):
        for step in steps:
            step(store, partition)
    return do


def remove(*lsns):
    def do(store, partition):
        for lsn in lsns:
            store.remove(key(partition, lsn))
    return do


def third(change):
    """Archive 3 after the change to its bytes."""
    return put(3, lambda partition: change(archive(partition, 3)))


def sealed(content, footer=None):
    """Archive 3 with this content under a digest that is right."""
    return put(3, lambda partition: content + (footer(content, partition) if footer else
                                               tools.footer(content, partition, 3, 3)))


def sealed_entry(content):
    return sealed(content + bytes(1024))


def refootered(change):
    """Archive 3 with a footer whose text was changed."""
    def make(partition):
        body = archive(partition, 3)
        return body[:-512] + change(body[-512:].rstrip(b"\0").decode(), partition).encode().ljust(512, b"\0")
    return put(3, make)


def swapped(store, partition):
    one, other = key(partition, 2), key(partition, 3)
    bodies = store.get(one), store.get(other)
    store.put(one, bodies[1])
    store.put(other, bodies[0])


def renamed(to, **arguments):
    def do(store, partition):
        body = store.get(key(partition, 3))
        store.remove(key(partition, 3))
        store.put(to(partition), body)
    return do


def flips():
    """One bit in each block, and in each field of the footer."""
    body = archive(1, 3)
    footer_at = len(body) - 512
    text = body[footer_at:].rstrip(b"\0")
    places = {f"block {number}": number * 512 + 100 for number in range(footer_at // 512)}
    places["magic"] = footer_at
    for field in (b"sha256", b"storage", b"partition", b"first", b"last"):
        at = text.index(field + b"=")
        places[f"name of {field.decode()}"] = footer_at + at
        places[f"value of {field.decode()}"] = footer_at + at + len(field) + 1
    places["after the footer's text"] = footer_at + len(text)
    places["last byte"] = len(body) - 1
    return [Case(f"a bit of {what}", third(lambda bytes_, at=at: flipped(bytes_, at))) for what, at in places.items()]


def cuts():
    size = len(archive(1, 3))
    return [Case(f"cut to {end}", third(lambda body, end=end: body[:end])) for end in
            [*range(0, size, 512), 1, size - 1]]


def recomputed():
    """The digest is right, the content is not what an archive of entry 3 is."""
    text = tools.lsn_text(3)
    folder = member(text + "/", kind=b"5")
    good = entry(3)
    cases = {
        "entry 4": sealed_entry(entry(4)),
        "entries 3 and 4": sealed_entry(entry(3) + entry(4)),
        "entry 3 twice": sealed_entry(entry(3) + entry(3)),
        "nothing": sealed_entry(b""),
        "no end": sealed(good),
        "one block of end": sealed(good + bytes(512)),
        "three blocks of end": sealed(good + bytes(1536)),
        "something after the end": sealed(good + bytes(1024) + b"x" * 512),
        "no directory": sealed_entry(member(text + "/data", b"x")),
        "an owner": sealed_entry(rechecksummed(good[:512], 108, b"0000001\0") + good[512:]),
        "a time": sealed_entry(rechecksummed(good[:512], 136, b"00000000001\0") + good[512:]),
        "bytes in the padding": sealed_entry(folder + member(text + "/data", b"x")[:-1] + b"x"),
        "a checksum that is wrong": sealed_entry(good[:148] + b"000000\0 " + good[156:]),
        "no tar": sealed_entry(os.urandom(2048)),
        "absolute": sealed_entry(folder + member("/etc/x", b"x")),
        "dotdot": sealed_entry(folder + member(text + "/../x", b"x")),
        "through a link": sealed_entry(folder + member(text + "/l", kind=b"2", target="/tmp") + member(text + "/l/x", b"x")),
        "a device": sealed_entry(folder + member(text + "/dev", kind=b"3")),
        "a fifo": sealed_entry(folder + member(text + "/fifo", kind=b"6")),
        "a hard link": sealed_entry(folder + member(text + "/h", kind=b"1", target="/etc/passwd")),
        "a lying size": sealed_entry(folder + member(text + "/x", b"x" * 512, size=(8 << 30) - 1)),
        "names out of order": sealed_entry(folder + member(text + "/b", b"x") + member(text + "/a", b"x")),
        "a name twice": sealed_entry(folder + member(text + "/a", b"x") + member(text + "/a", b"x")),
    }
    # fetch proves the digest and what the footer says, and gives the tar as it is stored.
    return [Case(f"recomputed: {what}", do, fetch="00000") for what, do in cases.items()]


def footers():
    """What the footer says does not fit the key, or is not said as it has to be."""
    cases = {
        "another storage": lambda text, partition: text.replace("storage=main", "storage=maim"),
        "another partition": lambda text, partition: text.replace(f"partition={partition}", f"partition={partition + 1}"),
        "another first": lambda text, partition: text.replace("first=3", "first=2"),
        "another last": lambda text, partition: text.replace("last=3", "last=4"),
        "a field twice": lambda text, partition: text + " last=3",
        "a field nobody knows": lambda text, partition: text + " more=3",
        "no time": lambda text, partition: text + " made_us=soon",
        "a blank more": lambda text, partition: text.replace(" storage", "  storage"),
        "leading zeros": lambda text, partition: text.replace("first=3", "first=03"),
        "upper case": lambda text, partition: text[:17] + text[17:81].upper() + text[81:],
        "a version nobody knows": lambda text, partition: text.replace("TIDEMARK1", "TIDEMARK9"),
    }
    return [Case(f"footer: {what}", refootered(change)) for what, change in cases.items()]


def places():
    """Archives that lie where they do not belong."""
    hole = (1, [("hole", (3, 3))])
    missing = {"restore": (1, []), "fetch": "00500", "info": (0, {"holes": 1})}
    return [
        Case("two swapped", swapped, (1, [("damaged", 2), ("damaged", 3)]), (1, [1]), "01100"),
        Case("removed", remove(3), hole, **missing),
        Case("under the next name", renamed(lambda partition: key(partition, 6)),
             (1, [("damaged", 6), ("hole", (3, 3))]), (1, []), "00500", (0, {"holes": 1})),
        Case("under a longer name", renamed(lambda partition: key(partition, 2, 3)),
             (1, [("damaged", (2, 3))]), (1, [1, 2]), "00100"),
        Case("as a gap record", renamed(lambda partition: key(partition, 3, 3, "gap")),
             (1, [("damaged", (3, 3, "gap")), ("hole", (3, 3))]), (1, []), "00500", (1, {"holes": 1, "damaged": 1})),
        Case("as a pruned record", renamed(lambda partition: key(partition, 1, 3, "pruned")),
             (1, [("damaged", (1, 3, "pruned")), ("hole", (3, 3))]), (1, []), "00500", (1, {"holes": 1, "damaged": 1})),
        Case("under a name nobody reads", renamed(lambda partition: key(partition, 3) + ".bak"),
             (1, [("foreign", None), ("hole", (3, 3))]), (1, []), "00500", (0, {"holes": 1, "foreign": 1})),
        Case("of another partition", put(3, archive(999, 3))),
        Case("of another storage", refootered(lambda text, partition: text.replace("=main ", "=mail "))),
        Case("the first removed", remove(1), (1, [("hole", (1, 1))]), (1, []), "50000", (0, {"holes": 1})),
        Case("the last removed", remove(5), (0, []), (0, [1, 2, 3, 4]), "00005"),
    ]


def overlaps():
    def both(first, last, other=None):
        content = b"".join(entry(lsn, b"something else" if lsn == other else None) for lsn in range(first, last + 1))
        return put(first, lambda partition: archive(partition, first, last, content), last)
    bad = third(lambda body: flipped(body, 1030))
    return [
        Case("an overlap that agrees", both(2, 4), **ALL_WELL),
        Case("the same range once more in a longer one", both(1, 5), **ALL_WELL),
        Case("an overlap that disagrees", both(2, 4, other=3), (1, [("disagree", (2, 4))]), (1, []), "00000"),
        Case("damaged, and another holds it", together(bad, both(2, 4)), (1, [("damaged", 3)]), (0, list(LSNS)), "00000"),
        Case("damaged, and the other too", together(bad, put(2, lambda partition: flipped(archive(partition, 2, 4), 1030), 4)),
             (1, [("damaged", 3), ("damaged", (2, 4))]), (1, [1, 2]), "00100"),
    ]


def records():
    """Records that say what is not so, or that cannot be believed."""
    def record(first, last, suffix, body=None):
        def make(partition):
            if body is not None:
                return body
            if suffix == "gap":
                return tools.gap_record(partition, first, last)
            text = "made_us=1700000000123456\n" + ("reason=nobody knows\n" if suffix == "accepted" else "")
            return tools.record(partition, first, last, suffix, text)
        return put(first, make, last, suffix)

    cases = []
    for suffix, (first, last) in (("gap", (3, 3)), ("accepted", (3, 3)), ("pruned", (1, 3)), ("origin", (1, 3))):
        gone = remove(*range(first, last + 1))
        name = (first, last, suffix)
        for what, body in (("of no bytes", b""), ("of zeros", bytes(512)), ("of others' bytes", os.urandom(700)),
                           ("of another partition", tools.gap_record(999, first, last) if suffix == "gap" else
                            tools.record(999, first, last, suffix))):
            cases.append(Case(f"{suffix} {what} over a hole", together(gone, record(first, last, suffix, body)),
                              (1, [("damaged", name), ("hole", (first, last))]), (1, []),
                              "".join("5" if first <= lsn <= last else "0" for lsn in LSNS),
                              (1, {"holes": 1, "damaged": 1})))
            cases.append(Case(f"{suffix} {what} over what is there", record(first, last, suffix, body),
                              (1, [("damaged", name)]), (0, list(LSNS)), "00000", (1, {"damaged": 1})))
    cases += [
        Case("a gap over what is there", record(3, 3, "gap"), (0, [("overruled", (3, 3, "gap"))]), (0, list(LSNS)), "00000",
             (0, {"overruled": 1})),
        Case("an accepted one over what is there", record(3, 3, "accepted"),
             (0, [("accepted", (3, 3)), ("overruled", (3, 3, "accepted"))]),
             (0, list(LSNS)), "00000", (0, {"overruled": 1, "accepted_gaps": 1})),
        Case("an origin over what is there", record(1, 3, "origin"), (0, [("overruled", (1, 3, "origin"))]),
             (0, list(LSNS)), "00000", (0, {"overruled": 1})),
        Case("below what was pruned", record(1, 3, "pruned"),
             (0, [("remnant", 1), ("remnant", 2), ("remnant", 3), ("pruned", "name")]), (0, [4, 5]), "00000",
             (0, {"remnants": True})),
        Case("a gap", together(remove(3), record(3, 3, "gap")), (1, [("gap", (3, 3))]), (1, []), "00500", (0, {"gaps": 1})),
        Case("a gap that was accepted", together(remove(3), record(3, 3, "gap"), record(3, 3, "accepted")),
             (0, [("accepted", (3, 3))]), (0, [1, 2, 4, 5]), "00500", (0, {"accepted_gaps": 1})),
        Case("pruned", together(remove(1, 2, 3), record(1, 3, "pruned")), (0, [("pruned", "name")]), (0, [4, 5]), "55500",
             (0, {})),
        Case("an origin", together(remove(1, 2, 3), record(1, 3, "origin")), (0, [("origin", "name")]), (0, [4, 5]), "55500",
             (0, {})),
    ]
    return cases


CASES = [Case("nothing", lambda store, partition: None, **ALL_WELL), *flips(), *cuts(), *recomputed(), *footers(), *places(),
         *overlaps(), *records()]


class Scenarios(tools.Scenario):
    """The scenarios; what has no make_store is not run."""

    def setUp(self):
        super().setUp()
        self.cases = dict(enumerate(CASES, 1))
        for partition, case in self.cases.items():
            self.singles(partition, LSNS[0], LSNS[-1])
            case.do(self.store, partition)

    def each(self, hold):
        for partition, case in self.cases.items():
            with self.subTest(case.what, partition=partition):
                hold(partition, case)

    def test_verify(self):
        """One run over all of them, and each by itself."""
        said = {partition: [] for partition in self.cases}
        *found, summary = lines("verify", *self.url(), expect=1)
        for one in found:
            said[one["partition"] if "partition" in one else int(one["name"].split("/")[1])].append(one)
        self.assertEqual(summary["problems"], sum(one["type"] == "problem" for one in found))

        def hold(partition, case):
            self.assertEqual(sorted(map(self.short, said[partition]), key=str), sorted(
                [self.full(partition, *line) for line in case.verify[1]], key=str))
            *alone, _ = lines("verify", *self.url(f"main/{partition}"), expect=case.verify[0])
            self.assertEqual(alone, said[partition])
        self.each(hold)

    def short(self, one):
        word = one[one["type"]]
        if word in ("hole", "gap", "accepted"):
            return word, (one["first"], one["last"])
        return word, one["key"] if "key" in one else one["name"]

    def full(self, partition, word, place):
        if word in ("hole", "gap", "accepted"):
            return word, place
        if place == "name":
            return word, f"main/{partition}"
        if place is None:
            return word, key(partition, 3) + ".bak"
        return word, key(partition, *place) if isinstance(place, tuple) else key(partition, place)

    def test_restore(self):
        def hold(partition, case):
            code, lsns = case.restore
            said = lines("restore", *self.url(f"main/{partition}", self.path(f"out{partition}")), expect=code)
            self.assertEqual(tools.tree(self.path(f"out{partition}")), tools.expected_tree(lsns))
            summaries = [(one["complete"], one["entries"]) for one in said if one["type"] == "summary"]
            # Where not all of the range is there nothing is begun.
            self.assertEqual(summaries, [(code == 0, len(lsns))] if lsns else [])
        self.each(hold)

    def test_fetch(self):
        def hold(partition, case):
            for lsn, code in zip(LSNS, case.fetch):
                if code == "0" and lsn not in (2, 3):
                    continue
                out = self.path(f"{partition}-{lsn}.tar")
                tools.run("fetch", *self.url(f"main/{partition}", lsn), "-o", out, expect=int(code))
                self.assertEqual(os.path.exists(out), code == "0")
                if code == "0":
                    with open(out, "rb") as file:
                        body = file.read()
                    self.assertIn(f"sha256={hashlib.sha256(body[:-512]).hexdigest()} ".encode(), body[-512:])
        self.each(hold)

    def test_info(self):
        plain = {"holes": 0, "gaps": 0, "accepted_gaps": 0, "overruled": 0, "remnants": False, "foreign": 0, "damaged": 0}

        def hold(partition, case):
            code, differences = case.info
            one, = lines("info", *self.url(f"main/{partition}"), expect=code)
            said = {name: len(one[name]) if name == "damaged" else one[name] for name in plain}
            self.assertEqual(said, {**plain, **differences})
        self.each(hold)


class FileDamageTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_irregular(self):
        """What no sink reads hides an archive, a partition or a storage; none of them passes for complete."""
        for what, place, scope, lsns in (
                ("the last archive", key(1, 5), "main/1", [1, 2, 3, 4]), ("a partition", "main/1", "", []),
                ("a storage", "main", "", []), ("the last archive of all", key(1, 5), "", [1, 2, 3, 4])):
            with self.subTest(what):
                elsewhere = self.path(what.replace(" ", "-") + "-elsewhere")
                store = self.store = tools.FileStore()
                for partition in (1, 2):
                    self.singles(partition, LSNS[0], LSNS[-1])
                body = tools.archive(3, 1)
                footer = body[-512:].rstrip(b"\0").replace(b"storage=main ", b"storage=other ")
                store.put("other/3/" + tools.name(1), body[:-512] + footer.ljust(512, b"\0"))
                os.rename(store.path(place), elsewhere)
                os.symlink(elsewhere, store.path(place))
                target = [scope] if scope else []
                out = self.path(what.replace(" ", "-"))
                said = "".join(tools.run("restore", *self.url(*target, out), expect=1))
                self.assertIn(f"{place}: it is a symbolic link", said)
                dry = "".join(tools.run("restore", *self.url(*target, out + "-dry"), "--dry-run", expect=1))
                self.assertIn(f"{place}: it is a symbolic link", dry)
                found = out if scope else os.path.join(out, "main/1")
                self.assertEqual(tools.tree(found) if lsns else os.path.exists(found),
                                 tools.expected_tree(lsns) if lsns else False)
                if not scope:
                    self.assertTrue(os.path.exists(os.path.join(out, "other/3", tools.lsn_text(1))), "goes past it")
                for verb in ("verify", "info", "gaps"):
                    self.assertIn(place, "".join(tools.run(verb, *self.url(*target), expect=1)))
                copied = self.path(what.replace(" ", "-") + "-copied")
                self.assertIn(place, "".join(tools.run("copy", store.url, f"file://{copied}", *target, expect=1)))
                store.close()


    def test_directory_in_place_of_an_archive(self):
        """It is named once, whatever lies in it, and nothing that lies there is foreign."""
        for what, lsns, restored in (("of the last", [5], [1, 2, 3, 4]), ("of two", [3, 5], [])):
            with self.subTest(what):
                store = self.store = tools.FileStore()
                for partition in (1, 2):
                    self.singles(partition, LSNS[0], LSNS[-1])
                for lsn in lsns:
                    store.remove(key(1, lsn))
                    store.put(key(1, lsn) + "/x/y", b"x")
                os.makedirs(store.path(key(1, 8, suffix="gap")))
                names = [key(1, lsn) for lsn in lsns] + [key(1, 8, suffix="gap")]
                *found, summary = lines("verify", *self.url(), expect=1)
                self.assertEqual([(one["problem"], one["key"]) for one in found], [("damaged", name) for name in names])
                self.assertEqual(summary["foreign"], 0)
                self.assertEqual(lines("info", *self.url("main/1"), expect=1)[0]["damaged"], names)
                for scope, where in (["main/1"], ""), ([], "/main/1"):
                    out = self.path(f"{what}-{len(scope)}")
                    said = tools.run("restore", *self.url(*scope, out), expect=1)[1]
                    for name in names:
                        self.assertEqual(said.count(name), 1, said)
                    self.assertIn("a directory in the place of an archive", said)
                    self.assertEqual(tools.tree(out + where), tools.expected_tree(restored))
                tools.run("fetch", *self.url("main/1", 5), "-o", self.path("5.tar"), expect=5)
                store.close()


class S3DamageTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store("--max-keys", 300)

    def test_below_the_name_of_an_archive(self):
        """A store has no directories: what lies there is foreign, beside the archive."""
        self.store.close()
        self.store = tools.S3Store()
        self.singles(1, LSNS[0], LSNS[-1])
        self.store.put(key(1, 5) + "/x", b"x")
        found = lines("verify", *self.url())
        self.assertEqual([(one["warning"], one["key"]) for one in found[:-1]], [("foreign", key(1, 5) + "/x")])
        tools.run("restore", *self.url("main/1", self.path("out")))
        self.assertEqual(tools.tree(self.path("out")), tools.expected_tree(LSNS))


if __name__ == "__main__":
    unittest.main()
