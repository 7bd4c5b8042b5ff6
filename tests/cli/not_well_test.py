#!/usr/bin/python3
"""What must not pass for an archive that is well: nothing looked at, what cannot be read, and records that are damaged
or say what is not so. Each on a directory (FileTest) and on an S3 store (S3Test)."""

import os
import signal
import subprocess
import time
import unittest

import cli_tools as tools
from cli_tools import archive, key, lines, run

READERS = ("verify", "info", "ls", "gaps")


class Scenarios(tools.Scenario):
    """The scenarios; what has no make_store is not run."""

    def nothing(self, url, *target, there):
        """Each verb says that it found nothing, what it looked for and what is there."""
        options = self.store.arguments[1:]
        for verb in READERS:
            with self.subTest(verb=verb, url=url):
                out, error = run(verb, url, *target, *options, expect=1)
                told = out if verb == "verify" else error
                self.assertIn("nothing is stored there: looked for", told)
                for text in (*target, url.split("?")[0], there):
                    self.assertIn(text, told)
                run(verb, url, *target, *options, "--allow-empty")

    def below(self, *parts):
        """The URL of what lies deeper in the store, or beside it."""
        base, question, query = self.store.url.partition("?")
        return "/".join((base, *parts)) + question + query

    def make_folder(self, *parts):
        """What a directory has and a store has not: a place where nothing lies."""

    # ---- nothing looked at

    def test_nothing_there(self):
        self.nothing(self.store.url, there="it is empty")
        self.singles(1, 1, 3)
        self.fill(12, (1, 3))
        self.make_folder("typo")
        self.nothing(self.below("typo"), there="it is empty")
        self.nothing(self.store.url, "maim", there="there is main/1, main/12")
        self.nothing(self.store.url, "main/2", there="there is main/1, main/12")
        self.nothing(self.below("main"), there="names a storage: leave out its last part")
        self.nothing(self.below("main", "1"), there="names a partition: leave out its last two parts")
        problem, summary = lines("verify", *self.url("main/2"), expect=1)
        self.assertEqual((problem["problem"], problem["name"], summary["problems"]), ("nothing", "main/2", 1))

    def test_one_level_up(self):
        for lsn in (1, 2):
            self.store.put("deep/er/" + key(1, lsn), archive(1, lsn))
        self.nothing(self.store.url, there="an archive lies below: add /deep/er to the URL")
        self.assertIn("all well", run("verify", self.below("deep", "er"), *self.store.arguments[1:])[0])

    def test_only_foreign_objects(self):
        self.store.put("main/1/README", b"hello")
        self.nothing(self.store.url, there="only foreign objects, such as main/1/README")
        self.nothing(self.store.url, "main/1", there="main/1/README")

    def test_only_records_of_epochs(self):
        self.store.put(tools.epoch_key(1), tools.epoch_record(1, 0))
        self.nothing(self.store.url, there="only records of epochs, of main: it was claimed, and nothing is archived")

    def test_range_with_nothing(self):
        self.singles(1, 1, 3)
        self.assertIn("nothing is stored there: looked for LSN 9 @0000000000009 and after of main/1",
                      run("ls", *self.url("main/1"), "--from", 9, expect=1)[1])
        self.assertIn("LSN 7 @0000000000007 to 8 @0000000000008 of storage main",
                      run("ls", *self.url("main"), "--from", 7, "--to", 8, expect=1)[1])

    # ---- records that are not what they seem

    def broken(self, good):
        return b"", good[:-100], tools.flipped(good, len(good) - 500)

    def test_damaged_records(self):
        """Nothing that they say is believed, and each is listed once."""
        self.singles(1, 1, 4)
        self.fill(1, (7, 9))
        # Name of the record, what it would be if it were right, and what verify says besides that it is damaged.
        for record, good, holes in (
                (key(1, 1, 3, "pruned"), tools.record(1, 1, 3, "pruned"), [(5, 6)]),
                (key(1, 5, 6, "gap"), tools.gap_record(1, 5, 6), [(5, 6)]),
                (key(1, 5, 6, "accepted"), tools.record(1, 5, 6, "accepted", "made_us=17\nreason=x\n"), [(5, 6)])):
            for body in self.broken(good):
                with self.subTest(record=record, size=len(body)):
                    self.store.put(record, body)
                    self.assertEqual(sorted(self.problems(), key=str),
                                     sorted([("damaged", None, record), *(("hole", 1, hole) for hole in holes)], key=str))
                    info, = lines("info", *self.url(), expect=1)
                    self.assertEqual((info["damaged"], info["pruned_through"], info["gaps"], info["holes"],
                                      info["accepted_gaps"]), ([record], 0, 0, 1, 0))
                    self.assertIn(f"  damaged   {record}\n", run("info", *self.url(), expect=1)[0])
                    told = lines("gaps", *self.url(), expect=1)
                    self.assertEqual([(one["type"], one["first"], one["last"]) for one in told], [("hole", 5, 6)])
                    self.assertEqual(run("gaps", *self.url(), expect=1)[1].count(record), 1)
            self.store.remove(record)

    def test_a_damaged_pruned_record_hides_nothing(self):
        self.fill(1, (4, 4), (5, 6))
        self.store.put(key(1, 1, 3, "pruned"), b"")
        self.assertEqual(self.problems(), [("damaged", None, key(1, 1, 3, "pruned")), ("hole", 1, (1, 3))])
        self.store.put(key(1, 1, 3, "pruned"), tools.record(1, 1, 3, "pruned"))
        self.assertEqual(self.problems(expect=0), [("pruned", None, "main/1")])

    def test_records_over_what_is_there(self):
        self.singles(1, 1, 9)
        gap, accepted, around = key(1, 2, 3, "gap"), key(1, 5, 5, "accepted"), key(2, 3, 5, "gap")
        self.store.put(gap, tools.gap_record(1, 2, 3))
        self.store.put(accepted, tools.record(1, 5, 5, "accepted", "made_us=17\nreason=x\n"))
        self.singles(2, 1, 2)
        self.store.put(around, tools.gap_record(2, 3, 5))
        self.fill(2, (4, 6))  # comes after the record and reaches back into it
        found = [one for one in self.problems() if one[0] != "accepted"]
        self.assertEqual(found, [("overruled", None, gap), ("overruled", None, accepted), ("overruled", None, around),
                                 ("gap", 2, (3, 3))])
        first, second = lines("info", *self.url())
        self.assertEqual((first["overruled"], first["gaps"], second["overruled"], second["gap_lsns"]), (2, 0, 1, 1))

    def test_archives_below_what_was_pruned(self):
        self.singles(1, 1, 9)
        self.store.put(key(1, 1, 4, "pruned"), tools.record(1, 1, 4, "pruned"))
        self.fill(1, (3, 6))  # reaches beyond
        self.assertEqual(self.problems(expect=0),
                         [("remnant", None, key(1, lsn)) for lsn in range(1, 5)] + [("pruned", None, "main/1")])
        self.assertTrue(lines("info", *self.url())[0]["remnants"])

    def test_left_by_a_prune_that_was_killed(self):
        """Where many are removed at once, any of them may be left: named, no loss, and gone with the next prune."""
        self.singles(1, 1, 40)
        self.store.put(key(1, 1, 30, "pruned"), tools.record(1, 1, 30, "pruned"))
        for lsn in range(1, 31, 2):
            self.store.remove(key(1, lsn))
        left = [key(1, lsn) for lsn in range(2, 31, 2)]
        expected = [("remnant", None, one) for one in left] + [("pruned", None, "main/1")]
        self.assertEqual(self.problems(expect=0), expected)
        info = lines("info", *self.url())[0]
        self.assertEqual((info["remnants"], info["holes"], info["gaps"], info["pruned_through"]), (True, 0, 0, 30))
        self.assertEqual([one["type"] for one in lines("gaps", *self.url("main/1"))], ["pruned"])
        _, error = run("restore", *self.url("main/1", self.path("out")))
        self.assertIn("main/1 was pruned up to LSN 30", error)
        self.assertEqual(tools.tree(self.path("out")), tools.expected_tree(range(31, 41)))
        run("restore", *self.url("main/1", self.path("one")), "--from", 30)
        self.assertEqual(tools.tree(self.path("one")), tools.expected_tree(range(30, 41)))

        arguments = ["prune", *self.url("main/1"), "--before", 31]
        self.assertEqual([one["key"] for one in lines(*arguments) if one["type"] == "archive"], left)
        self.assertEqual(self.problems(expect=0), expected)
        run(*arguments, "--yes")
        self.assertEqual(self.problems(expect=0), [("pruned", None, "main/1")])
        self.assertEqual(sorted(self.store.keys()),
                         sorted([key(1, 1, 30, "pruned")] + [key(1, lsn) for lsn in range(31, 41)]))

    # ---- gaps: what is missing, and no more

    def test_a_gap_in_which_one_was_archived_after_all(self):
        self.fill(1, (1, 2), (4, 4), (6, 7))
        self.store.put(key(1, 3, 5, "gap"), tools.gap_record(1, 3, 5))
        listed = lines("gaps", *self.url())
        self.assertEqual([(one["type"], one["first"], one["last"], one["key"]) for one in listed],
                         [("gap", 3, 3, key(1, 3, 5, "gap")), ("gap", 5, 5, key(1, 3, 5, "gap"))])
        error = run("gaps", *self.url(), "--acknowledge", "main/1", 3, 5, "--reason", "x", expect=2)[1]
        self.assertIn("tidemark gaps lists what is missing", error)
        for one in listed:
            run("gaps", *self.url(), "--acknowledge", "main/1", one["first"], one["last"], "--reason", "x")
        self.assertEqual([one["type"] for one in lines("gaps", *self.url())], ["accepted", "accepted"])
        self.assertIn("all well", run("verify", *self.url())[0])

    def test_a_gap_that_was_accepted_in_part(self):
        self.fill(1, (1, 2), (8, 9))
        self.store.put(key(1, 3, 7, "gap"), tools.gap_record(1, 3, 7))
        run("gaps", *self.url(), "--acknowledge", "main/1", 4, 5, "--reason", "x")
        listed = [(one["type"], one["first"], one["last"]) for one in lines("gaps", *self.url())]
        self.assertEqual(listed, [("accepted", 4, 5), ("gap", 3, 3), ("gap", 6, 7)])
        for kind, first, last in listed:
            if kind != "accepted":
                run("gaps", *self.url(), "--acknowledge", "main/1", first, last, "--reason", "x")
        self.assertIn("all well", run("verify", *self.url())[0])


    # ---- what the checkpoint knows

    def checkpoint(self, *more):
        return ["--since-checkpoint", self.path("checkpoint"), *more]

    def read_again(self, *more):
        summary = lines("verify", *self.url(), *self.checkpoint(*more))[-1]
        return summary["archives"], summary["read_again"], summary["known"]

    def test_a_share_is_read_again(self):
        self.fill(1, (1, 4), (5, 5), (6, 6))
        self.singles(2, 1, 7)
        self.assertEqual(self.read_again(), (10, 0, 0))
        self.assertEqual(self.read_again(), (1, 1, 9))
        self.assertEqual(self.read_again("--reread", "0"), (0, 0, 10))
        self.assertEqual(self.read_again("--reread", "1/4"), (3, 3, 7))
        self.assertEqual(self.read_again("--reread", "1"), (10, 10, 0))
        self.singles(2, 8, 8)
        self.assertEqual(self.read_again("--reread", "3/10"), (4, 3, 7))
        out, _ = run("verify", *self.url(), *self.checkpoint())
        self.assertRegex(out, r"verified 1 archive, \d+ bytes, in 2 partitions, 1 of them once more, 10 more known from "
                              r"the checkpoint: all well\n"
                              r"of those known: read within a day 10, within a week 0, within 30 days 0, longer ago 0; "
                              r"the oldest \d{4}-")
        # Only of the part that was asked for.
        summary = lines("verify", *self.url("main/1"), *self.checkpoint("--reread", "1"))[-1]
        self.assertEqual((summary["read_again"], summary["known"]), (3, 0))
        for share in ("2", "2/1", "x", "1/", "/3", "-1/3"):
            run("verify", *self.url(), *self.checkpoint("--reread=" + share), expect=2)
        run("verify", *self.url(), "--reread", "1/2", expect=2)

    def test_the_oldest_check_comes_first(self):
        """Whatever comes in between, so many runs read everything."""
        self.singles(1, 1, 30)
        self.read_again()
        with open(self.path("checkpoint")) as file:
            first = file.read().split("\n")[2].split(" ")[-1]
        for number in range(10):
            self.fill(2, (number + 1, number + 1))
            self.read_again("--reread", "1/10")
        with open(self.path("checkpoint")) as file:
            self.assertNotIn(first, file.read())

    def test_verify_killed_and_interrupted(self):
        """The checkpoint is whole whenever it ends, and says nothing that was not read."""
        self.singles(1, 1, 120)
        bad = key(1, 100)
        self.store.put(bad, tools.flipped(archive(1, 100), 1030))
        for number in range(12):
            process = subprocess.Popen(tools.command("verify", *self.url(), *self.checkpoint("--jobs", 2)),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(0.02 + 0.01 * number)
            process.send_signal(signal.SIGKILL if number % 2 == 0 else signal.SIGINT)
            _, error = process.communicate(timeout=60)
            self.assertIn(process.returncode, (1, -9, 130, -2), error)
        self.assertEqual(self.problems(*self.checkpoint()), [("damaged", None, bad)])
        self.store.put(bad, archive(1, 100))
        self.assertEqual(self.problems(*self.checkpoint("--reread", "0"), expect=0), [])
        self.assertEqual(self.read_again("--reread", "0"), (0, 0, 120))

    def test_one_archive_however_its_url_is_spelled(self):
        self.store.put("a/" + key(1, 1), archive(1, 1))
        options = self.store.arguments[1:]
        base, question, query = self.store.url.partition("?")
        for spelled, known in (("/a", 0), ("/a/", 1), ("/%61", 1), ("/a", 1)):
            url = base + spelled + question + query
            self.assertEqual(lines("verify", url, *options, *self.checkpoint("--reread", "0"))[-1]["known"], known)
        self.store.put(key(1, 1), archive(1, 1))
        self.assertIn("of another archive", run("verify", *self.url(), *self.checkpoint(), expect=2)[1])


class FileTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def overwrite(self, object_key, body):
        """As a disk does it: the time stays what it was."""
        path = self.store.path(object_key)
        times = os.stat(path)
        with open(path, "wb") as file:
            file.write(body)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    def test_truncated_below_the_checkpoint(self):
        self.singles(1, 1, 9)
        run("verify", *self.url(), *self.checkpoint())
        self.overwrite(key(1, 9), archive(1, 9)[:100])
        for _ in range(2):
            self.assertEqual(self.problems(*self.checkpoint("--reread", "0")), [("damaged", None, key(1, 9))])
        self.overwrite(key(1, 9), archive(1, 9))
        self.assertEqual(self.problems(*self.checkpoint("--reread", "0"), expect=0), [])

    def test_rot_below_the_checkpoint(self):
        """A bit that flips changes neither size nor time: it is found once its turn comes, and told from then on."""
        self.singles(1, 1, 45)
        run("verify", *self.url(), *self.checkpoint())
        self.overwrite(key(1, 30), tools.flipped(archive(1, 30), 1030))
        codes = []
        for _ in range(30):
            done = subprocess.run(tools.command("verify", *self.url(), *self.checkpoint()), capture_output=True)
            codes.append(done.returncode)
        self.assertEqual(codes, [0] * 14 + [1] * 16)  # two at a time, the thirtieth in the fifteenth run

    def make_folder(self, *parts):
        os.makedirs(self.store.path("/".join(parts)))

    def irregular(self, object_key, make):
        os.makedirs(os.path.dirname(self.store.path(object_key)), exist_ok=True)
        make(self.store.path(object_key))

    def test_symlinked_partition(self):
        self.singles(1, 1, 3)
        self.singles(2, 1, 3)
        os.rename(self.store.path("main/2"), self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.store.path("main/2"))
        self.nothing(self.store.url, "main/2", there="there is main/1")
        for scope in ([], ["main"]):
            told = lines("verify", *self.url(*scope), expect=1)
            self.assertEqual([(one.get("problem"), one.get("key")) for one in told[:-1]], [("damaged", "main/2")])
            for verb in ("info", "gaps"):
                out, error = run(verb, *self.url(*scope), expect=1)
                self.assertEqual((out + error).count("main/2"), 1, out + error)
        self.assertEqual([one["type"] for one in lines("ls", *self.url()) if one["key"] == "main/2"], ["irregular"])

    def test_only_a_symlinked_storage(self):
        self.singles(1, 1, 3)
        os.rename(self.store.path("main"), self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.store.path("main"))
        self.nothing_irregular("main")

    def nothing_irregular(self, name):
        for verb in READERS:
            out, error = run(verb, *self.url(), expect=1)
            self.assertIn("nothing is stored there", out + error)
            self.assertIn(f"only what is not read (symbolic links, FIFOs, devices, directories in the place of archives "
                          f"or without permission): {name}", out + error)

    def as_nobody(self, *arguments, expect):
        """Runs tidemark as an ordinary user, who owns nothing here."""
        os.chmod(self.store.directory.name, 0o755)
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run([*words, *tools.command(*arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_directories_that_may_not_be_read(self):
        """One does not end the run, and is not passed over."""
        for partition in (1, 2, 3):
            self.singles(partition, 1, 3)
        os.chmod(self.store.path("main/2"), 0)
        self.addCleanup(os.chmod, self.store.path("main/2"), 0o755)
        told = self.as_nobody("verify", *self.url(), expect=1)
        self.assertIn("damaged     main/2/.: ", told)
        self.assertIn("verified 6 archives", told)
        for verb in ("info", "gaps"):
            self.assertIn("main/2/.", self.as_nobody(verb, *self.url(), expect=1))
        self.assertIn("irregular main/2", self.as_nobody("ls", *self.url(), expect=0))
        # Named by itself it cannot be reached at all.
        self.assertIn("Permission denied", self.as_nobody("verify", *self.url("main/2"), expect=3))
        os.chmod(self.store.path("main/2"), 0o755)
        os.chmod(self.store.path("main"), 0)
        self.assertIn("nothing is stored there", self.as_nobody("verify", *self.url(), expect=1))
        os.chmod(self.store.path("main"), 0o755)

    def test_too_few_descriptors(self):
        self.singles(1, 1, 9)
        limited = ["sh", "-c", 'ulimit -n 7; exec "$@"', "sh"]
        done = subprocess.run([*limited, *tools.command("verify", *self.url())], capture_output=True, text=True)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("Too many open files", done.stderr)

    @unittest.skipIf(os.environ.get("TIDEMARK_SANITIZE"), "sanitizers have threads of their own")
    @unittest.skipIf(os.geteuid() != 0, "the limit counts all that this user runs")
    def test_too_few_threads(self):
        """Fewer do the work; with none it is this machine's trouble."""
        self.singles(1, 1, 9)
        os.chmod(self.store.directory.name, 0o755)
        os.chmod(self.dir, 0o777)
        nobody_else = 61235
        for verb in (["verify", self.store.url], ["restore", self.store.url, self.path("out")]):
            for most, expect in ((1, 4), (3, 0)):
                done = subprocess.run(["setpriv", f"--reuid={nobody_else}", "--clear-groups", "prlimit", f"--nproc={most}",
                                       *tools.command(*verb)], capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertEqual(tools.tree(self.path("out/main/1")), tools.expected_tree(range(1, 10)))

    def test_irregular_archives_and_records(self):
        self.singles(1, 1, 4)
        self.fill(1, (7, 9))
        with open(self.path("copy"), "wb") as file:
            file.write(archive(1, 5))
        self.irregular(key(1, 5), lambda path: os.symlink(self.path("copy"), path))
        self.irregular(key(1, 6), os.mkfifo)
        self.irregular(key(1, 1, 3, "pruned"), lambda path: os.symlink("/dev/null", path))
        self.irregular(key(1, 10, 12, "accepted"), os.mkfifo)
        names = sorted([key(1, 1, 3, "pruned"), key(1, 5), key(1, 6), key(1, 10, 12, "accepted")])
        self.assertEqual(self.problems(), [("damaged", None, name) for name in names])
        info, = lines("info", *self.url(), expect=1)
        self.assertEqual((info["damaged"], info["holes"], info["archives"]), (names, 0, 5))
        error = run("gaps", *self.url(), expect=1)[1]
        for name in names:
            self.assertEqual(error.count(name), 1)


class S3Test(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def use(self, *arguments):
        self.store.close()
        self.store = tools.S3Store(*arguments)

    def test_listed_and_not_there(self):
        """The index has them, the data is lost: damage, however many there are."""
        self.use("--loses", "/000000000001")
        self.singles(1, 1, 60)
        run("verify", *self.url("main/1"), expect=1)
        lost = [key(1, lsn) for lsn in range(36, 61)]
        self.assertEqual(self.problems(), [("damaged", None, one) for one in lost])
        self.assertIn("lists it, and then says that it is not there", run("verify", *self.url(), expect=1)[0])
        for output in ("-", self.path("fetched")):
            fetched = subprocess.run(tools.command("fetch", *self.url("main/1", 40), "-o", output), capture_output=True)
            self.assertEqual((fetched.returncode, fetched.stdout), (1, b""))
            self.assertIn(b"lists it, and then says that it is not there", fetched.stderr)
        self.fill(1, (32, 72))  # holds it too, under a name that is not lost
        run("fetch", *self.url("main/1", 40), "-o", self.path("fetched"))

    def test_a_record_that_is_listed_and_not_there(self):
        self.use("--loses", "pruned")
        self.singles(1, 4, 6)
        record = key(1, 1, 3, "pruned")
        self.store.put(record, tools.record(1, 1, 3, "pruned"))
        self.assertEqual(self.problems(), [("damaged", None, record), ("hole", 1, (1, 3))])
        info, = lines("info", *self.url(), expect=1)
        self.assertEqual((info["damaged"], info["pruned_through"]), ([record], 0))
        self.assertIn(record, run("gaps", *self.url(), expect=1)[1])

    def test_lost_and_pruned(self):
        """What a valid record covers was removed, whatever an old listing shows."""
        self.use("--loses", "3.tar")
        self.singles(1, 1, 6)
        self.store.put(key(1, 1, 3, "pruned"), tools.record(1, 1, 3, "pruned"))
        found = self.problems(expect=0)
        self.assertIn(("vanished", None, key(1, 3)), found)

    def test_removed_while_it_ran(self):
        self.use("--delay-ms", 300)
        self.singles(1, 1, 5)
        process = subprocess.Popen(tools.command("verify", *self.url(), "--jobs", 1, "--json"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        reads = self.store.imposter.state()["counts"].get("GetObject", 0)
        while self.store.imposter.state()["counts"].get("GetObject", 0) == reads and process.poll() is None:
            time.sleep(0.02)
        self.store.remove(key(1, 5))
        out, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, out + error)
        self.assertIn('"warning":"vanished"', out)


if __name__ == "__main__":
    unittest.main()
