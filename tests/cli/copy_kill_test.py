#!/usr/bin/python3
"""copy killed at random points and run again, as root and as an ordinary user, into a directory and into a store: no
name ever holds anything but what the source has under it, and in the end all is there. CopyKillTest is
short, LongCopyKillTest has 100 rounds of each."""

import os
import random
import subprocess
import time
import unittest

import cli_tools as tools
import copy_tools
import encode_tools
from cli_tools import archive, key

NOBODY = 65534
SINGLES = 150


def as_user(user, words):
    if user is None or os.geteuid() != 0:
        return words
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]


def objects_of_a_source():
    objects = {key(1, 1, 9, "pruned"): tools.record(1, 1, 9, "pruned"), key(2, 1, 3, "origin"): tools.record(2, 1, 3, "origin")}
    for lsn in range(10, SINGLES + 10):
        objects[key(1, lsn)] = archive(1, lsn, content=tools.entry(lsn, random.Random(lsn).randbytes(lsn * 137 % 9000)))
    objects[key(1, 200, 204)] = archive(1, 200, 204)
    objects[key(1, 160, 199, "gap")] = tools.gap_record(1, 160, 199)
    objects[key(2, 4)] = archive(2, 4, content=tools.entry(4, random.Random(1).randbytes(3 << 20)))
    return objects


class Base(copy_tools.CopyScenario):
    rounds = 0

    def make_store(self):
        return tools.FileStore()

    def make_target(self):
        return tools.FileStore()

    def setUp(self):
        super().setUp()
        self.objects = objects_of_a_source()
        self.fill_with(self.objects)
        subprocess.run(["chmod", "-R", "a+rX", self.store.directory.name], check=True)

    def options(self):
        return []

    def start(self, user):
        return subprocess.Popen(as_user(user, tools.command("copy", *self.words(), "--jobs", "4", *self.options())),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def expect_right(self):
        """Whatever has a name is what the source has under it."""
        there = {one: body for one, body in self.content(self.target).items() if not one.startswith(".")}  # the probe of a sink
        for one, body in there.items():
            self.assertTrue(body == self.objects.get(one), one)
        return there

    def finish(self, user):
        process = self.start(user)
        out, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + error)
        self.assertEqual(len(self.expect_right()), len(self.objects))
        self.assertIn("copied 0 archives and 0 records", self.copy("--reread", *self.options())[0])

    def killed(self, user=None):
        most = 0.05
        for number in range(self.rounds):
            choice = random.Random(number)
            process = self.start(user)
            time.sleep(choice.uniform(0.005, most))
            process.kill()
            _, error = process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, -9), error)
            there = self.expect_right()
            if len(there) == len(self.objects) or choice.random() < 0.2:
                self.finish(user)
                for one in self.target.keys():
                    self.target.remove(one)
            most = min(most * 1.3, 0.6) if len(there) < 20 else max(most / 1.1, 0.05)
        self.finish(user)

    def test_killed(self):
        self.killed()
        self.assertEqual(os.listdir(self.target.path(".tidemark")) if os.path.exists(self.target.path(".tidemark")) else [],
                         [], "nothing is left of those that were killed")

    def test_killed_as_an_ordinary_user(self):
        if subprocess.run(as_user(NOBODY, [tools.TIDEMARK, "sinks"]), capture_output=True, check=False).returncode != 0:
            self.skipTest("an ordinary user cannot run the program where it lies")
        os.chmod(self.target.directory.name, 0o777)
        self.killed(NOBODY)

    def test_killed_on_the_way_to_a_store(self):
        self.target.close()
        self.target = tools.S3Store()
        self.killed()

    def test_two_at_once(self):
        for number in range(self.rounds):
            choice = random.Random(number)
            processes = [self.start(None), self.start(None)]
            time.sleep(choice.uniform(0.01, 0.2))
            if choice.random() < 0.5:
                processes[0].kill()
            for process in processes:
                out, error = process.communicate(timeout=120)
                self.assertIn(process.returncode, (0, -9), out + error)
            self.assertEqual(len(self.expect_right()), len(self.objects))
            for one in self.target.keys():
                self.target.remove(one)


class Encoded(Base):
    """What is there under any name is the tar of its source, and was never there for everybody to read."""

    MARKER = b"a marker that nobody may find"

    def setUp(self):
        super().setUp()
        self.keys = encode_tools.Keys(self.dir, "one")
        os.chmod(self.dir, 0o755)
        for lsn in range(20, 40):
            self.objects[key(1, lsn)] = archive(1, lsn, content=tools.entry(lsn, self.MARKER * 99))
        self.fill_with(self.objects)
        for lsn in range(12, 18):
            self.store.remove(key(1, lsn))
            self.store.put(*self.keys.encoded(key(1, lsn), self.objects[key(1, lsn)], encode_tools.CODINGS[lsn % 4]))
        self.known = {}  # what was found right

    def options(self):
        return ["--compress", "none", "--identity", self.keys.identity, *self.keys.to_encrypt()]

    def expect_right(self):
        there = {one: body for one, body in self.content(self.target).items() if not one.startswith(".")}
        found = {}
        for one, body in there.items():
            plain = encode_tools.plain_key(one)
            self.assertNotIn(plain, found, "a second one")
            if ".tar" in one and self.known.get(one) != body:
                self.assertTrue(one.endswith(".tar.age"), one)
                self.assertEqual(self.keys.content(one, body), self.objects[plain][:-512], one)
                self.known[one] = body
            found[plain] = body
        if isinstance(self.target, tools.FileStore):
            for folder, _, names in os.walk(self.target.directory.name):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as file:
                        self.assertNotIn(self.MARKER, file.read(), "also of what was not finished")
        return found

    def killed(self, user=None):
        super().killed(user)
        tools.run("verify", *self.target.arguments, "--deep", *self.keys.to_read(), expect=1)  # the source has a gap


class CopyKillTest(Base, unittest.TestCase):
    rounds = 8


class EncodedCopyKillTest(Encoded, unittest.TestCase):
    rounds = 8
    test_killed_as_an_ordinary_user = None


class LongEncodedCopyKillTest(Encoded, unittest.TestCase):
    rounds = 60
    test_killed_as_an_ordinary_user = None


class LongCopyKillTest(Base, unittest.TestCase):
    rounds = 100


if __name__ == "__main__":
    unittest.main()
