#!/usr/bin/python3
"""restore into a DIR that has a part of it: what is read again, and what a prune took in between; on a directory
(FileAgainTest) and on an S3 store, where a gate counts what is read (S3AgainTest)."""

import os
import random
import shutil
import subprocess
import time
import unittest

import cli_tools as tools
import gate
import restore_tools
from cli_tools import archive, flipped, key, lines, run


def large_entry(lsn):
    return tools.entry(lsn, random.Random(lsn).randbytes(40_000))


class Scenarios(restore_tools.RestoreScenario):
    def large(self, first, last):
        content = b"".join(large_entry(lsn) for lsn in range(first, last + 1))
        self.store.put(key(1, first, last), archive(1, first, last, content))

    def test_a_footer_proves_what_is_there(self):
        """Then the archive is not read, so what rots in it is for verify and --check to find."""
        for lsn in range(1, 5):
            self.large(lsn, lsn)
        self.large(5, 9)
        self.restore()
        for first, last in ((2, 2), (5, 9)):
            self.store.put(key(1, first, last), flipped(self.store.get(key(1, first, last)), 2000))
        out, error = self.restore()
        self.assertIn("restored 0 entries of main/1", out)
        self.assertIn("9 were there already", out)
        self.assertNotIn("cannot be compared", error)
        out, error = self.restore("--check", expect=1)
        self.assertIn("3 the same, 0 different, 0 absent, 6 not compared", out)
        # What differs is compared with all of the archive, and that is damaged.
        path = self.path(f"out/{tools.lsn_text(7)}/data")
        with open(path, "r+b") as file:
            file.seek(39_999)
            file.write(b"\0" if file.read(1) != b"\0" else b"\1")
        self.assertIn("LSN 5 @0000000000005 to 9 @0000000000009 cannot be compared", self.restore(expect=1)[1])

    def test_every_difference_is_found(self):
        """Whatever was changed in one of the entries, with its time put back."""
        self.singles(1, 1, 3)
        self.fill(1, (4, 6))
        self.restore()
        good = self.restored()
        entry = self.path("out/" + tools.lsn_text(5))
        data = os.path.join(entry, "data")

        def overwrite():
            with open(data, "r+b") as file:
                file.write(b"E")

        for what, change in {
                "content": overwrite, "size": lambda: os.truncate(data, 3), "mode": lambda: os.chmod(data, 0o600),
                "mode of the entry": lambda: os.chmod(entry, 0o700),
                "one more": lambda: os.mkdir(entry + "/more"), "one less": lambda: os.unlink(entry + "/link"),
                "a link in its place": lambda: os.rename(data, self.path("data")) or os.symlink(self.path("data"), data),
        }.items():
            with self.subTest(what):
                status = os.stat(data)
                change()
                os.utime(data, ns=(status.st_atime_ns, status.st_mtime_ns))
                found = lines("restore", *self.url("main/1", self.path("out")), expect=1)
                self.assertEqual([(one["type"], one["first"]) for one in found[:-1]], [("differs", 5)])
                shutil.rmtree(entry)
                self.restore()
                self.assertEqual(self.restored(), good)

    def test_pruned_before_it_was_restored(self):
        """DIR then has a hole for good, and is not called complete, whenever it is asked."""
        self.singles(1, 1, 5)
        self.restore()
        self.singles(1, 6, 12)
        run("prune", *self.url("main/1"), "--before", 11, "--yes")
        lacks = r"lacks LSN 6 @\w+ to 10 @\w+ between .*: it was pruned before it was restored"
        self.assertRegex(self.restore("--dry-run", expect=1)[1], lacks)
        for words in ([], [], ["--check"]):
            out, error = self.restore(*words, expect=1)
            self.assertRegex(error, lacks)
            self.assertIn("2 entries of main/1" if words else "of main/1, LSN 11 ", out)
            self.assertEqual(self.restored(), tools.expected_tree([*range(1, 6), 11, 12]))
        found = lines("restore", *self.url("main/1", self.path("out")), expect=1)
        self.assertEqual([(one["type"], one["first"], one["last"]) for one in found],
                         [("missing", 6, 10), ("summary", 11, 12)])
        self.assertFalse(found[-1]["complete"])
        self.restore("--from", 11)
        whole = self.path("whole")
        run("restore", *self.url(whole))
        self.singles(1, 13, 20)
        run("prune", *self.url("main/1"), "--before", 20, "--yes")
        out, error = run("restore", *self.url(whole), expect=1)
        self.assertRegex(error, r"main/1 lacks LSN 13 @\w+ to 19 @")
        self.assertIn("restored 0 partitions of 1", out)

    def test_older_entries_right_before_it(self):
        self.singles(1, 1, 6)
        self.restore()
        for before, last in ((4, 8), (7, 10), (9, 12)):
            run("prune", *self.url("main/1"), "--before", before, "--yes")
            self.singles(1, last - 1, last)
            self.assertNotIn("lacks", self.restore()[1])
            self.assertEqual(self.restored(), tools.expected_tree(range(1, last + 1)))

    def test_an_accepted_loss_further_back(self):
        """Its record was pruned; it was passed over when it was one."""
        self.singles(1, 1, 2)
        self.store.put(key(1, 3, 4, "gap"), tools.gap_record(1, 3, 4))
        self.singles(1, 5, 8)
        run("gaps", *self.url(), "--acknowledge", "main/1", 3, 4, "--reason", "node 4 died")
        self.restore()
        run("prune", *self.url("main/1"), "--before", 7, "--yes")
        _, error = self.restore()
        self.assertIn("has holes before LSN 5 @0000000000005", error)
        self.assertNotIn("lacks", error)

    def test_all_was_pruned(self):
        self.singles(1, 1, 3)
        self.singles(2, 1, 1)
        for name in ("out", "less"):
            run("restore", *self.url(self.path(name)))
        self.singles(1, 4, 5)
        run("restore", *self.url(self.path("out")))
        run("prune", *self.url("main/1"), "--before", 6, "--all", "--yes")
        self.assertIn("nothing of main/1 is left", run("restore", *self.url(self.path("out")))[0])
        out, error = run("restore", *self.url(self.path("less")), expect=1)
        self.assertRegex(error, r"main/1 lacks LSN 4 @\w+ to 5 @")
        self.assertIn("restored 1 partition of 2", out)


class FileAgainTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()


class S3AgainTest(Scenarios, unittest.TestCase):
    def make_store(self):
        store = tools.S3Store("--max-keys", 1000)
        self.gate = gate.Gate(store.imposter.port)
        self.addCleanup(self.gate.close)
        store.arguments += ["--option", self.gate.option]
        return store

    def counted(self, *words, expect=0):
        """(GETs of archives, bytes of all answers)"""
        self.gate.requests.clear()
        self.gate.answered_bytes = 0
        self.restore(*words, expect=expect)
        return self.gate.count("GET", ".tar"), self.gate.answered_bytes

    def test_what_is_read_again(self):
        for lsn in range(1, 11):
            self.large(lsn, lsn)
        self.large(11, 20)
        first, again, check = self.counted(), self.counted(), self.counted("--check")
        self.assertEqual([first[0], again[0], check[0]], [11, 11, 11])
        self.assertGreater(min(first[1], check[1]), 20 * 40_000)
        self.assertLess(again[1], 20_000, "a footer of each, and the listing")
        shutil.rmtree(self.path("out/" + tools.lsn_text(15)))
        gets, read_bytes = self.counted()
        self.assertEqual(gets, 13, "the batch is read for what is missing, and for what is there before and after that")
        self.assertLess(read_bytes, 33 * 40_000)
        self.assertEqual(len(self.restored()), 60)
        following = subprocess.Popen(tools.command("restore", *self.url("main/1", self.path("out")), "--follow"),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(following.kill)
        self.gate.answered_bytes = 0
        self.gate.requests.clear()
        self.assertTrue(self.gate.wait_for(f"{tools.name(11, 20)}"))
        self.large(21, 21)
        self.assertTrue(self.gate.wait_for(tools.name(21)))
        while not os.path.exists(self.path("out/" + tools.lsn_text(21))):
            time.sleep(0.01)
        following.terminate()
        self.assertEqual(following.wait(60), 0)
        self.assertLess(self.gate.answered_bytes, 80_000)


if __name__ == "__main__":
    unittest.main()
