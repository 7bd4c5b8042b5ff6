#!/usr/bin/python3
"""host-sim and tidemark with the real plugin and this sink, against an imposter for each test.

HOST_SIM, TIDEMARK and GS_IMPOSTER name the programs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import gs_tools  # noqa: E402
import host_sim_tools as tools  # noqa: E402

DEADLINE_S = 200
SMALL_PIECES = "resumable_threshold=256KiB&resumable_piece=512KiB"


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="gs-store-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.data = self.path("data")
        self.imposter = gs_tools.Imposter("--demands-condition", "--page-size", 100)
        self.addCleanup(self.imposter.close)
        self.client = self.imposter.client()

    def path(self, name):
        return os.path.join(self.dir, name)

    def url(self, *more, prefix="/p"):
        return self.imposter.sink_url(*more, prefix=prefix)

    def file_url(self):
        return f"file://{self.path('files')}"

    def arguments(self, entries, *more, sink=None, partitions=8, lineage=("--no-lineage",), data=None):
        return ["run", "--data", data or self.data, "--sink", sink or self.url(), "--entries", entries, "--partitions",
                partitions, "--timeout", DEADLINE_S, *lineage, "--option", "workers=8", *tools.FAST_RETRY, *more]

    def verify(self, entries, *sinks):
        """Nothing missing, nothing different, and each object what its own footer says."""
        words = [word for sink in sinks for word in ("--sink", sink)]
        out, _ = tools.run("verify", "--data", self.data, *words)
        self.assertRegex(out, rf"^verified {entries} entries in \d+ archives: 0 missing, 0 different\n$")

    def keys(self, prefix="p/"):
        """Every object below the prefix, by a client that is not the sink."""
        return [name[len(prefix):] for name in self.client.names(prefix)]

    def tidemark(self, verb, *words, expect=0):
        done = subprocess.run([os.environ["TIDEMARK"], verb, *words], capture_output=True, text=True,
                              timeout=DEADLINE_S)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout

    def test_run_and_verify(self):
        tools.run(*self.arguments(300))
        self.verify(300, self.url())
        keys = self.keys()
        self.assertEqual(len(keys), 300)
        self.check_objects(keys[::10])

    def check_objects(self, keys):
        """A stranger, Python, reads what we wrote."""
        for key in keys:
            self.assertRegex(key, r"^main/\d+/[0-9a-z]{13}\.tar$")
            answer = self.client.get(f"p/{key}")
            self.assertEqual(answer.status, 200, key)
            footer = answer.body[-512:].rstrip(b"\0").decode()
            self.assertIn(f"sha256={hashlib.sha256(answer.body[:-512]).hexdigest()} ", footer, key)
            with open(self.path("copy"), "wb") as file:
                file.write(answer.body)
            with tarfile.open(self.path("copy")) as tar:
                self.assertGreater(len(tar.getmembers()), 0)

    def test_pieces(self):
        tools.run(*self.arguments(6, "--files", 3, "--file-size", "700KiB", sink=self.url(SMALL_PIECES)))
        self.verify(6, self.url())
        self.check_objects(self.keys())
        state = self.imposter.state()
        self.assertGreaterEqual(state["counts"]["send"], 24)
        self.assertEqual(state["sessions"], [])

    def test_there_and_back_under_load(self):
        """From files to the service in one run, back in the next: each entry is in one of the two."""
        rate = ["--rate", "100/s"]
        tools.run(*self.arguments(400, *rate, "--swap-sink", self.url(), "--swap-at", 100, sink=self.file_url()))
        in_store = len(self.keys())
        self.assertGreater(in_store, 0)
        tools.run(*self.arguments(800, *rate, "--swap-sink", self.file_url(), "--swap-at", 500))
        self.verify(800, self.file_url(), self.url())
        self.assertGreater(len(self.keys()), in_store)
        self.assertGreater(tools.whole_archives(self.path("files")), 100)

    def test_operated(self):
        """What tidemark does to an archive: list, verify, restore, copy there and back, prune."""
        tools.run(*self.arguments(40, "--option", "batch_entries=4", partitions=2))
        url = self.url()
        self.assertEqual(len(self.tidemark("ls", url, "--json").splitlines()), len(self.keys()))
        self.assertIn("all well", self.tidemark("verify", url))
        self.tidemark("restore", url, "main/1", self.path("out"))
        self.assertEqual(len(os.listdir(self.path("out"))), 20)
        self.tidemark("check", self.url(prefix="/empty"), "--allow-empty")
        self.tidemark("copy", url, self.file_url())
        self.tidemark("copy", self.file_url(), self.url(SMALL_PIECES, prefix="/copy"))
        self.assertEqual(self.keys("copy/"), self.keys())
        for key in self.keys():
            self.assertEqual(self.client.get(f"copy/{key}").body, self.client.get(f"p/{key}").body, key)
        last = sorted(key for key in self.keys() if key.startswith("main/0/"))[-1]
        self.tidemark("prune", url, "main/0", "--before", "@" + last[len("main/0/"):][:13], "--yes")
        self.assertIn("1 partition was pruned", self.tidemark("verify", url))

    def test_two_hosts_on_one_prefix(self):
        """Both have the same entries: each object is created once, and nobody's is replaced."""
        runs = []
        for host in ("one", "two"):
            words = self.arguments(200, sink=self.url(SMALL_PIECES), data=self.path(host), partitions=4)
            runs.append(subprocess.Popen(tools.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        for run in runs:
            out, log = run.communicate(timeout=DEADLINE_S)
            self.assertEqual(run.returncode, 0, out + log)
        state = self.imposter.state()
        self.assertEqual({count for key, count in state["creates"].items()}, {1}, state["creates"])
        self.assertEqual(len(self.keys()), 200)


if __name__ == "__main__":
    unittest.main()
