#!/usr/bin/python3
"""host-sim with the real plugin and the S3 sink against a real store that runs already.

STORE_RECORD names the file that store_fixture.sh wrote, HOST_SIM the program; STORE_TLS=1 asks over HTTPS."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import host_sim_tools as tools  # noqa: E402
import s3_client  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE_S = 200


def read_record():
    with open(os.environ["STORE_RECORD"]) as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.store = read_record()
        self.dir = tempfile.mkdtemp(prefix="store-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.data = self.path("data")
        self.is_tls = os.environ.get("STORE_TLS") == "1"
        self.endpoint = self.store["S3_ENDPOINT_TLS" if self.is_tls else "S3_ENDPOINT"]
        self.client = s3_client.Client(self.endpoint, self.store["S3_BUCKET"], self.store["AWS_ACCESS_KEY_ID"],
                                       self.store["AWS_SECRET_ACCESS_KEY"], self.store["S3_REGION"],
                                       ca_file=self.store["S3_CA_FILE"])
        # Each test has a prefix of its own.
        self.prefix = f"test-{uuid.uuid4().hex[:12]}"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ[name] = self.store[name]

    def path(self, name):
        return os.path.join(self.dir, name)

    def url(self, more=""):
        tls = f"&ca_file={self.store['S3_CA_FILE']}" if self.is_tls else ""
        return (f"s3://{self.store['S3_BUCKET']}/{self.prefix}?region={self.store['S3_REGION']}"
                f"&endpoint={self.endpoint}{tls}{more}")

    def file_url(self):
        return f"file://{self.path('files')}"

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

    def test_run_and_verify(self):
        tools.run(*self.arguments(300))
        self.verify(300, self.url())
        keys = self.keys()
        self.assertEqual(len(keys), 300)
        self.check_objects(keys[::10])

    def test_multipart(self):
        """Entries of 12 MiB in parts of 5 MiB; what the store gives back is what was committed."""
        small_parts = "&multipart_threshold=6MiB&multipart_part_size=5MiB"
        tools.run(*self.arguments(6, "--files", 3, "--file-size", "4MiB", sink=self.url(small_parts)))
        self.verify(6, self.url())
        self.check_objects(self.keys())
        # Swift keeps the parts of an upload as objects of another bucket; what is open is listed in both stores.
        uploads = self.client.ask("GET", query=[("uploads", ""), ("prefix", self.prefix)])
        self.assertEqual((uploads.status, list(uploads.xml().iter("Upload"))), (200, []))

    def test_there_and_back_under_load(self):
        """From files to S3 in one run, from S3 to files in the next: each entry is in one of the two."""
        # The store is opened while entries flow, which may take it a second or two.
        rate = ["--rate", "100/s"]
        tools.run(*self.arguments(600, *rate, "--swap-sink", self.url(), "--swap-at", 150, sink=self.file_url()))
        in_store = len(self.keys())
        self.assertGreater(in_store, 0)
        tools.run(*self.arguments(1200, *rate, "--swap-sink", self.file_url(), "--swap-at", 750))
        self.verify(1200, self.file_url(), self.url())
        self.assertGreater(len(self.keys()), in_store)
        self.assertGreater(tools.whole_archives(self.path("files")), 150)

    def test_operated(self):
        """What tidemark does to an archive in a real store: list, verify, restore, prune."""
        tools.run(*self.arguments(40, "--option", "batch_entries=4", partitions=2))

        def tidemark(verb, *words, expect=0):
            done = subprocess.run([os.environ["TIDEMARK"], verb, self.url(), *words], capture_output=True, text=True,
                                  timeout=DEADLINE_S)
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
            return done.stdout

        self.assertEqual(len(tidemark("ls", "--json").splitlines()), len(self.keys()))
        self.assertIn("all well", tidemark("verify", "--since-checkpoint", self.path("checkpoint")))
        self.assertIn("more known from the checkpoint", tidemark("verify", "--since-checkpoint", self.path("checkpoint")))
        tidemark("restore", "main/1", self.path("out"))
        self.assertEqual(len(os.listdir(self.path("out"))), 20)
        last = sorted(key for key in self.keys() if key.startswith("main/0/"))[-1]
        tidemark("prune", "main/0", "--before", "@" + last[len("main/0/"):][:13], "--yes")
        self.assertIn("1 partition was pruned", tidemark("verify"))
        self.client.put(f"{self.prefix}/{last}", b"")
        self.assertIn(f"damaged     {last}", tidemark("verify", expect=1))

    def test_a_stranger_reads_it(self):
        """Debian's awscli and tar know nothing of us."""
        tools.run(*self.arguments(3, partitions=1))
        key = f"s3://{self.store['S3_BUCKET']}/{self.prefix}/main/0/0000000000002.tar"
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.dir, "AWS_DEFAULT_REGION": self.store["S3_REGION"],
                       "AWS_ACCESS_KEY_ID": self.store["AWS_ACCESS_KEY_ID"], "AWS_EC2_METADATA_DISABLED": "true",
                       "AWS_SECRET_ACCESS_KEY": self.store["AWS_SECRET_ACCESS_KEY"]}
        aws = ["/usr/bin/aws", "s3", "--endpoint-url", self.endpoint]
        if self.is_tls:
            aws += ["--ca-bundle", self.store["S3_CA_FILE"]]
        copied = subprocess.run([*aws, "cp", key, "-"], env=environment, capture_output=True, timeout=120)
        self.assertEqual(copied.returncode, 0, copied.stderr)
        listed = subprocess.run(["tar", "-t"], input=copied.stdout, capture_output=True, check=True)
        names = listed.stdout.decode().split()
        self.assertIn("0000000000002/MANIFEST", names)
        with open(self.path("copy"), "wb") as file:
            file.write(copied.stdout)
        with tarfile.open(self.path("copy")) as tar:
            self.assertEqual(len(tar.getmembers()), len(names))
        found = subprocess.run([*aws, "ls", "--recursive", os.path.dirname(key) + "/"], env=environment,
                               capture_output=True, text=True, timeout=120)
        self.assertEqual(len(re.findall(r"\.tar$", found.stdout, re.MULTILINE)), 3, found)

    def test_killed_daemon(self):
        """kill -9 of a storage daemon in mid-run, and back again: nothing lost, nothing different."""
        script = [os.path.join(HERE, "ceph-rgw.sh")]
        with open(self.path("log"), "w") as log:
            process = subprocess.Popen(tools.command(*self.arguments(1500, "--rate", "150/s")), stderr=log,
                                       stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_until(lambda: len(self.keys()) > 150, "the first objects")
        subprocess.run([*script, "kill", self.store["STATE_DIR"], "osd.1"], check=True)
        before = len(self.keys())
        self.wait_until(lambda: len(self.keys()) > before + 100, "objects that are written without the daemon")
        self.assertIsNone(process.poll(), "the run ended before the daemon was back")
        subprocess.run([*script, "start", self.store["STATE_DIR"]], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(process.wait(DEADLINE_S), 0)
        self.verify(1500, self.url())
        self.assertEqual(len(self.keys()), 1500)

    def wait_until(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"gave up waiting for {what}")
            time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
