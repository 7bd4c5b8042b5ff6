#!/usr/bin/python3
"""takeover: which data directory may take a storage over, and what it says of those that may not; on a directory
(FileTakeoverTest) and on an S3 store (S3TakeoverTest)."""

import fcntl
import hashlib
import os
import subprocess
import unittest

import cli_tools as tools
from cli_tools import archive, epoch_key, epoch_record, key, lines, lsn_text, run

OWNER = "00112233445566778899aabbccddeeff"


def claim(number, owner=OWNER, host="node-1"):
    """As tools.epoch_record has it."""
    return hashlib.sha256(f"{owner} {number} {host}".encode()).hexdigest()[:32]


def lineage(epochs, owner=OWNER, **how):
    """A lineage file that remembers these epochs of main, each with its chain."""
    text = f"TIDEMARK-LINEAGE 1\nowner={owner}\n"
    for number, chain in epochs.items():
        text += (f"storage=main archive={claim(1, owner)} epoch={number} "
                 f"claim={claim(number, owner, **how)} chain={chain}\n")
    return text + f"sha256={hashlib.sha256(text.encode()).hexdigest()}\n"


class Scenarios(tools.Scenario):
    def setUp(self):
        super().setUp()
        self.lineage = self.path("lineage")
        # Two runs of a host; then a clone of it, with other entries from 3 on.
        for number, parent in ((1, 0), (2, 1), (3, 2)):
            self.store.put(epoch_key(number), epoch_record(number, parent))
        self.store.put(key(1, 1), archive(1, 1))
        self.store.put(key(1, 2, epoch=2), archive(1, 2, epoch=2))
        self.store.put(key(1, 3, epoch=3), archive(1, 3, epoch=3))
        self.remember(lineage({2: "1-2"}))

    def remember(self, text):
        with open(self.lineage, "w") as file:
            file.write(text)

    def remembered(self):
        with open(self.lineage) as file:
            return file.read()

    def words(self, storage="main", over=3, reason="node 1 was the wrong one", file=None):
        return ["takeover", *self.url(storage), "--lineage-file", file or self.lineage, "--over", over, "--reason", reason]

    def refused(self, *complaints, expect=2, words=None, **how):
        keys, text = self.store.keys(), self.remembered()
        error = run(*(words or self.words(**how)), expect=expect)[1]
        for complaint in complaints:
            self.assertIn(complaint, error)
        self.assertEqual(self.store.keys(), keys)
        self.assertEqual(self.remembered(), text)

    @unittest.skipIf(os.geteuid() != 0, "only root can be the wrong user")
    def test_root_leaves_nothing_that_the_host_cannot_read(self):
        os.chown(self.lineage, 65534, 65534)
        self.refused("belongs to user 65534, and this runs as root", "setpriv --reuid=65534 --regid=65534")
        os.remove(self.lineage)
        os.chown(os.path.dirname(self.lineage), 65534, 65534)
        words = [*self.words(), "--restored-from", 2]
        self.assertIn("belongs to user 65534", run(*words, expect=2)[1])
        self.assertFalse(os.path.exists(self.lineage))

    def test_it_claims_the_next_epoch(self):
        taken, = lines(*self.words())
        self.assertEqual((taken["type"], taken["storage"], taken["epoch"], taken["over"], taken["lineage_file"]),
                         ("takeover", "main", 4, 3, self.lineage))
        record = self.store.get(epoch_key(4))[:-512].decode()
        for line in (f"owner={OWNER}", "parent=2", "how=takeover", "reason=node 1 was the wrong one"):
            self.assertIn(line + "\n", record)
        self.assertRegex(self.remembered(), r"(?m)^storage=main .* epoch=4 .* chain=1-2,4$")
        self.assertIn("claim=" + self.remembered().split("epoch=4 claim=")[1].split()[0] + "\n", record)
        # Each history has its own.
        listed = [one["key"] for one in lines("ls", *self.url("main/1"))]
        self.assertEqual(len(listed), 3)
        run("fetch", *self.url("main/1", 3), "-o", self.path("no"), expect=5)
        run("fetch", *self.url("main/1", 3), "--epoch", 3, "-o", self.path("three"))
        run("verify", *self.url())
        # Once more: who looks again sees that it is done.
        self.refused("the newest epoch of main is 4, not 3")
        out, _ = run(*self.words(over=4))
        self.assertRegex(out, "^claimed epoch 5 of main over epoch 4: start the host of .*/lineage, its history continues")
        self.assertRegex(self.remembered(), r"(?m)^storage=main .* epoch=5 .* chain=1-2,4-5$")

    def test_relative_names_and_tidemark_url(self):
        env = {**os.environ, "TIDEMARK_URL": self.store.url}
        words = self.store.arguments[1:]
        done = subprocess.run(tools.command("takeover", "main", *words, "--lineage-file", "lineage", "--over", 3,
                                                  "--reason", "x"), cwd=self.dir, env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"the host of {self.lineage},", done.stdout)

    def test_what_it_refuses(self):
        self.refused("the newest epoch of main is 3, not 2: look again", over=2)
        self.refused("the newest epoch of main is 3, not 9", over=9)
        self.refused("other has no epoch at this sink", storage="other")
        self.refused("the reason", reason="two\nlines")
        self.refused("the reason", reason="x" * 257)
        self.remember(lineage({1: "1"}, owner="f" * 32))
        self.refused("this archive belongs to another owner", epoch_key(3), OWNER, "f" * 32, self.lineage)
        self.remember(lineage({2: "1-2"}))
        record = epoch_record(3, 2)
        self.store.put(epoch_key(3), record[:40] + b"#" + record[41:])
        self.refused(epoch_key(3), expect=1)

    def test_a_file_that_is_not_whole(self):
        whole = lineage({2: "1-2"})
        for text, complaint in (("", "not a lineage file"), (whole[:-10], self.lineage), (whole.replace("owner=00", "owner=01"), "damaged"),
                                (whole.replace("LINEAGE 1", "LINEAGE 2"), self.lineage)):
            with self.subTest(text):
                self.remember(text)
                self.refused(f"lineage file {self.lineage}", complaint, expect=4)
        none = self.path("none")
        self.refused(f"lineage file {none}: No such file or directory", expect=4, file=none)
        self.assertFalse(os.path.exists(none))

    def test_a_lost_engine_that_was_restored(self):
        none = os.path.join(self.path("new"), "lineage")
        words = [*self.words(file=none), "--restored-from", 3]
        error = run(*words, expect=4)[1]
        self.assertIn(none, error)
        os.mkdir(self.path("new"))
        taken, = lines(*words)
        self.assertEqual((taken["epoch"], taken["over"], taken["restored_from"]), (4, 3, 3))
        with open(none) as file:
            text = file.read()
        self.assertIn(f"owner={OWNER}\n", text)
        self.assertRegex(text, r"(?m)^storage=main .* epoch=4 .* chain=1-4$")
        # Not the file of another engine that has archived something.
        self.remember(lineage({2: "1-2"}, owner="f" * 32))
        self.refused("f" * 32, "has archived main", expect=4, words=[*self.words(over=4), "--restored-from", 3])
        self.refused("there is no epoch 9 of main", words=[*self.words(over=4), "--restored-from", 9])

    def test_while_the_host_runs(self):
        with open(self.lineage + ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.refused(f"lineage file {self.lineage} is held by another archiver", expect=4)
        run(*self.words())

    def test_words(self):
        words = self.words()
        for option in ("--lineage-file", "--over", "--reason"):
            at = words.index(option)
            self.refused(option, words=words[:at] + words[at + 2:])
        self.refused("STORAGE: 'main/1' is a partition", storage="main/1")
        self.refused("STORAGE", words=["takeover", *self.url(), *words[words.index("--lineage-file"):]])
        self.refused("--over", over=0)
        self.refused("--over", over="some")

    def test_what_it_continues_is_what_the_data_came_from(self):
        """Of what is remembered the newest that the archive has: a try that never got there is none of it."""
        self.remember(lineage({1: "1", 2: "1-2"}, host="node-9"))
        for number, parent in ((1, 0),):
            self.store.remove(epoch_key(number))
            self.store.put(epoch_key(number), epoch_record(number, parent, host="node-9"))
        taken, = lines(*self.words())
        self.assertEqual(taken["epoch"], 4)
        self.assertIn("parent=1\n", self.store.get(epoch_key(4)).decode())
        self.assertRegex(self.remembered(), r"(?m)^storage=main .* epoch=4 .* chain=1,4$")


class FileTakeoverTest(Scenarios, unittest.TestCase):
    make_store = tools.FileStore

    def test_a_mistyped_place_is_not_created(self):
        none = self.path("nowhere")
        words = ["takeover", f"file://{none}", "main", "--lineage-file", self.lineage, "--over", 3, "--reason", "x"]
        self.assertIn("cannot open file://", run(*words, expect=3)[1])
        self.assertFalse(os.path.exists(none))


class S3TakeoverTest(Scenarios, unittest.TestCase):
    make_store = tools.S3Store


if __name__ == "__main__":
    unittest.main()
