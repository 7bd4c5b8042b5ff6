#!/usr/bin/python3
"""host-sim and tidemark with the Azure sink. STORE is imposter or azurite; HOST_SIM, TIDEMARK and AZBLOB_IMPOSTER name the
programs. Exit 77: Azurite is not installed."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import azblob_tools  # noqa: E402
import host_sim_tools as tools  # noqa: E402

DEADLINE_S = 400
STORE = None  # one for all tests


def setUpModule():
    global STORE
    STORE = azblob_tools.open_store(os.environ["STORE"])
    # As an operator has it: the key is in the environment, and in no command line.
    os.environ["AZURE_STORAGE_KEY"] = STORE.key


def tearDownModule():
    STORE.close()


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="azblob-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.data = self.path("data")
        self.client = STORE.client()
        self.prefix = f"test-{uuid.uuid4().hex[:12]}"

    def path(self, name):
        return os.path.join(self.dir, name)

    def url(self, *more):
        return STORE.sink_url(*more, prefix="/" + self.prefix)

    def arguments(self, entries, *more, sink=None, partitions=8):
        return ["run", "--data", self.data, "--sink", sink or self.url(), "--entries", entries,
                "--partitions", partitions, "--timeout", DEADLINE_S, "--no-lineage", "--option", "workers=8", *tools.FAST_RETRY, *more]

    def verify(self, entries, *sinks):
        """Nothing missing, nothing different, and each object what its own footer says."""
        words = [word for sink in sinks for word in ("--sink", sink)]
        out, _ = tools.run("verify", "--data", self.data, *words)
        self.assertRegex(out, rf"^verified {entries} entries in \d+ archives: 0 missing, 0 different\n$")

    def keys(self):
        """Every object below the prefix, by a client that is not the sink."""
        return [key[len(self.prefix) + 1:] for key in self.client.keys(self.prefix + "/")]

    def check_objects(self, keys):
        for key in keys:
            self.assertRegex(key, r"^main/\d+/[0-9a-z]{13}\.tar$")
            answer = self.client.get(f"{self.prefix}/{key}")
            self.assertEqual(answer.status, 200, key)
            footer = answer.body[-512:].rstrip(b"\0").decode()
            self.assertIn(f"sha256={hashlib.sha256(answer.body[:-512]).hexdigest()} ", footer, key)

    def tidemark(self, verb, *words, expect=0):
        done = subprocess.run([os.environ["TIDEMARK"], verb, *words], capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertNotIn(STORE.key, done.stdout + done.stderr)
        return done.stdout

    def test_run_and_verify(self):
        """Small ones in one request, and some in blocks."""
        tools.run(*self.arguments(60))
        tools.run(*self.arguments(64, "--files", 2, "--file-size", "3MiB", sink=self.url("block_threshold=1MiB", "block_size=2MiB")))
        self.verify(64, self.url())
        keys = self.keys()
        self.assertEqual(len(keys), 64)
        self.check_objects(keys[::5])

    def test_there_and_back_under_load(self):
        """From files to the store in one run, from the store to files in the next: each entry is in one of the two."""
        files, rate = f"file://{self.path('files')}", ["--rate", "40/s"]
        tools.run(*self.arguments(150, *rate, "--swap-sink", self.url(), "--swap-at", 50, sink=files))
        in_store = len(self.keys())
        self.assertGreater(in_store, 0)
        tools.run(*self.arguments(300, *rate, "--swap-sink", files, "--swap-at", 200))
        self.verify(300, files, self.url())
        self.assertGreater(len(self.keys()), in_store)

    def test_operated(self):
        """What tidemark does to an archive there: check, list, verify, restore, copy, prune."""
        tools.run(*self.arguments(40, "--option", "batch_entries=4", partitions=2))
        self.tidemark("check", self.url())
        self.assertEqual(len(self.tidemark("ls", self.url(), "--json").splitlines()), len(self.keys()))
        self.assertIn("all well", self.tidemark("verify", self.url()))
        self.tidemark("restore", self.url(), "main/1", self.path("out"))
        self.assertEqual(len(os.listdir(self.path("out"))), 20)
        self.tidemark("copy", self.url(), f"file://{self.path('copy')}")
        self.assertIn("all well", self.tidemark("verify", f"file://{self.path('copy')}"))
        back = STORE.sink_url(prefix=f"/{self.prefix}-back")
        self.tidemark("copy", f"file://{self.path('copy')}", back)
        self.assertIn("all well", self.tidemark("verify", back))
        last = sorted(key for key in self.keys() if key.startswith("main/0/"))[-1]
        self.tidemark("prune", self.url(), "main/0", "--before", "@" + last[len("main/0/"):][:13], "--yes")
        self.assertIn("1 partition was pruned", self.tidemark("verify", self.url()))

    @unittest.skipUnless(shutil.which("rclone"), "rclone is not installed")
    @unittest.skipUnless(os.environ["STORE"] == "azurite", "rclone asks for more than the imposter knows")
    def test_a_stranger_beside_us(self):
        """Debian's rclone with a container's signature: it reads what we wrote, and we read what it wrote."""
        tools.run(*self.arguments(12, partitions=2))
        with open(self.path("rclone.conf"), "w") as file:
            file.write(f"[az]\ntype = azureblob\nsas_url = {STORE.endpoint}/{azblob_tools.CONTAINER}?{self.client.sas('rcwdl')}\n")

        def rclone(*words):
            done = subprocess.run(["rclone", "--config", self.path("rclone.conf"), *words], capture_output=True, text=True,
                                  timeout=DEADLINE_S)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        there = f"az:{azblob_tools.CONTAINER}/{self.prefix}"
        self.assertEqual(len(rclone("lsf", "-R", "--files-only", there).split()), 12)
        rclone("copy", there, self.path("copy"))
        self.assertIn("all well", self.tidemark("verify", f"file://{self.path('copy')}"))
        rclone("copy", self.path("copy"), there + "-theirs")
        self.assertIn("all well", self.tidemark("verify", STORE.sink_url(prefix=f"/{self.prefix}-theirs")))

    def test_two_hosts_on_one_prefix(self):
        """Of two that archive the same entries at once, each object is made by one of them."""
        tools.run(*self.arguments(30, partitions=2))
        first = {key: self.client.get(f"{self.prefix}/{key}").headers["ETag"] for key in self.keys()}
        shutil.copytree(self.data, self.path("other"))
        two = [subprocess.Popen(tools.command(*[data if word == self.data else word for word in self.arguments(60, partitions=2)]),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for data in (self.data, self.path("other"))]
        for process in two:
            process.wait(DEADLINE_S)
        again = {key: self.client.get(f"{self.prefix}/{key}").headers["ETag"] for key in self.keys()}
        self.assertEqual({key: again[key] for key in first}, first, "an object was replaced")
        self.check_objects([key for key in again if key not in first])


if __name__ == "__main__":
    unittest.main()
