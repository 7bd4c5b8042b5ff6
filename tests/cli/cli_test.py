#!/usr/bin/python3
"""The verbs of tidemark, each on a directory (FileTest) and on an S3 store (S3Test); restore_test.py has more of
restore and prune."""

import http.client
import os
import resource
import signal
import stat
import subprocess
import time
import unittest
import urllib.parse

import cli_tools as tools
import restore_tools
from cli_tools import archive, flipped, key, lines, run


SANITIZED = bool(os.environ.get("TIDEMARK_SANITIZE"))  # shadow memory has no bounds
ADDRESS_SPACE_BYTES = 1 << 30


class Scenarios(restore_tools.RestoreScenario):
    """The scenarios; what has no make_store is not run."""

    # ---- ls and info

    def test_neighbours(self):
        for partition in (1, 10, 100):
            self.fill(partition, (1, 4), (5, 5), (6, partition + 10))
        for partition in (1, 10, 100):
            listed = lines("ls", *self.url(f"main/{partition}"))
            self.assertEqual([one["key"] for one in listed],
                             [key(partition, 1, 4), key(partition, 5), key(partition, 6, partition + 10)])
            info, = lines("info", *self.url(f"main/{partition}"))
            self.assertEqual((info["frontier"], info["archives"], info["holes"]), (partition + 10, 3, 0))
            self.assertEqual(info["size_bytes"], sum(one["size_bytes"] for one in listed))
        self.assertEqual([one["partition"] for one in lines("info", *self.url())], [1, 10, 100])
        self.assertEqual(self.problems(expect=0), [])

    def test_ls_range(self):
        self.fill(7, (1, 4), (5, 5), (6, 40))
        listed = lines("ls", *self.url("main/7"), "--from", "@0000000000005", "--to", 6)
        self.assertEqual([(one["first"], one["last"], one["last_key"]) for one in listed],
                         [(5, 5, "@0000000000005"), (6, 40, "@0000000000014")])
        out, _ = run("ls", *self.url("main/7"), "--from", 40)
        self.assertRegex(out, r"^archive +main/7 +6 @0000000000006 to 40 @0000000000014 +\d+ bytes ")
        self.assertIn("nothing is stored there", run("ls", *self.url("main/8"), expect=1)[1])

    # ---- verify

    def test_every_kind_of_damage(self):
        """Each in a partition of its own, reported once and by its name."""
        for partition in range(1, 12):
            self.singles(partition, 1, 5)
        third = [key(partition, 3) for partition in range(12)]
        whole = archive(1, 3)
        self.store.put(third[1], flipped(whole, 1030))
        self.store.put(third[2], flipped(archive(2, 3), len(archive(2, 3)) - 500))
        self.store.put(third[3], archive(3, 3)[:-600])
        self.store.put(third[4], b"")
        self.store.put(key(5, 6), self.store.get(third[5]))
        self.store.remove(third[5])
        self.store.remove(third[6])
        self.store.put("main/7/README", b"hello")
        self.store.put("main/7/0000000000003.tar.tmp", whole)
        self.store.put("notes.txt", b"hello")
        self.fill(8, (2, 4))  # agrees
        content = tools.entry(2) + tools.entry(3, b"something else") + tools.entry(4)
        self.store.put(key(9, 2, 4), archive(9, 2, 4, content))
        self.store.remove(third[10])
        self.store.put(key(10, 3, 3, "gap"), tools.gap_record(10, 3, 3))
        self.store.put(third[11], archive(1, 3))  # of another partition
        self.assertEqual(sorted(self.problems(), key=str), sorted([
            ("damaged", None, third[1]), ("damaged", None, third[2]), ("damaged", None, third[3]),
            ("damaged", None, third[4]), ("damaged", None, key(5, 6)), ("hole", 5, (3, 3)), ("hole", 6, (3, 3)),
            ("foreign", None, "main/7/README"), ("foreign", None, "main/7/0000000000003.tar.tmp"),
            ("foreign", None, "notes.txt"), ("disagree", None, key(9, 2, 4)), ("gap", 10, (3, 3)),
            ("damaged", None, third[11])], key=str))
        # The same with more threads, in the same order.
        self.assertEqual(run("verify", *self.url(), "--jobs", 1, expect=1), run("verify", *self.url(), "--jobs", 16, expect=1))
        # Foreign objects alone are no damage.
        self.assertIn("all well, 2 foreign objects", run("verify", *self.url("main/7"))[0])

    def test_missing_at_the_beginning(self):
        self.singles(1, 4, 6)
        self.assertEqual(self.problems(), [("hole", 1, (1, 3))])
        self.singles(1, 9, 9)
        info, = lines("info", *self.url())
        self.assertEqual((info["frontier"], info["holes"], info["missing_lsns"]), (0, 2, 5), "nothing before the first hole")

    def origin(self, partition, last, body=None):
        body = tools.record(partition, 1, last, "origin") if body is None else body
        self.store.put(key(partition, 1, last, "origin"), body)

    def test_an_archive_that_begins_later(self):
        self.origin(1, 12)
        self.fill(1, (13, 14), (15, 15))
        self.assertEqual(self.problems(expect=0), [("origin", None, "main/1")])
        out, _ = run("verify", *self.url())
        self.assertIn("origin      main/1: begins after LSN 12 @000000000000c: nothing before was ever in", out)
        self.assertIn("in 1 partition: all well\n", out)
        checkpoint = ["--since-checkpoint", self.path("checkpoint")]
        for _ in range(2):
            self.assertEqual(self.problems(*checkpoint, expect=0), [("origin", None, "main/1")])
        info, = lines("info", *self.url())
        self.assertEqual((info["origin_through"], info["frontier"], info["holes"], info["first"]), (12, 15, 0, 13))
        self.assertIn("begins    after 12 @000000000000c", run("info", *self.url())[0])
        self.assertEqual([(one["type"], one["first"], one["last"], one["made"]) for one in lines("gaps", *self.url())],
                         [("origin", 1, 12, "2023-11-14T22:13:20.123456Z")])
        self.assertEqual(lines("ls", *self.url())[0]["type"], "origin")
        _, error = self.restore()
        self.assertIn("main/1 begins after LSN 12", error)
        self.assertEqual(self.restored(), tools.expected_tree(range(13, 16)))
        self.restore("--from", 14, name="part")
        self.assertEqual(self.restored("part"), tools.expected_tree(range(14, 16)))
        out, _ = self.restore("--from", 5, name="none", expect=1)
        self.assertRegex(out, "missing     main/1 LSN 5 .* to 12 ")
        self.assertRegex(out, "origin      main/1 LSN 1 .*: never in this archive, which begins after it; recorded on")
        self.assertIn("holds LSN 7 @0000000000007: the partition begins after LSN 12",
                      run("fetch", *self.url("main/1", 7), expect=5)[1])
        run("fetch", *self.url("main/1", 13), "-o", self.path("thirteen"))
        # What is lost behind the beginning is a hole, also before the first archive.
        self.store.remove(key(1, 13, 14))
        self.assertEqual(self.problems(), [("hole", 1, (13, 14)), ("origin", None, "main/1")])
        self.assertEqual(lines("info", *self.url())[0]["missing_lsns"], 2)
        self.assertEqual([(one["type"], one["first"]) for one in lines("gaps", *self.url())],
                         [("origin", 1), ("hole", 13)])
        self.restore(name="holed", expect=1)
        # Nothing but a beginning.
        self.origin(2, 40)
        self.assertEqual(self.problems_at("main/2", expect=0), [("origin", "main/2")])
        self.assertEqual(lines("info", *self.url("main/2"))[0]["frontier"], 40)
        self.restore(partition=2, name="nothing", expect=1)

    def problems_at(self, target, expect=1):
        found = lines("verify", *self.url(target), expect=expect)
        return [(one[one["type"]], one.get("key") or one.get("name") or (one["first"], one["last"]))
                for one in found if one["type"] != "summary"]

    def test_prune_past_a_beginning(self):
        self.origin(1, 12)
        self.singles(1, 13, 20)
        before = self.store.keys()
        self.prune("--before", 13, "--yes")
        self.assertEqual(self.store.keys(), before, "a beginning alone is not pruned")
        self.assertIn(f"would remove {key(1, 1, 12, 'origin')}", self.prune("--before", 15)[0])
        self.prune("--before", 15, "--yes")
        self.assertEqual(self.store.keys()[0], key(1, 1, 14, "pruned"))
        self.assertEqual([one for one in self.store.keys() if one.endswith(".origin")], [])
        info, = lines("info", *self.url())
        self.assertEqual((info["origin_through"], info["pruned_through"], info["holes"]), (0, 14, 0))
        # Killed after the record and before the first removal.
        self.origin(1, 12)
        self.assertEqual(self.problems(expect=0), [("pruned", None, "main/1")])
        self.restore()
        self.assertEqual(self.restored(), tools.expected_tree(range(15, 21)))

    def test_origin_records_that_say_too_much(self):
        """Older entries came after all, or two runs at once disagreed: the lowest counts, and nothing is hidden."""
        self.singles(1, 3, 5)
        self.origin(1, 12)
        self.singles(1, 6, 14)
        self.assertEqual(self.problems_at("main/1", expect=0),
                         [("origin", "main/1"), ("overruled", key(1, 1, 12, "origin"))])
        self.assertEqual(lines("info", *self.url("main/1"))[0]["origin_through"], 2)
        self.restore()
        self.assertEqual(self.restored(), tools.expected_tree(range(3, 15)))
        self.store.remove(key(1, 8))
        self.assertIn(("hole", (8, 8)), self.problems_at("main/1"))
        self.origin(2, 2)
        self.origin(2, 7)
        self.singles(2, 3, 9)
        self.assertEqual(self.problems_at("main/2", expect=0),
                         [("overruled", key(2, 1, 7, "origin")), ("origin", "main/2")])
        self.store.remove(key(2, 3))
        self.assertIn(("hole", (3, 3)), self.problems_at("main/2"))

    def test_a_damaged_origin_explains_nothing(self):
        good = tools.record(1, 1, 12, "origin")
        self.singles(1, 13, 15)
        for number, bad in enumerate((b"", good[:-100], flipped(good, 3), tools.record(1, 1, 11, "origin"),
                                      tools.record(1, 1, 12, "pruned"))):
            self.origin(1, 12, bad)
            record = key(1, 1, 12, "origin")
            self.assertEqual(self.problems(), [("damaged", None, record), ("hole", 1, (1, 12))])
            self.assertEqual([one["type"] for one in lines("gaps", *self.url(), expect=1)], ["hole"])
            _, error = self.restore(name=f"out{number}", expect=1)
            self.assertIn(record, error)
            self.assertFalse(os.path.exists(self.path(f"out{number}")))
        self.restore("--from", 13)
        run("gaps", *self.url(), "--acknowledge", "main/1", 1, 12, "--reason", "moved from another sink")
        self.store.remove(key(1, 1, 12, "origin"))
        run("verify", *self.url())

    def test_checkpoint(self):
        checkpoint = ["--since-checkpoint", self.path("checkpoint")]
        self.singles(1, 1, 5)
        self.fill(2, (1, 3))
        self.assertEqual(lines("verify", *self.url(), *checkpoint)[-1]["archives"], 6)
        self.singles(1, 6, 7)
        summary = lines("verify", *self.url(), *checkpoint)[-1]
        self.assertEqual((summary["archives"], summary["read_again"], summary["known"], summary["problems"]), (3, 1, 5, 0))
        # What is wrong stays new: it is reported until it is right.
        self.store.put(key(1, 8), flipped(archive(1, 8), 1030))
        self.singles(1, 9, 9)
        for _ in range(2):
            self.assertEqual(self.problems(*checkpoint), [("damaged", None, key(1, 8))])
        # What is missing below it is seen although it is not read.
        self.store.remove(key(1, 2))
        self.assertIn(("hole", 1, (2, 2)), self.problems(*checkpoint))
        # A partition that shrank, and one that is gone.
        for lsn in (7, 8, 9):
            self.store.remove(key(1, lsn))
        self.store.remove(key(2, 1, 3))
        for _ in range(2):
            self.assertEqual(self.problems(*checkpoint), [("hole", 1, (2, 2)), ("gone", None, key(1, 9)),
                                                          ("gone", None, key(2, 1, 3))])
        other = tools.FileStore()
        self.addCleanup(other.close)
        _, error = run("verify", other.url, *checkpoint, expect=2)
        self.assertIn("checkpoint of another archive", error)
        # Each is accepted with the evidence that it was there.
        accept = ["gaps", *self.url(), "--reason", "x", "--acknowledge"]
        self.assertIn("ends at LSN 6", run(*accept, "main/1", 7, 9, expect=2)[1])
        run(*accept, "main/1", 7, 9, "--checkpoint", self.path("checkpoint"))
        run(*accept, "main/2", 1, 3, "--checkpoint", self.path("checkpoint"))
        run(*accept, "main/2", 4, 4, "--checkpoint", self.path("checkpoint"), expect=2)
        run(*accept, "main/1", 2, 2)
        for _ in range(2):
            self.assertEqual({kind for kind, *_ in self.problems(*checkpoint, expect=0)}, {"accepted"})
        with open(self.path("checkpoint"), "w") as file:
            file.write("{")
        self.assertIn("is not a checkpoint", run("verify", *self.url(), *checkpoint, expect=2)[1])

    def test_what_comes_beside_the_checkpoint(self):
        """Nothing of what is known changed, but something new holds the same entries."""
        checkpoint = ["--since-checkpoint", self.path("checkpoint"), "--reread", "0"]
        self.fill(1, (1, 7))
        self.assertEqual(self.problems(*checkpoint, expect=0), [])
        self.store.put(key(1, 2, 4), archive(1, 2, 4, tools.entry(2) + tools.entry(3, b"another") + tools.entry(4)))
        for _ in range(2):
            self.assertEqual(self.problems(*checkpoint), [("disagree", None, key(1, 1, 7))])
        self.store.put(key(1, 2, 4), archive(1, 2, 4))
        self.assertEqual(self.problems(*checkpoint, expect=0), [])

    def test_rewritten_below_the_checkpoint(self):
        checkpoint = ["--since-checkpoint", self.path("checkpoint")]
        self.singles(1, 1, 5)
        run("verify", *self.url(), *checkpoint)
        time.sleep(1.1)  # a store's times may be in seconds
        self.store.put(key(1, 3), archive(1, 3)[:-1])
        for _ in range(2):
            self.assertEqual(self.problems(*checkpoint), [("damaged", None, key(1, 3))])

    # ---- gaps

    def test_gaps(self):
        self.fill(3, (1, 4), (10, 12), (15, 15))
        self.store.put(key(3, 5, 9, "gap"), tools.gap_record(3, 5, 9))
        self.assertEqual(self.problems(), [("gap", 3, (5, 9)), ("hole", 3, (13, 14))])
        listed = lines("gaps", *self.url())
        self.assertEqual([(one["type"], one["first"], one["last"]) for one in listed],
                         [("gap", 5, 9), ("hole", 13, 14)])
        accept = ["gaps", *self.url(), "--acknowledge", "main/3"]
        self.assertIn("--reason", run(*accept, 5, 9, expect=2)[1])
        self.assertIn("ends at LSN 15", run(*accept, 16, 17, "--reason", "x", expect=2)[1])
        run(*accept, 12, 14, "--reason", "an archive holds 12", expect=2)
        run(*accept, 5, 9, "--reason", "disk of node 4 died")
        self.assertEqual(self.problems()[-1], ("hole", 3, (13, 14)))
        run(*accept, 13, "@000000000000e", "--reason", "lost too")
        self.assertIn("accepted before", run(*accept, 13, 14, "--reason", "again")[0])
        out, _ = run("verify", *self.url())
        self.assertIn("disk of node 4 died", out)
        self.assertRegex(out, r"verified 3 archives, \d+ bytes, in 1 partition: all well, 2 accepted gaps\n$")
        reasons = {one["reason"]: one["made"] for one in lines("gaps", *self.url("main/3")) if one["type"] == "accepted"}
        self.assertEqual(set(reasons), {"disk of node 4 died", "lost too"})
        self.assertTrue(all(reasons.values()))

    # ---- fetch

    def test_fetch(self):
        self.fill(1, (1, 4), (5, 5))
        run("fetch", *self.url("main/1", 3), "-o", self.path("three"))
        with open(self.path("three"), "rb") as file:
            self.assertEqual(file.read(), archive(1, 1, 4))
        done = subprocess.run(tools.command("fetch", *self.url("main/1", "@0000000000005")), capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, archive(1, 5)))
        self.assertIn("holds LSN 6", run("fetch", *self.url("main/1", 6), "-o", self.path("six"), expect=5)[1])
        self.store.put(key(1, 5), flipped(archive(1, 5), 700))
        run("fetch", *self.url("main/1", 5), "-o", self.path("five"), expect=1)
        self.assertEqual(os.listdir(self.dir), ["three"], "nothing half is left")
        self.fill(1, (4, 6))  # holds it too, and is right
        run("fetch", *self.url("main/1", 5), "-o", self.path("five"))
        with open(self.path("five"), "rb") as file:
            self.assertEqual(file.read(), archive(1, 4, 6))


    def test_fetch_plain_gives_nothing_before_it_is_proven(self):
        """Not to a pipe either: what is damaged near its end gives nothing at all."""
        content = tools.entry(1, os.urandom(3 << 20))
        whole = archive(1, 1, content=content)
        self.store.put(key(1, 1), flipped(whole, len(whole) - 2500))
        words = tools.command("fetch", *self.url("main/1", 1), "--plain")
        done = subprocess.run(words, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
        self.assertIn(b"the object is damaged", done.stderr)
        os.mkfifo(self.path("fifo"))
        reader = subprocess.Popen(["cat", self.path("fifo")], stdout=subprocess.PIPE)
        run("fetch", *self.url("main/1", 1), "--plain", "-o", self.path("fifo"), expect=1)
        self.assertEqual(reader.communicate(timeout=60)[0], b"")
        self.store.put(key(1, 1, 2), archive(1, 1, 2, content=content + tools.entry(2)))  # has it too, and is right
        tar = archive(1, 1, 2, content=content + tools.entry(2))[:-512]
        done = subprocess.run(words, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, tar), done.stderr)
        self.assertIn(b"the object is damaged", done.stderr)

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

        temporary = self.path("temporary")
        os.mkdir(temporary)
        env = {**os.environ, "TMPDIR": temporary}
        done = subprocess.run(words, capture_output=True, check=False, env=env, preexec_fn=small_files, restore_signals=False)
        self.assertEqual((done.returncode, done.stdout), (4, b""), done.stderr)
        self.assertIn(f"a temporary file in {temporary}".encode(), done.stderr)
        self.assertIn(b"TMPDIR names another directory, and -o FILE needs none", done.stderr)
        self.assertEqual(os.listdir(temporary), [])
        with open(self.path("out"), "wb") as out:
            self.assertEqual(subprocess.run(words, stdout=out, env=env, check=False).returncode, 0)
        with open(self.path("out"), "rb") as file:
            self.assertEqual(file.read(), tar)
        os.rmdir(temporary)
        done = subprocess.run(words, capture_output=True, check=False, env=env)
        self.assertEqual((done.returncode, done.stdout), (4, b""))
        self.assertIn(f"cannot create a temporary file in {temporary}".encode(), done.stderr)


class FileTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_fetch_to_what_is_no_file(self):
        """A FIFO or a device is written to and stays what it is; so does a link; nobody's file.tmp is lost."""
        self.singles(1, 1, 2)
        os.mkfifo(self.path("fifo"))
        reader = subprocess.Popen(["cat", self.path("fifo")], stdout=subprocess.PIPE)
        run("fetch", *self.url("main/1", 2), "-o", self.path("fifo"))
        self.assertEqual(reader.communicate(timeout=60)[0], archive(1, 2))
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("fifo")).st_mode))
        for name in ("target", "target.tmp"):
            with open(self.path(name), "wb") as file:
                file.write(b"mine")
        os.symlink("target", self.path("link"))
        run("fetch", *self.url("main/1", 2), "-o", self.path("link"))
        self.assertEqual(os.readlink(self.path("link")), "target")
        with open(self.path("target"), "rb") as target, open(self.path("target.tmp"), "rb") as other:
            self.assertEqual((target.read(), other.read()), (archive(1, 2), b"mine"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("target")).st_mode) & 0o600, 0o600)
        # Through several links to what is not there yet; and links that lead nowhere.
        for name in ("target", "target.tmp"):
            os.unlink(self.path(name))
        os.mkdir(self.path("below"))
        os.symlink(self.path("below/second"), self.path("first"))
        os.symlink("../target", self.path("below/second"))
        run("fetch", *self.url("main/1", 2), "-o", self.path("first"))
        self.assertTrue(os.path.islink(self.path("first")) and os.path.islink(self.path("below/second")))
        with open(self.path("target"), "rb") as target:
            self.assertEqual(target.read(), archive(1, 2))
        os.symlink("circle", self.path("circle"))
        self.assertIn("circle: Too many levels of symbolic links",
                      run("fetch", *self.url("main/1", 2), "-o", self.path("circle"), expect=4)[1])
        self.assertTrue(os.path.islink(self.path("circle")))
        for name in ("first", "below/second", "circle"):
            os.unlink(self.path(name))
        os.rmdir(self.path("below"))
        self.assertEqual(sorted(os.listdir(self.dir)), ["fifo", "link", "target"])

    def test_leftover_of_a_crashed_writer(self):
        self.singles(1, 1, 3)
        self.store.put(".tidemark/0123456789abcdef/17.tmp", b"half")
        found = lines("verify", *self.url())
        self.assertEqual([(one["type"], one.get("warning")) for one in found],
                         [("warning", "leftover"), ("summary", None)])
        self.assertIn(".tidemark/0123456789abcdef/17.tmp", found[0]["message"])
        self.assertEqual(self.store.get(".tidemark/0123456789abcdef/17.tmp"), b"half", "a reader sweeps nothing")

    def test_ten_thousand_partitions(self):
        one = archive(0, 1)[:-512]
        for partition in range(10_000):
            self.store.put(key(partition, 1), one + tools.footer(one, partition, 1, 1))
        self.assertEqual(len(lines("info", *self.url())), 10_000)
        self.assertIn("in 10000 partitions: all well", run("verify", *self.url(), "--since-checkpoint",
                                                           self.path("checkpoint"))[0])
        summary = lines("verify", *self.url(), "--since-checkpoint", self.path("checkpoint"))[-1]
        self.assertEqual((summary["archives"], summary["known"]), (334, 9_666))

    def test_a_reader_writes_nothing(self):
        self.fill(1, (1, 3), (6, 6))
        before = tools.tree(self.store.directory.name)
        run("verify", *self.url(), expect=1)
        run("ls", *self.url())
        run("gaps", *self.url())
        self.restore("--to", 3)
        self.prune("--before", 3)
        self.assertEqual(tools.tree(self.store.directory.name), before)
        missing = f"file://{self.path('not there')}"
        for verb in (["ls"], ["verify"], ["info"], ["gaps"]):
            run(*verb, missing, expect=3)
        self.assertFalse(os.path.exists(self.path("not there")))

    def test_output_that_cannot_be_written(self):
        self.singles(1, 1, 3)
        with open("/dev/full", "w") as full:
            done = subprocess.run(tools.command("ls", *self.url()), stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("No space left", done.stderr)
        self.restore(name="/proc/none", expect=4)

    def test_a_bomb(self):
        """More members than any log entry has: memory stays what it is."""
        one = tools.lsn_text(1)
        head = tools.member(one + "/", kind=b"5")
        members = b"".join(tools.member(f"{one}/{number:07}") for number in range(200_000))
        self.store.put(key(1, 1), archive(1, 1, 1, head + members))
        for verb, more in (("verify", []), ("restore", ["main/1", self.path("out")])):
            limited = ["prlimit", f"--as={ADDRESS_SPACE_BYTES}"] if not SANITIZED else []
            done = subprocess.run([*limited, *tools.command(verb, *self.url(*more), "--jobs", 2)], capture_output=True,
                                  text=True, timeout=200)
            self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_progress(self):
        """On a terminal there is a line with the rate; behind a pipe there is none."""
        self.singles(1, 1, 300)
        for arguments in (["verify", *self.url()], ["restore", *self.url("main/1", self.path("out"))]):
            shown = self.on_terminal(arguments)
            self.assertRegex(shown, r"\d+ archives  \d+ %  [0-9.]+ KiB of [0-9.]+ MiB")
        self.assertEqual(run("verify", *self.url())[1], "")

    def on_terminal(self, arguments):
        """What goes to stderr if that is a terminal; the store answers slowly, so that there is time to show it."""
        slow = f"faulty:///?of={urllib.parse.quote(self.store.url, safe='')}&delay_ms=5"
        master, slave = os.openpty()
        with os.fdopen(master, "rb", 0) as terminal:
            process = subprocess.Popen(tools.command(*(slow if word == self.store.url else word for word in arguments)),
                                       stdout=subprocess.DEVNULL, stderr=slave)
            os.close(slave)
            shown = b""
            try:
                while piece := terminal.read(65536):
                    shown += piece
            except OSError:
                pass  # the other end is closed
            self.assertEqual(process.wait(60), 0, shown)
        return shown.decode()

    def test_sinks(self):
        found = {one["name"]: one for one in lines("sinks")}
        self.assertLessEqual({"file", "s3", "faulty"}, set(found))
        self.assertIn("staging", [option["name"] for option in found["file"]["options"]])
        run("sinks", "--sink-dir", self.dir, expect=3)

    def test_ctrl_c(self):
        self.singles(1, 1, 40)
        # Every answer of this sink takes a minute.
        url = f"faulty:///?of=file%3A%2F%2F{self.store.directory.name}&delay_ms=60000"
        for verb in (["verify", url], ["restore", url, "main/1", self.path("out")], ["ls", url]):
            process = subprocess.Popen(tools.command(*verb), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 130, error)
            self.assertIn("interrupted", error)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_usage(self):
        for words in ([], ["nothing"], ["ls"], ["ls", "file:///", "a/b"], ["ls", "file:///", "main/01"],
                      ["ls", "no url"], ["ls", f"{self.store.url}?staging=x"],
                      ["restore", self.store.url, "main/x", "d"], ["fetch", self.store.url, "main/1", "0"],
                      ["fetch", self.store.url, "main/1", "@12"], ["verify", self.store.url, "--jobs", "0"],
                      ["verify", self.store.url, "--option", "staging"], ["gaps", self.store.url, "--reason", "x"],
                      ["ls", self.store.url, "--secret", "a=NOT_IN_THE_ENVIRONMENT"]):
            with self.subTest(words):
                run(*words, expect=2)
        run("ls", self.store.url, "--plugin", self.path("none"), expect=3)
        self.assertRegex(run("ls", "fil:///x", expect=3)[1], "no sink for scheme 'fil'.* there are azblob, faulty, file, .*s3")
        for word, verb in (("restor", "restore"), ("verfiy", "verify"), ("Info", "info"), ("gap", "gaps"), ("l", "ls")):
            error = run(word, self.store.url, expect=2)[1]
            self.assertEqual(error, f"tidemark: there is no verb '{word}'; did you mean '{verb}'? (there are ls, info, "
                                    "verify, fetch, restore, prune, copy, check, gaps, takeover, keygen, sinks)\n")
        self.assertIn("no verb 'nothing' (there", run("nothing", expect=2)[1])
        self.assertIn("no verb 'a\\x1bb'", run("a\x1bb", expect=2)[1])

    def test_the_reader_has_seen_enough(self):
        self.singles(1, 1, 3000)
        for verb, more in (("ls", []), ("ls", ["--json"]), ("fetch", ["main/1", "3000"])):
            if verb == "fetch":
                self.store.put(key(1, 3000), archive(1, 3000, content=tools.entry(3000, bytes(1 << 20))))
            process = subprocess.Popen(tools.command(verb, *self.url(*more)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdout.read(1)
            process.stdout.close()
            error = process.stderr.read()
            process.stderr.close()
            self.assertEqual((process.wait(60), error), (141, b""))


class S3Test(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def test_unreachable(self):
        self.singles(1, 1, 3)
        self.store.imposter.process.send_signal(signal.SIGTERM)
        self.store.imposter.process.wait(30)
        for verb in (["ls"], ["info"], ["verify"], ["gaps"], ["prune"], ["restore"], ["fetch"]):
            more = {"prune": ["main/1", "--before", 2], "restore": ["main/1", self.path("out")],
                    "fetch": ["main/1", 2, "-o", self.path("out")]}.get(verb[0], [])
            _, error = run(*verb, *self.url(*more), expect=3)
            self.assertIn("cannot open s3://", error)
        self.assertEqual(os.listdir(self.dir), [])

    def test_a_moody_store(self):
        """One answer in ten is an error; what is worth a second try gets it."""
        self.store.close()
        self.store = tools.S3Store("--rate", "slowdown=0.05,internal=0.03,reset_before=0.02,truncated_xml=0.02",
                                   *tools.FEWER_FAULTS_THAN_TRIES, "--seed", 7)
        body = {key(1, lsn): archive(1, lsn) for lsn in range(1, 31)}
        self.put_patiently(body)
        self.assertIn("verified 30 archives", run("verify", *self.url())[0])
        self.restore()
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 31)))
        self.prune("--before", 20, "--yes")
        run("verify", *self.url())
        self.assertIn("status.503", self.store.imposter.state()["counts"])

    def put_patiently(self, bodies):
        for object_key, body in bodies.items():
            for _ in range(20):
                try:
                    if self.store.client.put(object_key, body).status == 200:
                        break
                except (OSError, http.client.HTTPException):
                    pass

    def test_a_slow_store(self):
        """With many jobs the time that each answer takes passes at the same time: so many requests are on their way together."""
        connections = {}
        for jobs in (1, 32):
            self.store.close()
            self.store = tools.S3Store("--max-keys", 1000, "--threads", 64, "--delay-ms", 20)
            for lsn in range(1, 161):
                self.store.put(key(1, lsn), archive(1, lsn))
            before = self.store.imposter.state()["connections"]
            self.restore("--jobs", jobs, name=f"out{jobs}")
            connections[jobs] = self.store.imposter.state()["connections"] - before
        self.assertEqual(self.restored("out32"), tools.expected_tree(range(1, 161)))
        # One is opened where all others wait for an answer.
        self.assertLessEqual(connections[1], 4)
        self.assertGreaterEqual(connections[32], 16)


if __name__ == "__main__":
    unittest.main()
