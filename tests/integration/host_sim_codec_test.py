#!/usr/bin/python3
"""Archives that are compressed and encrypted, from a real engine through the real plugin, read by strangers: zstd, GNU tar,
bsdtar, python's zstandard and age. HOST_SIM and TIDEMARK name the programs."""

import hashlib
import hmac
import io
import os
import random
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
import urllib.parse

import zstandard

import host_sim_tools as tools

TIDEMARK = os.environ["TIDEMARK"]
MARKER = b"a marker that nobody may find"
CHUNK = 64 << 10  # of age
FRAME = 4 << 20   # of ours
HEADS = 512 + 1024  # of a tar of one file, with its end mark
# At what is cut into chunks and frames: the bytes of a file, or of the tar around it.
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK - HEADS, FRAME - HEADS - 512, FRAME - HEADS, FRAME - HEADS + 1, FRAME - 1,
         FRAME, FRAME + 1, 5_000_000]
CODINGS = {"zst": ["compress=zstd"], "zst-3": ["compress=zstd:3"], "age": [], "zst.age": ["compress=zstd:2"]}


def read(path):
    with open(path, "rb") as file:
        return file.read()


def pipe(words, given):
    done = subprocess.run(words, input=given, capture_output=True, check=False)
    assert done.returncode == 0, (words, done.stderr[:500])
    return done.stdout


class Codec(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-codec-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.sink = "file://" + self.path("archive")
        for name in ("one", "two"):
            subprocess.run(["age-keygen", "-o", self.path(name + ".identity")], check=True, capture_output=True)
            with open(self.path(name + ".recipients"), "wb") as file:
                file.write(pipe(["age-keygen", "-y", self.path(name + ".identity")], b""))
        self.keygen("tag")
        self.host = "data"

    def path(self, name):
        return os.path.join(self.dir, name)

    def keygen(self, name):
        subprocess.run([TIDEMARK, "keygen", "-o", self.path(name)], check=True)
        return re.search(r"^([0-9a-f]{64})$", read(self.path(name)).decode(), re.M).group(1)

    def sealing(self, recipients="one.recipients", tag="tag"):
        return [f"encrypt_recipients_file={self.path(recipients)}", f"encrypt_tag_key_file={self.path(tag)}"]

    def options(self, coding):
        return CODINGS.get(coding, []) + (self.sealing() if "age" in coding else [])

    def words(self, options):
        return [word for option in options for word in ("--option", option)]

    def run_host(self, entries, options, *more, expect=0, sink=None, timeout_s=60):
        count = ["--entries", entries] if entries else []
        return tools.run("run", "--data", self.path(self.host), "--sink", sink or self.sink, *count, "--timeout", timeout_s,
                         *self.words(options), *tools.FAST_RETRY, *more, expect=expect)[1]

    def verify_host(self, entries, *more):
        keys = [f"identity_file={self.path('one.identity')}", f"encrypt_tag_key_file={self.path('tag')}", "accept_untagged=true"]
        found = tools.run("verify", "--data", self.path(self.host), "--sink", self.sink, *self.words(keys), *more)[0]
        self.assertRegex(found, rf"^verified {entries} entries in \d+ archives: 0 missing, 0 different")

    def tidemark(self, *arguments, expect=0):
        done = subprocess.run([TIDEMARK, *(str(one) for one in arguments)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def keys(self, identity="one.identity", tag="tag"):
        return ["--identity", self.path(identity), "--tag-key", self.path(tag), "--accept-untagged"]

    def objects(self, place="archive"):
        return sorted(os.path.join(folder, name) for folder, _, names in os.walk(self.path(place)) for name in names
                      if ".tar" in name)

    def footer(self, body):
        words = body[-512:].rstrip(b"\0").decode().split(" ")
        return dict(word.split("=", 1) for word in words[1:])

    def decrypted(self, body):
        return pipe(["age", "-d", "-i", self.path("one.identity")], body[:-512])

    # ---- Strangers

    def files(self):
        os.mkdir(self.path("files"))
        chance = random.Random(1)
        for number, size in enumerate(SIZES):
            words = [b"put ", b"delete ", b"\x00\x00\x00\x07", b"partition ", MARKER]
            text = b"".join(chance.choices(words, k=size // 8 + 1))
            data = chance.randbytes(size) if number % 2 else text[:size].ljust(size, b".")
            with open(self.path(f"files/{number:03}"), "wb") as file:
                file.write(data)

    def check_by_strangers(self, path, tar):
        """Everybody gets the same tar out of a .tar.zst as it is, footer and all."""
        body = read(path)
        self.assertEqual(pipe(["zstd", "-dc", path], b""), tar)
        pipe(["zstd", "-tq", path], b"")
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body), read_across_frames=True)
        self.assertEqual(reader.read(), tar)
        with tarfile.open(fileobj=io.BytesIO(tar)) as members:
            names = members.getnames()
        for words in (["tar", "--zstd", "-tf", path], ["bsdtar", "-tf", path]):
            self.assertEqual([name.rstrip("/") for name in pipe(words, b"").decode().split()], names)

    def test_strangers_read_what_is_written(self):
        self.files()
        for coding in CODINGS:
            with self.subTest(coding):
                self.sink, self.host = "file://" + self.path("archive"), "data-" + coding
                shutil.rmtree(self.path("archive"), ignore_errors=True)
                self.run_host(0, self.options(coding), "--from", self.path("files"), "--partitions", 1, *tools.ONE_BY_ONE)
                found = self.objects()
                self.assertEqual(len(found), len(SIZES))
                for lsn, path in enumerate(found, 1):
                    body = read(path)
                    footer = self.footer(body)
                    self.assertTrue(path.endswith(".tar." + coding.replace("-3", "")))
                    self.assertEqual(hashlib.sha256(body[:-512]).hexdigest(), footer["sha256"])
                    inner = self.decrypted(body) if "age" in coding else body[:-520]
                    tar = pipe(["zstd", "-dc"], inner) if "zst" in coding else inner
                    digest = hashlib.sha256(tar).digest()
                    if "age" in coding:
                        stem = f"main/0/{tools.lsn_text(lsn)}".encode()
                        key = bytes.fromhex(re.search(r"^([0-9a-f]{64})$", read(self.path("tag")).decode(), re.M).group(1))
                        tag = hmac.new(key, b"TIDEMARK1-TAG\0" + stem + digest, "sha256").hexdigest()
                        key_id = hmac.new(key, b"TIDEMARK1-TAG-KEY", "sha256").hexdigest()[:8]
                        self.assertEqual((footer["tag"], footer["tag_key"]), (tag, key_id))
                        self.assertNotIn("content", footer)
                    else:
                        self.assertEqual((footer["content"], int(footer["size"])), (digest.hex(), len(tar)))
                        self.check_by_strangers(path, tar)
                    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
                        data = members.extractfile(f"{tools.lsn_text(lsn)}/{lsn - 1:03}").read()
                    self.assertEqual(data, read(self.path(f"files/{lsn - 1:03}")))
                    if "age" in coding:
                        for secret in (MARKER, digest, digest.hex().encode()):
                            self.assertNotIn(secret, body)
                self.tidemark("verify", self.sink)
                self.tidemark("verify", self.sink, "--deep", *(self.keys() if "age" in coding else []))
                out = self.path("out-" + coding)
                self.tidemark("restore", self.sink, "main/0", out, *(self.keys() if "age" in coding else []))
                for lsn in range(1, len(SIZES) + 1):
                    self.assertEqual(read(f"{out}/{tools.lsn_text(lsn)}/{lsn - 1:03}"), read(self.path(f"files/{lsn - 1:03}")))

    # ---- Restarts, switches and lost answers

    def test_every_kind_in_one_partition(self):
        """Options switched at each start, entries kept: what is there is recognized, whatever it was written as."""
        total = 0
        for coding in ("none", "age", "zst", "zst.age", "none", "zst-3", "age"):
            total += 60
            options = {f"encrypt_tag_key_file={self.path('tag')}", *self.options(coding), "batch_entries=8"}
            errors = self.run_host(total, sorted(options), "--partitions", 3, "--keep-acked")
            self.assertNotRegex(errors, "CONFLICT|GAP|BRANCHED|FAILING")
        self.assertEqual(len({path.rpartition(".tar")[2] for path in self.objects()}), 4)
        self.verify_host(total)
        self.tidemark("verify", self.sink, "--deep", *self.keys())
        self.assertRegex(self.tidemark("verify", self.sink, *self.keys()[:-1], expect=1), "bears no tag")
        # Nothing was archived twice.
        held = [int(part["last"]) - int(part["first"]) + 1 for part in map(self.footer, map(read, self.objects()))]
        self.assertEqual(sum(held), total, '\n'.join(self.objects()))

    def test_lost_answers(self):
        for number, coding in enumerate(CODINGS):
            with self.subTest(coding):
                self.host, self.sink = f"data-{number}", "file://" + self.path(f"archive-{number}")
                sink = "faulty:///?of=" + urllib.parse.quote(self.sink, safe="") + "&lose_answer_rate=0.3&error_rate=0.1&seed=7"
                errors = self.run_host(300, self.options(coding) + ["batch_entries=4"], "--partitions", 3, sink=sink)
                self.assertNotRegex(errors, "CONFLICT|GAP")
                self.verify_host(300)

    def test_other_content_is_a_conflict(self):
        """Also of a batch of which nobody here can read which of its entries differ."""
        for coding in CODINGS:
            for shape in (tools.ONE_BY_ONE, ["--option", "batch_entries=2", "--commit-first"]):
                with self.subTest(coding=coding, shape=shape):
                    shutil.rmtree(self.path("archive"), ignore_errors=True)
                    for name in ("data", "other"):
                        shutil.rmtree(self.path(name), ignore_errors=True)
                    plain = ["--partitions", 1, "--no-lineage", *shape]
                    self.host = "data"
                    self.run_host(2, self.options(coding), *plain)
                    held = list(map(read, self.objects()))
                    self.host = "other"
                    errors = self.run_host(2, self.options(coding), *plain, "--seed", 9, timeout_s=3, expect=3)
                    self.assertRegex(errors, "CONFLICT main/.*holds other content")
                    self.assertNotRegex(errors, "FAILING|identity")
                    self.assertEqual(list(map(read, self.objects())), held)

    # ---- Keys

    def test_recipients_and_tag_keys_change(self):
        self.run_host(30, self.sealing(), "--partitions", 1, "--keep-acked")
        both = read(self.path("one.recipients")) + read(self.path("two.recipients"))
        with open(self.path("both"), "wb") as file:
            file.write(b"# who may read it\n\n" + both)
        self.keygen("new")
        with open(self.path("rotated"), "wb") as file:
            file.write(read(self.path("new")) + read(self.path("tag")))
        os.chmod(self.path("rotated"), 0o600)
        errors = self.run_host(60, self.sealing("both", "rotated"), "--partitions", 1, "--keep-acked")
        self.assertIn("encrypting to 2 recipients", self.run_host(60, self.sealing("both", "rotated"), "--partitions", 1,
                                                                  "--keep-acked", "--log-level", "info"))
        self.assertNotRegex(errors, "CONFLICT|BRANCHED|FAILING")
        self.assertNotIn("nothing is encrypted", errors)
        out = self.path("out")
        self.tidemark("restore", self.sink, "main/0", out, *self.keys(tag="rotated"))
        # Who was not among the first recipients reads what came later.
        error = self.tidemark("restore", self.sink, "main/0", self.path("none"), *self.keys("two.identity", "rotated"), expect=2)
        self.assertRegex(error, "main/0/.*[.]tar[.]age: none of the 1 identities can decrypt it")
        self.tidemark("restore", self.sink, "main/0", self.path("later"), *self.keys("two.identity", "rotated"), "--from", 31)
        error = self.tidemark("restore", self.sink, "main/0", self.path("none"), *self.keys(tag="new"), expect=2)
        self.assertIn("its tag was made with the tag key", error)

    def test_recipients_that_were_forgotten(self):
        """Nothing else would say that what is archived from now on is readable by everybody."""
        errors = self.run_host(5, [f"encrypt_tag_key_file={self.path('tag')}"], "--partitions", 1)
        self.assertIn("nothing is encrypted though encrypt_tag_key_file is given: encrypt_recipients_file is not", errors)

    def test_a_tag_key_that_was_lost(self):
        self.run_host(10, self.sealing(), "--partitions", 1, "--keep-acked", "--no-lineage", *tools.ONE_BY_ONE)
        self.keygen("new")
        errors = self.run_host(12, self.sealing(tag="new"), "--partitions", 1, "--keep-acked", "--no-lineage",
                               *tools.ONE_BY_ONE, timeout_s=3, expect=3)
        self.assertIn("FAILING", errors)
        self.assertNotIn("CONFLICT", errors)
        self.assertRegex(errors, "its tag was made with the tag key [0-9a-f]{8}, which is not at hand: add that key")

    def test_a_part_of_a_batch_that_nobody_can_read(self):
        """With a lineage file it is archived again; without one the partition waits, and says what it needs."""
        for number, (more, options) in enumerate((([], []), (["--no-lineage"], []),
                                                  ([], [f"identity_file={self.path('one.identity')}"]))):
            with self.subTest(options=options, more=more):
                self.host, self.sink = f"data-{number}", "file://" + self.path(f"archive-{number}")
                words = [*more, "--partitions", 1, "--keep-acked"]
                self.run_host(32, self.sealing() + ["batch_entries=8"], "--commit-first", *words)
                for lsn in (1, 2, 3):
                    shutil.rmtree(self.path(f"{self.host}/main/0/wal/{tools.lsn_text(lsn)}"))
                options = self.sealing() + ["batch_entries=8", *options]
                if more:
                    errors = self.run_host(32, options, *words, timeout_s=3, expect=3)
                    self.assertIn("FAILING", errors)
                    self.assertIn("it is encrypted, and no identity is given to decrypt it", errors)
                else:
                    errors = self.run_host(40, options, *words)
                    self.assertNotRegex(errors, "FAILING|BRANCHED")
                    self.verify_host(40)
                self.assertNotRegex(errors, "CONFLICT|GAP")
                held = [part for part in map(self.footer, map(read, self.objects(f"archive-{number}")))]
                # The rest of the batch is archived again as a part of what follows it; that is not.
                self.assertEqual([(part["first"], part["last"]) for part in held if part["first"] == "4"],
                                 [("4", "8")] if number == 0 else [])
                self.assertEqual({part.get("epoch") for part in held if int(part["last"]) <= 32}, {None})

    def test_an_archive_for_others_stops_nobody_who_has_another(self):
        """The rest of a batch was archived again, for another recipient: whoever reads the batch needs no other identity."""
        words = ["--partitions", 1, "--keep-acked"]
        self.run_host(32, self.sealing() + ["batch_entries=8"], "--commit-first", *words)
        for lsn in (1, 2, 3):
            shutil.rmtree(self.path(f"data/main/0/wal/{tools.lsn_text(lsn)}"))
        others = self.sealing("two.recipients") + ["batch_entries=8"]
        self.run_host(32, others, *words)
        out, keys = self.path("out"), [f"identity_file={self.path('one.identity')}", f"encrypt_tag_key_file={self.path('tag')}"]
        self.tidemark("restore", self.sink, "main/0", out, *self.keys())
        self.assertEqual(len([name for name in os.listdir(out) if not name.startswith(".")]), 32)
        tools.run("recover", "--data", self.path("found"), "--sink", self.sink, *self.words(keys))
        # What nothing else holds is said, and that it will not get better by itself.
        self.run_host(40, others, *words)
        error = self.tidemark("restore", self.sink, "main/0", out, *self.keys(), expect=2)
        self.assertRegex(error, "can decrypt it.*; no other archive has LSN 33")
        self.assertNotIn("run the same again", error)

    def test_options_that_do_not_fit(self):
        tag, recipients = f"encrypt_tag_key_file={self.path('tag')}", f"encrypt_recipients_file={self.path('one.recipients')}"
        with open(self.path("bad"), "w") as file:
            file.write("# a comment\nage1notone\n")
        os.chmod(self.path("bad"), 0o600)
        os.chmod(self.path("two.identity"), 0o644)
        for options, complaint in (
                (["compress=gzip"], "use none, zstd"), ([recipients], "needs encrypt_tag_key_file"),
                ([f"encrypt_recipients_file={self.path('none')}", tag], self.path("none")),
                ([f"encrypt_recipients_file={self.path('bad')}", tag], self.path("bad")),
                ([recipients, f"encrypt_tag_key_file={self.path('bad')}"], self.path("bad")),
                ([recipients, f"encrypt_tag_key_file={self.path('one.identity')}"], self.path("one.identity")),
                ([f"identity_file={self.path('two.identity')}"], "chmod 600"),
                ([f"identity_file={self.path('one.recipients')}"], self.path("one.recipients"))):
            with self.subTest(options):
                errors = self.run_host(1, options, expect=1)
                self.assertIn(complaint, errors)
                secret = re.search(r"^(AGE-SECRET-KEY-1\S+)$", read(self.path("one.identity")).decode(), re.M).group(1)
                self.assertNotIn(secret[16:], errors)


if __name__ == "__main__":
    unittest.main()
