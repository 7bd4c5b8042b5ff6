#!/usr/bin/python3
"""restore and prune, each on a directory (FileRestoreTest) and on an S3 store (S3RestoreTest)."""

import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import cli_tools as tools
import restore_tools
from cli_tools import archive, flipped, key, lines, run


class Scenarios(restore_tools.RestoreScenario):
    """The scenarios; what has no make_store is not run."""

    # ---- restore

    def test_restore(self):
        self.fill(1, (1, 3), (4, 4), (5, 9), (8, 12), (13, 13))
        self.assertIn("would restore 13 entries", self.restore("--dry-run")[0])
        self.assertFalse(os.path.exists(self.path("out")))
        self.assertRegex(self.restore()[0], "restored 13 entries of main/1, LSN 1 .* to 13 ")
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 14)))
        # A hole in what is there is filled, the rest is left alone.
        for lsn in (2, 3, 9):
            shutil.rmtree(self.path("out/" + tools.lsn_text(lsn)))
        self.fill(1, (14, 15))
        self.assertIn("would restore 5 entries", self.restore("--dry-run")[0])
        self.assertIn("restored 5 entries", self.restore("--jobs", 1)[0])
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 16)))
        self.restore("--from", 4, "--to", "@0000000000008", name="some")
        self.assertEqual(self.restored("some"), tools.expected_tree(range(4, 9)))
        self.fill(2, (1, 3))
        self.assertIn("holds entries of main/1", self.restore(partition=2, expect=2)[1])

    def test_restore_refuses_holes(self):
        self.fill(1, (1, 3), (6, 9), (12, 14))
        self.store.put(key(1, 4, 5, "gap"), tools.gap_record(1, 4, 5))
        out, error = self.restore(expect=1)
        self.assertIn("missing     main/1 LSN 4 @0000000000004 to 5", out)
        self.assertIn("missing     main/1 LSN 10 @000000000000a to 11", out)
        self.assertRegex(out, "gap         main/1 LSN 4 .*the engine no longer had it")
        self.assertIn("--to 3 stops before, --from 12 begins after", error)
        self.restore("--to", 20, "--from", 12, expect=1)
        self.assertFalse(os.path.exists(self.path("out")))
        run("gaps", *self.url(), "--acknowledge", "main/1", 4, 5, "--reason", "node 4 died")
        self.assertIn("node 4 died", self.restore("--to", 9, "--strict", expect=1)[0])
        self.restore("--from", 6, "--to", 9)
        self.assertEqual(self.restored(), tools.expected_tree(range(6, 10)))
        self.restore("--from", 20, name="none", expect=1)

    def test_restore_from_another_archive(self):
        self.singles(1, 1, 6)
        self.store.put(key(1, 3), flipped(archive(1, 3), 1030))
        _, error = self.restore(expect=1)
        self.assertIn(key(1, 3), error)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 3)))
        self.fill(1, (2, 5))
        _, error = self.restore()
        self.assertIn(f"comes from {key(1, 2, 5)}", error)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 7)))

    def test_hostile_archives(self):
        """Nothing leaves DIR, nothing half is left, and each is called what it is: damaged."""
        one = tools.lsn_text(1)
        outside = self.path("outside")
        folder = tools.member(one + "/", kind=b"5")
        hostile = {
            "absolute": tools.member(outside, b"x"),
            "absolute inside": folder + tools.member("/" + one + "/x", b"x"),
            "dotdot": folder + tools.member(one + "/../../outside", b"x"),
            "through a link": folder + tools.member(one + "/l", kind=b"2", target=self.dir) +
                              tools.member(one + "/l/outside", b"x"),
            "a device": folder + tools.member(one + "/dev", kind=b"3"),
            "a fifo": folder + tools.member(one + "/fifo", kind=b"6"),
            "a hard link": folder + tools.member(one + "/h", kind=b"1", target="/etc/passwd"),
            "another entry": folder + tools.member(tools.lsn_text(2) + "/x", b"x"),
            "a lying size": folder + tools.member(one + "/x", b"x" * 512, size=(8 << 30) - 1),
            "no tar": os.urandom(4096),
            "nothing": b"",
        }
        for number, (what, content) in enumerate(hostile.items(), 1):
            with self.subTest(what):
                self.store.put(key(number, 1), archive(number, 1, 1, content))
                _, error = self.restore(name=f"out{number}", partition=number, expect=1)
                self.assertIn(key(number, 1), error)
                self.assertEqual(self.restored(f"out{number}"), {})
                self.assertFalse(os.path.exists(outside))
                self.assertEqual(self.problems_of(number), [("damaged", key(number, 1))])

    def test_links_out_are_only_links(self):
        """A link that points out of DIR is what the engine had; it is restored and not followed."""
        one = tools.lsn_text(1)
        content = tools.member(one + "/", kind=b"5") + tools.member(one + "/l", kind=b"2", target="/etc")
        self.store.put(key(1, 1), archive(1, 1, 1, content))
        self.restore()
        self.assertEqual(self.restored(), {one: "dir", one + "/l": "-> /etc"})

    # ---- prune

    def test_prune(self):
        self.fill(1, (1, 3), (4, 4), (5, 9), (10, 10))
        before = self.store.keys()
        out, _ = self.prune("--before", 8)
        self.assertIn(f"would remove {key(1, 1, 3)}", out)
        self.assertEqual(self.store.keys(), before)
        self.prune("--before", 8, "--yes", "--dry-run", expect=2)
        self.prune("--yes", expect=2)
        self.prune("--before", 8, "--yes")
        self.assertEqual(self.tars(), [key(1, 5, 9), key(1, 10)])
        self.assertIn("all well, 1 partition was pruned", run("verify", *self.url())[0])
        self.assertEqual(lines("info", *self.url())[0]["pruned_through"], 4)
        self.restore()
        self.assertEqual(self.restored(), tools.expected_tree(range(5, 11)))
        self.assertIn("would remove 0 archives", self.prune("--older-than", "1d")[0])
        # A second one replaces the record of the first.
        out, _ = self.prune("--before", 10, "--yes")
        self.assertIn(f"removed {key(1, 1, 4, 'pruned')}", out)
        self.assertIn("removed 1 archive and 1 record", out)
        self.assertEqual(len([one for one in self.store.keys() if one.endswith(".pruned")]), 1)
        run("verify", *self.url())

    # ---- what may not be believed, and what a person decides

    def test_archives_that_disagree(self):
        self.fill(1, (1, 1), (2, 2), (4, 4), (5, 6))
        other = tools.entry(1) + tools.entry(2, b"other 2") + tools.entry(3)
        self.store.put(key(1, 1, 3), archive(1, 1, 3, other))
        self.fill(1, (4, 5))
        out, error = self.restore(expect=1)
        self.assertIn(f"disagree    main/1 LSN 2 @0000000000002: {key(1, 2)} and {key(1, 1, 3)}", out)
        self.assertEqual(out.count("disagree"), 1, "the others hold the same")
        self.assertIn("--prefer KEY", error)
        self.assertFalse(os.path.exists(self.path("out")))
        self.restore("--dry-run", expect=1)
        found = [one for one in lines("restore", *self.url("main/1", self.path("out")), expect=1)
                 if one["type"] == "disagree"]
        self.assertEqual([(one["first"], one["key"], one["other_key"]) for one in found],
                         [(2, key(1, 2), key(1, 1, 3))])
        self.restore("--from", 3, name="after")
        self.assertIn("has no archive of this key", self.restore("--prefer", key(1, 9), expect=2)[1])
        self.restore("--prefer", key(1, 2), name="singles")
        self.assertEqual(self.restored("singles"), tools.expected_tree(range(1, 7)))
        self.restore("--prefer", key(1, 1, 3), name="batch")
        two = tools.lsn_text(2)
        self.assertEqual(self.restored("batch"), {**tools.expected_tree(range(1, 7)), two + "/data": b"other 2"})
        # The one that a person chose is not quietly replaced by one that says something else.
        self.store.put(key(1, 1, 3), flipped(self.store.get(key(1, 1, 3)), 600))
        self.assertIn("--prefer names it", self.restore("--prefer", key(1, 1, 3), name="rotten", expect=1)[1])

    def test_one_between_two_that_disagree_is_damaged(self):
        self.fill(1, (1, 1), (2, 2), (3, 3))
        self.store.put(key(1, 1, 2), flipped(archive(1, 1, 2), 700))
        self.store.put(key(1, 1, 3), archive(1, 1, 3, tools.entry(1) + tools.entry(2, b"x") + tools.entry(3)))
        self.assertIn(f"{key(1, 2)} and {key(1, 1, 3)}", self.restore(expect=1)[0])

    def test_records_are_read_before_they_are_believed(self):
        self.singles(1, 1, 4)
        for body in (b"", flipped(tools.record(1, 1, 3, "pruned"), 20), tools.record(1, 1, 2, "pruned")):
            self.store.put(key(1, 1, 3, "pruned"), body)
            _, error = self.restore(name=f"out{len(body)}")
            self.assertIn(key(1, 1, 3, "pruned"), error)
            self.assertEqual(self.restored(f"out{len(body)}"), tools.expected_tree(range(1, 5)))
            self.store.remove(key(1, 1, 3, "pruned"))
        self.store.remove(key(1, 2))
        self.store.put(key(1, 2, 2, "accepted"), b"")
        out, error = self.restore(expect=1)
        self.assertIn("missing     main/1 LSN 2", out)
        self.assertRegex(out, "damaged     main/1 LSN 2 .*explains nothing")
        self.assertFalse(os.path.exists(self.path("out")))

    # ---- losses

    def test_accepted_losses_are_passed(self):
        self.fill(1, (1, 2), (5, 6), (9, 9))
        for first, last in ((3, 4), (7, 7), (8, 8), (10, 11)):
            self.store.put(key(1, first, last, "gap"), tools.gap_record(1, first, last))
        out, error = self.restore(expect=1)
        self.assertIn("missing     main/1 LSN 10", out, "lost at the end is lost too")
        self.assertFalse(os.path.exists(self.path("out")))
        commands = [line.strip() for line in error.splitlines() if " --acknowledge " in line]
        self.assertEqual([line.split(" main/1 ")[1] for line in commands],
                         [f"{lost} --reason 'WHY'" for lost in ("3 4", "7 8", "10 11")])
        for line in commands:  # as written
            subprocess.run(line.replace("tidemark ", tools.TIDEMARK + " ", 1).replace("WHY", "node 4 died"),
                           shell=True, check=True, stdout=subprocess.DEVNULL)
        out, _ = self.restore()
        self.assertEqual(out.count("accepted as lost on"), 3)
        self.assertIn("node 4 died", out)
        self.assertEqual(self.restored(), tools.expected_tree((1, 2, 5, 6, 9)))
        error = self.restore("--strict", name="strict", expect=1)[1]
        self.assertNotIn("--acknowledge", error, "nobody can accept it once more")
        self.assertIn("what was accepted as lost is missing too; without --strict restore passes over it", error)
        self.store.put(key(1, 10, 14, "gap"), tools.gap_record(1, 10, 14))
        error = self.restore("--strict", name="strict", expect=1)[1]
        self.assertEqual(re.findall("--acknowledge main/1 (.*) --reason", error), ["12 14"])
        self.store.remove(key(1, 10, 14, "gap"))
        self.assertFalse(os.path.exists(self.path("strict")))
        found = lines("restore", *self.url("main/1", self.path("out")), "--check")
        self.assertEqual([one["type"] for one in found], ["accepted"] * 3 + ["summary"])
        self.assertEqual((found[-1]["passed"], found[-1]["there_before"], found[-1]["complete"]), (6, 5, True))

    # ---- stopped and continued

    def test_interrupted(self):
        self.singles(1, 1, 120)
        arguments = ["restore", *self.url("main/1", self.path("out")), "--jobs", "3"]
        for number in range(8):
            process = subprocess.Popen(tools.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(0.02 + 0.01 * number)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, 130, -2), error)
            # What has its name is whole, and in order.
            shown = os.listdir(self.path("out")) if os.path.isdir(self.path("out")) else []
            there = sorted(name for name in shown if not name.startswith("."))
            self.assertEqual(there, [tools.lsn_text(lsn) for lsn in range(1, len(there) + 1)])
            visible = {path: content for path, content in self.restored().items() if not path.startswith(".")}
            self.assertEqual(visible, tools.expected_tree(range(1, len(there) + 1)))
        run(*arguments)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 121)))

    # ---- what is in DIR already

    def damage(self, lsn, how):
        path = os.path.join(self.path("out"), tools.lsn_text(lsn), "data")
        with open(path, "rb") as file:
            body = file.read()
        with open(path, "wb") as file:
            file.write(how(body))
        return path

    def test_what_is_there_is_compared(self):
        self.fill(1, (1, 3), (4, 4), (5, 9))
        self.restore()
        shutil.rmtree(self.path("out/" + tools.lsn_text(8)))
        longer, other = self.damage(2, lambda body: body + b"x"), self.damage(4, lambda body: b"X" + body[1:])
        out, error = self.restore(expect=1)
        self.assertRegex(out, rf"differs     main/1 LSN 2 .*: {longer}: has \d+ bytes, \d+ in the archive")
        self.assertRegex(out, rf"differs     main/1 LSN 4 .*: {other}: has other content")
        self.assertIn("restored 1 entry of main/1", out)
        self.assertIn("2 entries in", error)
        found = lines("restore", *self.url("main/1", self.path("out")), expect=1)
        self.assertEqual([(one["type"], one["first"]) for one in found],
                         [("differs", 2), ("differs", 4), ("summary", 1)])
        self.assertEqual((found[-1]["different"], found[-1]["there_before"]), (2, 9))
        # It is moved away, as the message says.
        for lsn in (2, 4):
            shutil.rmtree(self.path("out/" + tools.lsn_text(lsn)))
        self.restore()
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 10)))

    def test_check_changes_nothing(self):
        self.fill(1, (1, 3), (4, 6))
        out, _ = self.restore("--check", expect=1)
        self.assertIn("0 the same, 0 different, 6 absent", out)
        self.assertFalse(os.path.exists(self.path("out")))
        self.restore()
        self.assertIn("6 the same, 0 different, 0 absent", self.restore("--check")[0])
        shutil.rmtree(self.path("out/" + tools.lsn_text(5)))
        self.damage(6, lambda body: body[:-1])
        os.mkdir(self.path("out/" + tools.lsn_text(6) + "/more"))
        before = tools.tree(self.path("out"))
        out, _ = self.restore("--check", expect=1)
        self.assertIn("absent      main/1 LSN 5", out)
        self.assertIn("4 the same, 1 different, 1 absent", out)
        self.assertEqual(tools.tree(self.path("out")), before)
        self.restore("--check", "--dry-run", expect=2)
        # A damaged archive proves nothing; another one may.
        self.store.put(key(1, 1, 3), flipped(archive(1, 1, 3), 700))
        _, error = self.restore("--check", "--to", 3, expect=1)
        self.assertRegex(error, rf"LSN 1 .* to 3 .* cannot be compared: {key(1, 1, 3)}: ")
        # Nor is it a reason to leave out what comes after it.
        self.store.put(key(1, 1, 3), flipped(archive(1, 1, 3), -500))
        self.fill(1, (7, 8))
        out, error = self.restore(expect=1)
        self.assertIn("restored 3 entries", out)
        self.assertIn("cannot be compared", error)
        self.assertIn(tools.lsn_text(8), os.listdir(self.path("out")))
        self.fill(1, (1, 5))
        self.assertIn(f"comes from {key(1, 1, 5)}", self.restore("--check", "--to", 3)[1])

    def test_a_directory_of_others(self):
        self.singles(1, 1, 2)
        os.makedirs(self.path("out"))
        with open(self.path("out/notes"), "w") as file:
            file.write("mine")
        _, error = self.restore(expect=2)
        self.assertIn("'notes'", error)
        self.assertEqual(os.listdir(self.path("out")), ["notes"])
        self.restore("--into-existing")
        self.assertEqual(self.restored(), {**tools.expected_tree((1, 2)), "notes": b"mine"})

    # ---- More than one partition

    def test_everything_at_once(self):
        self.singles(1, 1, 5)
        self.fill(2, (1, 3), (4, 4))
        self.singles(11, 3, 4)
        self.store.put("notes.txt", b"mine")
        out, error = run("restore", *self.url(self.path("out")), expect=1)  # main/11 lacks 1 and 2
        self.assertIn("not all of  main/11: not all of main/11 LSN 1 ", out)
        self.assertIn("restored 2 partitions of 3 into", out)
        self.assertIn("main/11", error)
        self.assertEqual(tools.tree(self.path("out/main/1")), tools.expected_tree(range(1, 6)))
        self.assertEqual(tools.tree(self.path("out/main/2")), tools.expected_tree(range(1, 5)))
        self.assertEqual(sorted(os.listdir(self.path("out/main"))), ["1", "2"])
        self.store.put(key(11, 1, 2), archive(11, 1, 2))
        objects = lines("restore", *self.url(self.path("out")))
        self.assertEqual(objects[-1], {"type": "total", "partitions": 3, "complete": 3, "failed": [], "not_tried": 0})
        self.assertEqual(tools.tree(self.path("out/main/11")), tools.expected_tree(range(1, 5)))
        run("restore", *self.url("main", self.path("main")))
        self.assertEqual(tools.tree(self.path("main/2")), tools.expected_tree(range(1, 5)))
        self.assertEqual(sorted(os.listdir(self.path("main"))), ["1", "11", "2"])
        self.assertIn("compared 3 partitions of 3", run("restore", *self.url(self.path("out")), "--check")[0])

    def test_everything_where_it_does_not_belong(self):
        self.singles(1, 1, 2)
        os.mkdir(self.path("out"))
        with open(self.path("out/notes"), "w") as file:
            file.write("mine")
        self.assertIn("'notes'", run("restore", *self.url(self.path("out")), expect=2)[1])
        self.assertEqual(os.listdir(self.path("out")), ["notes"])
        run("restore", *self.url(self.path("out")), "--into-existing")
        self.assertEqual(sorted(os.listdir(self.path("out"))), ["main", "notes"])
        for forgotten in ("main", "main/1"):  # the directory was forgotten
            self.assertIn("is a part of this archive", run("restore", *self.url(forgotten), expect=2)[1])
        self.assertIn("DIR", run("restore", self.store.arguments[0], expect=2)[1])
        self.assertIn("--from", run("restore", *self.url(self.path("x")), "--from", 2, expect=2)[1])
        self.assertFalse(os.path.exists("main"))
        self.assertIn("--prefer main/9/x", run("restore", *self.url(self.path("x")), "--prefer", "main/9/x", expect=2)[1])
        self.assertFalse(os.path.exists(self.path("x")))
        self.store.remove(key(1, 1))
        self.store.remove(key(1, 2))
        self.assertIn("nothing is stored there", run("restore", *self.url(self.path("new")), expect=1)[1])
        self.assertFalse(os.path.exists(self.path("new")))

    def test_everything_where_the_disk_refuses(self):
        for partition in range(1, 6):
            self.singles(partition, 1, 1)
        os.makedirs(self.path("out/main"))
        for partition in (2, 3, 4):
            with open(self.path(f"out/main/{partition}"), "w") as file:
                file.write("no directory")
        objects = lines("restore", *self.url(self.path("out")), "--jobs", 1, expect=4)
        self.assertEqual(objects[-1], {"type": "total", "partitions": 5, "complete": 1,
                                       "failed": ["main/2", "main/3", "main/4"], "not_tried": 1})
        self.assertEqual(tools.tree(self.path("out/main/1")), tools.expected_tree([1]))

    # ---- Times

    def test_times_stay_when_archives_are_copied(self):
        """The sink's times are all of now, as after cp -r; what counts is when each archive was made."""
        now = time.time()
        for lsn in range(1, 7):
            self.store.put(key(1, lsn), archive(1, lsn, made_s=now - 86400 * (60 - 10 * lsn)))
        self.store.put(key(1, 7), archive(1, 7))  # it does not say, so the sink's time counts
        then = f"@{int(now - 86400 * 25)}"
        self.restore("--to-time", then)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 4)))
        self.restore("--to-time", f"@{int(now - 3600)}", name="most")
        self.assertEqual(self.restored("most"), tools.expected_tree(range(1, 6)))
        # One that was made later, in an archive of its own: it is not of that time, nor is what follows.
        self.store.put(key(1, 2), archive(1, 2, made_s=now))
        self.restore("--to-time", then, name="one")
        self.assertEqual(self.restored("one"), tools.expected_tree([1]))
        run("prune", *self.url("main/1"), "--older-than", "25d", "--yes")
        self.assertEqual(self.tars(),
                         [key(1, lsn) for lsn in range(2, 8)])
        self.store.put(key(1, 2), archive(1, 2, made_s=now - 86400 * 40))
        run("prune", *self.url("main/1"), "--older-than", "25d", "--yes")
        self.assertEqual(self.tars(),
                         [key(1, lsn) for lsn in range(4, 8)])

    # ---- prune's limits

    def tars(self):
        return [one for one in self.store.keys() if one.endswith(".tar")]

    def test_prune_by_amount(self):
        self.singles(1, 1, 6)
        self.singles(2, 1, 3)
        self.fill(11, (1, 4), (5, 8))
        out, _ = run("prune", *self.url(), "--keep-last", 2)
        self.assertIn("looked at 3 partitions of 3", out)
        self.assertEqual(len(self.tars()), 11)
        objects = lines("prune", *self.url("main"), "--keep-last", 2, "--yes")
        self.assertEqual(objects[-1], {"type": "total", "partitions": 3, "complete": 3, "failed": [], "not_tried": 0})
        left = [key(1, 5), key(1, 6), key(11, 1, 4), key(11, 5, 8), key(2, 2), key(2, 3)]
        self.assertEqual(self.tars(), left)
        run("prune", *self.url(), "--keep-last", 2, "--yes")
        self.assertEqual(self.tars(), left)
        both = len(archive(1, 5)) + len(archive(1, 6))
        run("prune", *self.url("main/1"), "--keep-bytes", both, "--yes")
        self.assertEqual(self.tars(), left)
        run("prune", *self.url("main/1"), "--keep-bytes", both - 1, "--yes")
        self.assertEqual(self.tars(), left[1:])
        run("prune", *self.url("main/1"), "--keep-bytes", 1, "--yes")
        self.assertEqual(self.tars(), left[1:])  # the newest stays
        run("prune", *self.url("main"), "--keep-bytes", "1T", "--yes")
        self.assertEqual(self.tars(), left[1:])
        for wrong in (["--keep-last", 0], ["--keep-bytes", "much"], ["--keep-last", 1, "--older-than", "1d"], [],
                      ["--before", 3]):
            run("prune", *self.url(), *wrong, expect=2)
        self.assertIn("nothing is stored there", run("prune", *self.url("other"), "--keep-last", 1, expect=1)[1])

    def test_prune_goes_past_a_bad_one(self):
        self.singles(1, 1, 3)
        self.singles(2, 1, 1)
        self.singles(2, 3, 4)  # a hole that no record explains
        self.singles(3, 1, 3)
        out, error = run("prune", *self.url(), "--keep-last", 1, "--yes", expect=2)
        self.assertIn("entries 2 to 2 of main/2 are missing", error)
        self.assertIn("not all of  main/2", out)
        self.assertEqual(self.tars(), [key(1, 3), key(2, 1), key(2, 3), key(2, 4), key(3, 3)])

    def test_prune_keeps_the_newest(self):
        self.singles(1, 1, 5)
        before = self.store.keys()
        for arguments in (["--before", 99999, "--yes"], ["--before", 7, "--yes"], ["--before", 99999]):
            self.assertIn("main/1 ends at LSN 5", self.prune(*arguments, expect=2)[1])
        self.assertEqual(self.store.keys(), before)
        _, error = self.prune("--before", 6, "--yes")
        self.assertIn(f"the newest archive stays, {key(1, 5)}", error)
        self.assertEqual(self.store.keys(), [key(1, 1, 4, "pruned"), key(1, 5)])
        self.prune("--before", 6, "--all", "--yes")
        self.assertEqual(self.store.keys(), [key(1, 1, 5, "pruned")])
        self.assertIn("would remove 0 archives", self.prune("--before", 6)[0])
        self.assertIn("nothing of main/9 is there",
                      run("prune", *self.url("main/9"), "--before", 5, "--yes", expect=1)[1])
        self.fill(2, (1, 3), (4, 4))
        run("prune", *self.url("main/2"), "--before", 99999, "--all", "--yes")
        self.assertEqual(self.tars(), [])


class FileRestoreTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_to_time(self):
        for lsn in range(1, 7):
            self.store.put(key(1, lsn), archive(1, lsn), time_s=1_000_000 + 60 * lsn)
        self.restore("--to-time", "@1000180")
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 4)))
        self.restore("--to-time", "1970-01-12T13:50:59Z", name="four")
        self.assertEqual(self.restored("four"), tools.expected_tree(range(1, 5)))
        self.restore("--to-time", "1970-01-12 13:52", name="five")  # local time is UTC here
        self.assertEqual(self.restored("five"), tools.expected_tree(range(1, 6)))
        self.assertIn("before that time", self.restore("--to-time", "@1", name="none", expect=1)[1])
        self.restore("--to-time", "yesterday", expect=2)
        self.store.remove(key(1, 2))
        self.restore("--to-time", "@1000180", name="holed", expect=1)

    def test_older_than(self):
        now = time.time()
        for lsn in range(1, 7):
            self.store.put(key(1, lsn), archive(1, lsn), time_s=now - 86400 * (40 - 10 * lsn))
        run("prune", *self.url("main/1"), "--older-than", "15d", "--yes")
        self.assertEqual(self.tars(),
                         [key(1, lsn) for lsn in range(3, 7)])
        for lsn in range(3, 7):
            os.utime(self.store.path(key(1, lsn)), (now - 86400 * 99, now - 86400 * 99))
        run("prune", *self.url("main/1"), "--older-than", "30d", "--yes")
        self.assertEqual(self.tars(), [key(1, 6)])
        run("prune", *self.url("main/1"), "--older-than", "30d", "--all", "--yes")
        self.assertEqual(self.tars(), [])

    def test_times_of_files_that_lie_in_the_past(self):
        """What an archive says itself counts, though its file says that it is older."""
        for lsn in range(1, 5):
            self.store.put(key(1, lsn), archive(1, lsn, made_s=1_700_000_000 + lsn), time_s=1_000_000)
        self.restore("--to-time", "@1700000002")
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 3)))
        for lsn in range(3, 5):
            self.store.put(key(1, lsn), archive(1, lsn, made_s=time.time() - 60), time_s=1_000_000)
        run("prune", *self.url("main/1"), "--older-than", "30d", "--yes")
        self.assertEqual(self.tars(), [key(1, 3), key(1, 4)])

    def test_a_mistyped_place_is_not_created(self):
        place = self.path("typo")
        for words in (["prune", f"file://{place}", "--keep-last", 1, "--yes"],
                      ["gaps", f"file://{place}", "--acknowledge", "main/1", 1, 2, "--reason", "lost"]):
            self.assertIn(place, run(*words, expect=3)[1])
            self.assertFalse(os.path.exists(place))
        self.singles(1, 1, 2)
        self.assertIn("names an archive, not a directory", run("restore", *self.url("file:///srv/new"), expect=2)[1])

    def slow(self, delay_ms):
        return f"faulty:///?of=file%3A%2F%2F{self.store.directory.name}&delay_ms={delay_ms}"

    def begin_slow_restore(self):
        """Of main/1; its first entry is there."""
        process = subprocess.Popen(tools.command("restore", self.slow(40), "main/1", self.path("out"), "--jobs", 1),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not os.path.exists(self.path("out/" + tools.lsn_text(1))):
            self.assertIsNone(process.poll())
            time.sleep(0.005)
        return process

    def test_prune_while_it_restores(self):
        """The restore says that it was overtaken, and how far; what it brought before is whole."""
        self.singles(1, 1, 60)
        process = self.begin_slow_restore()
        run("prune", *self.url("main/1"), "--before", 51, "--yes")
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, error)
        self.assertRegex(error, r"main/1 was pruned up to LSN 50 @000000000001e while this restore ran: LSN \d+ ")
        self.assertIn("--from 51 brings it", error)
        self.assertIn("the rest was not restored", out)
        there = len(os.listdir(self.path("out")))
        self.assertGreater(there, 0)
        self.assertLess(there, 50)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, there + 1)))
        # The next one begins after it, and says that DIR has a hole.
        self.assertRegex(self.restore(expect=1)[1], f"lacks LSN {there + 1} .* to 50 .* pruned before it was restored")
        self.restore(name="new")
        self.assertEqual(self.restored("new"), tools.expected_tree(range(51, 61)))

    def test_somebody_removes_dir_while_it_restores(self):
        self.singles(1, 1, 60)
        process = self.begin_slow_restore()
        os.rename(self.path("out"), self.path("elsewhere"))
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 4, error)
        self.assertIn(self.path("out"), error)

    def test_somebody_removed_it_while_it_restored(self):
        self.singles(1, 1, 60)
        process = self.begin_slow_restore()
        self.store.remove(key(1, 55))
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, error)
        self.assertRegex(error, "LSN 55 .* was there a moment ago and is not any more, and no record says")
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 55)))


class S3RestoreTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def test_listed_and_cannot_be_read(self):
        """It is damage, not something that prune removed; another archive may have the entries."""
        self.store.close()
        self.store = tools.S3Store("--loses", tools.name(3))
        self.singles(1, 1, 5)
        _, error = self.restore(expect=1)
        self.assertIn(f"{key(1, 3)}: is listed but cannot be read", error)
        self.assertEqual(self.restored(), tools.expected_tree((1, 2)))
        self.fill(1, (2, 4))
        self.assertIn(f"comes from {key(1, 2, 4)}", self.restore()[1])
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 6)))

    def counted(self, *arguments):
        """(requests that prune made, without those of opening the sink, by operation; its objects)"""
        before = self.store.imposter.state()["counts"]
        objects = lines("prune", *self.url("main/1"), *arguments, "--yes")
        after = self.store.imposter.state()["counts"]
        return ({name: count - before.get(name, 0) for name, count in after.items()
                 if "." not in name and count > before.get(name, 0)}, objects)

    def test_prune_in_few_requests(self):
        self.store.close()
        self.store = tools.S3Store("--max-keys", 1000)
        small = archive(1, 1)  # prune believes names
        for lsn in range(1, 2502):
            self.store.put(key(1, lsn), small)
        counts, objects = self.counted("--before", 2501)
        self.assertEqual([one["key"] for one in objects[:-1]], [key(1, lsn) for lsn in range(1, 2501)])
        self.assertEqual((objects[-1]["archives"], objects[-1]["complete"]), (2500, True))
        self.assertEqual(self.store.keys(), [key(1, 1, 2500, "pruned"), key(1, 2501)])
        self.assertEqual(counts["DeleteObjects"], 3)
        self.assertLessEqual(counts.get("DeleteObject", 0), 1, counts)  # of the probe
        self.assertLess(sum(counts.values()), 40, counts)
        print(counts)

    def test_prune_in_stores_that_differ(self):
        """The end is the same, and what the store cannot do costs one request."""
        for habit, many in (("no_removals", 1), ("denies_removals", 1), ("malformed_removals", 1), ("unknown_removals", 1),
                            ("keeps_first", 1), ("forgets_first", 1), ("misses_absent", 1), ("empty_removals", 1)):
            with self.subTest(habit):
                self.store.close()
                self.store = tools.S3Store("--habits", habit)
                self.singles(1, 1, 12)
                counts, objects = self.counted("--before", 12)
                self.assertEqual([one["key"] for one in objects[:-1]], [key(1, lsn) for lsn in range(1, 12)])
                self.assertEqual(self.store.keys(), [key(1, 1, 11, "pruned"), key(1, 12)])
                self.assertEqual(counts["DeleteObjects"], many)
                self.assertEqual(self.problems(expect=0), [("pruned", None, "main/1")])
        # Nobody can know of a store that lies; verify names what is left, and the next prune asks again.
        self.store.close()
        self.store = tools.S3Store("--habits", "removes_none")
        self.singles(1, 1, 12)
        remnants = [("remnant", None, key(1, lsn)) for lsn in range(1, 12)]
        for _ in range(2):
            counts, objects = self.counted("--before", 12)
            self.assertEqual((objects[-1]["archives"], counts["DeleteObjects"]), (11, 1))
            self.assertEqual(self.problems(expect=0), remnants + [("pruned", None, "main/1")])


if __name__ == "__main__":
    unittest.main()
