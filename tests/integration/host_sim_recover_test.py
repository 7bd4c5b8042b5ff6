#!/usr/bin/python3
"""A lost engine comes back from its archive, through the real plugin and sinks. HOST_SIM names the program."""

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import host_sim_tools as tools

BATCHES = ["--option", "batch_entries=16", "--option", "partition_inflight=4"]


def journal(data):
    """Every record, whatever the order of the commits."""
    with open(os.path.join(data, "journal")) as file:
        return sorted(file.read().splitlines())


def without_progress(errors):
    """A line of it comes where that takes long."""
    return re.sub(r"^ *\d+ % .*\n", "", errors, flags=re.MULTILINE)


class Recovery(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-recover-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.lost, self.found = self.path("lost"), self.path("found")
        self.archive = self.path("archive")
        self.url = f"file://{self.archive}"

    def path(self, name):
        return os.path.join(self.dir, name)

    keeps_lineage = False

    def run_engine(self, data, *more, **kwargs):
        batches = [] if any("batch_entries" in str(word) for word in more) else tools.ONE_BY_ONE
        lineage = [] if self.keeps_lineage else ["--no-lineage"]
        done = tools.run("run", "--data", data, "--sink", self.url, "--timeout", 120, *batches, *lineage, *more, **kwargs)
        # Whoever wants to archive here again keeps a copy of it elsewhere.
        if self.keeps_lineage:
            shutil.copyfile(os.path.join(data, "lineage"), self.path("lineage"))
        return done

    def recovery(self, *more):
        return ["recover", "--data", self.found, "--sink", self.url, *more]

    def recover(self, *more, **kwargs):
        return tools.run(*self.recovery(*more), **kwargs)

    def archives_of(self, partition):
        folder = os.path.join(self.archive, partition)
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".tar")]

    def goes_on(self, entries, more, archived=None):
        """The engine that was found archives to the same sink, from the next LSN on."""
        before = len(journal(self.found))
        if self.keeps_lineage:
            shutil.copyfile(self.path("lineage"), os.path.join(self.found, "lineage"))
        self.run_engine(self.found, "--entries", entries + more, "--partitions", 3, *BATCHES)
        self.assertEqual(len(journal(self.found)), before + more)
        self.assertRegex(tools.verify(self.found, self.archive),
                         rf"^verified {before + more} entries in \d+ archives: 0 missing, 0 different\n$")

    def test_everything_comes_back_and_goes_on(self):
        self.keeps_lineage = True
        files = self.path("files")
        for number in range(30):
            os.makedirs(os.path.join(files, str(number % 3)), exist_ok=True)
            with open(os.path.join(files, str(number % 3), f"näme {number}"), "wb") as file:
                file.write(os.urandom(number * 900))
        # One by one, in batches, and over an end of the engine.
        self.run_engine(self.lost, "--entries", 60, "--partitions", 3)
        self.run_engine(self.lost, "--entries", 300, "--partitions", 3, *BATCHES)
        self.run_engine(self.lost, "--storage", "files", "--from", files, *BATCHES)
        self.run_engine(self.lost, "--storage", "third", "--entries", 12, "--partitions", 12)
        written = journal(self.lost)
        shutil.rmtree(self.lost)

        out, errors = self.recover("--json", self.path("json"))
        self.assertRegex(out, r"^recovered 342 of 342 entries of 19 partitions from \d+ archives\n$")
        self.assertEqual(without_progress(errors), "")
        self.assertEqual(journal(self.found), written)
        self.assertEqual(sorted(os.listdir(self.found)), ["files", "journal", "lock", "main", "third"])
        wal = os.path.join(self.found, "main", "1", "wal")
        self.assertEqual(len(os.listdir(wal)), 100)
        with open(os.path.join(self.found, "main", "1", "position")) as file:
            self.assertEqual(file.read(), "acked 100\nlow 1\nnext 101\n")
        before = tools.whole_archives(self.archive)
        self.goes_on(300, 45)
        self.assertGreater(tools.whole_archives(self.archive), before)
        lsns = tools.archived_lsns(self.archive)[os.path.join(self.archive, "main", "1")]
        self.assertEqual(sorted(lsns), list(range(1, 116)))
        # Files that were committed before are not committed again.
        self.run_engine(self.found, "--storage", "files", "--from", files)
        self.assertEqual(len(journal(self.found)), 342 + 45)

    def test_killed_again_and_again_it_finishes(self):
        self.run_engine(self.lost, "--entries", 900, "--partitions", 3, "--file-size", 8000, *BATCHES)
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        killed = 0
        longest_s = 0.5
        while killed < 6:
            begin = time.monotonic()
            process = subprocess.Popen(tools.command(*self.recovery("--jobs", 2)), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            try:
                _, errors = process.communicate(timeout=chance.uniform(0, longest_s))
                self.assertEqual(process.returncode, 0, errors)
                longest_s = time.monotonic() - begin
                shutil.rmtree(self.found)
                continue
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
            recovering = os.path.exists(os.path.join(self.found, "recovering"))
            if os.path.exists(os.path.join(self.found, "journal")) and not recovering:
                shutil.rmtree(self.found)  # killed when all was done
                continue
            killed += 1
            if recovering:
                _, errors = self.run_engine(self.found, "--entries", 1, expect=1)
                self.assertIn("is not recovered yet", errors)
        self.recover()
        self.assertEqual(journal(self.found), journal(self.lost), f"seed {seed}")
        leftovers = [name for folder, folders, names in os.walk(self.found) for name in folders + names
                     if name.startswith(".") or name.endswith((".tmp", ".new"))]
        self.assertEqual(leftovers, [])
        self.goes_on(900, 30)

    def test_a_known_gap_is_told(self):
        self.run_engine(self.lost, "--entries", 40, "--partitions", 1)
        # Committed while the sink is down, and some of it lost before it was archived.
        tools.run("run", "--no-lineage", "--data", self.lost, "--sink", "faulty:///?no_space_rate=1", "--entries", 60,
                  "--partitions", 1, "--timeout", 2, *tools.FAST_RETRY, expect=3)
        wal = os.path.join(self.lost, "main", "0", "wal")
        waiting = sorted(os.listdir(wal))
        self.assertEqual(len(waiting), 20)
        for name in waiting[:5]:
            shutil.rmtree(os.path.join(wal, name))
        _, log = self.run_engine(self.lost, "--entries", 60, "--partitions", 1, *BATCHES)
        self.assertIn("GAP", log)
        _, errors = self.recover()
        self.assertEqual(errors, "main/0: LSNs 41 to 45 (5 entries) had been lost before they were archived\n")
        lost = {f"main 0 {name} " for name in waiting[:5]}
        kept = [record for record in journal(self.lost) if not any(record.startswith(key) for key in lost)]
        self.assertEqual(len(kept), 55)
        self.assertEqual(journal(self.found), kept)
        self.run_engine(self.found, "--entries", 70, "--partitions", 1)
        self.assertRegex(tools.verify(self.found, self.archive), r"^verified 65 entries in \d+ archives: 0 missing, 0 d")

    def test_an_archive_that_begins_later_is_told(self):
        self.run_engine(self.lost, "--entries", 30, "--partitions", 1)
        for path in self.archives_of("main/0")[:10]:
            os.remove(path)
        _, errors = self.recover()
        self.assertEqual(errors, "main/0: the partition begins at LSN 11, and no record says why\n")
        self.assertEqual(journal(self.found), journal(self.lost)[10:])
        self.run_engine(self.found, "--entries", 40, "--partitions", 1)
        self.assertRegex(tools.verify(self.found, self.archive), r"^verified 30 entries in 30 archives: 0 missing, 0 d")

    def test_a_partition_that_a_known_archive_no_longer_has_is_told(self):
        engine = ("run", "--data", self.lost, "--sink", f"file://{self.archive}", "--partitions", 1, "--entries")
        tools.run(*engine, 30)
        for path in self.archives_of("main/0"):
            os.remove(path)
        _, log = tools.run(*engine, 40)
        self.assertIn("main/0 begins at 31: the sink holds nothing of 1..30; earlier epochs have archived here: if these entries are "
                      "among that, the sink has lost them, or its listing leaves them out", log)

    def test_an_archive_that_is_known_to_begin_later_is_well(self):
        first = self.path("first")
        tools.run("run", "--no-lineage", *tools.ONE_BY_ONE, "--data", self.lost, "--sink", f"file://{first}", "--entries", 30, "--partitions", 1)
        _, log = self.run_engine(self.lost, "--entries", 50, "--partitions", 1, "--log-level", "info")
        self.assertIn("main/0 begins at 31: the sink holds nothing of 1..30", log)
        record = os.path.join(self.archive, "main", "0", f"{tools.lsn_text(30)}-{tools.lsn_text(1)}.origin")
        self.assertTrue(os.path.exists(record))
        self.assertEqual(tools.verify(self.lost, self.archive), "verified 50 entries in 20 archives: 0 missing, "
                         "0 different, 30 from before the archive began\n")
        # The older archive has them, so there they are wanted.
        hidden = os.path.join(first, "main", "0", tools.lsn_text(5) + ".tar")
        os.rename(hidden, hidden + ".hidden")
        self.assertIn(": 1 missing, 0 different\n", tools.verify(self.lost, first, self.archive, expect=1))
        _, errors = self.recover()
        self.assertEqual(without_progress(errors), "")
        self.assertEqual(journal(self.found), journal(self.lost)[30:])
        self.run_engine(self.found, "--entries", 60, "--partitions", 1)
        self.assertRegex(tools.verify(self.found, self.archive), r"^verified 30 entries in 30 archives: 0 missing, 0 different\n$")
        # What is lost after the beginning is a hole, and a damaged record explains nothing.
        shutil.rmtree(self.found)
        os.remove(self.archives_of("main/0")[0])
        _, errors = self.recover(expect=1)
        self.assertIn("cannot recover main/0: LSN 31 missing from the archive", errors)
        shutil.rmtree(self.found)
        os.chmod(record, 0o600)
        with open(record, "r+b") as file:
            file.write(b"M")
        _, errors = self.recover(expect=1)
        self.assertIn(os.path.basename(record), errors)
        _, errors = tools.run("verify", "--data", self.lost, "--sink", self.url, expect=1)
        self.assertIn(os.path.basename(record), errors)

    def test_a_hole_without_a_record_is_an_error_that_names_it(self):
        self.run_engine(self.lost, "--entries", 90, "--partitions", 3)
        hidden = self.archives_of("main/1")[10:12]
        for path in hidden:
            os.rename(path, path + ".hidden")
        out, errors = self.recover(expect=1)
        self.assertIn("cannot recover main/1: LSNs 11 to 12 (2 entries) missing from the archive", errors)
        self.assertRegex(out, r"^recovered 60 of 88 entries ")
        _, errors = self.run_engine(self.found, "--entries", 1, expect=1)
        self.assertIn("is not recovered yet", errors)
        for path in hidden:
            os.rename(path + ".hidden", path)
        self.recover()
        self.assertEqual(journal(self.found), journal(self.lost))

    def test_a_damaged_archive_is_an_error_that_names_it(self):
        self.run_engine(self.lost, "--entries", 64, "--partitions", 1, "--commit-first", *BATCHES)
        damaged = self.archives_of("main/0")[2]
        with open(damaged, "rb") as file:
            whole = file.read()
        os.chmod(damaged, 0o600)
        with open(damaged, "r+b") as file:
            file.seek(2048)
            file.write(bytes([whole[2048] ^ 1]))
        _, errors = self.recover(expect=1)
        self.assertIn("main/0/" + os.path.basename(damaged), errors)
        with open(damaged, "wb") as file:
            file.write(whole)
        self.recover()
        self.assertEqual(journal(self.found), journal(self.lost))

    def test_archives_may_overlap(self):
        """Batches, and beside them some of their entries one by one, as another engine's options make them."""
        singles = self.path("singles")
        together = ["--entries", 40, "--partitions", 1, "--keep-acked"]
        self.run_engine(self.lost, *together, "--commit-first", "--option", "batch_entries=16")
        tools.run("run", "--no-lineage", *tools.ONE_BY_ONE, "--data", self.lost, "--sink", f"file://{singles}", *together)
        for lsn in (1, 5, 6, 20, 40):
            name = os.path.join("main", "0", tools.lsn_text(lsn) + ".tar")
            shutil.copyfile(os.path.join(singles, name), os.path.join(self.archive, name))
        # Three batches and four others: 40 alone comes behind the batch that ends with it.
        self.assertEqual(tools.verify(self.lost, self.archive),
                         "verified 40 entries in 7 archives: 0 missing, 0 different\n")
        out, _ = self.recover()
        self.assertEqual(out, "recovered 40 of 40 entries of 1 partitions from 3 archives\n")
        self.assertEqual(journal(self.found), journal(self.lost))

    def test_refuses_what_is_no_place_to_recover_to_or_from(self):
        self.run_engine(self.lost, "--entries", 16)
        _, errors = tools.run("recover", "--data", self.lost, "--sink", self.url, expect=1)
        self.assertIn("is not empty", errors)
        empty = self.path("nothing")
        _, errors = tools.run("recover", "--data", self.found, "--sink", f"file://{empty}", expect=1)
        self.assertIn("is it mounted?", errors)
        self.assertFalse(os.path.exists(empty))
        os.mkdir(empty)
        _, errors = tools.run("recover", "--data", self.found, "--sink", f"file://{empty}", expect=1)
        self.assertIn("holds no archives", errors)
        self.assertFalse(os.path.exists(self.found))
        second = self.archives_of("main/0")[1]
        os.rename(second, second + ".hidden")
        self.recover(expect=1)
        shutil.copytree(self.archive, self.path("copy"))
        _, errors = tools.run("recover", "--data", self.found, "--sink", f"file://{self.path('copy')}", expect=1)
        self.assertRegex(errors, re.escape(f"was being recovered from {self.url}"))

    def test_an_archive_is_read_once(self):
        """One batch behind a sink that takes its time: once for each entry would last 20 s and more."""
        self.run_engine(self.lost, "--entries", 200, "--partitions", 1, "--commit-first", "--option",
                        "batch_entries=4096")
        self.assertEqual(len(self.archives_of("main/0")), 1)
        slow = f"faulty:///?of={self.url}&delay_ms=100"
        begin = time.monotonic()
        self.assertEqual(tools.run("verify", "--data", self.lost, "--sink", slow)[0],
                         "verified 200 entries in 1 archives: 0 missing, 0 different\n")
        tools.run("recover", "--data", self.found, "--sink", slow)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual(journal(self.found), journal(self.lost))


if __name__ == "__main__":
    unittest.main()
