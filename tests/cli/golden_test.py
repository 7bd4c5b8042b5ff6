#!/usr/bin/python3
"""The golden archive (tests/golden): one object of every kind, made by other programs. What each verb says of it is held
here; a later build that knows more reads more, and never less."""

import os
import resource
import shutil
import signal
import subprocess
import tarfile
import tempfile
import unittest

import cli_tools as tools
from cli_tools import lines, run

ARCHIVE = os.path.join(os.environ["GOLDEN"], "archive")
URL = f"file://{ARCHIVE}"

READABLE = {
    "plain/7/000000000000c-0000000000001.origin": ("origin", 1, 12),
    "plain/7/000000000000d.tar": ("archive", 13, 13),
    "plain/7/000000000000g-000000000000e.tar": ("archive", 14, 16),
    "plain/7/000000000000i-000000000000h.accepted": ("accepted", 17, 18),
    "plain/7/000000000000i-000000000000h.gap": ("gap", 17, 18),
    "plain/7/000000000000j.tar": ("archive", 19, 19),
    "plain/8/0000000000004-0000000000001.pruned": ("pruned", 1, 4),
    "plain/8/0000000000005.tar": ("archive", 5, 5),
    "coded/1/0000000000001.tar": ("archive", 1, 1),
    "epochs/1/0000000000001.tar": ("archive", 1, 1),
    "epochs/1/0000000000002.tar": ("archive", 2, 2),
    "epochs/1/0000000000002.e2.tar": ("archive", 2, 2),
    "epochs/1/0000000000005-0000000000005.e2.accepted": ("accepted", 5, 5),
    "epochs/1/0000000000005-0000000000005.e2.gap": ("gap", 5, 5),
    "epochs/1/0000000000006.e2-0000000000002.tar": ("archive", 6, 6),
    "epochs/2/0000000000003-0000000000001.e2.pruned": ("pruned", 1, 3),
    "epochs/3/0000000000003-0000000000001.e2.origin": ("origin", 1, 3),
    "epochs/epoch/0000000000001.epoch": ("epoch", 1),
    "epochs/epoch/0000000000002.epoch": ("epoch", 2),
    "epochs/epoch/0000000000003.epoch": ("epoch", 3),
}
CODED = {
    "coded/1/0000000000002.tar.zst": ("archive", 2, 2, "zst"),
    "coded/1/0000000000003.tar.age": ("archive", 3, 3, "age"),
    "coded/1/0000000000006-0000000000004.tar.zst.age": ("archive", 4, 6, "zst.age"),
    "epochs/1/0000000000004-0000000000003.e2.tar.zst": ("archive", 3, 4, "zst"),
}
SEALED = sorted(key for key in CODED if key.endswith(".age"))


def bytes_of(key):
    with open(os.path.join(ARCHIVE, key), "rb") as file:
        return file.read()


class GoldenTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tidemark-golden-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        keys = tempfile.mkdtemp(prefix="tidemark-golden-keys-")
        self.addCleanup(shutil.rmtree, keys)
        self.keys = []
        for option, name in (("--identity", "identity.txt"), ("--tag-key", "tag-key.txt")):
            copied = os.path.join(keys, name)
            shutil.copy(os.path.join(os.environ["GOLDEN"], name), copied)
            os.chmod(copied, 0o600)
            self.keys += [option, copied]
        self.keys.append("--accept-untagged")  # there is every kind

    def test_it_is_all_here(self):
        keys = {os.path.relpath(os.path.join(folder, name), ARCHIVE)
                for folder, _, names in os.walk(ARCHIVE) for name in names}
        self.assertEqual(keys, set(READABLE) | set(CODED))

    def test_ls(self):
        shown = {}
        for line in lines("ls", URL):
            what = (line["type"], line["epoch"]) if line["type"] == "epoch" else (
                line["type"], line["first"], line["last"])
            shown[line["key"]] = what + ((line["coding"],) if "coding" in line else ())
        self.assertEqual(shown, READABLE | CODED)

    def test_verify_proves_what_is_stored_without_a_key(self):
        checkpoint = os.path.join(self.directory, "checkpoint")
        for words in ([], ["coded"], ["--since-checkpoint", checkpoint], ["--since-checkpoint", checkpoint]):
            said = lines("verify", URL, *words)
            self.assertEqual([line for line in said if line["type"] in ("problem", "warning")], [])

    def test_verify_deep(self):
        run("verify", URL, "--deep", *self.keys)
        run("verify", URL, "--deep", *self.keys[:2])
        said = lines("verify", URL, "--deep", expect=1)
        problems = {line["key"]: line["problem"] for line in said if line["type"] == "problem"}
        self.assertEqual(problems, {key: "unreadable" for key in SEALED})
        self.assertIn(f"unreadable  {SEALED[0]}: it is encrypted, and no identity is given",
                      run("verify", URL, "--deep", expect=1)[0])

    def test_another_tag_key(self):
        other = os.path.join(self.directory, "other")
        out = os.path.join(self.directory, "out")
        run("keygen", "-o", other)
        error = run("restore", URL, "coded/1", out, *self.keys[:2], "--tag-key", other, "--accept-untagged", expect=2)[1]
        self.assertIn(f"{SEALED[0]}: its tag was made with the tag key c248e7e7, which is not at hand", error)
        self.assertFalse(os.path.exists(os.path.join(out, tools.lsn_text(3))))

    def test_restore(self):
        run("restore", URL, "plain", self.directory)
        expected = tools.expected_tree(range(13, 17))
        restored = tools.tree(os.path.join(self.directory, "7"))
        file = tools.lsn_text(19)
        self.assertEqual({name: what for name, what in restored.items() if not name.startswith(file)}, expected)
        with open(os.path.join(self.directory, "7", file), "rb") as entry:
            self.assertEqual(entry.read(), b"an entry that is a file\n")
        self.assertEqual(tools.tree(os.path.join(self.directory, "8")), tools.expected_tree([5]))

    def test_restore_of_what_is_coded(self):
        out = os.path.join(self.directory, "out")
        run("restore", URL, "coded/1", out, *self.keys)
        self.assertEqual(tools.tree(out), tools.expected_tree(range(1, 7)))
        run("restore", URL, "coded/1", out, "--check", *self.keys)
        # Once more: by tag and content, which the footers have.
        self.assertIn("6 were there already", run("restore", URL, "coded/1", out, *self.keys)[0])
        none = os.path.join(self.directory, "none")
        error = run("restore", URL, "coded/1", none, expect=2)[1]
        self.assertIn(f"{SEALED[0]}: is encrypted; give the file of an identity that decrypts it with --identity", error)
        self.assertEqual([name for name in os.listdir(none) if not name.startswith(".")] if os.path.exists(none) else [], [])
        run("restore", URL, "coded/1", os.path.join(self.directory, "two"), "--to", "2")
        self.assertEqual(tools.tree(os.path.join(self.directory, "two")), tools.expected_tree([1, 2]))

    def test_what_bears_no_tag(self):
        """Somebody who can write to the archive puts a plain one in the place of an encrypted one."""
        strict, out = self.keys[:-1], os.path.join(self.directory, "out")
        zst = [key for key in CODED if key not in SEALED and key.startswith("coded/")]
        plain = sorted(["coded/1/0000000000001.tar", *zst])
        checkpoint = os.path.join(self.directory, "checkpoint")
        run("verify", URL, "coded", "--since-checkpoint", checkpoint)  # which proves as it is stored what was there
        for words in (["--deep"], [], ["--since-checkpoint", checkpoint]):
            said = lines("verify", URL, "coded", *words, *strict, expect=1)
            self.assertEqual(sorted(line["key"] for line in said if line["type"] == "problem"), plain)
            run("verify", URL, "coded", *words, *self.keys)
        error = run("restore", URL, "coded/1", out, *strict, expect=1)[1]
        self.assertIn(f"{plain[0]}: it is not encrypted, so it bears no tag", error)
        self.assertIn("--accept-untagged", error)
        self.assertEqual([name for name in os.listdir(out) if not name.startswith(".")], [])
        lsn = CODED[zst[0]][1]
        for words in ([], ["--plain"]):
            self.assertIn("bears no tag", run("fetch", URL, "coded/1", lsn, "-o", out + ".tar", *words, *strict, expect=1)[1])
            self.assertFalse(os.path.exists(out + ".tar"))
        run("restore", URL, "coded/1", out, *self.keys)
        self.assertEqual(tools.tree(out), tools.expected_tree(range(1, 7)))
        self.assertIn("bears no tag", run("restore", URL, "coded/1", out, "--check", *strict, expect=1)[1])

    def test_fetch_plain(self):
        out = os.path.join(self.directory, "out")
        for key, what in CODED.items():
            words = ["fetch", URL, key.rpartition("/")[0], what[2], "-o", out, "--plain"]
            run(*words, *(self.keys if key in SEALED else []), *(["--epoch", "2"] if ".e2" in key else []))
            with tarfile.open(out) as tar:
                roots = {member.name.split("/")[0] for member in tar.getmembers()}
            self.assertEqual(roots, {tools.lsn_text(lsn) for lsn in range(what[1], what[2] + 1)})
            os.remove(out)
        error = run("fetch", URL, "coded/1", 3, "-o", out, "--plain", expect=2)[1]
        self.assertIn("no identity is given to decrypt it", error)
        self.assertFalse(os.path.exists(out))
        # Killed: nobody else reads what is left of something encrypted.
        done = subprocess.run([tools.TIDEMARK, "fetch", URL, "coded/1", "3", "-o", out, "--plain", *self.keys],
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)), check=False)
        self.assertEqual(done.returncode, -signal.SIGXFSZ)
        left = os.listdir(self.directory)
        self.assertEqual(len(left), 1)
        status = os.stat(os.path.join(self.directory, left[0]))
        self.assertEqual((status.st_mode & 0o777, status.st_size), (0o600, 600))

    def test_restore_of_epochs(self):
        out = os.path.join(self.directory, "out")
        text = tools.lsn_text(2)
        run("restore", URL, "epochs/1", out, "--to", "2")
        with open(os.path.join(out, text, "data"), "rb") as file:
            self.assertEqual(file.read(), b"another history\n")
        for lsn in ("3", "5"):
            run("restore", URL, "epochs/1", os.path.join(self.directory, lsn), "--from", lsn, "--to", lsn)
        first = os.path.join(self.directory, "first")
        run("restore", URL, "epochs/1", first, "--epoch", "1")
        self.assertEqual(tools.tree(first), tools.expected_tree([1, 2]))

    def test_fetch_gives_what_is_stored(self):
        out = os.path.join(self.directory, "out")
        for key, what in (READABLE | CODED).items():
            if what[0] != "archive":
                continue
            wish = ["--epoch", "1" if ".e2" not in key else "2"] if key.startswith("epochs/") else []
            run("fetch", URL, key.rpartition("/")[0], what[2], "-o", out, *wish)
            with open(out, "rb") as file:
                self.assertEqual(file.read(), bytes_of(key), key)
            os.remove(out)

    def test_copy_needs_no_key(self):
        copied = os.path.join(self.directory, "copy")
        for _ in range(2):
            run("copy", URL, f"file://{copied}")
        for key in READABLE | CODED:
            with open(os.path.join(copied, key), "rb") as file:
                self.assertEqual(file.read(), bytes_of(key), key)

    def test_prune(self):
        copied = os.path.join(self.directory, "copy")
        shutil.copytree(ARCHIVE, copied)
        run("prune", f"file://{copied}", "epochs/1", "--before", "3", "--yes")
        self.assertEqual(sorted(os.listdir(os.path.join(copied, "epochs/1"))),
                         ["0000000000002-0000000000001.e3.pruned", "0000000000004-0000000000003.e2.tar.zst",
                          "0000000000005-0000000000005.e2.accepted", "0000000000005-0000000000005.e2.gap",
                          "0000000000006.e2-0000000000002.tar"])
        run("prune", f"file://{copied}", "coded/1", "--before", "4", "--yes")
        self.assertEqual(sorted(os.listdir(os.path.join(copied, "coded/1"))),
                         ["0000000000003-0000000000001.pruned", "0000000000006-0000000000004.tar.zst.age"])

    def test_damaged_records_of_epochs(self):
        copied = os.path.join(self.directory, "copy")
        shutil.copytree(os.path.join(ARCHIVE, "epochs"), os.path.join(copied, "epochs"))
        first, second, third = (os.path.join(copied, f"epochs/epoch/000000000000{n}.epoch") for n in "123")
        with open(first, "r+b") as file:
            file.write(b"made_us=2")
        with open(second, "r+b") as file:
            file.truncate(100)
        shutil.copy(os.path.join(ARCHIVE, "epochs/epoch/0000000000001.epoch"), third)
        said = lines("verify", f"file://{copied}", expect=1)
        messages = {line["key"][-7]: line["message"] for line in said if line.get("problem") == "damaged"}
        self.assertIn("its text has sha256", messages["1"])
        self.assertIn("it ends after 100 bytes", messages["2"])
        self.assertIn("its footer is that of epochs/epoch/0000000000001.epoch", messages["3"])


if __name__ == "__main__":
    unittest.main()
