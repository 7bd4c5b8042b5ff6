#!/usr/bin/python3
"""Two histories of one storage are never mixed: failovers, clones and engines restored to an older state, with the real
plugin and sinks. HOST_SIM and TIDEMARK name the programs."""

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import host_sim_tools as tools

TIDEMARK = os.environ["TIDEMARK"]
WATCH_MS = 200


class Failover(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-failover-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.archive = "file://" + self.path("archive")

    def path(self, name):
        return os.path.join(self.dir, name)

    def lineage(self, host):
        return self.path(host) + "/lineage"

    def arguments(self, host, entries, *more, sink=None, timeout_s=120):
        return ["run", "--data", self.path(host), "--sink", sink or self.archive, "--partitions", 3, "--entries", entries,
                "--option", f"lineage_file={self.lineage(host)}", "--option", f"epoch_watch_ms={WATCH_MS}",
                "--timeout", timeout_s, "--log-level", "info", *tools.FAST_RETRY, *more]

    def host(self, host, entries, *more, expect=0, **also):
        """Runs a host to its end, or until it is superseded; what it said."""
        return tools.run(*self.arguments(host, entries, *more, **also), expect=expect)[1]

    def start(self, host, entries, *more, **also):
        process = subprocess.Popen(tools.command(*self.arguments(host, entries, *more, **also)), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for_claim(self, process):
        """Until a host that was started has claimed the storage and is at work."""
        record = self.path("archive/main/epoch/0000000000001.epoch")
        for _ in range(6000):
            if os.path.exists(record):
                break
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        time.sleep(1)

    def end(self, process, expect):
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, expect, errors)
        return errors

    def tidemark(self, *arguments, expect=0):
        done = subprocess.run([TIDEMARK, *(str(argument) for argument in arguments)], capture_output=True, text=True,
                              timeout=300)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def take_over(self, host, over, expect=0):
        return self.tidemark("takeover", self.archive, "main", "--lineage-file", self.lineage(host), "--over", over,
                             "--reason", "the test says so", expect=expect)

    def epoch_of(self, errors):
        """The last epoch that a run claimed."""
        return int(re.findall(r"epoch (\d+) of main is claimed", errors)[-1])

    def whole(self, host, epoch, entries):
        """What the host acknowledged is read back from the chain of its epoch, entry by entry."""
        found = tools.run("verify", "--data", self.path(host), "--sink", self.archive, "--epoch", epoch)[0]
        self.assertRegex(found, rf"^verified {entries} entries in \d+ archives: 0 missing, 0 different")
        for partition in range(3):
            place = self.path(f"restored-{host}-{epoch}-{partition}")
            self.tidemark("restore", self.archive, f"main/{partition}", place, "--epoch", epoch)
            self.assertEqual(len([name for name in os.listdir(place) if not name.startswith(".")]), entries // 3)

    # ---- One owner, one history

    def test_each_run_continues_the_last(self):
        for run in range(1, 4):
            errors = self.host("one", 150 * run)
            self.assertEqual(self.epoch_of(errors), run)
            self.assertNotIn("BRANCHED", errors)
        self.whole("one", 3, 450)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_a_lost_record_of_an_older_epoch(self):
        """Without it no reader can tell the history: nothing more is archived until it is written again."""
        for run in range(1, 4):
            self.host("one", 150 * run)
        record = self.path("archive/main/epoch/0000000000002.epoch")
        for damage in (lambda: os.truncate(record, 20), lambda: os.remove(record)):
            damage()
            before = tools.archived_lsns(self.path("archive"))
            errors = self.host("one", 600, timeout_s=5, expect=3)
            self.assertIn("main/epoch/0000000000002.epoch", errors)
            self.assertRegex(errors, r"tidemark takeover .*again from \S+/one/lineage|tidemark takeover URL main "
                                     r"--lineage-file \S+/one/lineage --over 3 --reason TEXT")
            self.assertEqual(tools.archived_lsns(self.path("archive")), before)
        self.assertIn("let tidemark takeover write it again",
                      self.tidemark("restore", self.archive, "main/0", self.path("not"), expect=1))
        self.assertIn("had lost, written again from", self.take_over("one", 3))
        self.host("one", 600)
        self.whole("one", 5, 600)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_the_lost_record_of_the_newest_epoch(self):
        """The lineage file knows whose archives those are: the next run continues them, and nothing is a gap."""
        for run in range(1, 4):
            self.host("one", 150 * run)
        os.remove(self.path("archive/main/epoch/0000000000003.epoch"))
        self.tidemark("verify", self.archive, expect=1)
        errors = self.host("one", 600)
        self.assertEqual(self.epoch_of(errors), 4)
        self.assertNotIn("GAP", errors)
        self.whole("one", 4, 600)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_another_owner_is_refused(self):
        sink = "faulty:///?of=" + urllib.parse.quote(self.archive, safe="") + "&delay_ms=40"
        first = self.start("one", 1200, "--option", "batch_entries=48", sink=sink)
        self.wait_for_claim(first)
        second = self.start("two", 900, "--seed", 2, "--option", "batch_entries=64", sink=sink, timeout_s=5)
        errors = self.end(second, expect=3)
        self.assertIn("this archive belongs to another owner", errors)
        self.assertIn("is it the wrong url or storage name?", errors)
        self.end(first, expect=0)
        self.whole("one", 1, 1200)
        self.assertIn("all well", self.tidemark("verify", self.archive))
        self.assertIn("belongs to another owner", self.take_over("two", 1, expect=2))

    def test_a_data_directory_is_for_one_process(self):
        first = self.start("one", 3000, "--rate", "500/s")
        while not os.path.exists(self.lineage("one")):
            time.sleep(0.01)
        errors = self.second_on("one")
        self.assertIn("is held by another archiver", errors)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=60)

    def second_on(self, host):
        """A second engine whose option names the same lineage file."""
        words = ["run", "--data", self.path("other"), "--sink", self.archive, "--entries", 3, "--partitions", 3,
                 "--option", f"lineage_file={self.lineage(host)}", "--timeout", 20]
        return tools.run(*words, expect=1)[1]

    # ---- Two histories

    def both_continue(self, *options):
        """A clone of an engine at work takes over; what they had in common, and each one's own."""
        first = self.start("one", 9000, "--rate", "900/s", *options)
        self.wait_for_claim(first)
        errors = self.host("two", 3300, "--clone-of", self.path("one"), *options)
        self.assertEqual(self.epoch_of(errors), 2)
        self.assertIn("superseded: main/epoch/0000000000002.epoch was claimed", self.end(first, expect=1))
        again = self.host("one", 9000, *options, expect=1)
        self.assertIn("superseded", again)
        self.assertRegex(again, r"tidemark takeover URL main --lineage-file \S+/one/lineage --over 2 --reason TEXT")
        self.assertIn("not 1", self.take_over("one", 1, expect=2))
        self.take_over("one", 2)
        errors = self.host("one", 9000, *options)
        self.assertEqual(self.epoch_of(errors), 4)
        self.whole("one", 4, 9000)
        self.whole("two", 2, 3300)
        self.assertIn("all well", self.tidemark("verify", self.archive))
        self.assertIn("superseded", self.host("two", 3600, *options, expect=1))

    def test_batches_that_are_cut_differently(self):
        self.both_continue("--option", "batch_entries=48")

    def test_windows(self):
        self.both_continue("--option", "batch_entries=1", "--option", "partition_inflight=8")

    def test_the_primary_stands_still_while_a_clone_takes_over(self):
        first = self.start("one", 60000, "--rate", "900/s")
        self.wait_for_claim(first)
        first.send_signal(signal.SIGSTOP)
        errors = self.host("two", 3000, "--clone-of", self.path("one"))
        self.assertEqual(self.epoch_of(errors), 2)
        first.send_signal(signal.SIGCONT)
        begin = time.monotonic()
        errors = self.end(first, expect=1)
        self.assertIn("SUPERSEDED main: INVALID: superseded: main/epoch/0000000000002.epoch", errors)
        # Two watches and what else there is to do; on a machine that does much else.
        self.assertLess(time.monotonic() - begin, 20)
        self.whole("two", 2, 3000)
        # What the first acknowledged is all there, in its own history.
        found = subprocess.run(tools.command("verify", "--data", self.path("one"), "--sink", self.archive, "--epoch", 1),
                               capture_output=True, text=True, timeout=120).stdout
        self.assertRegex(found, r"\d missing, 0 different")
        for partition, name in re.findall(r"^missing main/(\d+) LSN \d+ \((\w+)\)$", found, re.MULTILINE):
            # Not acknowledged, or the engine would have pruned it.
            self.assertTrue(os.path.exists(self.path(f"one/main/{partition}/wal/{name}")), found)

    def test_restored_from_the_older_of_two_branches(self):
        self.host("one", 300)
        self.host("two", 600, "--clone-of", self.path("one"))                     # epoch 2
        self.take_over("one", 2)                                                  # 3
        self.assertEqual(self.epoch_of(self.host("one", 600)), 4)
        # Of the clone's, as it was at 150 of each partition; its lineage file is of then.
        self.assertIn("superseded", self.host("three", 900, "--clone-of", self.path("two"), "--restore-to", 150,
                                              expect=1))
        self.take_over("three", 4)
        errors = self.host("three", 900)
        self.assertEqual(self.epoch_of(errors), 6)
        self.assertIn("BRANCHED main/0 LSN 151 to 200", errors)
        for host, epoch, entries in (("one", 4, 600), ("two", 2, 600), ("three", 6, 900)):
            self.whole(host, epoch, entries)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_set_back_to_before_what_was_pruned(self):
        # What it writes there is its own, not what was pruned.
        options = ["--option", "batch_entries=1"]  # else it depends on the time how far may be pruned
        self.host("one", 300, *options)
        self.tidemark("prune", self.archive, "main/0", "--before", 81, "--yes")
        self.host("two", 270, "--clone-of", self.path("one"), "--restore-to", 60, *options)
        found = self.tidemark("verify", self.archive)
        self.assertIn("all well", found)
        self.assertNotIn("remnant", found)
        place = self.path("two-again")
        self.tidemark("restore", self.archive, "main/0", place)
        self.assertEqual(sorted(name for name in os.listdir(place) if not name.startswith("."))[0], tools.lsn_text(61))
        self.tidemark("prune", self.archive, "main/0", "--before", 71, "--yes")
        self.assertIn("all well", self.tidemark("verify", self.archive))
        self.tidemark("restore", self.archive, "main/0", self.path("one-again"), "--epoch", 1)

    def test_the_first_archive_of_a_branch_is_lost(self):
        """The parent went on past it: its entry is not read in the place of the one that is lost."""
        options = ["--option", "batch_entries=1"]
        self.host("one", 300, *options)
        self.host("two", 360, "--clone-of", self.path("one"), "--restore-to", 60, *options)
        folder = self.path("archive/main/0")
        os.remove(os.path.join(folder, f"{tools.lsn_text(61)}.e2.tar"))
        self.assertIn("hole", self.tidemark("verify", self.archive, expect=1))
        self.assertIn("LSN 61", self.tidemark("gaps", self.archive))
        place = self.path("two-again")
        self.tidemark("restore", self.archive, "main/0", place, expect=1)
        self.assertFalse(os.path.exists(os.path.join(place, tools.lsn_text(61))))
        # The parent's history is whole; and what is lost can be accepted.
        self.tidemark("restore", self.archive, "main/0", self.path("one-again"), "--epoch", 1)
        accept = ("gaps", self.archive, "--acknowledge", "main/0", 61, 61, "--reason", "its archive was damaged")
        self.assertIn("look with --epoch 1", self.tidemark(*accept, expect=2))
        self.tidemark(*accept, "--epoch", 2)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_all_of_a_branch_is_lost_in_one_archive(self):
        """No name shows it; whoever verifies with a checkpoint hears of it."""
        checkpoint = self.path("checkpoint")
        self.host("one", 300)
        self.host("two", 0, "--clone-of", self.path("one"), "--restore-to", 60)
        self.host("two", 210, "--commit-first")  # one batch for each partition
        self.host("two", 240)
        self.assertIn("all well", self.tidemark("verify", self.archive, "--since-checkpoint", checkpoint))
        folder = self.path("archive/main/0")
        batch = [name for name in os.listdir(folder) if re.fullmatch(r"\w+-" + tools.lsn_text(61) + r"\.e\d+\.tar", name)]
        self.assertEqual(len(batch), 1, os.listdir(folder))
        os.rename(os.path.join(folder, batch[0]), self.path("lost"))
        for _ in range(2):
            found = self.tidemark("verify", self.archive, "--since-checkpoint", checkpoint, expect=1)
            self.assertRegex(found, rf"{batch[0]}.*those of epoch 1 are read instead")
        os.rename(self.path("lost"), os.path.join(folder, batch[0]))
        self.assertIn("all well", self.tidemark("verify", self.archive, "--since-checkpoint", checkpoint))

    def test_a_number_that_is_given_twice_because_its_record_was_lost(self):
        options = ["--option", "batch_entries=1"]
        self.host("one", 300, *options)
        self.host("two", 300, "--clone-of", self.path("one"), "--restore-to", 60, *options)  # epoch 2
        os.remove(self.path("archive/main/epoch/0000000000002.epoch"))
        # The same number is free for a third, which does not take the archives of the second for its own.
        errors = self.host("three", 600, "--clone-of", self.path("one"), *options, expect=1)
        self.assertEqual(self.epoch_of(errors), 2)
        self.assertRegex(errors, r"SUPERSEDED main.*has archives of epoch 2, which this host has claimed.*--over 2 --reason")
        self.assertIn("superseded", self.host("three", 600, *options, expect=1))
        self.take_over("three", 2)
        self.assertEqual(self.epoch_of(self.host("three", 600, *options)), 4)
        self.whole("three", 4, 600)
        # And the second's, whose record is the third's now, is read by its number.
        self.whole("two", 2, 300)

    def test_a_lost_engine_is_restored_and_continues(self):
        self.host("one", 300)
        shutil.rmtree(self.path("one"))
        tools.run("recover", "--data", self.path("new"), "--sink", self.archive)
        self.assertIn("--restored-from EPOCH", self.host("new", 330, timeout_s=5, expect=3))
        words = ["takeover", self.archive, "main", "--lineage-file", self.lineage("new"), "--over", 1, "--restored-from", 1,
                 "--reason", "its disk is lost"]
        self.assertIn("claimed epoch 2 of main", self.tidemark(*words))
        errors = self.host("new", 600)
        self.assertEqual(self.epoch_of(errors), 3)
        self.assertNotIn("BRANCHED", errors)
        self.whole("new", 3, 600)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_what_was_moved_away_is_filled_in_and_hides_nothing(self):
        more = ["--keep-acked", "--option", "batch_entries=8"]
        self.host("one", 300, *more)
        folder = self.path("archive/main/0")
        tars = sorted(name for name in os.listdir(folder) if name.endswith(".tar"))
        for name in (tars[0], tars[len(tars) // 2]):
            os.remove(os.path.join(folder, name))
        errors = self.host("one", 300, *more)
        self.assertNotRegex(errors, "BRANCHED|GAP|CONFLICT")
        # What lies after each of them was archived once, and is still of the first epoch.
        self.assertEqual(sorted(name for name in os.listdir(folder) if name.endswith(".tar")), tars)
        self.whole("one", self.epoch_of(errors), 300)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    def test_both_write_on_if_they_are_told_to(self):
        # Slow enough to be at work still when the other one has claimed.
        first = self.start("one", 3000, "--rate", "150/s", "--option", "on_superseded=continue")
        self.wait_for_claim(first)
        self.host("two", 2400, "--clone-of", self.path("one"))
        errors = self.end(first, expect=0)
        self.assertEqual(errors.count("SUPERSEDED"), 1)
        self.whole("one", 1, 3000)
        self.whole("two", 2, 2400)

    # ---- Killed

    def test_killed_at_any_step(self):
        """Between claim, lineage file, first put and acknowledge: it never needs an operator, and all is whole."""
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        sink = "faulty:///?of=" + urllib.parse.quote(self.archive, safe="") + "&delay_ms=5&delay_jitter_ms=20"
        rounds = int(os.environ.get("FAILOVER_ROUNDS", "8"))
        for number in range(1, rounds + 1):
            process = self.start("one", 90 * number, "--option", "partition_inflight=3", sink=sink)
            time.sleep(chance.uniform(0.02, 0.5))
            process.kill()
            errors = process.communicate()[1]
            self.assertNotIn("uperseded", errors, f"seed {seed}")
        errors = self.host("one", 90 * rounds + 90)
        self.whole("one", self.epoch_of(errors), 90 * rounds + 90)
        self.assertIn("all well", self.tidemark("verify", self.archive))

    # ---- The lineage file

    def test_a_lineage_file_that_is_not_right(self):
        self.host("one", 90)
        with open(self.lineage("one"), "rb") as file:
            good = file.read()
        bad = {
            "damaged": good.replace(b"epoch=1", b"epoch=2"),
            "it was cut": good[:40],
            "is not a lineage file": b"",
            "knows version 2": good.replace(b"LINEAGE 1", b"LINEAGE 2"),
        }
        for word, content in bad.items():
            with open(self.lineage("one"), "wb") as file:
                file.write(content)
            errors = self.host("one", 120, expect=1)
            self.assertIn(word, errors)
            self.assertIn(self.lineage("one"), errors)
            self.assertIn("bring it back from a copy", errors)
        os.unlink(self.lineage("one"))
        self.assertIn("belongs to another owner", self.host("one", 120, timeout_s=3, expect=3))
        with open(self.lineage("one"), "wb") as file:
            file.write(good)
        self.assertEqual(self.epoch_of(self.host("one", 120)), 2)

    def test_a_record_that_is_damaged_stops_its_storage_only(self):
        self.host("one", 90)
        record = self.path("archive/main/epoch/0000000000001.epoch")
        with open(record, "r+b") as file:
            file.truncate(200)
        errors = self.host("one", 120, timeout_s=3, expect=3)
        self.assertIn("FAILING main/", errors)
        self.assertIn("main/epoch/0000000000001.epoch", errors)
        self.assertIn("nothing of this storage is archived until it is mended", errors)

    def test_an_archive_without_epochs_is_continued(self):
        plain = ["run", "--data", self.path("one"), "--sink", self.archive, "--partitions", 3, "--no-lineage"]
        tools.run(*plain, "--entries", 150)
        before = {}
        for folder, _, names in os.walk(self.path("archive")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    before[os.path.join(folder, name)] = file.read()
        self.assertEqual(self.epoch_of(self.host("one", 300)), 1)
        self.assertEqual(self.epoch_of(self.host("one", 450)), 2)
        for path, content in before.items():
            with open(path, "rb") as file:
                self.assertEqual(file.read(), content)
        self.whole("one", 2, 450)
        # Without its lineage file it stands still where the epochs begin.
        errors = tools.run(*plain, "--entries", 480, "--timeout", 3, expect=3)[1]
        self.assertIn("it needs the option lineage_file", errors)


if __name__ == "__main__":
    unittest.main()
