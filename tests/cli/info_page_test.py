#!/usr/bin/python3
"""The page that info --html writes: well-formed by two strict parsers, the same numbers as info --json, nothing of a
stranger's name with a meaning, replaced whole or not at all; of archives in a directory (FilePageTest) and in an S3 store
(S3PageTest). GOLDEN is the archive of each format."""

import collections
import datetime
import html5lib
import os
import re
import shutil
import time
import unittest
import xml.etree.ElementTree

import cli_tools as tools
from cli_tools import archive, gap_record, key, lines, record, run

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
DAY_S = 86400


def text_of(element):
    return "".join(element.itertext())


def values(element, of_class=None):
    return [int(one.get("value")) for one in element.iter("data") if of_class is None or one.get("class") == of_class]


def times(element):
    return [one.get("datetime") for one in element.iter("time")]


class Page:
    """A page, read by parsers that forgive nothing."""

    def __init__(self, path, is_html=True):
        with open(path, "rb") as file:
            self.bytes = file.read()
        if is_html:
            html5lib.HTMLParser(strict=True).parse(self.bytes.decode("utf-8", "strict"))
        self.root = xml.etree.ElementTree.fromstring(self.bytes)
        for element in self.root.iter():
            assert element.tag.startswith(NAMESPACE), element.tag
            element.tag = element.tag[len(NAMESPACE):]

    def section(self, name):
        return next((one for one in self.root.iter("section") if one.get("id") == name), None)

    def tile(self, name):
        tiles = next(one for one in self.root.iter("div") if one.get("class") == "tiles")
        return values(tiles, name)[0]

    def state(self):
        return text_of(next(one for one in self.root.iter("p") if one.get("id") == "state"))

    def rows(self, section, of_class=None):
        place = self.section(section)
        tables = [] if place is None else [one for one in place.iter("table") if of_class in (None, one.get("class"))]
        return [list(row) for table in tables for row in table.find("tbody")]

    def partitions(self, section="partitions"):
        return {text_of(row[0]): row for row in self.rows(section, "partitions")}

    def amounts(self, section):
        return {text_of(row[0]): tuple(values(row[1]) + values(row[2])) for row in self.rows(section)}


class Scenarios(tools.Scenario):
    def page(self, *more, expect=0, is_html=True):
        """The page, and the objects that the same run printed."""
        path = self.path("page.html")
        told = lines("info", *self.url(*more), "--html", path, expect=expect)
        self.assertEqual(os.listdir(self.dir), ["page.html"], "nothing else is left")
        return Page(path, is_html), told

    def compare_row(self, row, told):
        """All that stands in a partition's row."""
        _, frontier, archives, size, entries, oldest, newest, notes = row
        has = told["archives"] > 0
        self.assertEqual(values(frontier) + values(archives) + values(size),
                         [told["frontier"], told["archives"], told["size_bytes"]])
        self.assertEqual(values(entries), [told["first"], told["last"]] if has else [])
        self.assertEqual(times(oldest) + times(newest), [told["oldest"], told["newest"]] if has else [])
        for name in ("holes", "missing_lsns", "gaps", "gap_lsns", "accepted_gaps", "pruned_through", "origin_through", "overruled",
                     "foreign"):
            self.assertEqual(values(notes, name), [told[name]] if told[name] else [], name)
        self.assertEqual(values(notes, "damaged"), [len(told["damaged"])] if told["damaged"] else [])
        self.assertEqual(any("remnants" in (one.get("class") or "") for one in notes), told["remnants"])

    def compare(self, page, told):
        partitions = [one for one in told if one["type"] == "partition"]
        rows = page.partitions()
        self.assertEqual(list(rows), [f"{one['storage']}/{one['partition']}" for one in partitions])
        for one in partitions:
            self.compare_row(rows[f"{one['storage']}/{one['partition']}"], one)
        for name, value in (("partitions", len(partitions)), *((name, sum(one[name] for one in partitions)) for name in (
                "archives", "size_bytes", "missing_lsns", "gap_lsns"))):
            self.assertEqual(page.tile(name), value, name)
        wrong = [one for one in partitions if one["holes"] or one["gaps"] or one["damaged"]]
        self.assertEqual(list(page.partitions("problems")), [f"{one['storage']}/{one['partition']}" for one in wrong])
        for one in wrong:
            self.compare_row(page.partitions("problems")[f"{one['storage']}/{one['partition']}"], one)
        histories = [one for one in told if one["type"] == "history"]
        shown = page.rows("histories", "histories")
        self.assertEqual(len(shown), len(histories))
        for row, one in zip(shown, histories):
            self.assertEqual(text_of(row[0]), f"{one['storage']}, epoch {one['epoch']}" + (" (the newest)" if one["newest"] else ""))
            self.assertEqual(values(row[1]) + values(row[5]) + values(row[6]) + values(row[7]),
                             [one["runs"], *([one["branches_from"]] if one["branches_from"] else []), one["archives"],
                              one["size_bytes"]])
            self.assertEqual((text_of(row[2]), text_of(row[3]), times(row[4])),
                             (one["how"] or "", one["host"] or "", [one["made"]] if one["made"] else []))
        branches = [[values(cell) for cell in row[1:]] for table in self.branch_tables(page) for row in table.find("tbody")]
        self.assertEqual(branches, [[[only["begins"]], [only["archives"]], [only["size_bytes"]]]
                                    for one in histories for only in one["partitions"]])

    @staticmethod
    def branch_tables(page):
        return [table for one in page.root.iter("details") if one.get("class") == "branch" for table in one.iter("table")]

    def compare_growth(self, page, target=()):
        """Days and codings against what ls lists."""
        days, codings = collections.Counter(), collections.Counter()
        for one in lines("ls", *self.url(*target)):
            if one["type"] == "archive":
                for counter, name in ((days, one["modified"][:10]), (codings, one.get("coding", ""))):
                    counter[name, "archives"] += 1
                    counter[name, "size"] += one["size_bytes"]
        self.assertEqual(page.amounts("growth"), {day: (days[day, "archives"], days[day, "size"]) for day, _ in days})
        self.assertEqual(sorted(page.amounts("sizes").values()),
                         sorted((codings[one, "archives"], codings[one, "size"]) for one in {name for name, _ in codings}))

    def every_kind(self):
        self.singles(1, 1, 5)
        self.fill(2, (1, 4), (8, 9), (12, 12))  # two holes
        self.fill(3, (1, 2))
        self.store.put(key(3, 3, 5, "gap"), gap_record(3, 3, 5))
        self.fill(4, (4, 6))
        self.store.put(key(4, 1, 3, "pruned"), record(4, 1, 3, "pruned"))
        self.fill(5, (8, 8))
        self.store.put(key(5, 1, 7, "origin"), record(5, 1, 7, "origin"))
        self.fill(6, (1, 1), (3, 3))
        self.store.put(key(6, 2, 2, "accepted"), record(6, 2, 2, "accepted", "made_us=1700000000123456\nreason=lost\n"))
        self.store.put(key(7, 1, 1, "pruned"), b"damaged")
        self.store.put("main/8/README", b"foreign")
        self.store.put("README", b"foreign")

    def test_every_number_is_that_of_info(self):
        self.every_kind()
        page, told = self.page(expect=1)
        self.compare(page, told)
        self.compare_growth(page)
        self.assertEqual(values(page.root, "strangers"), [1])
        self.assertIn("Not all is well", page.state())
        self.assertEqual([text_of(one) for one in page.root.iter("li")], [key(7, 1, 1, "pruned")])
        self.assertIn("tidemark gaps " + self.store.url.split("?")[0], text_of(page.section("problems")))

    def test_a_part(self):
        self.every_kind()
        for target in ("main", "main/2"):
            page, told = self.page(target, expect=0 if target == "main/2" else 1)
            self.compare(page, told)
            self.compare_growth(page, (target,))
            self.assertIn(" " + target, text_of(next(page.root.iter("h1"))))

    def test_all_is_well(self):
        self.singles(1, 1, 3)
        page, told = self.page()
        self.compare(page, told)
        self.assertIn("No entry is missing", page.state())
        self.assertIsNone(page.section("problems"))
        self.assertIn("Not told", text_of(page.section("checks")))

    def test_an_empty_archive(self):
        for more, expect in ((["--allow-empty"], 0), ([], 1)):
            page, told = self.page(*more, expect=expect)
            self.assertEqual(told, [])
            self.assertIn("Nothing is stored there", page.state())
            self.assertEqual([page.tile(one) for one in ("partitions", "archives", "size_bytes")], [0, 0, 0])
            self.assertEqual(page.partitions(), {})

    def test_how_long_ago_it_was_verified(self):
        self.singles(1, 1, 3)
        checkpoint = os.path.join(self.dir, "checkpoint")
        page = self.path("page.html")

        def checks():
            run("info", *self.url(), "--html", page, "--checkpoint", checkpoint)
            return Page(page).section("checks")

        wish = ["--html", page, "--checkpoint", checkpoint]
        self.assertIn("checkpoint is not there: verify has not kept it yet", run("info", *self.url(), *wish)[1])
        self.assertIn("nothing of this was read", text_of(checks()))
        self.assertIn("not each archive was read", Page(page).state())
        before = time.time()
        run("verify", *self.url(), "--since-checkpoint", checkpoint)
        told = checks()
        self.assertIn("No entry is missing, and no record is damaged", Page(page).state())
        self.assertEqual([values(row[1]) for row in Page(page).rows("checks")], [[3], [0], [0], [0]])
        for one in times(told):
            self.assertGreaterEqual(datetime.datetime.fromisoformat(one.replace("Z", "+00:00")).timestamp(), before - 1)
        with open(checkpoint, encoding="utf-8") as file:
            text = file.read()
        old = int((before - 3 * DAY_S) * 1_000_000)
        with open(checkpoint, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^(a [12] .* )\d+$", rf"\g<1>{old}", text, count=1))
        checks()
        self.assertEqual([values(row[1]) for row in Page(page).rows("checks")], [[2], [1], [0], [0]])
        self.store.put(key(1, 3), tools.flipped(archive(1, 3), 700))
        run("verify", *self.url(), "--since-checkpoint", checkpoint, "--reread", 1, expect=1)
        self.assertEqual(values(checks(), "not_right"), [1])
        self.assertIn("Not all is well", Page(page).state())
        # What came since, and what is lost since.
        self.store.put(key(1, 3), archive(1, 3))
        run("verify", *self.url(), "--since-checkpoint", checkpoint, "--reread", 1)
        self.singles(1, 4, 5)
        self.assertEqual(values(checks(), "never_right"), [2])
        self.assertIn("not each archive was read", Page(page).state())
        for lsn in range(2, 6):
            self.store.remove(key(1, lsn))
        self.assertEqual(values(checks(), "not_shown"), [2])
        self.assertIn("not each archive was read", Page(page).state())
        # Of another archive, or not a checkpoint: no page.
        os.remove(page)
        with open(checkpoint, "w", encoding="utf-8") as file:
            file.write("{}\n")
        self.assertIn("is not a checkpoint", run("info", *self.url(), "--html", page, "--checkpoint", checkpoint, expect=2)[1])
        self.assertFalse(os.path.exists(page))


class FilePageTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_hostile_names(self):
        hostile = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "&amp;&#0;]]>", "\u202egnp.tar", "a\nb\x1b[2J\x07",
                   "--><!--", "\ufffe\U0001f600"]
        for partition, one in enumerate(hostile):
            self.singles(partition, 1, 1)
            os.symlink("/nowhere", self.store.path(f"main/{partition}/{one.replace('/', '|')}.tar"))
            os.symlink("/nowhere", self.store.path(one.replace("/", "|")))
        os.symlink(b"/nowhere", os.fsencode(self.store.path("main/0/")) + b"\xff\xfe<b>.tar")
        page, told = self.page(expect=1)
        self.compare(page, told)
        self.assertEqual({one.tag for one in page.root.iter()} & {"script", "img", "b"}, {"b"})
        self.assertEqual([one for one in page.root.iter("b") if not (one.find("data") is not None or text_of(one))], [])
        keys = [text_of(one) for one in page.root.iter("li")]
        self.assertIn("main/0/<script>alert(1)<|script>.tar", keys)
        self.assertEqual(len(keys), len([one for one in lines("ls", *self.url()) if one["type"] == "irregular"]))
        self.assertGreater(len(keys), len(hostile))
        self.assertNotRegex(page.bytes.decode(), r"[\x00-\x09\x0b-\x1f\x7f\u202e]")
        for element in page.root.iter():
            self.assertEqual([one for one in element.keys() if one.startswith("on") or one in ("src", "href", "style")], [])

    def test_histories_that_differ(self):
        os.makedirs(self.store.path("main/epoch"))
        for number, parent in ((1, 0), (2, 1), (3, 1), (4, 3)):
            self.store.put(tools.epoch_key(number), tools.epoch_record(number, parent))
        self.fill(1, (1, 4))
        self.singles(2, 1, 3)
        for number, partition, first, last in ((2, 1, 5, 6), (2, 1, 7, 7), (3, 1, 5, 5), (4, 1, 6, 6), (4, 2, 3, 4)):
            self.store.put(key(partition, first, last, epoch=number), archive(partition, first, last, epoch=number))
        page, told = self.page()
        self.assertEqual([len(one["partitions"]) for one in told if one["type"] == "history"], [2, 2])
        self.compare(page, told)
        self.assertEqual(len(self.branch_tables(page)), 2)

    def test_a_hostile_host(self):
        os.makedirs(self.store.path("main/epoch"))
        self.store.put(tools.epoch_key(1), tools.epoch_record(1, 0))
        self.store.put(tools.epoch_key(2), tools.epoch_record(2, 1, host="<i>&'\""))
        self.singles(1, 1, 2)
        page, told = self.page()
        self.compare(page, told)
        self.assertEqual(text_of(page.rows("histories", "histories")[0][3]), "<i>&'\"")

    def test_a_hostile_place(self):
        place = self.path("<u>&'\"")
        shutil.copytree(self.store.directory.name, place)
        path = self.path("page.html")
        run("info", f"file://{place}", "--allow-empty", "--html", path)
        self.assertIn(place, text_of(next(Page(path).root.iter("h1"))))

    def test_formats_and_histories(self):
        golden = os.path.join(os.environ["GOLDEN"], "archive")
        self.store.directory.cleanup()
        shutil.copytree(golden, self.store.directory.name)
        page, told = self.page()
        self.assertGreaterEqual(len([one for one in told if one["type"] == "history"]), 1)
        self.compare(page, told)
        self.assertEqual(len(page.rows("sizes")), 4)
        said = page.section("sizes")
        found = [one for one in lines("ls", *self.url()) if one.get("coding") == "zst"]
        plain = [len(self.fetched(one)) for one in found]
        self.assertEqual([values(said, one)[0] for one in ("plain_archives", "plain_stored", "plain_bytes")],
                         [len(found), sum(one["size_bytes"] for one in found), sum(plain)])
        for epoch in (1, 2):
            page, told = self.page("epochs", "--epoch", epoch)
            self.assertIn(f", epoch {epoch}", text_of(next(page.root.iter("h1"))))
            self.compare(page, told)

    def fetched(self, one):
        """The tar that an archive holds."""
        path = self.path("tar")
        run("fetch", *self.url(f"{one['storage']}/{one['partition']}", one["first"]), "--plain", "-o", path)
        with open(path, "rb") as file:
            body = file.read()
        os.remove(path)
        return body

    def test_a_sample_of_what_is_compressed(self):
        golden = os.path.join(os.environ["GOLDEN"], "archive/coded/1")
        name = next(one for one in sorted(os.listdir(golden)) if one.endswith(".tar.zst") and "-" not in one)
        with open(os.path.join(golden, name), "rb") as file:
            body = file.read()
        plain = int(re.search(rb" size=(\d+)", body[-512:])[1])
        lsn = int(name.split(".")[0], 36)
        for partition in range(300):
            footer = body[-512:].replace(b"storage=coded partition=1 ", b"storage=main partition=%d " % partition)
            self.store.put(key(partition, lsn).replace(".tar", ".tar.zst"), body[:-512] + footer[:512].ljust(512, b"\0"))
        self.store.put(key(301, 1).replace(".tar", ".tar.zst"), b"damaged")
        said = self.page()[0].section("sizes")
        archives, stored, without = (values(said, one)[0] for one in ("plain_archives", "plain_stored", "plain_bytes"))
        self.assertIn(archives, (199, 200))
        self.assertEqual(stored, archives * len(body))
        self.assertEqual(without, archives * plain)
        self.assertIn("so all of it some", text_of(said))

    def test_days(self):
        now = int(time.time())
        for lsn, age in enumerate((0, 1, 1, 59, 60, 61, 400, 5000, -40), 1):
            self.store.put(key(1, lsn), archive(1, lsn), now - age * DAY_S)
        page, told = self.page()
        self.compare(page, told)
        self.compare_growth(page)
        self.assertIn(len(list(page.root.iter("rect"))), (3, 4))  # of 60 days; midnight may have come
        # More days than the table has rows: the oldest are one.
        for lsn in range(10, 460):
            self.store.put(key(1, lsn), b"", now - lsn * DAY_S)
        page = self.page()[0]
        days = page.amounts("growth")
        self.assertEqual(len(days), 401)
        self.assertEqual(sum(archives for archives, _ in days.values()), page.tile("archives"))
        self.assertEqual(sum(size for _, size in days.values()), page.tile("size_bytes"))
        self.assertEqual(list(days)[-1], "earlier")

    def test_ten_thousand_partitions(self):
        for number in range(10_001):
            self.store.put(key(number, 1), b"")
        self.store.put(key(10_000, 3), b"")
        page, told = self.page(is_html=False)  # the parser of HTML takes half a minute
        self.assertEqual(len(told), 10_001)
        rows = page.partitions()
        self.assertEqual(len(rows), 10_000)
        self.assertEqual(page.tile("partitions"), 10_001)
        self.assertEqual(values(page.root, "left_out"), [1])
        self.assertLess(len(page.bytes), 8 << 20)
        self.assertGreater(len([one for one in page.root.iter("details")]), 49)

    def test_a_page_is_replaced_whole(self):
        self.singles(1, 1, 2)
        path = self.path("page.html")
        run("info", *self.url(), "--html", path)
        with open(path, "rb") as file:
            before = file.read()
        os.rename(self.store.directory.name, self.store.directory.name + ".away")
        self.addCleanup(os.rename, self.store.directory.name + ".away", self.store.directory.name)
        run("info", *self.url(), "--html", path, expect=3)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)
        self.assertEqual(os.listdir(self.dir), ["page.html"])

    def test_a_page_that_cannot_be_written(self):
        self.singles(1, 1, 2)
        out, error = run("info", *self.url(), "--html", self.path("none/page.html"), expect=4)
        self.assertIn("none/page.html", error)
        os.mkdir(self.path("dir"))
        self.assertIn(self.path("dir"), run("info", *self.url(), "--html", self.path("dir"), expect=4)[1])
        self.assertEqual(os.listdir(self.dir), ["dir"])
        with open(self.path("dir/other"), "w", encoding="utf-8") as file:
            file.write("<!DOCTYPE html>\n<p>somebody's</p>\n")
        os.symlink("other", self.path("dir/link"))
        os.mkfifo(self.path("dir/fifo"))
        for name in ("other", "link", "fifo"):
            before = os.lstat(self.path("dir/" + name))
            self.assertIn("which stays", run("info", *self.url(), "--html", self.path("dir/" + name), expect=4)[1])
            self.assertEqual(os.lstat(self.path("dir/" + name)).st_ino, before.st_ino)
        self.assertIn("--html", run("info", *self.url(), "--checkpoint", "x", expect=2)[1])
        for name in ("", "-"):
            self.assertIn("name a file", run("info", *self.url(), "--html", name, expect=2)[1])

    def test_no_secret_is_on_it(self):
        page = self.path("page.html")
        run("info", self.store.url + "?staging=named", "--allow-empty", "--html", page)
        with open(page, encoding="utf-8") as file:
            self.assertNotIn("staging", file.read())


class S3PageTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def test_no_secret_is_on_it(self):
        self.every_kind()
        page = self.page(expect=1)[0].bytes.decode()
        for secret in (tools.imposter_tools.SECRET_KEY, tools.imposter_tools.ACCESS_KEY, "127.0.0.1", "CLI_TEST_SECRET_KEY"):
            self.assertNotIn(secret, page)


if __name__ == "__main__":
    unittest.main()
