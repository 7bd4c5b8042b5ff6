#!/usr/bin/python3
"""The golden archive (tests/golden): one object of every kind, made by other programs. What each verb says of it is held
here; a later build that knows more reads more, and never less."""

import os
import shutil
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
    "epochs/2/0000000000003-0000000000001.e2.pruned": ("pruned", 1, 3),
    "epochs/3/0000000000003-0000000000001.e2.origin": ("origin", 1, 3),
    "epochs/epoch/0000000000001.epoch": ("epoch", 1),
    "epochs/epoch/0000000000002.epoch": ("epoch", 2),
    "epochs/epoch/0000000000003.epoch": ("epoch", 3),
}
# What this build knows to be ours and cannot read: what it would have to know.
UNREADABLE = {
    "coded/1/0000000000002.tar.zst": ("archive", 2, 2, ".zst"),
    "coded/1/0000000000003.tar.age": ("archive", 3, 3, ".age"),
    "coded/1/0000000000006-0000000000004.tar.zst.age": ("archive", 4, 6, ".zst and .age"),
    "epochs/1/0000000000004-0000000000003.e2.tar.zst": ("archive", 3, 4, ".zst"),
}


def bytes_of(key):
    with open(os.path.join(ARCHIVE, key), "rb") as file:
        return file.read()


class GoldenTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="tidemark-golden-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def test_it_is_all_here(self):
        keys = {os.path.relpath(os.path.join(folder, name), ARCHIVE)
                for folder, _, names in os.walk(ARCHIVE) for name in names}
        self.assertEqual(keys, set(READABLE) | set(UNREADABLE))

    def test_ls(self):
        shown = {}
        for line in lines("ls", URL):
            what = (line["type"], line["epoch"]) if line["type"] == "epoch" else (
                line["type"], line["first"], line["last"])
            shown[line["key"]] = what + ((line["needs"],) if "needs" in line else ())
        self.assertEqual(shown, READABLE | UNREADABLE)

    def test_verify_refuses_by_name_what_it_cannot_read(self):
        said = lines("verify", URL, expect=1)
        problems = {line["key"]: (line["problem"], line["needs"]) for line in said if line["type"] == "problem"}
        self.assertEqual(problems, {key: ("unsupported", what[-1]) for key, what in UNREADABLE.items()})
        self.assertEqual([line for line in said if line["type"] == "warning"], [])
        text = run("verify", URL, expect=1)[0]
        self.assertIn("unsupported coded/1/0000000000003.tar.age: needs a Tidemark that knows .age", text)
        run("verify", URL, "plain")

    def test_verify_with_a_checkpoint_says_so_each_time(self):
        checkpoint = os.path.join(self.directory, "checkpoint")
        for _ in range(2):
            said = lines("verify", URL, "coded", "--since-checkpoint", checkpoint, expect=1)
            self.assertEqual([line["problem"] for line in said if line["type"] == "problem"], ["unsupported"] * 3)

    def test_restore(self):
        run("restore", URL, "plain", self.directory)
        expected = tools.expected_tree(range(13, 17))
        restored = tools.tree(os.path.join(self.directory, "7"))
        file = tools.lsn_text(19)
        self.assertEqual({name: what for name, what in restored.items() if not name.startswith(file)}, expected)
        with open(os.path.join(self.directory, "7", file), "rb") as entry:
            self.assertEqual(entry.read(), b"an entry that is a file\n")
        self.assertEqual(tools.tree(os.path.join(self.directory, "8")), tools.expected_tree([5]))

    def test_restore_refuses_by_name(self):
        for scope, key, feature in (("coded/1", "coded/1/0000000000002.tar.zst", ".zst"),
                                    ("epochs/1", "epochs/1/0000000000004-0000000000003.e2.tar.zst", ".zst")):
            _, error = run("restore", URL, scope, self.directory, expect=1)
            self.assertIn(f"{key}: needs a Tidemark that knows {feature}; nothing of {scope} was restored", error)
            self.assertEqual([name for name in os.listdir(self.directory) if not name.startswith(".")], [])
        run("restore", URL, "coded/1", self.directory, "--to", "1")
        self.assertEqual(tools.tree(self.directory), tools.expected_tree([1]))

    def test_restore_of_epochs(self):
        out = os.path.join(self.directory, "out")
        text = tools.lsn_text(2)
        run("restore", URL, "epochs/1", out, "--to", "2")
        with open(os.path.join(out, text, "data"), "rb") as file:
            self.assertEqual(file.read(), b"another history\n")
        for lsn in ("3", "5"):
            run("restore", URL, "epochs/1", os.path.join(self.directory, lsn), "--from", lsn, "--to", lsn, expect=int(lsn == "3"))
        first = os.path.join(self.directory, "first")
        run("restore", URL, "epochs/1", first, "--epoch", "1")
        self.assertEqual(tools.tree(first), tools.expected_tree([1, 2]))

    def test_fetch_gives_what_is_stored(self):
        out = os.path.join(self.directory, "out")
        for key, what in (READABLE | UNREADABLE).items():
            if what[0] != "archive":
                continue
            wish = ["--epoch", "1" if ".e2." not in key else "2"] if key.startswith("epochs/") else []
            run("fetch", URL, key.rpartition("/")[0], what[2], "-o", out, *wish)
            with open(out, "rb") as file:
                self.assertEqual(file.read(), bytes_of(key), key)
            os.remove(out)

    def test_copy_takes_what_it_can_prove(self):
        copied = os.path.join(self.directory, "copy")
        said = lines("copy", URL, f"file://{copied}", expect=1)
        problems = {line["key"]: line["problem"] for line in said if line["type"] == "problem"}
        self.assertEqual(problems, {key: "unsupported" for key in UNREADABLE})
        for key in READABLE:
            with open(os.path.join(copied, key), "rb") as file:
                self.assertEqual(file.read(), bytes_of(key), key)

    def test_prune(self):
        copied = os.path.join(self.directory, "copy")
        shutil.copytree(ARCHIVE, copied)
        run("prune", f"file://{copied}", "epochs/1", "--before", "3", "--yes")
        self.assertEqual(sorted(os.listdir(os.path.join(copied, "epochs/1"))),
                         ["0000000000002-0000000000001.pruned", "0000000000004-0000000000003.e2.tar.zst",
                          "0000000000005-0000000000005.e2.accepted", "0000000000005-0000000000005.e2.gap"])
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
