#!/usr/bin/python3
"""restore, prune and verify killed at random points, several at once, as root and as an ordinary user: every name in DIR is
whole or absent, always. KillTest is short, LongKillTest has 100 rounds of each."""

import fcntl
import os
import random
import shutil
import signal
import stat
import subprocess
import tarfile
import time
import unittest

import cli_tools as tools
import restore_tools
from cli_tools import archive, key, run

NOBODY = 65534
ENTRIES, FILES = 60, 20
MODES = (0o755, 0o555, 0o500, 0o000)  # of an entry and of a directory in it, by its LSN


def member(path, mode, data=None):
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size = tarfile.REGTYPE if data is not None else tarfile.DIRTYPE, mode, len(data or b"")
    body = data or b""
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def entry(lsn):
    """An entry's members, and what description() says of it once it is restored."""
    mode, text = MODES[lsn % len(MODES)], tools.lsn_text(lsn)
    members, said = member(text + "/", mode) + member(text + "/d/", mode), {"": mode, "d": mode}
    for number in range(FILES):
        path, body = f"d/{number:02}", f"{lsn} {number}\n".encode() * 50
        members += member(f"{text}/{path}", 0o4750 if number == 0 else 0o640, body)
        said[path] = (0o750 if number == 0 else 0o640, body)
    return members, said


def description(root):
    """Modes and contents of a tree, by path; the root's is "". Root reads everything."""
    said = {"": stat.S_IMODE(os.lstat(root).st_mode)}
    for folder, folders, files in os.walk(root):
        for one in folders + files:
            path = os.path.join(folder, one)
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            if one in folders:
                said[os.path.relpath(path, root)] = mode
                continue
            with open(path, "rb") as file:
                said[os.path.relpath(path, root)] = (mode, file.read())
    return said


def as_user(user, words):
    if user is None or os.geteuid() != 0:
        return words
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *words]


class Base(restore_tools.RestoreScenario):
    rounds = 0

    def make_store(self):
        return tools.FileStore()

    def setUp(self):
        super().setUp()
        os.chmod(self.store.directory.name, 0o755)
        os.chmod(self.dir, 0o777)
        self.expected = {}
        for lsn in range(1, ENTRIES + 1):
            members, self.expected[tools.lsn_text(lsn)] = entry(lsn)
            self.store.put(key(1, lsn), archive(1, lsn, lsn, members))

    def command(self, user, *arguments):
        return as_user(user, tools.command("restore", *self.url("main/1", self.path("out")), "--jobs", "3", *arguments))

    def start(self, user=None):
        return subprocess.Popen(self.command(user), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def names(self):
        shown = os.listdir(self.path("out")) if os.path.isdir(self.path("out")) else []
        return sorted(name for name in shown if not name.startswith("."))

    def expect_whole(self):
        """What has its name is whole, and none before it is absent."""
        names = self.names()
        self.assertEqual(names, sorted(self.expected)[:len(names)])
        if os.geteuid() != 0:
            return
        for name in names:
            self.assertEqual(description(os.path.join(self.path("out"), name)), self.expected[name], name)

    def finish(self, user=None):
        done = subprocess.run(self.command(user), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.expect_whole()
        self.assertEqual(sorted(os.listdir(self.path("out"))), sorted(self.expected), "and nothing else")

    def remove_out(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.path("out")], check=False)
        shutil.rmtree(self.path("out"), ignore_errors=True)

    def killed(self, user):
        for number in range(self.rounds):
            choice = random.Random(number)
            process = self.start(user)
            time.sleep(choice.uniform(0.01, 0.12))
            process.kill()
            _, error = process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, -9), error)
            self.expect_whole()
            if process.returncode == 0 or choice.random() < 0.2:
                self.finish(user)
                self.remove_out()
        self.finish(user)

    def test_killed(self):
        self.killed(None)

    def ordinary_user(self):
        if subprocess.run(as_user(NOBODY, [tools.TIDEMARK, "sinks"]), capture_output=True, check=False).returncode != 0:
            self.skipTest("an ordinary user cannot run the program where it lies")
        return NOBODY

    def test_killed_as_an_ordinary_user(self):
        self.killed(self.ordinary_user())

    def test_several_at_once(self):
        for number in range(self.rounds):
            choice = random.Random(number)
            processes = []
            for _ in range(choice.randint(2, 6)):
                processes.append(self.start())
                time.sleep(choice.choice((0, 0, 0.01, 0.04)))
            time.sleep(choice.uniform(0, 0.08))
            self.expect_whole()
            killed = [process for process in processes if choice.random() < 0.4]
            for process in killed:
                process.kill()
                self.expect_whole()
            for process in processes:
                out, error = process.communicate(timeout=120)
                self.assertIn(process.returncode, (0, 2, -9) if process in killed else (0, 2), error)
                if process.returncode != -9:  # that one may have said it before
                    self.assertEqual(process.returncode == 2, "another restore into" in error, error)
                self.assertNotIn("run the same again", out + error)
            self.expect_whole()
            if choice.random() < 0.5:
                self.finish()
                self.remove_out()
        self.finish()

    def prune_killed(self, user):
        for number in range(self.rounds):
            choice = random.Random(number)
            self.setUpArchive()
            self.give_store_to(user)
            process = subprocess.Popen(as_user(user, tools.command("prune", *self.url("main/1"), "--before", "51", "--yes")),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(choice.uniform(0.01, 0.08))
            process.kill()
            process.wait(60)
            run("verify", *self.url())
            left = [one for one in self.store.keys() if one.endswith(".tar")]
            self.assertEqual(left, [key(1, lsn) for lsn in range(ENTRIES + 1 - len(left), ENTRIES + 1)], "contiguous")
        done = subprocess.run(as_user(user, tools.command("prune", *self.url("main/1"), "--before", "51", "--yes")),
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        run("verify", *self.url())
        self.assertEqual(len([one for one in self.store.keys() if one.endswith(".tar")]), ENTRIES - 50)

    def give_store_to(self, user):
        if user is not None and os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{user}:{user}", self.store.directory.name], check=True)

    def test_prune_killed(self):
        self.prune_killed(None)

    def test_prune_killed_as_an_ordinary_user(self):
        self.prune_killed(self.ordinary_user())

    def verify_killed(self, user):
        """The checkpoint is whole whenever verify ends, and says of nothing that was not read that it is right."""
        bad, good = key(1, 40), archive(1, 40, 40, entry(40)[0])
        self.store.put(bad, tools.flipped(good, 1030))
        checkpoint = self.path("checkpoint")
        words = as_user(user, tools.command("verify", *self.url(), "--since-checkpoint", checkpoint, "--jobs", "2", "--reread", "0"))
        for number in range(self.rounds):
            choice = random.Random(number)
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            time.sleep(choice.uniform(0.005, 0.08))
            process.send_signal(choice.choice((signal.SIGKILL, signal.SIGINT)))
            _, error = process.communicate(timeout=60)
            self.assertIn(process.returncode, (1, -9, 130, -2), error)
            if choice.random() < 0.3:
                done = subprocess.run(words, capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(bad, done.stdout + done.stderr)
                os.remove(checkpoint)
        self.store.put(bad, good)
        for known in (None, f"{ENTRIES} more known"):
            done = subprocess.run(words, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(known or "all well", done.stdout)

    def test_verify_killed(self):
        self.verify_killed(None)

    def test_verify_killed_as_an_ordinary_user(self):
        self.verify_killed(self.ordinary_user())

    def setUpArchive(self):
        """All of it again, once most of it is gone."""
        if len(self.store.keys()) > ENTRIES // 2:
            return
        for one in self.store.keys():
            self.store.remove(one)
        for lsn in range(1, ENTRIES + 1):
            self.store.put(key(1, lsn), archive(1, lsn, lsn, entry(lsn)[0]))


class KillTest(Base, unittest.TestCase):
    rounds = 8

    def test_who_does_not_get_dir_says_so(self):
        os.mkdir(self.path("out"))
        held = os.open(self.path("out"), os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        out, error = self.restore(expect=2)
        os.close(held)
        self.assertIn("is under way; this one has changed nothing. Wait until", error)
        self.assertNotIn("again", out + error)
        self.assertEqual(os.listdir(self.path("out")), [])
        self.finish()

    @unittest.skipUnless(os.geteuid() == 0, "only root can be two users")
    def test_continued_as_another_user(self):
        os.mkdir(self.path("out"))
        os.chmod(self.path("out"), 0o777)
        os.makedirs(self.path("out/.tidemark-restore/0/left"))
        done = subprocess.run(self.command(NOBODY), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("/.tidemark-restore belongs to user 0 (root), this is user 65534", done.stderr)
        self.assertIn("run it as that user, or restore into a directory of your own", done.stderr)
        self.assertNotIn("run the same again", done.stdout + done.stderr)
        self.finish()

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_what_a_user_may_not_read_is_not_compared(self):
        self.finish(NOBODY)
        done = subprocess.run(self.command(NOBODY), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("could not be read, so nothing is known of them", done.stderr)
        self.assertEqual(done.stdout.count("not compared"), 1, "not one line for each")
        done = subprocess.run(self.command(NOBODY, "--check"), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn(f"{ENTRIES // 4 * 3} the same", done.stdout)
        self.assertIn(f"{ENTRIES} the same", self.restore("--check")[0])

    def test_setid_bits_only_if_asked_for(self):
        first = os.path.join(self.path("out"), tools.lsn_text(4), "d", "00")
        self.restore()
        self.assertEqual(stat.S_IMODE(os.stat(first).st_mode), 0o750)
        self.restore("--keep-setid", name="kept")
        kept = os.path.join(self.path("kept"), tools.lsn_text(4), "d", "00")
        self.assertEqual(stat.S_IMODE(os.stat(kept).st_mode), 0o4750)
        self.restore("--check")
        self.restore("--check", name="kept")
        self.restore("--check", "--keep-setid", name="kept")
        self.assertIn("has mode 0750, 4750 in the archive", self.restore("--check", "--keep-setid", expect=1)[0])


class LongKillTest(Base, unittest.TestCase):
    rounds = 100


if __name__ == "__main__":
    unittest.main()
