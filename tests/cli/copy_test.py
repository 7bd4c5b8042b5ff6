#!/usr/bin/python3
"""copy from one archive to another: what comes over, what does not, what is there already, and in which order."""

import os
import subprocess
import time
import unittest

import cli_tools as tools
import copy_tools
import gate
from cli_tools import archive, flipped, gap_record, key, record, run
from copy_tools import verify_says


class Scenarios(copy_tools.CopyScenario):
    def test_everything_comes_over(self):
        objects = copy_tools.of_every_kind()
        self.fill_with(objects)
        said, summary = self.told()
        self.assertEqual(said, [])
        self.assertEqual((summary["archives"], summary["records"]), (25, 5))
        self.assertEqual(summary["size_bytes"], sum(len(body) for body in objects.values()))
        self.assertEqual(self.content(self.target), objects, "byte for byte, and nothing else")
        self.assertEqual(verify_says(self.target, 1), verify_says(self.store, 1))
        again = self.copy()[0]
        self.assertIn("copied 0 archives and 0 records, 0 bytes; 30 were there before (by size and footer; --reread reads both); 0 problems", again)
        for how in ("--reread", "--size-only"):
            self.assertEqual(self.told(how)[1]["there_before"], 30)
        self.expect_same()

    def test_a_part(self):
        objects = copy_tools.of_every_kind()
        self.fill_with(objects)
        self.copy(part=["main/1"])
        self.assertEqual(self.target.keys(), sorted(one for one in objects if one.startswith("main/1/")))
        self.copy(part=["other"])
        self.assertEqual(self.target.keys(),
                         sorted(one for one in objects if one.startswith(("main/1/", "other/"))))
        self.copy()
        self.expect_same()

    def test_what_arrives_later_comes_with_the_next_run(self):
        self.singles(1, 1, 5)
        self.copy()
        self.singles(1, 6, 9)
        self.assertEqual(self.told()[1]["archives"], 4)
        self.expect_same()

    def test_what_the_source_itself_lacks_is_told(self):
        self.fill(1, *((lsn, lsn) for lsn in (1, 2, 5, 9, 10)))
        self.fill(2, (4, 6))
        self.singles(3, 1, 4)
        self.store.put(key(3, 5, 6, "gap"), gap_record(3, 5, 6))  # somebody knows
        self.singles(3, 7, 8)
        objects = tools.lines("copy", *self.words(), expect=1)
        holes = [(one["partition"], one["first"], one["last"]) for one in objects if one.get("problem") == "hole"]
        self.assertEqual(holes, [(1, 3, 4), (2, 1, 3)])
        self.assertEqual((objects[-1]["archives"], objects[-1]["problems"]), (12, 2))
        again = self.copy(expect=1)[0]
        self.assertIn("hole        main/1 LSN 3 @0000000000003 to 4 @0000000000004: no archive of the source", again)
        self.assertIn("5 LSNs in 2 pieces are missing, this is the first", again)
        self.assertIn("2 problems", again)
        self.expect_same()
        self.copy(part=["main/3"])
        for lsn in (3, 4):
            self.target.put(key(1, lsn), archive(1, lsn))
        said = self.copy(part=["main/1"], expect=1)[0]
        self.assertIn("no archive of the source holds it and no record says why, so it cannot be copied from there", said)
        self.assertNotIn("copy lacks", said, "it has them, from elsewhere")

    def test_damaged_archives_and_records_stay(self):
        whole = {key(1, lsn): archive(1, lsn) for lsn in range(1, 12)}
        whole[key(1, 12, 14)] = archive(1, 12, 14)
        damaged = {
            key(1, 2): flipped(archive(1, 2), 700),
            key(1, 4): archive(1, 4)[:-512],
            key(1, 5): archive(1, 5)[:1536],
            key(1, 6): b"",
            key(1, 7): archive(1, 8),  # of another name
            key(1, 8): archive(1, 8, content=tools.entry(9)),  # its members are of another entry
            key(1, 9): flipped(archive(1, 9), len(archive(1, 9)) - 500),  # in the footer
            key(1, 10): archive(1, 10) + bytes(512),
            key(1, 12, 14): flipped(archive(1, 12, 14), 100),
            key(1, 15, 16, "gap"): gap_record(1, 15, 17),
            key(1, 17, 17, "accepted"): b"",
        }
        self.fill_with({**whole, **damaged})
        said, summary = self.told(expect=1)
        self.assertEqual(said, sorted(("damaged", one) for one in damaged))
        self.assertEqual(summary["problems"], len(damaged))
        self.assertEqual(self.content(self.target), {one: whole[one] for one in whole if one not in damaged})
        self.fill_with(whole)  # mended, and the records are gone
        self.store.remove(key(1, 15, 16, "gap"))
        self.store.remove(key(1, 17, 17, "accepted"))
        self.copy()
        self.expect_same()

    def test_what_stands_there_is_not_overwritten(self):
        self.singles(1, 1, 6)
        there = {
            key(1, 2): archive(1, 2, content=tools.entry(2, b"x" * len(b"entry 2\n" * 3))),  # of the same size
            key(1, 3): archive(1, 3, content=tools.entry(3, bytes(5000))),  # of another
            key(1, 4): archive(1, 4, made_s=1_600_000_000),  # the same, made at another time
            key(1, 5): archive(1, 5)[:1024],  # damaged there
            key(1, 6): flipped(archive(1, 6), 700),  # the same, by its footer
        }
        self.assertEqual(len(there[key(1, 2)]), len(archive(1, 2)), "only the content tells")
        self.fill_with(there, self.target)
        expected = [("conflict", key(1, 2)), ("conflict", key(1, 3)), ("damaged", key(1, 5))]
        for _ in range(2):
            said, summary = self.told(expect=1)
            self.assertEqual(said, expected)
        self.assertEqual(summary["there_before"], 3)
        self.assertEqual(self.told("--reread", expect=1)[0], expected + [("damaged", key(1, 6))], "rot is found")
        self.assertEqual(self.told("--size-only", expect=1)[0], expected[1:], "what has the size is not looked at")
        out = self.copy(expect=1)[0]
        self.assertIn("nothing was overwritten", out)
        self.assertIn("at the destination: ", out)
        self.assertEqual({one: self.target.get(one) for one in there}, there)
        self.target.remove(key(1, 5))
        self.assertEqual(self.told(expect=1)[0], expected[:2])

    def test_a_source_that_rots_does_not_accuse_the_destination(self):
        self.singles(1, 1, 3)
        self.copy()
        self.store.put(key(1, 2), archive(1, 2) + bytes(512))
        said, _ = self.told(expect=1)
        self.assertEqual(said, [("damaged", key(1, 2))])
        self.assertNotIn("at the destination", self.copy(expect=1)[0])

    def test_records_of_one_name(self):
        """They say the same, whenever they were made; a damaged one says nothing."""
        self.fill_with({key(1, 1, 3, "origin"): record(1, 1, 3, "origin"), key(1, 4): archive(1, 4)})
        self.target.put(key(1, 1, 3, "origin"), record(1, 1, 3, "origin", "made_us=1600000000000000\n"))
        self.assertEqual(self.told()[0], [])
        self.target.put(key(1, 1, 3, "origin"), b"")
        self.assertEqual(self.told(expect=1)[0], [("damaged", key(1, 1, 3, "origin"))])

    def test_foreign_objects_are_left_out(self):
        self.singles(1, 1, 2)
        self.store.put("main/1/notes.txt", b"x")
        self.store.put("README", b"x")
        said, summary = self.told()
        self.assertEqual((said, summary["foreign"]), ([], 2))
        self.assertEqual(self.target.keys(), [key(1, 1), key(1, 2)])
        self.assertIn("2 foreign objects were left out", self.copy()[0])

    def test_nothing_there(self):
        self.store.put("README", b"x")
        _, error = self.copy(expect=1)
        self.assertIn("nothing is stored there", error)
        self.copy("--allow-empty")
        self.singles(1, 1, 1)
        self.assertIn("looked for main/2", self.copy(part=["main/2"], expect=1)[1])
        self.assertEqual(self.target.keys(), [])

    def test_dry_run(self):
        self.singles(1, 1, 3)
        self.target.put(key(1, 1), archive(1, 1))
        self.target.put(key(1, 2), archive(1, 2)[:512])
        out = self.copy("--dry-run", expect=1)[0]
        self.assertIn(f"would copy {key(1, 3)}", out)
        self.assertIn("would copy 1 archive and 0 records", out)
        self.assertIn(f"damaged     {key(1, 2)}: at the destination", out)
        self.assertEqual(self.target.keys(), [key(1, 1), key(1, 2)])

    def test_what_only_the_destination_has_stays_in_sight(self):
        """A copy that is kept longer: what the source has pruned is not hidden there."""
        self.singles(1, 1, 9)
        self.copy()
        run("prune", *self.url("main/1"), "--before", 6, "--yes")
        self.singles(1, 10, 12)
        pruned = key(1, 1, 5, "pruned")
        said, summary = self.told()
        self.assertEqual(said, [("held-back", pruned)])
        self.assertEqual(summary["only_at_destination"], 5)
        self.assertEqual(self.target.keys(), [key(1, lsn) for lsn in range(1, 13)])
        verify_says(self.target, 0)
        for lsn in range(1, 6):
            self.target.remove(key(1, lsn))
        self.assertEqual(self.told()[0], [])
        self.expect_same()

    def test_a_destination_that_was_pruned_further(self):
        """What comes again is hidden there."""
        self.singles(1, 1, 4)
        self.singles(2, 1, 3)
        self.singles(3, 1, 3)
        self.copy()
        for partition in (1, 2):
            run("prune", self.target.arguments[0], f"main/{partition}", *self.target.arguments[1:], "--before", 3, "--yes")
        run("prune", *self.url("main/2"), "--before", 3, "--yes")
        for more, copied in ((["--dry-run"], 2), ([], 2), ([], 0), (["--size-only"], 0)):
            objects = tools.lines("copy", *self.words(), *more)
            warnings = [{**one, "message": ""} for one in objects if one["type"] == "warning"]
            self.assertEqual(warnings, [{"type": "warning", "warning": "hidden", "message": "", "storage": "main", "partition": 1,
                                         "through": 2, "archives": 2}])
            self.assertEqual((objects[-1]["archives"], objects[-1]["problems"]), (copied, 0))
        self.assertIn("hidden      main/1: the destination was pruned up to LSN 2 @0000000000002: 2 archives of the source are "
                      "at or below it", self.copy()[0])
        verify_says(self.target, 0)
        self.store.put(key(1, 1, 1, "pruned"), record(1, 1, 1, "pruned"))  # then 1 is hidden in the source too
        self.assertIn("1 archive of the source is at or below it", self.copy()[0])
        run("prune", *self.url("main/1"), "--before", 3, "--yes")
        self.assertEqual([kind for kind, _ in self.told()[0] if kind == "hidden"], [])

    def test_a_prune_that_was_stopped(self):
        """The record, and some of what it covers."""
        pruned = key(1, 1, 6, "pruned")
        self.fill_with({pruned: record(1, 1, 6, "pruned"), **{key(1, lsn): archive(1, lsn) for lsn in range(4, 10)}})
        self.copy()
        self.expect_same()
        self.assertEqual(verify_says(self.target, 0), verify_says(self.store, 0))
        self.target.remove(pruned)
        self.target.put(key(1, 3), archive(1, 3))
        self.assertEqual(self.told()[0], [("held-back", pruned)])
        self.target.remove(key(1, 3))
        self.target.put(key(1, 2), archive(1, 2))
        self.assertEqual(self.told()[0], [], "3 is missing there, and the record says why")
        self.assertIn(pruned, self.target.keys())

    def test_only_the_last_of_what_was_pruned_is_left(self):
        """The record is named by that LSN too, and comes first."""
        pruned = key(1, 1, 6, "pruned")
        self.fill_with({pruned: record(1, 1, 6, "pruned"), **{key(1, lsn): archive(1, lsn) for lsn in (6, 7)}})
        self.target.put(key(1, 6), archive(1, 6))
        self.store.remove(key(1, 6))
        self.assertEqual(self.told()[0], [("held-back", pruned)])

    def test_a_hole_there_that_the_record_explains(self):
        """Copies were not made for longer than the source keeps: its record says what is missing between."""
        self.singles(1, 1, 9)
        self.copy()
        for lsn in (5, 6):
            self.target.remove(key(1, lsn))
        run("prune", *self.url("main/1"), "--before", 7, "--yes")
        self.assertEqual(self.told()[0], [])
        self.assertIn("remnant     main/1/0000000000001.tar", verify_says(self.target, 0))

    def test_wrong_words(self):
        self.singles(1, 1, 1)
        for words, part in ((["--bwlimit", "fast"], "--bwlimit: 'fast' is not a size per second"),
                            (["--bwlimit", "0"], "is not a size per second"),
                            (["--jobs", "0"], "--jobs"), (["--jobs", "129"], "--jobs"),
                            (["--reread", "--size-only"], "excludes"),
                            (["--to-option", "colour"], "--to-option: it wants KEY=VALUE: it has no '='"),
                            (["--to-option", "colour=red"], "colour"),
                            (["--to-secret", "token=NO_SUCH_VARIABLE"], "--to-secret token=...: the environment has no such variable")):
            self.assertIn(part, self.copy(*words, expect=2)[1])
        self.assertIn("TO-URL", run("copy", *self.store.arguments, expect=2)[1])
        self.assertEqual(self.target.keys(), [])

    def test_no_faster_than_it_may_be(self):
        self.store.put(key(1, 1), archive(1, 1, content=tools.entry(1, os.urandom(300_000))))
        begin = time.monotonic()
        self.copy("--bwlimit", "100K")
        self.assertGreater(time.monotonic() - begin, 1.5, "300 kB: a second's worth at once, then two seconds")
        self.expect_same()

    def test_larger_than_what_is_read_at_once(self):
        body = archive(1, 1, content=tools.entry(1, os.urandom(1 << 20) * 70))
        self.store.put(key(1, 1), body)
        self.store.put(key(1, 2), flipped(archive(1, 2, content=tools.entry(2, bytes(70 << 20))), 69 << 20))
        said, _ = self.told(expect=1)
        self.assertEqual(said, [("damaged", key(1, 2))])
        self.assertEqual(self.target.keys(), [key(1, 1)])
        self.assertTrue(self.target.get(key(1, 1)) == body)
        self.assertEqual(self.told(expect=1)[1]["there_before"], 1)


class FileToS3Test(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def make_target(self):
        return tools.S3Store()

    def test_at_every_moment_it_was_the_source_once(self):
        """One after the other; each state that the destination goes through has nothing wrong with it."""
        objects = {key(1, lsn): archive(1, lsn) for lsn in range(4, 10)}
        objects[key(1, 1, 6, "pruned")] = record(1, 1, 6, "pruned")  # a prune that was stopped
        objects[key(2, 1, 9, "origin")] = record(2, 1, 9, "origin")
        objects.update({key(2, lsn): archive(2, lsn) for lsn in (10, 11, 14)})
        objects[key(2, 12, 13, "gap")] = gap_record(2, 12, 13)
        objects[key(2, 12, 13, "accepted")] = record(2, 12, 13, "accepted",
                                                     "made_us=1700000000000001\nreason=the disk of node 4\n")
        self.fill_with(objects)
        verify_says(self.store, 0)
        before_it = gate.Gate(self.target.imposter.port)
        self.addCleanup(before_it.close)
        self.copy("--jobs", 1, "--to-option", before_it.option)
        order = copy_tools.in_order_of_arrival(before_it, objects)
        self.assertEqual(len(order), len(objects))
        state = tools.FileStore()
        self.addCleanup(state.close)
        for one in order:
            state.put(one, objects[one])
            verify_says(state, 0)

    def test_irregular_objects(self):
        self.singles(1, 1, 2)
        os.symlink(self.store.path(key(1, 1)), self.store.path(key(1, 3)))
        os.mkfifo(self.store.path(key(1, 4)))
        self.assertEqual(self.told(expect=1)[0], [("damaged", key(1, 3)), ("damaged", key(1, 4))])
        self.assertEqual(self.target.keys(), [key(1, 1), key(1, 2)])

    def test_a_store_that_stores_nothing(self):
        self.singles(1, 1, 3)
        self.target.close()
        self.target = tools.S3Store("--habits", "stores_nothing")
        _, error = self.copy(expect=3)
        self.assertIn("the store said that it has the probe", error)

    def test_a_store_that_fails_now_and_then(self):
        objects = copy_tools.of_every_kind()
        self.fill_with(objects)
        self.target.close()
        self.target = tools.S3Store("--rate", "slowdown=0.1,internal=0.1,reset_before=0.05,reset_middle=0.05,conflict=0.05,"
                                    "lost_answer=0.1,ok_lost=0.05,put_error_after=0.05", "--retry-after-s", 0, *tools.FEWER_FAULTS_THAN_TRIES)
        self.copy("--jobs", 8)
        self.target.imposter.make_peace()
        self.assertEqual(self.content(self.target), objects)

    def test_unreachable(self):
        self.singles(1, 1, 3)
        self.target.imposter.close()
        begin = time.monotonic()
        self.copy(expect=3)
        self.assertLess(time.monotonic() - begin, 120)
        self.target.imposter.process.returncode = 0


class S3ToFileTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def make_target(self):
        return tools.FileStore()

    def test_a_destination_is_not_created_for_nothing(self):
        where = os.path.join(self.dir, "not", "there")
        words = [self.store.arguments[0], "file://" + where, *self.store.arguments[1:]]
        run("copy", *words, expect=1)
        self.singles(1, 1, 2)
        out = run("copy", *words, "--dry-run")[0]
        self.assertIn("would copy 2 archives", out)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "not")))
        run("copy", *words)
        self.assertTrue(os.path.exists(os.path.join(where, key(1, 2))))

    def test_listed_and_not_there(self):
        self.store.close()
        self.store = tools.S3Store("--loses", "/000000000001")
        self.singles(1, 34, 38)
        self.assertEqual(self.told(expect=1)[0], [("damaged", key(1, lsn)) for lsn in (36, 37, 38)] + [("hole", None)])
        self.assertEqual(self.target.keys(), [key(1, 34), key(1, 35)])

    def test_pruned_while_it_ran(self):
        """What went meanwhile is no damage, and the record of it comes too: else its place would be a hole."""
        self.store.close()
        self.store = tools.S3Store("--delay-ms", 150)
        self.singles(1, 1, 16)
        process = subprocess.Popen(tools.command("copy", *self.words(), "--jobs", 1, "--json"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not self.target.keys() and process.poll() is None:
            time.sleep(0.02)
        self.store.put(key(1, 1, 14, "pruned"), record(1, 1, 14, "pruned"))
        for lsn in range(14, 0, -1):  # towards the copy, which is slow too
            self.store.remove(key(1, lsn))
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + error)
        self.assertIn('"warning":"vanished"', out)
        self.assertIn(key(1, 1, 14, "pruned"), self.target.keys())
        verify_says(self.target, 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_a_destination_that_refuses(self):
        self.singles(1, 1, 9)
        self.singles(2, 1, 2)
        os.makedirs(self.target.path("main/1"))
        for folder in ("", "main"):
            os.chmod(self.target.path(folder), 0o777)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *tools.command("copy", *self.words())]
        if subprocess.run([*words[:4], tools.TIDEMARK, "sinks"], capture_output=True, check=False).returncode != 0:
            self.skipTest("an ordinary user cannot run the program where it lies")
        done = subprocess.run(words, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("unwritable", done.stdout)
        self.assertIn("Permission denied", done.stdout)
        self.assertEqual(done.stdout.count("unwritable"), 9)
        self.assertEqual(self.target.keys(), [key(2, 1), key(2, 2)], "one partition does not keep the others from it")


class SamePlaceTest(copy_tools.CopyScenario, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def make_target(self):
        return tools.S3Store()

    def refused(self, source, destination, *words):
        error = run("copy", source, destination, *words, expect=2)[1]
        self.assertIn("name another place to copy to", error)
        return error

    def test_directories(self):
        self.singles(1, 1, 2)
        root = self.store.directory.name
        os.symlink(root, self.path("link"))
        before = self.store.keys()
        for other in (root, root + "/", f"{root}/./main/..", self.path("link"), root.replace("tide", "%74ide")):
            self.assertIn("the source itself", self.refused(self.store.url, "file://" + other))
        for inner in ("/main", "/new/below", "/main/../x"):
            self.assertIn("within the source", self.refused(self.store.url, "file://" + root + inner))
            self.assertIn("lies within the destination", self.refused("file://" + root + inner, self.store.url))
        self.refused(self.store.url, f"file://{self.path('link')}/main")
        self.assertEqual(self.store.keys(), before)
        run("copy", self.store.url, "file://" + root + "-other")
        run("copy", "file://" + root + "-other", "file://" + self.path("third"))
        subprocess.run(["rm", "-r", root + "-other"], check=True)

    def test_prefixes(self):
        plain = self.target.imposter.sink_url()
        words = [*self.target.arguments[1:], *copy_tools.destination_words(self.target)[1:]]
        inner = self.target.imposter.sink_url(prefix="/a/b")
        self.assertIn("the source itself", self.refused(plain, plain.replace("s3://tidemark?", "s3://tidemark/?"), *words))
        self.assertIn("within the source", self.refused(plain, inner, *words))
        self.assertIn("lies within the destination", self.refused(inner, plain, *words))
        self.assertIn("within the source",
                      self.refused(self.target.imposter.sink_url(prefix="/a"), inner, *words))
        self.fill_with({"a/b/" + key(1, 1): archive(1, 1)}, self.target)
        run("copy", inner, self.target.imposter.sink_url(prefix="/a/bc"), *words)
        self.assertEqual(self.target.keys(), ["a/b/" + key(1, 1), "a/bc/" + key(1, 1)])


class S3ToS3Test(copy_tools.CopyScenario, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def make_target(self):
        return tools.S3Store()

    def test_two_stores_with_options_of_their_own(self):
        """Wherever the options stand."""
        self.fill_with(copy_tools.of_every_kind())
        self.copy("--jobs", 16)
        self.expect_same()
        for part in ([], ["main/1"]):
            words = [*self.store.arguments, *copy_tools.destination_words(self.target), *part]
            self.assertIn("copied 0 archives", run("copy", *words, "--jobs", 3)[0])


if __name__ == "__main__":
    unittest.main()
