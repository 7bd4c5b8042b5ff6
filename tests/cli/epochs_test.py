#!/usr/bin/python3
"""Archives that several hosts have written, each its own history: every verb reads one of them whole, verify and info all
of them; on a directory (FileEpochsTest) and on an S3 store (S3EpochsTest)."""

import os
import time
import unittest

import cli_tools as tools
import copy_tools
import gate
import restore_tools
from cli_tools import archive, entry, epoch_key, epoch_record, gap_record, key, lines, record, run
from restore_follow_test import Following

# The newest is 4: a host that branched from the first epoch after LSN 8. What 2 and 3 wrote from 7 on is another history.
PARENTS = {1: 0, 2: 1, 3: 2, 4: 1}


def content(lsn, epoch):
    return entry(lsn, f"entry {lsn} of epoch {epoch}\n".encode())


def body(partition, first, last, epoch):
    return archive(partition, first, last, b"".join(content(lsn, epoch) for lsn in range(first, last + 1)), epoch=epoch)


def journal(*pieces):
    """What tree() says of (first, last, epoch) one after the other."""
    found = {}
    for first, last, epoch in pieces:
        for lsn in range(first, last + 1):
            text = tools.lsn_text(lsn)
            found.update({text: "dir", f"{text}/data": f"entry {lsn} of epoch {epoch}\n".encode(), f"{text}/link": "-> data"})
    return found


JOURNALS = {4: journal((1, 8, 1), (9, 14, 4)), 3: journal((1, 6, 1), (7, 9, 2), (10, 11, 3)), 2: journal((1, 6, 1), (7, 9, 2)),
            1: journal((1, 10, 1))}


class EpochsScenario(restore_tools.RestoreScenario):
    def put(self, first, last, epoch, partition=1):
        self.store.put(key(partition, first, last, epoch=epoch), body(partition, first, last, epoch))

    def put_epochs(self, parents, **how):
        for number, parent in parents.items():
            self.store.put(epoch_key(number), epoch_record(number, parent, **how))

    def two_hosts(self, partition=1):
        self.put_epochs(PARENTS)
        for first, last, epoch in ((1, 1, 1), (2, 5, 1), (6, 8, 1), (9, 9, 1), (10, 10, 1), (7, 7, 2), (8, 9, 2), (10, 10, 3),
                                   (11, 11, 3), (9, 9, 4), (10, 12, 4), (13, 14, 4)):
            self.put(first, last, epoch, partition)

    def restored_of(self, *arguments, part="main/1"):
        out = self.path("of" + "".join(str(one) for one in arguments).replace("/", ""))
        run("restore", *self.url(part, out), *arguments)
        return tools.tree(out)

    def expect_said(self, following, text):
        """Of a run that has ended."""
        for _ in range(200):
            if following.count(text) > 0:
                return
            time.sleep(0.02)
        self.fail((text, following.take()))

    def lineage_problems(self, *arguments):
        return {one["key"]: one["message"] for one in lines("verify", *self.url(*arguments), expect=1)
                if one.get("problem") in ("lineage", "damaged")}


class Scenarios(EpochsScenario):
    def test_each_history_is_restored_whole(self):
        self.two_hosts()
        self.assertEqual(self.restored_of(), JOURNALS[4])
        for epoch, expected in JOURNALS.items():
            self.assertEqual(self.restored_of("--epoch", epoch), expected, epoch)
            out = self.path(f"of--epoch{epoch}")
            run("restore", *self.url("main/1", out), "--epoch", epoch)
            run("restore", *self.url("main/1", out), "--epoch", epoch, "--check")
        other = run("restore", *self.url("main/1", self.path("of--epoch3")), "--check", expect=1)[0]
        self.assertIn("differs     main/1 LSN 7 ", other)
        self.assertEqual(self.restored_of("--epoch", 3, "--from", 8, "--to", 10), journal((8, 9, 2), (10, 10, 3)))
        self.assertEqual(self.restored_of("--from", 9), journal((9, 14, 4)))
        dry = lines("restore", *self.url("main/1", self.path("dry")), "--epoch", 2, "--dry-run")[0]
        self.assertEqual((dry["first"], dry["last"], dry["archives"]), (1, 9, 5))

    def test_what_lies_beyond_the_end_is_another_history(self):
        """DIR has what a longer branch brought; the newest history ends before it."""
        for number, parent in ((1, 0), (2, 1), (3, 1)):
            self.store.put(epoch_key(number), epoch_record(number, parent))
        for lsn in range(1, 4):
            self.store.put(key(1, lsn), archive(1, lsn))
        for lsn in range(4, 9):
            self.store.put(key(1, lsn, epoch=2), archive(1, lsn, epoch=2))
        out = self.path("out")
        run("restore", *self.url("main/1"), out, "--epoch", 2)
        said, error = run("restore", *self.url("main/1"), out, expect=1)
        self.assertRegex(said, r"(?m)^differs +main/1 LSN 4 .* to 8 .*: lies after the end of this history, LSN 3 ")
        self.assertIn("5 entries in", error)
        self.assertIn("lie after the end of this history: another one's", error)
        told = [(one["first"], one["last"]) for one in lines("restore", *self.url("main/1"), out, expect=1) if one["type"] == "differs"]
        self.assertEqual(told, [(4, 8)])
        run("restore", *self.url("main/1"), out, "--to", 3)
        # An engine's own log may be further than the archive.
        self.assertIn("lies after the end", run("restore", *self.url("main/1"), out, "--check")[1])

    def test_everything_at_once(self):
        """A storage of which nothing but a dead branch has a partition, and one that knows of no epochs."""
        self.two_hosts()
        self.put(1, 2, 2, partition=5)
        run("restore", *self.url("main", self.path("all")))
        self.assertEqual(os.listdir(self.path("all")), ["1"])
        self.assertEqual(tools.tree(self.path("all/1")), JOURNALS[4])
        run("restore", *self.url("main", self.path("dead")), "--epoch", 2)
        self.assertEqual(tools.tree(self.path("dead/5")), journal((1, 2, 2)))
        self.assertEqual(tools.tree(self.path("dead/1")), JOURNALS[2])

    def test_words(self):
        self.two_hosts()
        for bad in ("0", "x", "-1", "01"):
            self.assertIn("is not the number of an epoch", run("info", *self.url("main"), f"--epoch={bad}", expect=2)[1])
        self.assertIn("it is an epoch of one storage", run("info", *self.url(), "--epoch", 2, expect=2)[1])
        for verb, words in (("restore", ["main/1", self.path("out")]), ("fetch", ["main/1", 3, "-o", self.path("out")]),
                            ("gaps", ["main"]), ("info", ["main/1"])):
            self.assertIn("there is no epoch 9 of main", run(verb, *self.url(*words), "--epoch", 9, expect=2)[1], verb)

    def test_fetch(self):
        self.two_hosts()
        for lsn, epoch, expected in ((9, None, key(1, 9, epoch=4)), (9, 3, key(1, 8, 9, epoch=2)), (9, 1, key(1, 9)),
                                     (7, None, key(1, 6, 8)), (7, 2, key(1, 7, epoch=2)), (6, 2, key(1, 6, 8))):
            wish = [] if epoch is None else ["--epoch", epoch]
            run("fetch", *self.url("main/1", lsn), "-o", self.path("out"), *wish)
            with open(self.path("out"), "rb") as file:
                self.assertEqual(file.read(), self.store.get(expected), (lsn, epoch))
        self.assertIn("no archive of main/1 holds LSN 12",
                      run("fetch", *self.url("main/1", 12), "-o", self.path("out"), "--epoch", 3, expect=5)[1])

    def test_a_damaged_archive_is_not_replaced_by_another_history(self):
        self.two_hosts()
        self.store.put(key(1, 9, epoch=4), tools.flipped(body(1, 9, 9, 4), 700))
        error = run("restore", *self.url("main/1", self.path("out")), expect=1)[1]
        self.assertIn(f"{key(1, 9, epoch=4)}: the object is damaged", error)
        self.assertIn("no other archive has LSN 9", error)
        self.assertEqual(self.restored_of("--epoch", 3), JOURNALS[3])

    def test_verify_walks_all(self):
        self.two_hosts()
        checkpoint = self.path("checkpoint")
        summary = lines("verify", *self.url(), "--since-checkpoint", checkpoint)[-1]
        self.assertEqual((summary["archives"], summary["problems"]), (12, 0), "each is read once")
        summary = lines("verify", *self.url(), "--since-checkpoint", checkpoint, "--reread", 0)[-1]
        self.assertEqual((summary["archives"], summary["known"], summary["problems"]), (0, 12, 0))
        self.store.put(key(1, 13, 14, epoch=4), tools.flipped(body(1, 13, 14, 4), 700))
        told = [(one["problem"], one["key"]) for one in lines("verify", *self.url(), expect=1) if one["type"] == "problem"
                and "key" in one]
        self.assertEqual(told, [("damaged", key(1, 13, 14, epoch=4))])

    def test_holes_are_those_of_a_history(self):
        self.two_hosts()
        self.store.remove(key(1, 8, 9, epoch=2))
        problems = [(one["problem"], one["first"], one["last"], one["epoch"])
                    for one in lines("verify", *self.url(), expect=1) if one["type"] == "problem"]
        self.assertEqual(problems, [("hole", 8, 9, 3)])
        text = run("verify", *self.url(), expect=1)[0]
        self.assertIn("in the history of epoch 3: no archive holds it", text)
        self.assertIn("--acknowledge main/1 8 9 --reason TEXT --epoch 3", text)
        self.assertEqual(self.restored_of(), JOURNALS[4])
        self.assertIn("LSN 8 ", run("restore", *self.url("main/1", self.path("no")), "--epoch", 3, expect=1)[0])
        self.assertEqual([one["type"] for one in lines("gaps", *self.url("main"))], [])
        self.assertEqual([(one["type"], one["first"], one["last"]) for one in lines("gaps", *self.url("main"), "--epoch", 3)],
                         [("hole", 8, 9)])
        self.assertIn("holds some of entries 8 to 9",
                      run("gaps", *self.url(), "--acknowledge", "main/1", 8, 9, "--reason", "no", expect=2)[1])
        run("gaps", *self.url(), "--acknowledge", "main/1", 8, 9, "--reason", "lost", "--epoch", 3)
        self.assertIn(key(1, 8, 9, "accepted", epoch=3), self.store.keys(), "of the epoch that rules after it")
        run("verify", *self.url())
        self.assertEqual(self.restored_of("--epoch", 3), journal((1, 6, 1), (7, 7, 2), (10, 11, 3)))
        self.assertEqual([one["type"] for one in lines("gaps", *self.url("main"))], [])

    def test_what_may_still_come_is_not_lost(self):
        """Though another history has it."""
        self.two_hosts()
        self.put(12, 20, 3)
        words = ["--acknowledge", "main/1", 15, 16, "--reason", "why"]
        self.assertIn("the archive ends at LSN 14 ", run("gaps", *self.url(), *words, expect=2)[1])
        self.assertIn("the archive ends at LSN 9 ", run("gaps", *self.url(), *words, "--epoch", 2, expect=2)[1])

    def test_what_histories_have_in_common_is_told_once(self):
        self.two_hosts()
        self.store.remove(key(1, 2, 5))
        problems = [(one["problem"], one["first"], one["last"], one["epoch"])
                    for one in lines("verify", *self.url(), expect=1) if one["type"] == "problem"]
        self.assertEqual(problems, [("hole", 2, 5, 4)])

    def test_overlaps_within_a_history(self):
        self.two_hosts()
        self.put(8, 10, 2)  # the same content
        self.assertEqual(lines("verify", *self.url())[-1]["problems"], 0)
        self.store.put(key(1, 10, 11, epoch=4), archive(1, 10, 11, epoch=4))
        problems = [(one["problem"], one["key"], one["other_key"]) for one in lines("verify", *self.url(), expect=1)
                    if one["type"] == "problem"]
        self.assertEqual(problems, [("disagree", key(1, 10, 12, epoch=4), key(1, 10, 11, epoch=4))])
        run("restore", *self.url("main/1", self.path("no")), expect=1)
        self.assertEqual(self.restored_of("--prefer", key(1, 10, 12, epoch=4)), JOURNALS[4])

    def test_a_record_that_is_cut(self):
        self.two_hosts()
        whole = self.store.get(epoch_key(2))
        self.store.put(epoch_key(2), whole[:100])
        problems = self.lineage_problems()
        self.assertEqual(set(problems), {epoch_key(2)})
        self.assertIn("it ends after 100 bytes; bring it from a copy", problems[epoch_key(2)])
        self.assertEqual(set(self.lineage_problems("main/1")), {epoch_key(2)}, "of one partition too")
        self.assertEqual(self.restored_of(), JOURNALS[4])
        error = run("restore", *self.url("main/1", self.path("no")), "--epoch", 3, expect=1)[1]
        self.assertIn(f"{epoch_key(2)}: is not the record its name promises: it ends after 100 bytes", error)
        self.assertIn("--epoch N reads the history of another epoch", error)
        self.assertIn(f"damaged   {epoch_key(2)}", run("info", *self.url(), expect=1)[0])
        self.store.put(epoch_key(4), epoch_record(4, 1)[:100])  # the newest: nobody guesses which one is meant
        for verb, words in (("restore", [self.path("no")]), ("gaps", []), ("info", [])):
            self.assertIn(epoch_key(4), run(verb, *self.url("main", *words), expect=1)[1], verb)

    def test_a_record_that_is_not_there(self):
        self.two_hosts()
        self.store.remove(epoch_key(2))
        problems = self.lineage_problems()
        self.assertEqual(set(problems), {epoch_key(3), key(1, 7, epoch=2)}, "the others of that epoch are not told, too")
        self.assertIn(f"continues epoch 2, whose record {epoch_key(2)} is not there", problems[epoch_key(3)])
        self.assertIn(f"copy {epoch_key(2)} too", problems[key(1, 7, epoch=2)])
        for verb, words in (("restore", [self.path("no")]), ("fetch", [9, "-o", self.path("no")]), ("gaps", []), ("info", [])):
            error = run(verb, *self.url("main/1", *words), expect=1)[1]
            self.assertIn(f"{key(1, 7, epoch=2)}: epoch 2 has no record", error, verb)
            self.assertIn(f"copy {epoch_key(2)} too", error, verb)
        self.assertFalse(os.path.exists(self.path("no")))

    def test_records_of_two_owners(self):
        self.two_hosts()
        self.store.put(epoch_key(3), epoch_record(3, 2, owner="f" * 32))
        problems = self.lineage_problems()
        self.assertEqual(set(problems), {epoch_key(3)})
        self.assertIn("continues epoch 2, which is of another owner", problems[epoch_key(3)])
        self.assertEqual(self.restored_of(), JOURNALS[4])
        self.assertIn("of another owner",
                      run("restore", *self.url("main/1", self.path("no")), "--epoch", 3, expect=1)[1])

    def test_info_shows_the_histories(self):
        self.two_hosts()
        self.put(1, 1, 4, partition=2)
        told = {one["epoch"]: one for one in lines("info", *self.url()) if one["type"] == "history"}
        self.assertEqual(set(told), {3, 4})
        self.assertEqual([(told[4][one], told[3][one]) for one in ("newest", "runs", "branches_from", "archives")],
                         [(True, False), (2, 3), (1, 1), (4, 4)])
        self.assertEqual([(one["partition"], one["begins"], one["archives"]) for one in told[4]["partitions"]],
                         [(1, 7, 3), (2, 1, 1)])
        self.assertEqual([one["shared"] for one in told[4]["partitions"]], [1, 0], "the end of 6 to 8")
        self.assertEqual([(one["partition"], one["begins"]) for one in told[3]["partitions"]], [(1, 7)])
        text = run("info", *self.url())[0]
        self.assertIn("main: epoch 4, 2 runs (the newest), branches from epoch 1; only here: 4 archives", text)
        self.assertIn("main: epoch 3, 3 runs (tidemark restore --epoch 3), branches from epoch 1; only here: 4 archives", text)
        self.assertRegex(text, r"(?m)^  main/1 from LSN 7 .* on: 4 archives, .* bytes$")
        self.assertRegex(text, r"(?m)^  main/1 from LSN 7 .* on: 3 archives, .* bytes, and the end of 1 archive that others have, too$")
        for epoch, last in ((None, 14), (3, 11), (1, 10)):
            wish = [] if epoch is None else ["--epoch", epoch]
            facts = [one for one in lines("info", *self.url("main/1"), *wish) if one["type"] == "partition"][0]
            self.assertEqual((facts["frontier"], facts["last"], facts["holes"]), (last, last, 0))

    def test_one_history_takes_one_line(self):
        self.put_epochs({1: 0, 2: 1, 3: 2})
        self.put(1, 3, 1)
        self.put(4, 4, 3)
        told = [one for one in lines("info", *self.url()) if one["type"] == "history"]
        self.assertEqual([(one["epoch"], one["runs"], one["partitions"]) for one in told], [(3, 3, [])])
        self.assertIn("\nmain: epoch 3, 3 runs\n", run("info", *self.url())[0])
        self.assertEqual(self.restored_of(), journal((1, 3, 1), (4, 4, 3)))
        run("verify", *self.url())

    def test_what_continues_a_history_says_how_far_it_went(self):
        """Its end is lost: what comes later began right after it, so that it is missing and not the end."""
        self.put_epochs({1: 0, 2: 1, 3: 2})
        for first, last, epoch in ((1, 5, 1), (6, 8, 1), (9, 10, 2), (11, 12, 3)):
            self.put(first, last, epoch)
        for epoch, last in ((1, 8), (2, 10), (3, 12)):
            self.assertEqual(len(self.restored_of("--epoch", epoch)), 3 * last)
        self.store.remove(key(1, 9, 10, epoch=2))
        self.assertIn("missing     main/1 LSN 9 ", run("restore", *self.url("main/1", self.path("short")), "--epoch", 2, expect=1)[0])
        self.assertEqual(len(self.restored_of("--epoch", 1)), 3 * 8, "nothing of it is lost")
        run("restore", *self.url("main/1", self.path("to")), "--epoch", 2, "--to", 8)
        self.put(9, 10, 2)
        self.store.remove(key(1, 6, 8))
        self.assertIn("missing     main/1 LSN 6 ", run("restore", *self.url("main/1", self.path("one")), "--epoch", 1, expect=1)[0])

    def test_what_was_archived_after_a_takeover_is_shown(self):
        """Nobody continues it; its host had archived it before it was told."""
        self.put_epochs({1: 0})
        self.put_epochs({2: 1}, how="takeover")
        for first, last, epoch in ((1, 6, 1), (7, 8, 1), (7, 12, 2)):
            self.put(first, last, epoch)
        told = [one for one in lines("info", *self.url()) if one["type"] == "history"]
        self.assertEqual([one["epoch"] for one in told], [2, 1])
        self.assertEqual([(one["begins"], one["archives"]) for one in told[1]["partitions"]], [(7, 1)])
        self.assertIn("main: epoch 1, 1 run (tidemark restore --epoch 1), after it was taken over; only here: 1 archive",
                      run("info", *self.url())[0])
        self.assertEqual(self.restored_of("--epoch", 1), journal((1, 8, 1)))
        self.store.remove(key(1, 7, 8))
        self.assertEqual([one["epoch"] for one in lines("info", *self.url()) if one["type"] == "history"], [2])

    def test_what_is_gone_is_of_a_history(self):
        """By the checkpoint: it ends where it ends, not where another does; and of another nothing is read instead."""
        self.two_hosts()
        words = (*self.url(), "--since-checkpoint", self.path("checkpoint"))
        run("verify", *words)
        for one in (key(1, 13, 14, epoch=4), key(1, 10, 12, epoch=4)):
            self.store.remove(one)
        told = [one for one in lines("verify", *words, expect=1) if one["type"] == "problem"]
        self.assertEqual([(one["problem"], one["key"], one["first"], one["last"], one["history"], one.get("epoch")) for one in told],
                         [("gone", key(1, 13, 14, epoch=4), 10, 14, 4, None)])
        self.assertIn("in the history of epoch 4 main/1 now ends at LSN 9 ", told[0]["message"])
        run("gaps", *self.url(), "--acknowledge", "main/1", 10, 14, "--reason", "lost", "--checkpoint", self.path("checkpoint"),
            "--epoch", 4)
        run("verify", *words)
        # All that 3 has: its parent's tail is read for none of it.
        for one in (key(1, 10, epoch=3), key(1, 11, epoch=3)):
            self.store.remove(one)
        told = [one for one in lines("verify", *words, expect=1) if one["type"] == "problem"]
        self.assertEqual([(one["first"], one["last"], one["history"]) for one in told], [(10, 11, 3)])
        self.assertIn("--epoch 3", told[0]["message"])
        for one in (key(1, 7, epoch=2), key(1, 8, 9, epoch=2)):
            self.store.remove(one)
        told = [(one["first"], one["last"], one["history"], one.get("epoch")) for one in lines("verify", *words, expect=1)
                if one["type"] == "problem"]
        self.assertEqual(told, [(7, 7, 3, 1), (8, 9, 3, 1), (10, 10, 3, 1), (11, 11, 3, None)], "epoch 1 has up to 10, which 3 had")

    def test_the_newest_history_returned_to_an_older_branch(self):
        """Taken over, and then back: the first host continues its own data, whose end nobody else has."""
        self.put_epochs({1: 0})
        self.put_epochs({2: 1, 3: 1}, how="takeover")
        for first, last, epoch in ((1, 10, 1), (11, 14, 1), (11, 12, 2), (15, 16, 3)):
            self.put(first, last, epoch)
        told = [one for one in lines("info", *self.url()) if one["type"] == "history"]
        self.assertEqual([(one["epoch"], one["branches_from"], one["archives"], [(part["begins"], part["archives"]) for part in
                           one["partitions"]]) for one in told], [(3, 1, 2, [(11, 2)]), (2, 1, 1, [(11, 1)])])
        self.put(15, 15, 1)  # what it wrote before it was told
        told = [one for one in lines("info", *self.url()) if one["type"] == "history"]
        self.assertEqual([(one["epoch"], [(part["begins"], part["archives"]) for part in one["partitions"]]) for one in told],
                         [(3, [(11, 2)]), (2, [(11, 1)]), (1, [(15, 1)])])

    def test_ls_shows_the_epoch(self):
        self.two_hosts()
        text = run("ls", *self.url())[0]
        self.assertIn(f"archive  main/1 epoch 2  8 @0000000000008 to 9 @0000000000009", text)
        self.assertRegex(text, rf"epoch    main epoch 4  -  .*{epoch_key(4)}")
        self.assertEqual(len(text.splitlines()), 16)

    def test_gaps_begin_an_epoch_too(self):
        self.put_epochs({1: 0, 2: 1})
        self.put(1, 9, 1)
        self.store.put(key(1, 5, 6, "gap", epoch=2), gap_record(1, 5, 6, epoch=2))
        self.put(7, 7, 2)
        self.assertEqual([(one["type"], one["first"], one["last"]) for one in lines("gaps", *self.url())], [("gap", 5, 6)])
        # Whether it is another history's, or was left out by a listing when it was recorded, a person has to tell.
        hint = f"{key(1, 1, 9)}, of epoch 1, which this history continues, has some of it: look with --epoch 1"
        problem = lines("verify", *self.url(), expect=1)[0]
        self.assertEqual((problem["problem"], problem["other_key"]), ("gap", key(1, 1, 9)))
        self.assertIn(hint, problem["message"])
        self.assertIn(hint, run("fetch", *self.url("main/1", 5), expect=5)[1])
        self.assertIn(hint, "".join(run("restore", *self.url("main/1", self.path("refused")), expect=1)))
        accept = ("gaps", *self.url(), "--acknowledge", "main/1", 5, 6, "--reason", "lost")
        refused = run(*accept, expect=2)[1]
        self.assertIn("not accepted: main/1 LSN 5 ", refused)
        self.assertIn(hint, refused)
        self.assertNotIn(key(1, 5, 6, "accepted", epoch=2), self.store.keys())
        run(*accept, "--epoch", 2)
        self.assertIn(key(1, 5, 6, "accepted", epoch=2), self.store.keys())
        note = [one for one in lines("verify", *self.url()) if one["type"] == "note"][0]
        self.assertEqual((note["note"], note["other_key"]), ("accepted", key(1, 1, 9)))
        self.assertIn(hint, note["message"])
        self.assertEqual(self.restored_of(), journal((1, 4, 1), (7, 7, 2)))

    def test_what_was_accepted_and_is_there_after_all(self):
        """Moved away while a run recorded the gap, accepted, and moved back: every verb names the archive, and how to get it."""
        self.put_epochs({1: 0, 2: 1})
        self.put(1, 4, 1)
        self.put(5, 6, 1)
        self.store.put(key(1, 5, 6, "gap", epoch=2), gap_record(1, 5, 6, epoch=2))
        self.put(7, 7, 2)
        hint = (f"but {key(1, 5, 6)}, of epoch 1, which this history continues, has some of it: look with --epoch 1 "
                "(tidemark restore --epoch 1 brings it)")

        def expect_named(gap):
            info = run("info", *self.url())[0]
            self.assertIn("  hidden    recorded as lost; " + hint, info)
            self.assertEqual(lines("info", *self.url())[0]["other_keys"], [key(1, 5, 6)])
            run("info", *self.url(), "--html", self.path("page.html"))
            with open(self.path("page.html"), encoding="utf-8") as page:
                self.assertIn(f"{key(1, 5, 6)}</bdi> has some of what is recorded as lost: look with --epoch ", page.read())
            self.assertEqual(run("gaps", *self.url())[0].count(hint), gap)
            self.assertEqual({one["other_key"] for one in lines("gaps", *self.url()) if one["type"] != "hole"}, {key(1, 5, 6)})

        expect_named(gap=1)
        following = Following(self.url("main/1", self.path("followed")))
        self.addCleanup(following.process.kill)
        self.expect_said(following, hint)
        following.stop()
        run("gaps", *self.url(), "--acknowledge", "main/1", 5, 6, "--reason", "lost", "--epoch", 2)
        expect_named(gap=1)
        self.assertIn(hint, run("verify", *self.url())[0])
        self.assertIn(hint, run("restore", *self.url("main/1", self.path("out")))[0])
        told = [one for one in lines("restore", *self.url("main/1", self.path("json"))) if one["type"] == "accepted"]
        self.assertEqual([one["other_key"] for one in told], [key(1, 5, 6)])
        self.assertEqual(self.restored_of("--epoch", 1), journal((1, 6, 1)), "the way out")

    def test_an_archive_that_counts_is_not_one_that_is_hidden(self):
        """It filled what was accepted in part, under the epoch of what follows."""
        self.put_epochs({1: 0, 2: 1})
        self.put(1, 4, 1)
        self.store.put(key(1, 5, 6, "accepted", epoch=2), record(1, 5, 6, "accepted", "made_us=1\nreason=lost\n", epoch=2))
        self.put(5, 6, 2)
        self.put(7, 7, 2)
        for verb in ("verify", "gaps", "info"):
            self.assertNotIn("which this history continues", run(verb, *self.url())[0], verb)
        self.assertEqual(self.restored_of(), journal((1, 4, 1), (5, 7, 2)))

    def test_a_loss_is_judged_in_the_history_that_accepted_it(self):
        """Not in the newest, which has it hidden."""
        self.put_epochs({1: 0, 2: 1, 3: 1})
        self.put(1, 4, 1)
        self.store.put(key(1, 5, 6, "accepted", epoch=2), record(1, 5, 6, "accepted", "made_us=1\nreason=lost\n", epoch=2))
        self.put(7, 7, 2)
        self.put(5, 5, 3)
        self.put(5, 8, 1)
        hidden = [one.get("other_key") for one in lines("verify", *self.url()) if one.get("note") == "accepted"]
        self.assertEqual(hidden, [None], "in the history of 2 it counts")

    def test_records_of_a_beginning_are_of_a_history_too(self):
        self.put_epochs({1: 0, 2: 0})
        self.put(1, 3, 1)
        self.store.put(key(1, 1, 4, "origin", epoch=2), record(1, 1, 4, "origin", epoch=2))
        self.put(5, 6, 2)
        run("verify", *self.url())
        self.assertEqual(self.restored_of(), journal((5, 6, 2)))
        self.assertEqual(self.restored_of("--epoch", 1), journal((1, 3, 1)))

    def test_prune(self):
        """One bound for all histories; a hole in one that is dead is no reason not to."""
        self.two_hosts()
        self.store.remove(key(1, 7, epoch=2))
        dry = lines("prune", *self.url("main/1"), "--before", 9)
        self.assertEqual([one["key"] for one in dry[:-1]], [key(1, 1), key(1, 2, 5), key(1, 6, 8)])
        run("prune", *self.url("main/1"), "--before", 10, "--yes")
        self.assertEqual([one for one in self.store.keys() if one.startswith("main/1/")],
                         sorted([key(1, 1, 9, "pruned", epoch=4), key(1, 10), key(1, 10, epoch=3), key(1, 11, epoch=3),
                                 key(1, 10, 12, epoch=4), key(1, 13, 14, epoch=4)]))
        run("verify", *self.url())
        self.assertEqual(self.restored_of(), journal((10, 14, 4)))
        run("prune", *self.url("main/1"), "--keep-last", 1, "--yes")
        self.assertEqual(self.restored_of("--from", 13), journal((13, 14, 4)))
        run("verify", *self.url())

    def test_what_was_hidden_by_what_is_pruned_stays_hidden(self):
        """A batch of before the branch reaches beyond what was pruned, and with it beyond all that had hidden its end."""
        self.put_epochs({1: 0, 2: 1, 3: 2})
        for first, last, epoch in ((1, 5, 1), (6, 14, 1), (10, 12, 2), (13, 14, 3)):
            self.put(first, last, epoch)
        self.assertEqual(self.restored_of(), journal((1, 9, 1), (10, 12, 2), (13, 14, 3)))
        run("prune", *self.url("main/1"), "--before", 13, "--yes")
        self.assertIn(key(1, 6, 14), self.store.keys())
        self.assertEqual(self.restored_of("--from", 13), journal((13, 14, 3)))
        for lsn in (6, 10, 12):
            run("fetch", *self.url("main/1", lsn), "-o", self.path("out"), expect=5)
            run("restore", *self.url("main/1", self.path(f"from{lsn}")), "--from", lsn, expect=1)
        self.assertEqual(self.restored_of("--epoch", 1, "--from", 6), journal((6, 14, 1)))
        run("verify", *self.url())

    def test_prune_where_an_epoch_has_no_record(self):
        self.two_hosts()
        self.store.remove(epoch_key(2))
        before = self.store.keys()
        self.assertIn(f"copy {epoch_key(2)} too", run("prune", *self.url("main/1"), "--before", 9, "--yes", expect=1)[1])
        self.assertEqual(self.store.keys(), before)

    def test_prune_branch(self):
        """Only what nobody else has, in all partitions; the records of its epochs last."""
        self.two_hosts()
        self.put(1, 2, 3, partition=2)
        self.store.put(key(2, 1, 2, "pruned", epoch=3), record(2, 1, 2, "pruned", epoch=3))
        before = self.store.keys()
        dry = lines("prune", *self.url("main"), "--branch", 3)
        doomed = [one["key"] for one in dry[:-1]]
        self.assertEqual(doomed, [key(1, 7, epoch=2), key(1, 8, 9, epoch=2), key(1, 10, epoch=3), key(1, 11, epoch=3),
                                  key(2, 1, 2, epoch=3), epoch_key(3), epoch_key(2)])
        self.assertEqual((dry[-1]["archives"], dry[-1]["records"], dry[-1]["removed"]), (5, 2, False))
        self.assertEqual(self.store.keys(), before)
        self.assertIn("removed 5 archives and 2 records", run("prune", *self.url("main"), "--branch", 3, "--yes")[0])
        self.assertEqual(self.store.keys(), sorted(set(before) - set(doomed)))
        run("verify", *self.url())
        self.assertEqual(self.restored_of(), JOURNALS[4])
        self.assertEqual([one["epoch"] for one in lines("info", *self.url()) if one["type"] == "history"], [4])

    def test_prune_branch_is_refused(self):
        self.two_hosts()
        self.put_epochs({5: 3})
        before = self.store.keys()
        for epoch, why in ((1, "is in the history"), (9, "has no record"), (3, "is in the history")):
            self.assertIn(f"epoch {epoch} of main {why}",
                          run("prune", *self.url("main"), "--branch", epoch, "--yes", expect=2)[1])
        self.put_epochs({6: 1})
        self.assertIn("epoch 3 of main is continued by another one",
                      run("prune", *self.url("main"), "--branch", 3, "--yes", expect=2)[1])
        for part, more in ((["main/1"], []), ([], []), (["main"], ["--keep-last", 1])):
            run("prune", *self.url(*part), "--branch", 3, *more, expect=2)
        self.store.put(epoch_key(2), b"cut")
        self.assertIn(epoch_key(2), run("prune", *self.url("main"), "--branch", 4, "--yes", expect=1)[1])
        self.store.remove(epoch_key(6))
        self.store.put(epoch_key(2), epoch_record(2, 1))
        self.assertEqual(self.store.keys(), before)

    def test_follow_continues_with_what_continues(self):
        self.put_epochs({1: 0, 2: 1, 3: 2})
        self.put(1, 3, 1)
        self.put(4, 4, 2)
        following = Following(self.url("main/1", self.path("out")))
        self.addCleanup(following.process.kill)
        following.until(lambda: os.path.isdir(self.path(f"out/{tools.lsn_text(4)}")), "the beginning")
        self.put(5, 5, 3)
        self.store.put(epoch_key(4), epoch_record(4, 3))
        self.put(6, 7, 4)
        following.until(lambda: os.path.isdir(self.path(f"out/{tools.lsn_text(7)}")), "of the next run")
        self.store.put(epoch_key(5), epoch_record(5, 2))
        code = following.process.wait(60)
        self.assertEqual(code, 1)
        self.expect_said(following, "main/1: epoch 5 does not continue epoch 4, whose history was restored so far: --epoch N")
        following.process.stdout.close()
        self.assertEqual(tools.tree(self.path("out")), journal((1, 3, 1), (4, 4, 2), (5, 5, 3), (6, 7, 4)))

    def test_follow_sees_that_a_child_began_before_what_it_has(self):
        """Who was set back: its parent is the newest, but what that wrote last is not of its history."""
        self.put_epochs({1: 0, 2: 1})
        self.put(1, 3, 1)
        self.put(4, 6, 2)
        following = Following(self.url("main/1", self.path("out")))
        self.addCleanup(following.process.kill)
        following.until(lambda: os.path.isdir(self.path(f"out/{tools.lsn_text(6)}")), "the beginning")
        self.store.put(epoch_key(3), epoch_record(3, 2))
        self.put(5, 5, 3)
        self.assertEqual(following.process.wait(60), 1)
        self.expect_said(following, "epoch 3 has entries of its own from LSN 5 ")
        following.process.stdout.close()

    def test_follow_one_of_them(self):
        self.two_hosts()
        following = Following([*self.url("main/1", self.path("out")), "--epoch", "3"])
        self.addCleanup(following.process.kill)
        following.until(lambda: os.path.isdir(self.path(f"out/{tools.lsn_text(11)}")), "all of it")
        self.put(12, 12, 3)
        following.until(lambda: os.path.isdir(self.path(f"out/{tools.lsn_text(12)}")), "what came")
        self.assertEqual(following.stop()[0], 0, following.take())


class CopyScenarios(copy_tools.CopyScenario, EpochsScenario):
    def test_copy(self):
        self.two_hosts()
        summary = self.told()[1]
        self.assertEqual((summary["archives"], summary["records"], summary["problems"]), (12, 4, 0))
        self.expect_same()
        self.assertEqual((self.told()[1]["there_before"], self.told("--reread")[1]["problems"]), (16, 0))
        self.target.remove(key(1, 9))
        self.put_epochs({5: 4})
        summary = self.told()[1]
        self.assertEqual([summary[one] for one in ("archives", "records", "there_before")], [1, 1, 15])

    def test_copy_of_a_part_takes_the_records(self):
        self.two_hosts()
        self.two_hosts(partition=2)
        self.copy(part=["main/1"])
        self.assertEqual(len([one for one in self.target.keys() if one.startswith("main/epoch/")]), 4)
        run("verify", *self.target.arguments)

    def test_copy_names_the_record_that_the_source_lacks(self):
        """Once for each epoch, as verify of the source and of the copy do."""
        self.two_hosts()
        self.two_hosts(partition=2)
        self.copy()
        self.store.remove(epoch_key(2))
        self.target.remove(epoch_key(2))
        for one in self.target.keys():
            if one.startswith("main/2/"):
                self.target.remove(one)
        expected = [("lineage", key(1, 7, epoch=2)), ("lineage", epoch_key(3))]
        for more in (["--dry-run"], [], ["--reread"]):
            self.assertEqual(self.told(*more, expect=1)[0], expected)
        self.assertEqual(self.told(part=["main/1"], expect=1)[0], expected)
        out = self.copy(expect=1)[0]
        self.assertIn(f"lineage     {key(1, 7, epoch=2)}: epoch 2 has no record, so that nobody knows whose history this is", out)
        self.assertIn(f"continues epoch 2, whose record {epoch_key(2)} is not there", out)
        self.expect_same()
        self.store.put(epoch_key(2), epoch_record(2, 1))
        self.assertEqual(self.told()[0], [], "brought from elsewhere")

    def test_two_archives_are_not_mixed(self):
        self.two_hosts()
        self.target.put(epoch_key(3), epoch_record(3, 0, owner="e" * 32))
        said, summary = self.told(expect=1)
        self.assertEqual(said, [("conflict", epoch_key(3))])
        self.assertEqual(summary["archives"], 0)
        self.assertIn("nothing else of main was copied", self.copy(expect=1)[1])
        self.assertEqual([one for one in self.target.keys() if not one.startswith("main/epoch/")], [])


class FileEpochsTest(Scenarios, unittest.TestCase):
    make_store = tools.FileStore


class S3EpochsTest(Scenarios, unittest.TestCase):
    make_store = tools.S3Store


class FileToS3EpochsTest(CopyScenarios, unittest.TestCase):
    make_store = tools.FileStore

    def make_target(self):
        return tools.S3Store()

    def test_records_come_first(self):
        self.two_hosts()
        before_it = gate.Gate(self.target.imposter.port)
        self.addCleanup(before_it.close)
        self.copy("--jobs", 16, "--to-option", before_it.option)
        keys = [epoch_key(number) for number in PARENTS] + [one for one in self.store.keys() if one.startswith("main/1/")]
        arrived = copy_tools.in_order_of_arrival(before_it, keys)
        self.assertEqual(set(arrived[:4]), {epoch_key(number) for number in PARENTS})
        self.assertEqual(len(arrived), 16)


class S3ToFileEpochsTest(CopyScenarios, unittest.TestCase):
    make_store = tools.S3Store
    make_target = tools.FileStore


if __name__ == "__main__":
    unittest.main()
