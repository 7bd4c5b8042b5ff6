#!/usr/bin/python3
"""check: what an archiver would need of a place, each thing by its name, and nothing left behind."""

import os
import re
import subprocess
import time
import unittest

import cli_tools as tools
import gate
from cli_tools import archive, key, run

TRIED = ["open", "stored", "open-to-write", "write", "read", "range", "list", "clock", "conditions", "remove", "gone"]


class Scenarios(tools.Scenario):
    def check(self, *arguments, expect=0):
        """{what: result}, in the order in which it was said, and the messages."""
        part = [word for word in arguments if not word.startswith("--")]
        words = [word for word in arguments if word.startswith("--")]
        said = tools.lines("check", *self.url(*part), *words, expect=expect)
        self.assertEqual(said[-1]["type"], "summary")
        results = {one["check"]: one["result"] for one in said[:-1]}
        self.assertEqual(said[-1]["failed"], list(results.values()).count("failed"))
        return results, {one["check"]: one["message"] for one in said[:-1]}

    def own(self):
        return [one for one in self.store.keys() if "check" in one]

    def test_all_well(self):
        self.singles(1, 1, 2)
        results, _ = self.check()
        is_file = self.store.url.startswith("file:")
        self.assertEqual(list(results), TRIED + (["partitions", "space"] if is_file else ["remove-many", "partitions"]))
        self.assertEqual(set(results.values()), {"ok"})
        self.assertEqual(self.store.keys(), [key(1, 1), key(1, 2)])
        for line in run("check", *self.store.arguments)[0].splitlines():
            self.assertRegex(line, "^ok  ")

    def test_nothing_there(self):
        """Else a directory that was not mounted would be well."""
        results, messages = self.check(expect=1)
        self.assertEqual([one for one in results if results[one] != "ok"], ["stored"])
        self.assertIn("--allow-empty says that this is right", messages["stored"])
        self.check("--allow-empty")
        self.assertEqual(self.store.keys(), [])

    def test_read_only(self):
        self.singles(1, 1, 2)
        self.store.put(key(1, 3), archive(1, 3, content=tools.entry(3, bytes(100_000))))
        before = self.store.keys()
        results, messages = self.check("--read-only")
        self.assertEqual(list(results)[:3], ["open", "stored", "read"])
        self.assertIn(key(1, 1), messages["read"], "a small one")
        self.assertEqual(self.store.keys(), before)
        self.store.put(key(1, 1), tools.flipped(archive(1, 1), 700))
        self.assertEqual(self.check("--read-only", expect=1)[0]["read"], "failed")

    def test_a_part(self):
        self.singles(1, 1, 2)
        self.assertIn("1 partition is there", self.check("main/1")[1]["partitions"])
        results, messages = self.check("main/2", expect=1)
        self.assertEqual([one for one in results if results[one] != "ok"], ["stored"])
        self.assertIn("looked for main/2", messages["stored"])
        self.check("main", "--read-only")
        run("check", self.store.arguments[0], "main/x", *self.store.arguments[1:], expect=2)

    def test_what_others_left(self):
        """An old object of any machine goes; a young one may be in use by another."""
        self.singles(1, 1, 1)
        young = "tidemark-check-0000000000abc-1-77"
        self.store.put(young, b"x")
        self.check()
        self.assertEqual(self.own(), [young])
        found = tools.lines("verify", *self.store.arguments)
        self.assertEqual([one.get("warning") for one in found[:-1]], ["foreign"], "no reader takes it for more")


class FileCheckTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def test_a_directory_that_is_not_there(self):
        url = self.store.url + "/new"
        for words in ([], ["--read-only"], ["--allow-empty"]):
            out, _ = run("check", url, *words, expect=3)
            self.assertRegex(out, "^FAILED  open .*is it mounted")
            self.assertFalse(os.path.exists(self.store.path("new")))

    def test_old_leftovers(self):
        self.singles(1, 1, 1)
        self.store.put("tidemark-check-0000000000abc-1-77", b"x", time.time() - 7200)
        results, messages = self.check()
        self.assertEqual(results["leftovers"], "ok")
        self.assertIn("1 of earlier checks", messages["leftovers"])
        self.assertEqual(self.own(), [])
        self.assertNotIn("leftovers", self.check()[0])

    def as_nobody(self, *words, expect):
        done = tools.run_as_nobody("check", *words)
        if done is None:
            self.skipTest("an ordinary user cannot run the program where it lies")
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_a_user_who_may_only_read(self):
        self.singles(1, 1, 1)
        subprocess.run(["chmod", "-R", "a+rX,go-w", self.store.directory.name], check=True)
        out = self.as_nobody(self.store.url, expect=1)
        self.assertRegex(out, "FAILED  open-to-write .*Permission denied")
        self.assertRegex(out, "ok      read ")
        self.as_nobody(self.store.url, "--read-only", expect=0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_partitions_of_another_user(self):
        """Each is named; the archive itself may be written to."""
        for partition in range(1, 6):
            self.singles(partition, 1, 1)
        subprocess.run(["chown", "-R", "65534", self.store.directory.name], check=True)
        self.assertRegex(self.as_nobody(self.store.url, expect=0), "ok      partitions +5 partitions are there")
        os.chmod(self.store.path("main/2"), 0o555)
        os.chown(self.store.path("main/3"), 0, 0)
        os.chown(self.store.path("main/4"), 0, 0)
        os.chmod(self.store.path("main/4"), 0o700)
        before = self.store.keys()
        out = self.as_nobody(self.store.url, expect=1)
        self.assertEqual(re.findall("(?m)^(FAILED  [a-z]+) .*main/([0-9])", out),
                         [("FAILED  partitions", "4"), ("FAILED  partitions", "2"), ("FAILED  partitions", "3")])
        self.assertRegex(out, "main/4/.: it is .* a directory .* that may not be read|main/4/.*may not be read")
        self.assertRegex(out, "main/3: it cannot be written to: .*Permission denied")
        self.assertEqual(self.store.keys(), before)
        out = self.as_nobody(self.store.url, "main/1", expect=0)
        self.assertRegex(out, "ok      partitions +1 partition is there")
        out = self.as_nobody(self.store.url, "--read-only", expect=1)
        self.assertEqual(re.findall("(?m)^FAILED  partitions .*main/([0-9])", out), ["4"])


class S3CheckTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def use(self, *arguments):
        self.store.close()
        self.store = tools.S3Store(*arguments)
        self.singles(1, 1, 1)

    def test_a_store_that_ignores_conditions(self):
        for how in ("ignored", "not_implemented"):
            self.use("--put-condition", how)
            results, messages = self.check(expect=1)
            self.assertEqual([one for one in results if results[one] != "ok"], ["conditions"])
            self.assertIn("does not honour If-None-Match", messages["conditions"])

    def test_a_store_that_stores_nothing(self):
        self.store.close()
        self.store = tools.S3Store("--habits", "stores_nothing")
        results, messages = self.check("--allow-empty", expect=1)
        self.assertEqual(results["open-to-write"], "failed")
        self.assertIn("the store said that it has the probe", messages["open-to-write"])

    def test_a_store_that_loses_what_it_lists(self):
        self.use("--loses", "tidemark-check")
        results, messages = self.check(expect=1)
        self.assertEqual(results["read"], "failed")
        self.assertIn("the sink said that it had stored", messages["read"])

    def test_many_removals(self):
        """prune believes a store that says it has removed; one that refuses makes it slow, no more."""
        self.use("--habits", "removes_none")
        results, messages = self.check(expect=1)
        self.assertEqual([one for one in results if results[one] != "ok"], ["remove-many"])
        self.assertIn("is still there", messages["remove-many"])
        for habit in ("no_removals", "denies_removals", "keeps_first", "forgets_first"):
            self.use("--habits", habit)
            results, messages = self.check()
            self.assertEqual([one for one in results if results[one] != "ok"], ["remove-many"])
            self.assertEqual(results["remove-many"], "warning")
            self.assertIn("prune removes one after the other", messages["remove-many"])
            self.assertEqual(self.own(), [])

    def test_a_policy_about_one_prefix(self):
        """What is forbidden below one partition is named; the others are tried."""
        for partition in (1, 2, 3):
            self.singles(partition, 1, 1)
        door = gate.Gate(self.store.imposter.port)
        self.addCleanup(door.close)
        self.store.arguments += ["--option", door.option]
        for forbidden, said in (("PUT /main/2/", "it cannot be written to"), ("DELETE /main/2/", "nothing can be removed from it"),
                                ("GET list-type=2 prefix=main%2F2%2F", "it cannot be listed")):
            door.failing = {forbidden: gate.DENIED}
            results, _ = self.check(expect=1)
            self.assertEqual([one for one in results if results[one] != "ok"], ["partitions"])
            out, _ = run("check", *self.store.arguments, expect=1)
            self.assertEqual(re.findall("(?m)^FAILED  partitions +(main/[0-9]): ([a-z ]+): .*AccessDenied", out),
                             [("main/2", said)], out)
            for left in self.own():
                self.store.remove(left)

    def test_unreachable(self):
        url = "s3://bucket?region=us-east-1&endpoint=http://127.0.0.1:1"
        out, _ = run("check", url, *self.store.arguments[1:], expect=3)
        self.assertRegex(out, "^FAILED  open ")

    def test_a_secret_that_is_wrong(self):
        os.environ["CLI_TEST_OTHER_KEY"] = "wrong"
        words = [self.store.url, "--option", self.store.arguments[2], "--secret", "secret_access_key=CLI_TEST_OTHER_KEY"]
        out, _ = run("check", *words, expect=3)
        self.assertRegex(out, "^FAILED  open .*SignatureDoesNotMatch")

    def test_killed(self):
        """The next one removes what it left, at once."""
        self.use("--delay-ms", 60)
        process = subprocess.Popen(tools.command("check", *self.store.arguments), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while not self.own() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait(30)
        self.assertEqual(len(self.own()), 1)
        results, _ = self.check()
        self.assertEqual(results["leftovers"], "ok")
        self.assertEqual(self.own(), [])


if __name__ == "__main__":
    unittest.main()
