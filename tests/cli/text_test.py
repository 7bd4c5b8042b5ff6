#!/usr/bin/python3
"""What tidemark's help, its man page and its completions say of verbs and options is the same; manual_test.py looks at
what else stands in the manual. TIDEMARK names the program, CLI_SOURCE its room."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

TIDEMARK, SOURCE = os.environ["TIDEMARK"], os.environ["CLI_SOURCE"]


def help_of(*words):
    done = subprocess.run([TIDEMARK, *words, "--help"], capture_output=True, text=True, check=True)
    return done.stdout


def options_in(text):
    """The options that begin a line of help: {"-v", "--verbose"}."""
    found = set()
    for line in re.findall(r"^  (-\S+)", text, re.MULTILINE):
        found |= set(line.split(","))
    return found


def read(*names):
    with open(os.path.join(SOURCE, *names)) as file:
        return file.read()


VERBS = re.findall(r"^  ([a-z]+) ", help_of().split("Subcommands:")[1], re.MULTILINE)
OPTIONS = {verb: options_in(help_of(verb)) for verb in VERBS}


def complete_bash(*words):
    script = (f"source '{SOURCE}/completions/tidemark.bash'; COMP_WORDS=(tidemark \"$@\"); COMP_CWORD=$#; _tidemark; "
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


class TextTest(unittest.TestCase):
    def test_the_verbs(self):
        self.assertEqual(VERBS, ["ls", "info", "verify", "fetch", "restore", "prune", "copy", "check", "gaps", "takeover", "keygen", "sinks"])
        for verb in VERBS:
            shared = {"-h", "--help"} if verb == "keygen" else {"-h", "--help", "--plugin", "-v"}
            self.assertGreaterEqual(OPTIONS[verb], shared, verb)

    def test_man_page(self):
        page = read("tidemark.1")
        for verb in VERBS:
            self.assertIn(f".It Cm {verb}\n", page)
        described = set()
        for line in re.findall(r"^\.It (Fl .*)$", page, re.MULTILINE):
            described |= {("--" if two else "-") + name for two, name in re.findall(r"Fl (Fl )?([a-z-]+)", line)}
        self.assertEqual(described, set().union(*OPTIONS.values()) | options_in(help_of()))

    def test_bash(self):
        self.assertEqual(complete_bash(""), set(VERBS) | options_in(help_of()))
        self.assertEqual(complete_bash("re"), {"restore"})
        for verb in VERBS:
            self.assertEqual(complete_bash(verb, "-"), OPTIONS[verb], verb)
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(os.path.join(directory, "target"))
            self.assertEqual(complete_bash("restore", "file:///x", "main/1", directory + "/t"), {directory + "/target"})

    def test_zsh(self):
        text = read("completions", "_tidemark")
        for verb in VERBS:
            self.assertIn(f"    '{verb}:", text)
            self.assertRegex(text, rf"(?m)^    {verb}\)")
        for option in set().union(*OPTIONS.values()):
            self.assertRegex(text, rf"[',{{)*]{re.escape(option)}[\[,}}]", option)
        if shutil.which("zsh"):
            subprocess.run(["zsh", "-n", os.path.join(SOURCE, "completions", "_tidemark")], check=True)

    def test_fish(self):
        text = read("completions", "tidemark.fish")
        for verb in VERBS:
            self.assertIn(f" -a {verb} -d ", text)
        for option in set().union(*OPTIONS.values()):
            flag = f" -l {option[2:]} " if option.startswith("--") else f" -s {option[1:]} "
            self.assertIn(flag, text)
        if shutil.which("fish"):
            subprocess.run(["fish", "--no-execute", os.path.join(SOURCE, "completions", "tidemark.fish")], check=True)

    def test_readmes(self):
        """They name no option that is not there; what OPERATIONS says of a verb, that verb has."""
        known = set().union(*OPTIONS.values()) | options_in(help_of())
        operating = read("OPERATIONS.md")
        for text in (read("README.md"), operating):
            ours = re.sub(r"`systemctl [^`]*`", "", text)
            named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
            self.assertLessEqual(named, known)
            self.assertGreaterEqual(len(named), 5)
        commands = re.findall(r"tidemark +([a-z]+) ([^#`\n]*)", operating)
        self.assertGreaterEqual(len(commands), 6)
        for verb, words in commands:
            if verb in VERBS:
                self.assertLessEqual(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", words)), OPTIONS[verb], words)
        for option in OPTIONS["restore"] - OPTIONS["info"] - {"--jobs", "--into-existing", "--to-time", "--dry-run"}:
            self.assertIn(option, operating)


if __name__ == "__main__":
    unittest.main()
