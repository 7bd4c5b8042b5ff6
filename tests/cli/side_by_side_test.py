#!/usr/bin/python3
"""Partitions that are listed side by side: what info and gaps say is the same as one after the other, and what follows a
whole archive finds new partitions by their folders; on a directory (FileTest) and on an S3 store (S3Test)."""

import os
import unittest

import cli_tools as tools
import gate
from cli_tools import key, lines, name, record, run


class Scenarios(tools.Scenario):
    def odd_archive(self, partitions, entries):
        """Each kind of thing that info and gaps tell apart, in many partitions; archives are names alone."""
        for number in range(partitions):
            for lsn in range(1, entries + 1):
                if number % 7 != 3 or lsn % 5 != 2:  # holes
                    self.store.put(key(number, lsn), b"")
            if number % 6 == 1:
                self.store.put(key(number, entries + 1, entries + 3, "gap"), tools.gap_record(number, entries + 1, entries + 3))
                self.store.put(key(number, entries + 4), b"")
            if number % 6 == 2:
                self.store.put(key(number, 1, 2, "origin"), record(number, 1, 2, "origin"))
            if number % 6 == 3:
                self.store.put(key(number, 1, 3, "pruned"), record(number, 1, 3, "pruned"))
            if number % 6 == 4:
                self.store.put(key(number, 90_000, 90_001, "accepted"),
                               record(number, 90_000, 90_001, "accepted", "made_us=1700000000123456\nreason=lost\n"))
            if number % 10 == 5:
                self.store.put(key(number, 1, 2, "pruned"), b"damaged")
            if number % 8 == 7:
                self.store.put(f"main/{number}/README", b"foreign")
        for odd in ("README", "main-/README", "main/README", "main/7x/1", "main/x/y/z", "main/zz/\u00e9", "lost+found/x",
                    f"second/1/{name(1)}", f"second/2/{name(2)}", f"zz/3/{name(1)}", "zzz"):
            self.store.put(odd, b"foreign")

    def said(self, verb, jobs, *more):
        """All that it says, with either code: what it finds is the same."""
        texts = []
        for wish in ((), ("--json",)):
            try:
                out, error = run(verb, *self.url(*more), "--jobs", jobs, *wish, expect=1)
            except AssertionError:
                out, error = run(verb, *self.url(*more), "--jobs", jobs, *wish)
            texts.append((out, error))
        return texts


class FileTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_the_same_is_said(self):
        self.odd_archive(60, 120)
        os.symlink("/nowhere", self.store.path("main/999"))
        os.symlink("/nowhere", self.store.path(key(59, 5000)))
        os.symlink("/nowhere", self.store.path("elsewhere"))
        for verb in ("info", "gaps"):
            expected = self.said(verb, 1)
            self.assertGreater(len(expected[0][0].splitlines()), 60)
            for jobs in (2, 16):
                self.assertEqual(self.said(verb, jobs), expected)
            self.assertEqual(self.said(verb, 16, "main"), self.said(verb, 1, "main"))
            self.assertEqual(self.said(verb, 16, "main/7"), self.said(verb, 1, "main/7"))

    def test_jobs_out_of_bounds(self):
        self.singles(1, 1, 1)
        for verb in ("info", "gaps"):
            for wrong in ("0", "257", "many"):
                self.assertIn("--jobs", run(verb, *self.url(), "--jobs", wrong, expect=2)[1])


class S3Test(Scenarios, unittest.TestCase):
    def make_store(self):
        return self.store_with()

    def store_with(self, *arguments):
        store = tools.S3Store("--threads", 8, *arguments)
        self.gate = gate.Gate(store.imposter.port)
        self.addCleanup(self.gate.close)
        return store

    def url(self, *target):
        return [*super().url(*target), "--option", self.gate.option]

    def asked(self, *texts):
        return self.gate.count("list-type=2", *texts)

    def compare(self):
        self.gate.delay_s = 0.01
        for verb in ("info", "gaps"):
            expected = self.said(verb, 1)
            self.assertEqual(self.asked("delimiter"), 0, "one after the other is one listing")
            self.gate.requests.clear()
            self.assertEqual(self.said(verb, 16), expected)
            self.assertGreater(self.asked("delimiter"), 0, "the folders were asked for")
            self.gate.requests.clear()

    def test_the_same_is_said(self):
        self.odd_archive(40, 14)
        self.compare()

    def test_where_folders_are_not_told(self):
        for habit in ("ignores_delimiter", "refuses_delimiter"):
            self.store.close()
            self.store = self.store_with("--habits", habit)
            self.odd_archive(40, 14)
            self.compare()

    def test_a_small_archive_takes_one_listing(self):
        self.store.close()
        self.store = self.store_with("--max-keys", 1000)
        for number in range(50):
            self.fill(number, (1, 1), (2, 2))
        run("info", *self.url(), "--jobs", 32)
        self.assertEqual((self.asked(), self.asked("delimiter")), (3, 0),
                         "that of open, one of 100 archives, and one of the epochs")

    def test_interrupted(self):
        self.odd_archive(40, 14)
        self.gate.delay_s = 0.05
        process = tools.subprocess.Popen(tools.command("info", *self.url(), "--jobs", 8), stdout=tools.subprocess.PIPE,
                                         stderr=tools.subprocess.PIPE, text=True)
        self.assertTrue(self.gate.wait_for("delimiter", limit_s=60))
        process.send_signal(2)
        _, error = process.communicate(timeout=60)
        self.assertEqual((process.returncode, error), (130, "tidemark: interrupted\n"))


if __name__ == "__main__":
    unittest.main()
