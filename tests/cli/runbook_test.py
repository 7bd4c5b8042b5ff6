#!/usr/bin/python3
"""The commands of cli/OPERATIONS.md and plugin/OPTIONS.md, as they stand there: each is run by a shell, on archives that a
real engine made, and does what the text says. Only /var, /srv and s3://bucket/prefix are other places. OPERATIONS and
OPTIONS name the files, TIDEMARK and HOST_SIM the programs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import cli_tools as tools
import encode_tools
import takeover_test
from cli_tools import imposter_tools

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

import host_sim_tools as host_sim  # noqa: E402

BUCKET = "s3://bucket/prefix"
NIGHT = r"(?:[\d*]+ ){5}(said=.*tidemark verify .*)"
MONTH = r"tidemark verify .* --reread 1"
NIGHT_OF_ONE = r"tidemark verify file:///var/archive main/7"


def commands():
    """The indented lines, but for the configuration file that is shown there."""
    lines = []
    for document in ("OPERATIONS", "OPTIONS"):
        with open(os.environ[document], encoding="utf-8") as file:
            lines += re.findall(r"^    (\S.*)$", file.read(), re.MULTILINE)
    return [re.sub(r"\s+# .*", "", line) for line in lines if not re.match(r"\[archive\.|\w+ = \"", line)]


def runs(*patterns):
    """Says which commands a case runs; it is given the lines of these files that match, one for each pattern."""

    def decorate(case):
        def with_lines(self):
            case(self, *(only(pattern) for pattern in patterns))

        with_lines.patterns = patterns
        return with_lines

    return decorate


def only(pattern):
    found = [line for line in commands() if re.fullmatch(pattern, line)]
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


class RunbookTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="tidemark-runbook-")
        self.addCleanup(shutil.rmtree, self.dir)
        for place in ("var/lib/tidemark", "srv/damaged"):
            os.makedirs(self.path(place))
        self.archive = self.path("var/archive")
        self.env = {**os.environ, "TZ": "UTC", "AWS_EC2_METADATA_DISABLED": "true",
                    "PATH": os.path.dirname(tools.TIDEMARK) + os.pathsep + os.environ["PATH"]}
        self.bucket = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def here(self, line):
        """The line with the places of this test."""
        line = re.sub(r"/(?=(?:var|srv)/)", self.dir + "/", line)
        return line.replace(BUCKET, f"'{self.bucket}'") if self.bucket else line

    def type(self, line, expect=0):
        """Types the line into a shell; returns all that it says."""
        line = self.here(line)
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=200, env=self.env, cwd=self.dir)
        self.assertEqual(done.returncode, expect, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def engine(self, entries, *arguments, data="engine", archive=None):
        """An engine with 8 partitions runs until all of its entries, so many in all, are archived."""
        return host_sim.run("run", "--no-lineage", "--data", self.path(data), "--sink", f"file://{archive or self.archive}", "--partitions",
                            8, "--entries", entries, "--files", 1, "--file-size", 300, *arguments)[1]

    def log(self, data="engine"):
        """What the engine has on disk, by partition."""
        return {partition: tools.tree(self.path(f"{data}/main/{partition}/wal")) for partition in map(str, range(8))}

    def keys(self):
        return sorted(os.path.relpath(os.path.join(folder, name), self.archive)
                      for folder, _, names in os.walk(self.archive) for name in names)

    def stored(self, key):
        return os.path.join(self.archive, key)

    def change(self, key, change, keep_time=False):
        with open(self.stored(key), "r+b") as file:
            body = change(file.read())
            file.seek(0)
            file.write(body)
        if keep_time:
            os.utime(self.stored(key), (self.times[key], self.times[key]))

    def damage(self, key, keep_time=False):
        self.change(key, lambda body: tools.flipped(body, 700), keep_time)

    def note_times(self):
        self.times = {key: os.stat(self.stored(key)).st_mtime for key in self.keys()}

    def test_every_command_has_a_case(self):
        patterns = [pattern for name in dir(self) for pattern in getattr(getattr(self, name), "patterns", ())]
        self.assertGreaterEqual(len(commands()), 14)
        for line in commands():
            self.assertTrue(any(re.fullmatch(pattern, line) for pattern in patterns), f"no case runs: {line}")

    def needs(self, verb):
        if subprocess.run([tools.TIDEMARK, verb, "--help"], capture_output=True).returncode != 0:
            self.skipTest(f"this tidemark has no verb {verb}")

    @runs(r"tidemark check file:///var/archive --allow-empty", r"tidemark info file:///var/archive")
    def test_first_run(self, check, info):
        self.needs("check")
        self.type(check, expect=3)
        os.mkdir(self.archive)
        self.type(check)
        self.assertEqual(self.keys(), [])
        self.assertIn("nothing is stored there", self.type(info, expect=1))
        self.engine(8)
        self.type(check)
        self.assertEqual(len(self.keys()), 8)

    @runs(r"tidemark info file:///var/archive")
    def test_how_far(self, info):
        self.assertIn("No such file or directory", self.type(info, expect=3))
        self.engine(40)
        told = self.type(info)
        for partition in range(8):
            self.assertRegex(told, rf"(?m)^main/{partition}\n +frontier +5 ")
        os.remove(self.stored(tools.key(3, 2)))
        self.assertRegex(self.type(info), r"(?m)^main/3\n +frontier +1 ")

    @runs(r"tidemark info file:///var/archive --html /srv/page.html --checkpoint /var/lib/tidemark/checkpoint", MONTH)
    def test_a_page(self, page, month):
        self.engine(80)
        for verified in (False, True):
            self.type(page)
            with open(self.path("srv/page.html"), encoding="utf-8") as file:
                text = file.read()
            self.assertIn("No entry is missing", text)
            self.assertEqual("An archive was last read and found right" in text, verified)
            self.type(month)

    @runs(NIGHT, MONTH)
    def test_every_night(self, night, month):
        night = re.fullmatch(NIGHT, night).group(1)
        self.assertIn("No such file or directory", self.type(night))
        self.engine(80)
        self.assertEqual(self.type(night), "")
        self.assertTrue(os.path.getsize(self.path("var/lib/tidemark/checkpoint")))
        self.engine(160)
        self.assertEqual(self.type(night), "")
        self.engine(240)
        self.damage(tools.key(7, 25))
        self.assertRegex(self.type(night), rf"(?m)^damaged +{tools.key(7, 25)}: ")
        os.remove(self.stored(tools.key(7, 25)))
        os.remove(self.stored(tools.key(2, 3)))
        self.assertRegex(self.type(night), r"(?m)^hole +main/2 LSN 3 ")
        # Another file system is mounted there, or none is.
        os.rename(self.archive, self.path("var/unmounted"))
        os.mkdir(self.archive)
        told = self.type(night)
        self.assertRegex(told, r"(?m)^gone +main/0/")
        self.assertIn("nothing is stored there", told)
        self.assertRegex(self.type(month, expect=1), r"(?m)^gone +main/7/")

    @runs(MONTH)
    def test_every_month(self, month):
        self.engine(160)
        self.assertIn("verified 160 archives", self.type(month))
        self.note_times()
        self.assertIn("160 of them once more", self.type(month))
        # A disk rots without changing a size or a time, wherever it is.
        for key in (tools.key(0, 1), tools.key(4, 9), tools.key(7, 20)):
            self.damage(key, keep_time=True)
            self.assertRegex(self.type(month, expect=1), rf"(?m)^damaged +{key}: ")
            self.damage(key, keep_time=True)
            self.assertIn("all well", self.type(month))

    @runs(r"tidemark prune .* --older-than 30d", r"tidemark prune .* --older-than 30d --yes", NIGHT_OF_ONE)
    def test_prune(self, would, does, verify):
        self.engine(160)
        before = self.keys()
        self.type(does)
        self.assertEqual(self.keys(), before)
        old = [tools.key(partition, lsn) for partition in range(8) for lsn in range(1, 13)]
        for key in old:
            self.change(key, lambda body: re.sub(rb"made_us=(\d+)", lambda made: b"made_us=%d" % (
                int(made[1]) - 40 * 86400 * 1_000_000), body))
        told = self.type(would)
        for key in old:
            self.assertIn(key, told)
        self.assertEqual(self.keys(), before)
        self.type(does)
        records = [tools.key(partition, 1, 12, "pruned") for partition in range(8)]
        self.assertEqual(self.keys(), sorted((set(before) - set(old)) | set(records)))
        self.assertIn("all well", self.type(verify))
        self.assertNotIn("GAP", self.engine(168))

    @runs(r"tidemark restore file:///var/archive /srv/new", r"tidemark restore file:///var/archive main /srv/new-main",
          r"tidemark restore file:///var/archive main/7 /srv/new-7")
    def test_lost_engine(self, everything, storage, partition):
        self.engine(160, "--keep-acked")
        log = self.log()
        self.assertEqual(len([path for path in log["7"] if "/" not in path]), 20)
        shutil.rmtree(self.path("engine"))
        for _ in range(2):  # run again, it compares
            self.type(everything)
            self.type(storage)
            self.type(partition)
            for name, entries in log.items():
                self.assertEqual(tools.tree(self.path(f"srv/new/main/{name}")), entries)
                self.assertEqual(tools.tree(self.path(f"srv/new-main/{name}")), entries)
            self.assertEqual(tools.tree(self.path("srv/new-7")), log["7"])
        # One that cannot be restored does not hold up the others, and the exit code tells.
        shutil.rmtree(self.path("srv/new"))
        os.remove(self.stored(tools.key(3, 2)))
        self.assertIn("main/3", self.type(everything, expect=1))
        restored = sorted(os.listdir(self.path("srv/new/main")))
        self.assertEqual([name for name in restored if os.path.isdir(self.path(f"srv/new/main/{name}/{tools.lsn_text(9)}"))],
                         [name for name in log if name != "3"])

    @runs(r'tidemark takeover file:///var/archive main --lineage-file /srv/engine/lineage --over 7 --restored-from 7 --reason "disk lost"')
    def test_lost_lineage_file(self, takeover):
        self.engine(80)
        os.makedirs(self.path("srv/engine"))
        os.mkdir(self.stored("main/epoch"))
        for number in range(1, 8):
            with open(self.stored(tools.epoch_key(number)), "wb") as file:
                file.write(tools.epoch_record(number, number - 1))
        self.assertIn("claimed epoch 8 of main", self.type(takeover))
        self.assertTrue(os.path.exists(self.path("srv/engine/lineage")))

    @runs(r'tidemark takeover file:///var/archive main --lineage-file /srv/engine/lineage --over 7 --reason "node 2 is to be rebuilt"')
    def test_the_old_primary_continues(self, takeover):
        self.engine(80)
        os.makedirs(self.path("srv/engine"))
        os.mkdir(self.stored("main/epoch"))
        for number in range(1, 8):  # the newest is that of the other node, which began with a copy of the data
            with open(self.stored(tools.epoch_key(number)), "wb") as file:
                file.write(tools.epoch_record(number, number - 1))
        with open(self.path("srv/engine/lineage"), "w", encoding="utf-8") as file:
            file.write(takeover_test.lineage({6: "1-6"}))
        self.assertIn("claimed epoch 8 of main", self.type(takeover))

    @runs(r'tidemark takeover file:///var/archive main --lineage-file /srv/engine/lineage --over 7 --reason "a record was lost"')
    def test_the_record_of_an_epoch_is_lost(self, takeover):
        self.engine(80)
        os.makedirs(self.path("srv/engine"))
        os.mkdir(self.stored("main/epoch"))
        for number in (1, 2, 4, 5, 7):
            with open(self.stored(tools.epoch_key(number)), "wb") as file:
                file.write(tools.epoch_record(number, number - 1))
        with open(self.path("srv/engine/lineage"), "w", encoding="utf-8") as file:
            file.write(takeover_test.lineage({6: "1-6", 7: "1-7"}))
        said = self.type(takeover)
        self.assertRegex(said, r"records of older epochs, which the archive had lost, written again from \S+: 2\n")
        self.assertIn("claimed epoch 8 of main", said)
        self.type("tidemark verify file:///var/archive")

    @unittest.skipUnless(shutil.which("age-keygen"), "age is not installed")
    @runs(r"age-keygen -o identity.txt", r"age-keygen -y .*", r"tidemark keygen -o tag.key",
          r"tidemark restore file:///var/archive /srv/new --identity identity.txt --tag-key tag.key",
          r"head -c -512 FILE.tar.zst.age \| age .*")
    def test_keys(self, identity, recipients, tag_key, restore, by_hand):
        for line in (identity, recipients, tag_key):
            self.type(line)
        self.engine(16, "--keep-acked", "--option", "compress=zstd", "--option",
                    "encrypt_recipients_file=" + self.path("recipients.txt"), "--option", "encrypt_tag_key_file=" + self.path("tag.key"))
        self.assertEqual([key for key in self.keys() if not key.endswith(".tar.zst.age")], [])
        self.type(restore)
        for name, entries in self.log().items():
            self.assertEqual(tools.tree(self.path(f"srv/new/main/{name}")), entries)
        self.type(by_hand.replace("FILE.tar.zst.age", f"var/archive/{tools.key(3, 2)}.zst.age"))
        lsn = tools.lsn_text(2)
        self.assertEqual(tools.tree(self.path(lsn)), tools.tree(self.path(f"engine/main/3/wal/{lsn}")))

    @runs(r"tidemark restore file:///var/archive /srv/copy --follow")
    def test_warm_copy(self, follow):
        self.engine(80, "--keep-acked")
        process = subprocess.Popen(["sh", "-c", "exec " + self.here(follow)], env=self.env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            for entries in (80, 88):
                self.engine(entries, "--keep-acked")
                newest = [self.path(f"srv/copy/main/{partition}/{tools.lsn_text(entries // 8)}") for partition in range(8)]
                deadline = time.monotonic() + 120
                while not all(map(os.path.exists, newest)):
                    self.assertIsNone(process.poll())
                    self.assertLess(time.monotonic(), deadline, "nothing arrives")
                    time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(60), 0)
        finally:
            process.kill()
            process.wait()
        for name, entries in self.log().items():
            self.assertEqual(tools.tree(self.path(f"srv/copy/main/{name}")), entries)

    @runs(NIGHT_OF_ONE, r"mv /var/archive/\S+ /srv/damaged/")
    def test_damaged_archive(self, verify, move):
        self.engine(160, "--keep-acked")
        key = re.search(r"/var/archive/(\S+)", move).group(1)
        self.assertIn("all well", self.type(verify))
        self.damage(key)
        self.assertRegex(self.type(verify, expect=1), rf"(?m)^damaged +{key}: ")
        self.type(move)
        self.assertRegex(self.type(verify, expect=1), r"(?m)^hole +main/7 LSN 12 ")
        self.engine(160, "--keep-acked")
        self.assertIn("all well", self.type(verify))
        self.assertIn(key, self.keys())
        self.assertEqual(os.listdir(self.path("srv/damaged")), [os.path.basename(key)])

    @runs(r"tidemark restore .* --prefer \S+", r"tidemark restore file:///var/archive main/7 /srv/new-7", NIGHT_OF_ONE)
    def test_archives_that_disagree(self, prefer, restore, verify):
        self.engine(160, "--keep-acked")
        key = prefer.split()[-1]
        # One thread that finds all there makes batches of two: 1..2, 3..4, …
        self.engine(160, "--seed", 2, "--keep-acked", "--commit-first", "--option", "batch_entries=2", "--option", "workers=1",
                    data="another", archive=self.path("another-archive"))
        shutil.copy(self.path(f"another-archive/{key}"), self.stored(key))
        self.assertRegex(self.type(verify, expect=1), rf"(?m)^disagree +{key}: ")
        self.assertIn("--prefer", self.type(restore, expect=1))
        self.type(prefer)
        restored = tools.tree(self.path("srv/new-7"))
        of_another = {tools.lsn_text(13), tools.lsn_text(14)}
        for data, chosen in (("engine", False), ("another", True)):
            expected = {path: content for path, content in self.log(data)["7"].items()
                        if (path.split("/")[0] in of_another) == chosen}
            self.assertEqual({path: content for path, content in restored.items()
                              if (path.split("/")[0] in of_another) == chosen}, expected)

    @runs(r"tidemark gaps file:///var/archive", r"tidemark gaps .* --acknowledge .*", NIGHT_OF_ONE,
          r"tidemark restore file:///var/archive main/7 /srv/new-7")
    def test_accepted_loss(self, gaps, accept, verify, restore):
        self.engine(160)
        first, last = map(int, re.search(r"--acknowledge main/7 (\d+) (\d+) ", accept).groups())
        self.assertIn("they are not lost", self.type(accept, expect=2))
        for lsn in range(first, last + 1):
            os.remove(self.stored(tools.key(7, lsn)))
        self.assertIn("GAP main/7", self.engine(168))
        self.assertRegex(self.type(verify, expect=1), rf"(?m)^gap +main/7 LSN {first} ")
        self.assertRegex(self.type(gaps), rf"(?m)^gap +main/7 LSN {first} ")
        self.assertIn(f"--acknowledge main/7 {first} {last} ", self.type(restore, expect=1))
        self.assertFalse(os.path.exists(self.path(f"srv/new-7/{tools.lsn_text(1)}")))
        self.assertIn("GAP main/7", self.engine(176))
        self.type(accept)
        self.assertIn("1 accepted gap", self.type(verify))
        self.assertNotIn("GAP", self.engine(184))
        self.type(restore)
        self.assertEqual({name for name in os.listdir(self.path("srv/new-7")) if len(name) == 13},
                         {tools.lsn_text(lsn) for lsn in range(1, 24) if not first <= lsn <= last})

    def use_bucket(self):
        imposter = imposter_tools.Imposter("--max-keys", 7)
        self.addCleanup(imposter.close)
        self.bucket = imposter.sink_url(prefix="/prefix")
        self.env.update(AWS_ACCESS_KEY_ID=imposter_tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=imposter_tools.SECRET_KEY)
        return imposter

    @runs(r"tidemark copy file:///var/archive file:///srv/small --compress zstd",
          r"tidemark copy file:///var/archive s3://bucket/prefix --recipients .*",
          r"tidemark copy s3://bucket/prefix file:///srv/readable --recipients none .*")
    def test_copies_that_are_encoded_anew(self, compress, encrypt, decrypt):
        self.needs("copy")
        imposter = self.use_bucket()
        os.mkdir(self.path("srv/keys"))
        keys = encode_tools.Keys(self.path("srv/keys"), "one")
        for given, name in ((keys.identity, "identity.txt"), (keys.recipients, "recipients.txt"), (keys.tag_key, "tag.key")):
            os.rename(given, self.path("srv/keys/" + name))
        self.engine(80)
        self.type(compress)
        found = {name for _, _, names in os.walk(self.path("srv/small")) for name in names}
        self.assertTrue(found and all(name.endswith(".tar.zst") for name in found), found)
        for _ in range(2):
            self.type(encrypt)
            self.assertEqual(sorted(imposter.client().keys()), [f"prefix/{key}.age" for key in self.keys()])
        self.type(decrypt)
        for key in self.keys():
            with open(self.stored(key), "rb") as one, open(self.path("srv/readable/" + key), "rb") as other:
                self.assertEqual(one.read(), other.read(), "the same bytes, made when it was made")

    @runs(r"tidemark check s3://bucket/prefix --allow-empty", r"tidemark copy file:///var/archive s3://bucket/prefix",
          r"tidemark verify s3://bucket/prefix")
    def test_moving(self, check, copy, verify):
        self.needs("copy")
        imposter = self.use_bucket()
        self.engine(80)
        self.type(check)
        self.type(verify, expect=1)  # nothing is stored there
        for _ in range(2):
            self.type(copy)
            self.assertEqual(sorted(imposter.client().keys()), [f"prefix/{key}" for key in self.keys()])
            self.assertIn("verified 80 archives", self.type(verify))
        for key in self.keys():
            with open(self.stored(key), "rb") as file:
                self.assertEqual(imposter.client().get(f"prefix/{key}").body, file.read())
        # What is damaged is not taken along, and the exit code tells.
        self.engine(88)
        self.damage(tools.key(1, 11))
        self.assertIn(tools.key(1, 11), self.type(copy, expect=1))
        self.assertIn("verified 87 archives", self.type(verify))


if __name__ == "__main__":
    unittest.main()
