#!/usr/bin/python3
"""restore of many partitions side by side: what it reads, in which order it tells, what stands in its way; on a
directory (FileManyTest) and on an S3 store (S3ManyTest), where a gate before the store counts and holds back."""

import os
import signal
import subprocess
import time
import unittest

import cli_tools as tools
import gate
import restore_tools
from cli_tools import archive, flipped, key, lines, run

HUGE = 1 << 43


class Scenarios(restore_tools.RestoreScenario):
    def everything(self, *arguments, expect=0, name="out"):
        return run("restore", *self.url(self.path(name)), *arguments, expect=expect)

    def test_the_table(self):
        """A row for each in order, whatever went wrong with which, and messages that name their partition."""
        for partition in range(1, 7):
            self.singles(partition, 1, partition)
        self.store.put(key(2, 2), flipped(archive(2, 2), 1030))
        self.store.remove(key(4, 3))
        out, error = self.everything("--jobs", 3, expect=1)
        rows = [line for line in out.splitlines() if not line.startswith("missing")]
        for row, wanted in zip(rows, [
                "restored 1 entry of main/1, LSN 1 ", "restored 1 entry of main/2; the rest was not restored",
                f"not all of  main/2: {key(2, 2)}: ", "restored 3 entries of main/3, LSN 1 ",
                "not all of  main/4: not all of main/4 LSN 1 ", "restored 5 entries of main/5, LSN 1 ",
                "restored 6 entries of main/6, LSN 1 ", f"restored 4 partitions of 6 into {self.path('out')}"], strict=True):
            self.assertTrue(row.startswith(wanted), (row, wanted))
        told = [line for line in error.splitlines() if line.startswith("tidemark: ") and "restoring" not in line]
        self.assertTrue(told)
        for line in told:
            self.assertRegex(line, "main/[24]")
        for partition in (1, 3, 5, 6):
            self.assertEqual(tools.tree(self.path(f"out/main/{partition}")),
                             tools.expected_tree(range(1, partition + 1)))
        objects = lines("restore", *self.url(self.path("out")), expect=1)
        self.assertEqual([one["partition"] for one in objects if one["type"] == "summary"], [1, 2, 3, 5, 6])
        self.assertEqual(objects[-1], {"type": "total", "partitions": 6, "complete": 4,
                                       "failed": ["main/2", "main/4"], "not_tried": 0})

    def test_one_that_was_pruned_wholly(self):
        self.singles(1, 1, 2)
        self.singles(2, 1, 3)
        run("prune", *self.url("main/2"), "--before", 4, "--all", "--yes")
        out, _ = self.everything()
        self.assertIn("nothing of main/2 is left: it was pruned up to LSN 3 @0000000000003", out)
        self.assertIn("restored 2 partitions of 2", out)
        self.assertIn("nothing of main/2 is there to restore from before that time",
                      self.everything("--to-time", "@1", name="then", expect=1)[0])
        self.assertIn("nothing of main/2 is there to restore",
                      run("restore", *self.url("main/2", self.path("alone")), expect=1)[1])

    def test_it_says_whether_it_will_fit(self):
        self.singles(1, 1, 3)
        self.singles(2, 1, 2)
        said = self.everything()[1]
        self.assertRegex(said, r"restoring 5 entries from 5 archives, [0-9.]+ KiB into \S+/out; [0-9.]+ \wiB are free")
        self.assertEqual(self.everything("--progress", "none")[1], "")

    def test_progress_without_a_terminal(self):
        self.singles(1, 1, 3)
        for wrong in ("often", "plain:", "plain:0", "plain:x", "plain:-1"):
            self.assertIn("is not auto, plain, plain:SECONDS or none",
                          self.restore("--progress", wrong, expect=2)[1])
        self.assertEqual(run("verify", *self.url(), "--progress", "plain")[1], "", "a line a minute")


class FileManyTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_what_does_not_fit_is_refused(self):
        self.singles(1, 1, 3)
        self.singles(2, 1, 2)
        with open(self.store.path(key(2, 3)), "wb") as file:
            file.truncate(HUGE)  # a sparse one: its size is all that is looked at
        for target in ([self.path("out")], ["main/2", self.path("out")]):
            _, error = run("restore", *self.url(*target), expect=4)
            self.assertRegex(error, "restoring 8.0 TiB into .* will not fit: .* are free")
            self.assertIn("--ignore-free-space", error)
            self.assertFalse(os.path.exists(self.path("out")))
        self.restore()  # that one fits
        process = subprocess.Popen(tools.command("restore", *self.url(self.path("all")), "--ignore-free-space"),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(self.path(f"all/main/2/{tools.lsn_text(2)}")):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)  # it would read for an hour
        self.assertEqual(process.wait(60), 130)
        run("restore", *self.url("main/2", self.path("part")), "--to", 2)

    def slow_url(self, delay_ms):
        return f"faulty:///?of=file%3A%2F%2F{self.store.directory.name}&delay_ms={delay_ms}"

    def test_one_run_at_a_time_has_dir(self):
        for partition in (1, 2, 3):
            self.singles(partition, 1, 60)
        process = subprocess.Popen(tools.command("restore", self.slow_url(30), self.path("out"), "--jobs", 1),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(self.path(f"out/main/1/{tools.lsn_text(1)}")):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        for words in ([], ["--follow"]):
            error = run("restore", *self.url(self.path("out")), *words, expect=2)[1]
            self.assertIn(f"another restore into {self.path('out')} is under way", error)
        self.assertEqual(process.wait(200), 0)
        for partition in (1, 2, 3):
            self.assertEqual(tools.tree(self.path(f"out/main/{partition}")), tools.expected_tree(range(1, 61)))

    def test_a_line_now_and_then(self):
        """In a log there is a line with the share and the time left."""
        self.singles(1, 1, 250)
        for verb in (["verify"], ["restore", self.path("out")]):
            done = subprocess.run(
                tools.command(verb[0], self.slow_url(10), *verb[1:], "--jobs", "1", "--progress", "plain:1"),
                capture_output=True, text=True, check=True, timeout=100)
            self.assertRegex(done.stderr, r"tidemark: \d+ archives  \d+ %  .* of .*/s  \d+ s left")


class S3ManyTest(Scenarios, unittest.TestCase):
    def make_store(self):
        store = tools.S3Store("--max-keys", 1000)
        self.gate = gate.Gate(store.imposter.port)
        self.addCleanup(self.gate.close)
        self.past_the_gate = list(store.arguments)
        store.arguments += ["--option", self.gate.option]
        return store

    def test_requests(self):
        """One for each archive, two listings, and nothing more than some at the beginning."""
        self.singles(1, 1, 120)
        for partition in range(2, 12):
            self.singles(partition, 1, 12)
        for target, archives in (["main/1", self.path("one")], 120), ([self.path("all")], 240):
            self.gate.requests.clear()
            run("restore", *self.url(*target))
            self.assertEqual(self.gate.count("GET", ".tar"), archives)
            self.assertLessEqual(len(self.gate.requests), 1.1 * archives, self.gate.requests)
            # One of them opens the sink, and one looks for epochs.
            self.assertEqual(self.gate.count("list-type=2"), 3, self.gate.requests)

    def test_to_time_reads_each_footer_once(self):
        for lsn in range(1, 11):
            self.store.put(key(1, lsn), archive(1, lsn, made_s=1000 + lsn))
        self.gate.requests.clear()
        run("restore", *self.url("main/1", self.path("out")), "--to-time", "@1005")
        self.assertEqual(self.restored(), tools.expected_tree(range(1, 6)))
        self.assertEqual(self.gate.count("GET", ".tar"), 10 + 5)

    def test_one_does_not_hold_the_others_up(self):
        """All but one archive are restored while the store is slow to give that one, even with two at a time."""
        for partition in range(1, 9):
            self.singles(partition, 1, 1 if partition == 1 else 6)
        self.gate.hold(f"/{key(1, 1)}")
        process = subprocess.Popen(tools.command("restore", *self.url(self.path("out")), "--jobs", 2),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wanted = [self.path(f"out/main/{partition}/{tools.lsn_text(6)}") for partition in range(2, 9)]
        deadline = time.monotonic() + 60
        while not all(os.path.isdir(path) for path in wanted):
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), deadline, "the others wait")
            time.sleep(0.01)
        self.assertIsNone(process.poll())
        self.gate.open()
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, error)
        self.assertIn("restored 8 partitions of 8", out)

    def test_jobs_is_the_budget_of_all(self):
        """However many partitions there are, no more archives are asked for at a time."""
        for partition in range(1, 9):
            self.singles(partition, 1, 4)
        self.gate.hold(".tar")
        self.gate.requests.clear()
        process = subprocess.Popen(tools.command("restore", *self.url(self.path("out")), "--jobs", 3),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        self.assertTrue(self.gate.wait_for(".tar", 3))
        time.sleep(0.3)
        self.assertEqual(self.gate.count(".tar"), 3)
        self.gate.open()
        _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, error)

    def test_pruned_meanwhile(self):
        """A restore that a prune has overtaken says so and names it; the others, and what has all it needs, end well."""
        for partition in (1, 2, 3):
            self.singles(partition, 1, 40)
        self.gate.hold(key(1, 5))  # main/1 waits at its beginning, main/2 near its end
        self.gate.hold(key(2, 38))
        process = subprocess.Popen(tools.command("restore", *self.url(self.path("out")), "--jobs", 4),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertTrue(self.gate.wait_for(key(1, 5)) and self.gate.wait_for(key(2, 38)))
        run("prune", *self.past_the_gate, "--keep-last", 3, "--yes")
        self.gate.open()
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, error)
        self.assertRegex(error, r"main/1 was pruned up to LSN 37 @\S+ while this restore ran: LSN \d+ ")
        self.assertRegex(out, r"not all of  main/1: main/1 was pruned up to LSN 37 ")
        self.assertNotIn("not all of  main/2", out)
        self.assertEqual(self.restored("out/main/2"), tools.expected_tree(range(1, 41)))


if __name__ == "__main__":
    unittest.main()
