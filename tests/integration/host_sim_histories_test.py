#!/usr/bin/python3
"""Two hosts have archived one storage, each its own history: each is read back whole by its epoch, and one of them dropped.
HOST_SIM and TIDEMARK name the programs."""

import os
import shutil
import subprocess
import tempfile
import unittest

import host_sim_tools as tools

TIDEMARK = os.environ["TIDEMARK"]


def journal(data):
    """Of each entry its digest, by storage, partition and LSN."""
    with open(os.path.join(data, "journal")) as file:
        return {tuple(line.split()[:3]): line.split()[3] for line in file.read().splitlines()}


class Histories(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-histories-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.sink = "file://" + self.path("archive")
        self.host("old", 200)
        tools.run("run", "--data", self.path("new"), "--clone-of", self.path("old"))
        shutil.copy(self.path("old/lineage"), self.path("new/lineage"))
        self.host("old", 400)  # 2: what the other does not know of
        self.tidemark("takeover", self.sink, "main", "--lineage-file", self.path("new/lineage"), "--over", "2",
                      "--reason", "the old one burnt")
        self.host("new", 340)
        self.old, self.new = journal(self.path("old")), journal(self.path("new"))
        self.assertEqual(len([key for key, digest in self.new.items() if self.old.get(key) == digest]), 200)

    def path(self, name):
        return os.path.join(self.dir, name)

    def host(self, host, entries):
        tools.run("run", "--data", self.path(host), "--sink", self.sink, "--partitions", 2, "--entries", entries,
                  "--option", f"lineage_file={self.path(host)}/lineage", "--option", "batch_entries=16", "--timeout", 120)

    def tidemark(self, *arguments, expect=0):
        done = subprocess.run([TIDEMARK, *arguments], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def recover(self, data, *more, expect=0):
        return tools.run("recover", "--data", self.path(data), "--sink", self.sink, *more, expect=expect)[1]

    def test_each_is_recovered_by_its_epoch(self):
        self.recover("old-again", "--epoch", 2)
        self.assertEqual(journal(self.path("old-again")), self.old)
        self.recover("new-again")
        self.assertEqual(journal(self.path("new-again")), self.new)
        for host, epoch in (("old", 2), ("new", 4)):
            found = tools.run("verify", "--data", self.path(host), "--sink", self.sink, "--epoch", epoch)[0]
            self.assertIn(": 0 missing, 0 different", found)
            self.tidemark("restore", self.sink, "main", self.path(f"{host}-out"), "--epoch", str(epoch))
        self.tidemark("restore", self.sink, "main", self.path("old-out"), "--check", expect=1)
        self.tidemark("restore", self.sink, "main", self.path("new-out"), "--check")
        self.assertIn("there is no epoch 9", self.recover("none", "--epoch", 9, expect=1))

    def test_the_dead_one_is_dropped(self):
        self.assertIn("in the history of the newest", self.tidemark("prune", self.sink, "main", "--branch", "4", expect=2))
        self.assertIn("main: epoch 2, 2 runs (tidemark restore --epoch 2), branches from epoch 1",
                      self.tidemark("info", self.sink))
        self.tidemark("prune", self.sink, "main", "--branch", "2", "--yes")
        self.tidemark("verify", self.sink)
        self.recover("new-again")
        self.assertEqual(journal(self.path("new-again")), self.new)
        self.assertIn("there is no epoch 2", self.recover("old-again", "--epoch", 2, expect=1))
        self.host("new", 360)  # and it goes on
        self.tidemark("verify", self.sink)


if __name__ == "__main__":
    unittest.main()
