#!/usr/bin/python3
"""An archive that the sink has and does not give, again and again: not damage, for nobody has seen it; but nothing is
called well. On a directory (FileUnreadableTest: a sink that refuses) and on an S3 store (S3UnreadableTest: 500)."""

import os
import tempfile
import unittest

import cli_tools as tools
import gate
from cli_tools import key, lines, run


class Scenarios:
    """With fails(key) the sink does not give that object any more; a prefix of keys: nor any of those."""

    def setUp(self):
        super().setUp()
        self.singles(1, 1, 4)
        self.singles(2, 1, 2)

    def test_verify(self):
        self.fails(key(1, 3))
        found = lines("verify", *self.url(), expect=1)
        self.assertEqual([(one["type"], one["problem"], one["key"]) for one in found[:-1]],
                         [("problem", "unreadable", key(1, 3))], "and no hole where it lies")
        self.assertIn(self.why, found[0]["message"])
        self.assertEqual((found[-1]["archives"], found[-1]["problems"]), (5, 1))
        out, _ = run("verify", *self.url("main/1"), expect=1)
        self.assertRegex(out, f"(?m)^unreadable  {key(1, 3)}: .*{self.why}")

    def test_verify_does_not_remember_it_as_right(self):
        checkpoint = self.path("checkpoint")
        run("verify", *self.url(), "--since-checkpoint", checkpoint)
        os.remove(checkpoint)
        self.fails(key(1, 3))
        run("verify", *self.url(), "--since-checkpoint", checkpoint, expect=1)
        self.assertEqual(lines("verify", *self.url(), "--since-checkpoint", checkpoint, expect=1)[0]["key"], key(1, 3))

    def test_a_store_that_gives_nothing(self):
        """Then it is not the objects, and the run ends."""
        self.singles(1, 5, 12)
        self.fails("main/1/")
        out, error = run("verify", *self.url("main/1"), "--jobs", 8, expect=3)
        self.assertEqual(out.count("unreadable"), 5)
        self.assertIn(self.why, error)
        self.assertIn("5 failures in a row, so the rest was not tried", error)

    def test_restore(self):
        """What comes before is there, and the next run continues."""
        self.fails(key(1, 3))
        out, error = run("restore", *self.url("main/1", self.path("out")), expect=3)
        self.assertIn("run the same again to continue", out)
        self.assertIn(self.why, error)
        self.assertIn(tools.name(3), error)
        self.assertEqual(tools.tree(self.path("out")), tools.expected_tree((1, 2)))
        out, _ = run("restore", *self.url(self.path("all")), expect=3)
        self.assertIn("not all of  main/1: ", out)
        self.assertEqual(tools.tree(self.path("all/main/2")), tools.expected_tree((1, 2)), "the other is whole")
        self.fails(None)
        run("restore", *self.url("main/1", self.path("out")))
        self.assertEqual(tools.tree(self.path("out")), tools.expected_tree(range(1, 5)))
        self.fails(key(1, 3))
        for words in ([], ["--check"]):  # nor is what is there taken for different
            out, error = run("restore", *self.url("main/1", self.path("out")), *words, expect=3)
            self.assertNotIn("differs", out)
            self.assertIn(self.why, error)

    def test_copy(self):
        """The rest is copied, as verify reads the rest; and what gives nothing is not reached."""
        self.fails(key(1, 3))
        words = [self.store.arguments[0], f"file://{self.path('copy')}", *self.store.arguments[1:]]
        found = lines("copy", *words, expect=1)
        self.assertEqual([(one["problem"], one["key"]) for one in found if one["type"] == "problem"], [("unreadable", key(1, 3))])
        self.assertEqual((found[-1]["archives"], found[-1]["problems"]), (5, 1))
        self.singles(1, 5, 12)
        self.fails("main/1/")
        words[:2] = [self.store.arguments[0], f"file://{self.path('another')}"]
        out, error = run("copy", *words, "--jobs", 8, expect=3)
        self.assertEqual(out.count("unreadable"), 5)
        self.assertIn(self.why, error)
        self.assertIn("5 failures in a row, so the rest was not tried", error)

    def test_fetch(self):
        self.fails(key(1, 3))
        path = self.path("3.tar")
        _, error = run("fetch", *self.url("main/1", 3), "-o", path, expect=3)
        self.assertIn(self.why, error)
        self.assertFalse(os.path.exists(path))
        run("fetch", *self.url("main/1", 4), "-o", path)
        # Another that holds it is not taken: this one may be right, and the next moment be there.
        self.fill(1, (3, 4))
        run("fetch", *self.url("main/1", 3), "-o", path, expect=3)

    def test_info(self):
        """It reads records alone; one that is not given is no gap, and no damage either."""
        self.fails(key(1, 3))
        self.assertEqual(lines("info", *self.url("main/1"))[0]["damaged"], [])
        record = key(1, 5, 5, "gap")
        self.store.put(record, tools.gap_record(1, 5, 5))
        self.fails(record)
        _, error = run("info", *self.url("main/1"), expect=3)
        self.assertIn(self.why, error)
        found = lines("verify", *self.url("main/1"), expect=1)
        self.assertEqual([(one["problem"], one["key"]) for one in found if one["type"] == "problem" and "key" in one],
                         [("unreadable", record)])


class FileUnreadableTest(Scenarios, tools.Scenario, unittest.TestCase):
    why = "injected: the key matches fail_gets_of in get"

    def make_store(self):
        return tools.FileStore()

    def fails(self, text):
        plain = f"file%3A%2F%2F{self.store.directory.name}"
        self.store.arguments = [f"faulty:///?of={plain}&fail_gets_of={text.replace('/', '%2F')}" if text else self.store.url]

    def test_a_copy_that_is_not_taken(self):
        self.singles(1, 5, 8)
        for failing, archives in ((key(1, 3), 9), ("main/1/", 2)):  # a partition that refuses counts once
            place = f"file%3A%2F%2F{self.path(f'copy-{archives}')}"
            to = f"faulty:///?of={place}&fail_puts_of={failing.replace('/', '%2F')}"
            found = lines("copy", self.store.url, to, expect=1)
            self.assertEqual({one["problem"] for one in found if one["type"] == "problem"}, {"unwritable"})
            self.assertEqual((found[-1]["archives"], found[-1]["problems"]), (archives, 10 - archives))

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_of_another_user(self):
        """The real thing: a file that this user may not read."""
        os.chmod(self.store.directory.name, 0o755)
        os.chmod(self.store.path(key(1, 3)), 0o600)
        done = tools.run_as_nobody("verify", *self.store.arguments)
        if done is None:
            self.skipTest("an ordinary user cannot run the program where it lies")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, f"(?m)^unreadable  {key(1, 3)}: .*Permission denied")
        # A partition that may not be looked into is damaged, and no other one lacks anything.
        os.chmod(self.store.path(key(1, 3)), 0o644)
        self.singles(0, 1, 6)
        self.singles(2, 1, 6)
        os.chmod(self.store.path("main/2"), 0o700)
        with tempfile.TemporaryDirectory() as place:
            os.chmod(place, 0o777)
            done = tools.run_as_nobody("copy", *self.store.arguments, f"file://{place}/copy")
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertRegex(done.stdout, "(?m)^damaged +main/2/")
            self.assertNotIn("hole", done.stdout)


class S3UnreadableTest(Scenarios, tools.Scenario, unittest.TestCase):
    why = "InternalError"

    def make_store(self):
        store = tools.S3Store("--max-keys", 1000)
        self.gate = gate.Gate(store.imposter.port)
        self.addCleanup(self.gate.close)
        store.arguments += ["--option", self.gate.option]
        return store

    def fails(self, text):
        self.gate.failing = {f"GET /{text}": gate.BROKEN} if text else {}

    def test_once_when_it_is_compared(self):
        """Each archive that overlaps another is read twice: for itself, and to be compared."""
        one, other = key(1, 5, 8), key(1, 5, 9)
        self.store.put(one, tools.archive(1, 5, 8))
        self.store.put(other, tools.archive(1, 5, 9, b"".join(tools.entry(lsn, b"another") for lsn in range(5, 10))))
        words = [*self.url("main/1"), "--jobs", 1, "--since-checkpoint"]
        for failing in (one, other):
            for number in (1, 2):
                for answer, word in ((gate.DENIED, "unreadable"), (gate.MISSING, "damaged")):
                    with self.subTest(failing=failing, number=number, word=word):
                        self.gate.requests.clear()
                        self.gate.failing_once = (f"GET /{failing}", number, answer)
                        checkpoint = self.path(f"{word}-{failing[-16:]}-{number}")
                        out, _ = run("verify", *words, checkpoint, expect=1)
                        self.assertRegex(out, "(?m)^(unreadable|damaged|disagree) ")
                        self.assertEqual(self.gate.count("GET", f"/{failing}"), 2)
                        self.assertRegex(run("verify", *words, checkpoint, expect=1)[0], "(?m)^disagree ")


if __name__ == "__main__":
    unittest.main()
