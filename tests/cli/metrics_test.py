#!/usr/bin/python3
"""What verify, info and prune leave for Prometheus with --metrics FILE: its form, what it counts, and that it is there
however the run ends."""

import os
import re
import shutil
import signal
import stat
import subprocess
import time
import unittest
import urllib.parse

import cli_tools as tools
from cli_tools import run


def samples(path, verb):
    """By name, or name{kind}, without what all have: tidemark_<verb>_."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), done.stdout + done.stderr
    found = {}
    for name, labels, value in re.findall(r"^tidemark_" + verb + r"_(\w+)\{([^}]*)\} (\S+)$", text, re.MULTILINE):
        kind = re.search(r'kind="([^"]*)"', labels)
        found[name + (f"{{{kind[1]}}}" if kind else "")] = float(value)
    assert len(found) == len([line for line in text.splitlines() if line and line[0] != "#"]), text
    return found


class MetricsTest(tools.Scenario, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def setUp(self):
        super().setUp()
        self.file = self.path("run.prom")

    def metrics(self, verb, *words, expect=0, url=None):
        run(verb, url or self.store.url, *words, "--metrics", self.file, expect=expect)
        found = samples(self.file, verb)
        self.assertEqual(found["exit_code"], expect)
        self.assertLess(abs(found["last_run_timestamp_seconds"] - time.time()), 100)
        self.assertGreaterEqual(found["duration_seconds"], 0)
        return found

    def damage(self):
        path = self.store.path(tools.key(1, 2))
        os.chmod(path, 0o600)
        os.truncate(path, 900)

    def test_verify_and_the_time_of_its_last_success(self):
        self.singles(1, 1, 3)
        found = self.metrics("verify")
        self.assertEqual((found["read_archives"], found["partitions"], found["problems{damaged}"]), (3, 1, 0))
        success = found["last_success_timestamp_seconds"]
        self.assertEqual(success, found["last_run_timestamp_seconds"])
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o644)
        # It goes wrong, in two ways, and the time stays.
        self.damage()
        found = self.metrics("verify", expect=1)
        self.assertEqual((found["problems{damaged}"], found["problems{hole}"]), (1, 0))
        self.assertEqual((found["read_archives"], found["last_success_timestamp_seconds"]), (2, success))
        os.rename(self.store.directory.name, self.store.directory.name + ".away")
        found = self.metrics("verify", expect=3)
        os.rename(self.store.directory.name + ".away", self.store.directory.name)
        self.assertEqual(found["last_success_timestamp_seconds"], success)
        self.assertNotIn("read_archives", found, "nobody knows")

    def test_what_the_checkpoint_knows(self):
        self.singles(1, 1, 6)
        checkpoint = ["--since-checkpoint", self.path("checkpoint"), "--reread", "0"]
        self.assertEqual(self.metrics("verify", *checkpoint)["oldest_check_timestamp_seconds"], 0)
        found = self.metrics("verify", *checkpoint)
        self.assertEqual((found["known_archives"], found["read_archives"]), (6, 0))
        self.assertLess(abs(found["oldest_check_timestamp_seconds"] - time.time()), 100)

    def test_each_archive_and_each_part_has_its_own_success(self):
        self.singles(1, 1, 3)
        self.metrics("verify")
        self.damage()
        self.assertEqual(self.metrics("verify", "main/1", expect=1)["last_success_timestamp_seconds"], 0)

    def test_info_says_what_its_json_says(self):
        self.singles(1, 1, 3)
        self.singles(1, 6, 8)
        self.singles(2, 1, 2)
        self.store.put("main/1/README", b"hello")
        rows = [row for row in tools.lines("info", self.store.url) if row["type"] == "partition"]
        found = self.metrics("info")
        for name, key in {"archives": "archives", "archive_bytes": "size_bytes", "holes": "holes", "missing_lsns": "missing_lsns",
                          "gaps": "gaps", "foreign_objects": "foreign"}.items():
            self.assertEqual(found[name], sum(row[key] for row in rows), name)
        self.assertEqual((found["partitions"], found["holes"], found["foreign_objects"]), (2, 1, 1))
        self.assertGreater(found["newest_archive_timestamp_seconds"], 0)

    def test_prune(self):
        self.singles(1, 1, 9)
        found = self.metrics("prune", "--keep-last", "2")
        self.assertEqual((found["dry_run"], found["removed_archives"]), (1, 7))
        found = self.metrics("prune", "--keep-last", "2", "--yes")
        self.assertEqual((found["dry_run"], found["removed_archives"]), (0, 7))
        self.assertGreater(found["removed_bytes"], 7 * 512)
        success = found["last_success_timestamp_seconds"]
        found = self.metrics("prune", "--keep-last", "1")
        self.assertEqual((found["dry_run"], found["last_success_timestamp_seconds"]), (1, success), "nothing was removed")

    def test_a_command_that_is_refused(self):
        self.singles(1, 1, 3)
        success = self.metrics("verify")["last_success_timestamp_seconds"]
        for words in (["--reread", "5/x"], ["--secret", "a=NO_SUCH_VARIABLE"], ["--no-such-option"]):
            run("verify", self.store.url, *words, "--metrics", self.file, expect=2)
            found = samples(self.file, "verify")
            self.assertEqual((found["exit_code"], found["last_success_timestamp_seconds"]), (2, success), words)
            self.metrics("verify")
            success = samples(self.file, "verify")["last_success_timestamp_seconds"]
        self.assertIn("it is empty: give FILE", run("verify", self.store.url, "--metrics", "", expect=2)[1])

    def test_what_is_not_of_its_kind_stays(self):
        """A device, a FIFO, a link, the checkpoint, what somebody else has written."""
        self.singles(1, 1, 3)
        checkpoint = self.path("checkpoint")
        run("verify", self.store.url, "--since-checkpoint", checkpoint)
        os.mkfifo(self.path("fifo"))
        os.symlink(self.path("target"), self.path("link"))
        with open(self.path("other"), "w", encoding="utf-8") as file:
            file.write("somebody's\n")
        for name in ("fifo", "link", "other", "checkpoint"):
            before = os.lstat(self.path(name))
            for verb, *words in (("verify", "--since-checkpoint", checkpoint), ("info",), ("prune", "--keep-last", 1)):
                self.assertIn(self.path(name), run(verb, self.store.url, *words, "--metrics", self.path(name), expect=2)[1])
            after = os.lstat(self.path(name))
            self.assertEqual((before.st_ino, before.st_size), (after.st_ino, after.st_size), name)
        run("verify", self.store.url, "--since-checkpoint", checkpoint)
        # Where neither is there yet, the first that is written stays.
        both = self.path("both")
        self.assertIn("which stays", run("verify", self.store.url, "--since-checkpoint", both, "--metrics", both, expect=4)[1])
        run("verify", self.store.url, "--since-checkpoint", both)

    def test_the_label_has_no_secret_and_is_one(self):
        self.singles(1, 1, 1)
        self.metrics("verify", url=self.store.url + "?staging=named")
        with open(self.file, encoding="utf-8") as file:
            self.assertIn(f'tidemark_verify_exit_code{{archive="{self.store.url}"}} 0\n', file.read())
        # One that is refused, with a user, a password and an option that is nobody's business.
        url = "s3://me:password@bucket/a?endpoint=http://127.0.0.1:1&access_key_id=mine&retry_max=1"
        run("verify", url, "--metrics", self.file, expect=2, env={"AWS_EC2_METADATA_DISABLED": "true"})
        with open(self.file, encoding="utf-8") as file:
            text = file.read()
        self.assertIn('{archive="s3://bucket/a?endpoint=http://127.0.0.1:1"}', text)
        for word in ("password", "mine", "me:"):
            self.assertNotIn(word, text)
        # Where it lies may be said in the list too.
        run("verify", "s3://bucket/a", "--option", "endpoint=http://127.0.0.1:1", "--option", "retry_max=1", "--metrics", self.file,
            expect=2, env={"AWS_EC2_METADATA_DISABLED": "true"})
        with open(self.file, encoding="utf-8") as file:
            self.assertIn('{archive="s3://bucket/a?endpoint=http://127.0.0.1:1"}', file.read())

    def test_a_file_that_cannot_be_written(self):
        self.singles(1, 1, 3)
        nowhere = self.path("none/run.prom")
        out, error = run("verify", self.store.url, "--metrics", nowhere, expect=4)
        self.assertIn("all well", out)
        self.assertIn("--metrics: cannot ", error)
        self.assertIn(nowhere, error)
        self.damage()
        run("verify", self.store.url, "--metrics", nowhere, expect=1)

    def test_what_lies_there_may_be_anything(self):
        self.singles(1, 1, 3)
        self.damage()
        begin = "# HELP tidemark_verify_exit_code x"
        for text in ("", begin, begin + "\ntidemark_verify_last_success_timestamp_seconds{archive=\"" + self.store.url + "\"} -5\n",
                     begin + "\ntidemark_verify_last_success_timestamp_seconds{archive=\"" + self.store.url + "\"} x\n",
                     begin + "x" * 100_000):
            with open(self.file, "w", encoding="utf-8") as file:
                file.write(text)
            self.assertEqual(self.metrics("verify", expect=1)["last_success_timestamp_seconds"], 0, text[:100])

    def test_interrupted(self):
        self.singles(1, 1, 3)
        faulty = f"faulty:///?of={urllib.parse.quote(self.store.url, safe='')}&delay_ms=60000"
        process = subprocess.Popen(tools.command("verify", faulty, "--metrics", self.file), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        self.assertEqual(samples(self.file, "verify")["exit_code"], 130)


if __name__ == "__main__":
    unittest.main()
