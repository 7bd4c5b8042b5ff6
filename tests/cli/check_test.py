#!/usr/bin/python3
"""check: what an archiver would need of a place, each thing by its name, and nothing left behind."""

import os
import subprocess
import time
import unittest

import cli_tools as tools
from cli_tools import archive, key, run

TRIED = ["open", "stored", "open-to-write", "write", "read", "range", "list", "clock", "conditions", "remove", "gone"]


class Scenarios(tools.Scenario):
    def check(self, *arguments, expect=0):
        """{what: result}, in the order in which it was said, and the messages."""
        said = tools.lines("check", *self.store.arguments, *arguments, expect=expect)
        self.assertEqual(said[-1]["type"], "summary")
        results = {one["check"]: one["result"] for one in said[:-1]}
        self.assertEqual(said[-1]["failed"], list(results.values()).count("failed"))
        return results, {one["check"]: one["message"] for one in said[:-1]}

    def own(self):
        return [one for one in self.store.keys() if "check" in one]

    def test_all_well(self):
        self.singles(1, 1, 2)
        results, _ = self.check()
        space = ["space"] if self.store.url.startswith("file:") else []
        self.assertEqual(list(results), TRIED + space)
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

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_a_user_who_may_only_read(self):
        self.singles(1, 1, 1)
        subprocess.run(["chmod", "-R", "a+rX,go-w", self.store.directory.name], check=True)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", tools.TIDEMARK]
        if subprocess.run([*words, "sinks"], capture_output=True, check=False).returncode != 0:
            self.skipTest("an ordinary user cannot run the program where it lies")
        done = subprocess.run([*words, "check", self.store.url], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "FAILED  open-to-write .*Permission denied")
        self.assertRegex(done.stdout, "ok      read ")
        done = subprocess.run([*words, "check", self.store.url, "--read-only"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


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
