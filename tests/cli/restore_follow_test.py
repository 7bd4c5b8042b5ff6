#!/usr/bin/python3
"""restore --follow: a warm copy of a store that grows, is pruned, is away, and has what does not belong; on a directory
(FileFollowTest) and on an S3 store (S3FollowTest)."""

import os
import queue
import signal
import subprocess
import threading
import time
import unittest

import cli_tools as tools
import gate
import restore_tools
from cli_tools import archive, key, run

LIMIT_S = 60


class Following:
    """A run of restore --follow, and what it says."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(tools.command("restore", *arguments, "--follow", "--interval", "1s"),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said, self.lines = [], queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with self.process.stderr:
            for line in self.process.stderr:
                self.lines.put(line.rstrip("\n"))

    def take(self):
        while not self.lines.empty():
            self.said.append(self.lines.get())
        return self.said

    def until(self, is_so, what):
        deadline = time.monotonic() + LIMIT_S
        while not is_so():
            assert self.process.poll() is None, (self.process.returncode, self.take())
            assert time.monotonic() < deadline, (what, self.take())
            time.sleep(0.02)

    def until_said(self, text):
        self.until(lambda: any(text in line for line in self.take()), text)

    def count(self, text):
        return sum(text in line for line in self.take())

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out = self.process.stdout.read()
        code = self.process.wait(LIMIT_S)
        self.process.stdout.close()
        return code, out


class Scenarios(restore_tools.RestoreScenario):
    def follow(self, *target):
        following = Following([*self.url(*target)])
        self.addCleanup(following.process.kill)
        return following

    def has(self, path, lsn):
        return lambda: os.path.isdir(self.path(f"{path}/{tools.lsn_text(lsn)}"))

    def test_brings_what_arrives(self):
        self.singles(1, 1, 3)
        following = self.follow("main/1", self.path("out"))
        following.until(self.has("out", 3), "the beginning")
        self.fill(1, (4, 6))
        following.until(self.has("out", 6), "what came")
        run("prune", *self.url("main/1"), "--keep-last", 1, "--yes")  # what is in DIR stays
        self.fill(1, (7, 7), (8, 9))
        following.until(self.has("out", 9), "what came after the prune")
        code, out = following.stop()
        self.assertEqual(code, 0, following.take())
        self.assertIn("followed main/1 up to LSN 9 ", out)
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 10)))
        self.singles(1, 10, 11)
        again = self.follow("main/1", self.path("out"))
        again.until(self.has("out", 11), "a second run continues")
        self.assertEqual(again.stop(signal.SIGINT)[0], 0, again.take())
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 12)))

    def test_new_partitions(self):
        self.singles(1, 1, 2)
        following = self.follow(self.path("out"))
        following.until(self.has("out/main/1", 2), "the first")
        self.singles(7, 1, 3)
        self.singles(1, 3, 3)
        following.until(self.has("out/main/7", 3), "a new one")
        following.until(self.has("out/main/1", 3), "the first")
        self.assertEqual(following.stop()[0], 0, following.take())

    def test_partitions_and_storages_come_and_go(self):
        self.singles(1, 1, 2)
        following = self.follow(self.path("out"))
        following.until(self.has("out/main/1", 2), "the first")
        self.put_second(3, 1)
        following.until(self.has("out/second/3", 1), "a storage")
        self.put_second(4, 1)
        self.singles(7, 1, 2)
        following.until(self.has("out/second/4", 1), "another of that storage")
        following.until(self.has("out/main/7", 2), "another of the first")
        for lsn in (1, 2):
            self.store.remove(key(7, lsn))
        self.store.remove("second/4/" + tools.name(1))
        time.sleep(2.5)
        self.singles(7, 3, 4)
        self.put_second(4, 2)
        following.until(self.has("out/main/7", 4), "what came back")
        following.until(self.has("out/second/4", 2), "what came back")
        code, out = following.stop()
        self.assertEqual(code, 0, following.take())
        self.assertIn("followed main/7 up to LSN 4 ", out)

    def put_second(self, partition, lsn):
        body = archive(partition, lsn).replace(b" storage=main ", b" storage=second ")
        self.assertEqual(body[-2:], bytes(2))
        self.store.put(f"second/{partition}/{tools.name(lsn)}", body[:-2])

    def test_gaps(self):
        """It waits at what is missing, says so once, and continues when that came or was accepted."""
        self.singles(1, 1, 2)
        self.singles(1, 4, 5)
        following = self.follow("main/1", self.path("out"))
        following.until_said("main/1 waits at LSN 3 @0000000000003, which is not in the archive")
        self.assertTrue(self.has("out", 2)())
        self.singles(1, 3, 3)
        following.until(self.has("out", 5), "what filled the hole")
        self.store.put(key(1, 6, 7, "gap"), tools.gap_record(1, 6, 7))
        self.singles(1, 8, 8)
        following.until_said("--acknowledge main/1 6 7 --reason")
        time.sleep(2.5)
        self.assertEqual(following.count("waits at LSN 6"), 1)
        self.assertFalse(self.has("out", 8)())
        run("gaps", *self.url(), "--acknowledge", "main/1", 6, 7, "--reason", "node 4 died")
        following.until(self.has("out", 8), "what comes after an accepted loss")
        self.assertEqual(following.stop()[0], 0, following.take())
        waiting = self.follow("main/9", self.path("other"))
        waiting.until_said("main/9: nothing of it is there yet")
        self.assertEqual(waiting.stop()[0], 1, "it never had what it was asked for")

    def test_one_that_disagrees_stops_its_partition(self):
        self.singles(1, 1, 2)
        self.singles(2, 1, 2)
        following = self.follow(self.path("out"))
        following.until(self.has("out/main/2", 2), "the beginning")
        self.singles(1, 3, 3)
        other = archive(1, 3, 4, tools.entry(3, b"something else") + tools.entry(4))
        self.store.put(key(1, 3, 4), other)
        following.until_said("archives of main/1 disagree")
        self.singles(2, 3, 3)
        following.until(self.has("out/main/2", 3), "the other goes on")
        code, out = following.stop()
        self.assertEqual((code, following.count("disagree; ")), (1, 1), following.take())
        self.assertIn("followed main/1 up to LSN ", out)

    def test_pruned_before_it_began(self):
        """It waits, as it would have if it had run all the time; and continues where a person went past it."""
        self.singles(1, 1, 3)
        self.singles(2, 1, 3)
        run("restore", *self.url(self.path("out")))
        self.singles(1, 4, 8)
        run("prune", *self.url("main/1"), "--before", 7, "--yes")
        following = self.follow(self.path("out"))
        following.until_said("main/1 lacks LSN 4 ")
        self.singles(2, 4, 4)
        following.until(self.has("out/main/2", 4), "the other")
        time.sleep(2.5)
        code, out = following.stop()
        self.assertEqual((code, following.count("lacks")), (1, 1), following.take())
        self.assertRegex(out, r"followed main/1, 0 entries restored: .* pruned before it was restored")
        self.assertFalse(self.has("out/main/1", 7)())
        run("restore", *self.url(self.path("out")), expect=1)
        again = self.follow(self.path("out"))
        self.singles(1, 9, 9)
        again.until(self.has("out/main/1", 9), "what comes after it")
        code, out = again.stop()
        self.assertEqual((code, again.count("lacks")), (1, 1), again.take())
        self.assertRegex(out, r"followed main/1 up to LSN 9 .*lacks LSN 4 ")
        known = self.follow("main/1", self.path("out/main/1"), "--from", 7)
        self.singles(1, 10, 10)
        known.until(self.has("out/main/1", 10), "what comes after it")
        self.assertEqual(known.stop()[0], 0, known.take())

    def test_usage(self):
        self.singles(1, 1, 1)
        for wrong in (["--interval", "1s"], ["--follow", "--interval", "soon"], ["--follow", "--to", 3],
                      ["--follow", "--dry-run"], ["--follow", "--check"], ["--follow", "--to-time", "@5"]):
            self.restore(*wrong, expect=2)


class FileFollowTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_two_signals_at_once(self):
        """As a service manager sends them: to the process and to its group."""
        self.singles(1, 1, 2)
        for number in range(3):
            following = self.follow("main/1", self.path(f"out{number}"))
            following.until(self.has(f"out{number}", 2), "the beginning")
            time.sleep(0.3)
            following.process.send_signal(signal.SIGTERM)
            time.sleep(0.02 * number)
            code, out = following.stop()
            self.assertEqual(code, 0, following.take())
            self.assertIn("followed main/1 up to LSN 2 ", out)

    def test_new_ones_after_an_absence(self):
        """That the archive was away for some seconds does not put off the search for new partitions."""
        self.singles(1, 1, 2)
        following = self.follow(self.path("out"))
        following.until(self.has("out/main/1", 2), "the beginning")
        away = self.path("away")
        os.rename(self.store.directory.name, away)
        time.sleep(4)
        os.rename(away, self.store.directory.name)
        self.singles(2, 1, 2)
        begun = time.monotonic()
        following.until(self.has("out/main/2", 2), "what is new")
        self.assertLess(time.monotonic() - begun, 45, "it is searched for in each round")
        self.assertEqual(following.stop()[0], 0, following.take())

    def test_directories_with_nothing_of_ours(self):
        """They are no partitions, until they hold something."""
        self.singles(1, 1, 2)
        os.makedirs(self.store.path("main/8"))
        self.store.put("main/9/README", b"foreign")
        following = self.follow(self.path("out"))
        following.until(self.has("out/main/1", 2), "the beginning")
        os.makedirs(self.store.path("empty/5"))
        time.sleep(2.5)
        self.assertEqual([line for line in following.take() if "nothing" in line or "main/9" in line], [])
        self.singles(8, 1, 1)
        following.until(self.has("out/main/8", 1), "what came into an empty one")
        code, out = following.stop()
        self.assertEqual(code, 0, following.take())
        self.assertNotIn("main/9", out)
        self.assertNotIn("empty/5", out)

    def test_what_no_sink_reads(self):
        self.singles(1, 1, 2)
        self.singles(2, 1, 2)
        os.rename(self.store.path("main/2"), self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.store.path("main/2"))
        following = self.follow(self.path("out"))
        following.until_said("main/2: it is a symbolic link")
        following.until(self.has("out/main/1", 2), "the other")
        self.assertEqual(following.stop()[0], 1, following.take())

    def test_killed(self):
        """Whenever it is killed, what has its name is whole, and the next run continues."""
        for number in range(6):
            following = self.follow("main/1", self.path("out"))
            self.singles(1, number * 10 + 1, number * 10 + 10)
            time.sleep(0.05 * number)
            following.process.kill()
            following.process.wait()
            following.process.stdout.close()
            names = sorted(name for name in os.listdir(self.path("out")) if not name.startswith(".")) if (
                os.path.isdir(self.path("out"))) else []
            seen = {path: body for path, body in self.restored().items() if not path.startswith(".")}
            self.assertEqual(seen, tools.expected_tree(range(1, len(names) + 1)))
        following = self.follow("main/1", self.path("out"))
        self.singles(1, 61, 61)
        following.until(self.has("out", 61), "all")
        self.assertEqual(following.stop()[0], 0, following.take())
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 62)))


class S3FollowTest(Scenarios, unittest.TestCase):
    def make_store(self):
        store = tools.S3Store("--max-keys", 5)
        self.gate = gate.Gate(store.imposter.port)
        self.addCleanup(self.gate.close)
        return store

    def gated(self, *target):
        following = Following([*self.url(*target), "--option", self.gate.option, "--option", "connect_timeout_ms=500"])
        self.addCleanup(following.process.kill)
        return following

    def test_reads_only_what_is_new(self):
        self.singles(1, 1, 40)
        following = self.gated("main/1", self.path("out"))
        following.until(self.has("out", 40), "the beginning")
        self.gate.requests.clear()
        self.singles(1, 41, 42)
        following.until(self.has("out", 42), "what came")
        self.assertEqual(following.stop()[0], 0, following.take())
        self.assertEqual(self.gate.count("GET", ".tar"), 2, self.gate.requests)
        self.assertLess(self.gate.count("list-type=2"), 8, "a page for each round, not eight")

    def test_new_partitions_by_their_folders(self):
        """Not by listing everything again and again."""
        for number in range(30):
            self.singles(number, 1, 1)
        following = self.gated(self.path("out"))
        following.until(self.has("out/main/29", 1), "the beginning")
        rounds = self.gate.count("delimiter", "prefix=main%2F")
        following.until(lambda: self.gate.count("delimiter", "prefix=main%2F") > rounds, "another round")
        with self.gate.lock:
            self.gate.requests.clear()
        self.store.put(key(30, 1), archive(30, 1))
        following.until(self.has("out/main/30", 1), "a new one")
        self.assertEqual(following.stop()[0], 0, following.take())
        folders = self.gate.count("list-type=2", "delimiter")
        ones = self.gate.count("list-type=2", "prefix=main%2F") - self.gate.count("delimiter", "prefix=main%2F")
        self.assertEqual(self.gate.count("list-type=2"), folders + ones, "nothing but folders and partitions")
        self.assertGreater(folders, 0)

    def test_the_store_is_away(self):
        """It is said once, and not an end."""
        self.singles(1, 1, 3)
        self.singles(2, 1, 3)
        following = self.gated(self.path("out"))
        following.until(self.has("out/main/2", 3), "the beginning")
        self.gate.go_away()
        following.until_said("it is asked again and again")
        # For some rounds more: each asks about as often as the first, which was told.
        seen = self.gate.refused
        following.until(lambda: self.gate.refused >= 3 * seen, "it is asked again")
        self.singles(1, 4, 4)
        self.gate.come_back()
        following.until(self.has("out/main/1", 4), "what came meanwhile")
        following.until_said("the archive can be reached again")
        self.assertEqual(following.stop()[0], 0, following.take())
        self.assertEqual(following.count("it is asked again and again"), 1, following.take())


if __name__ == "__main__":
    unittest.main()
