#!/usr/bin/python3
"""Clones, and engines restored to an older state, through the real plugin and sinks. HOST_SIM names the program."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import host_sim_tools as tools


def journal(data):
    with open(os.path.join(data, "journal")) as file:
        return {tuple(line.split()[:3]): line.split()[3] for line in file.read().splitlines()}


class Clone(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-clone-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.data, self.clone = self.path("data"), self.path("clone")

    def path(self, name):
        return os.path.join(self.dir, name)

    def arguments(self, data, archive, *more):
        return ["run", "--data", data, "--sink", f"file://{self.path(archive)}", "--timeout", 120, *more]

    def verify(self, data, *archives):
        """All that the journal says is in the archives. Returns how many entries that are."""
        found = tools.verify(data, *(self.path(archive) for archive in archives))
        self.assertIn(": 0 missing, 0 different", found)
        return int(found.split()[1])

    def differ(self, at_least, at_most):
        """In each partition the two hosts have entries of one history, and then other content under every LSN. How
        many they have in common is between the two."""
        ours, theirs = journal(self.data), journal(self.clone)
        both = sorted(set(ours) & set(theirs))
        equal = [key for key in both if ours[key] == theirs[key]]
        self.assertTrue(at_least <= len(equal) <= at_most < len(both), (len(equal), at_least, at_most, len(both)))
        for partition in {key[:2] for key in both}:
            lsns = [key[2] for key in both if key[:2] == partition]
            self.assertEqual([lsn for lsn in lsns if (*partition, lsn) in equal], lsns[:sum(key[:2] == partition for key in equal)])

    def test_of_an_engine_at_work(self):
        process = subprocess.Popen(
            tools.command(*self.arguments(self.data, "archive", "--entries", 1500, "--rate", "700/s")),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            while not os.path.exists(os.path.join(self.data, "journal")) or len(journal(self.data)) < 300:
                self.assertIsNone(process.poll())
                time.sleep(0.02)
            tools.run("run", "--data", self.clone, "--clone-of", self.data)
            self.assertIsNone(process.poll(), "it is at work all the while")
            # Also one that stands still, wherever it was stopped.
            process.send_signal(signal.SIGSTOP)
            tools.run("run", "--data", self.path("second"), "--clone-of", self.data)
            process.send_signal(signal.SIGCONT)
            _, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, errors)
        finally:
            process.kill()
            process.communicate()
        common = len(journal(self.clone))
        self.assertGreaterEqual(common, 300)
        tools.run(*self.arguments(self.clone, "of-clone", "--entries", 1700))
        self.differ(common, 1499)
        self.assertEqual(self.verify(self.data, "archive"), 1500)
        self.assertEqual(self.verify(self.clone, "of-clone", "archive"), 1700)
        tools.run(*self.arguments(self.path("second"), "of-second", "--entries", 1600))
        self.assertEqual(self.verify(self.path("second"), "of-second", "archive"), 1600)

    def test_restored_to_an_older_state(self):
        tools.run(*self.arguments(self.data, "archive", "--entries", 200))
        # Of the four partitions each has 50.
        tools.run(*self.arguments(self.clone, "of-clone", "--clone-of", self.data, "--restore-to", 30, "--entries", 200))
        self.differ(120, 120)
        self.assertEqual(self.verify(self.data, "archive"), 200)
        self.assertEqual(self.verify(self.clone, "of-clone", "archive"), 200)
        before = journal(self.data)
        tools.run("run", "--data", self.data, "--restore-to", 10)
        self.assertEqual(len(journal(self.data)), 40)
        tools.run(*self.arguments(self.data, "again", "--entries", 60))
        after = journal(self.data)
        self.assertEqual([before[key] == digest for key, digest in after.items()], [True] * 40 + [False] * 20)
        self.assertEqual(self.verify(self.data, "again", "archive"), 60)

    def test_refuses_what_cannot_be_cloned(self):
        tools.run(*self.arguments(self.data, "archive", "--entries", 20))
        os.mkdir(self.path("empty"))
        _, errors = tools.run("run", "--data", self.clone, "--clone-of", self.path("empty"), expect=1)
        self.assertIn("has no journal", errors)
        _, errors = tools.run("run", "--data", self.data, "--clone-of", self.path("empty"), expect=1)
        self.assertIn("is not empty; a clone needs a directory of its own", errors)
        self.assertEqual(self.verify(self.data, "archive"), 20)
        process = subprocess.Popen(tools.command("run", "--data", self.data, "--sink", "faulty:///?delay_ms=60000",
                                                 "--entries", 30), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while len(journal(self.data)) < 30:
                time.sleep(0.02)
            _, errors = tools.run("run", "--data", self.data, "--restore-to", 5, expect=1)
            self.assertIn("is in use by another host-sim", errors)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    unittest.main()
