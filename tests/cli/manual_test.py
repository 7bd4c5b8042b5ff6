#!/usr/bin/python3
"""The manual pages say what the programs do: options, defaults, words, variables and formats. SOURCE is the tree,
TIDEMARK and HOST_SIM name the programs."""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import cli_tools as tools

SOURCE, TIDEMARK, HOST_SIM = os.environ["SOURCE"], os.environ["TIDEMARK"], os.environ["HOST_SIM"]
PAGES = {os.path.basename(name): name for room in ("cli", "plugin", "sinks/*", "host-sim", "tests/conformance")
         for name in glob.glob(os.path.join(SOURCE, room, "*.[1-9]"))}


def page(name, section=None):
    with open(PAGES[name], encoding="utf-8") as file:
        text = file.read()
    return text if section is None else text.split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]


def source(*patterns, but=()):
    """All of these files."""
    texts = []
    for pattern in patterns:
        found = glob.glob(os.path.join(SOURCE, pattern), recursive=True)
        assert found, pattern
        for name in found:
            if os.path.basename(name) not in but:
                with open(name, encoding="utf-8") as file:
                    texts.append(file.read())
    return "\n".join(texts)


def items(text, macro):
    """What the items of lists are named by: `.It Cm a , b` gives a and b, each with its default, if it has one."""
    found = {}
    for line in re.findall(rf"^\.It {macro} (.*)$", text, re.MULTILINE):
        names, _, default = line.partition(" No = Cm ")
        for name in names.split(" , "):
            found[name] = default
    return found


def flags(text):
    return {("--" if two else "-") + name for line in re.findall(r"^\.It (Fl .*)$", text, re.MULTILINE)
            for two, name in re.findall(r"Fl (Fl )?([a-z-]+)", line)}


class ManualTest(unittest.TestCase):
    def test_the_pages(self):
        self.assertEqual(set(PAGES), {"tidemark.1", "tidemark-formats.5", "tidemark-file.7", "tidemark-s3.7", "tidemark-azblob.7", "tidemark-gs.7",
                                      "tidemark-units.7", "host-sim.1", "sink_conformance.1"})
        for name in PAGES:
            title, number = re.search(r"^\.Dt (\S+) (\d)$", page(name), re.MULTILINE).groups()
            self.assertEqual(f"{title.lower()}.{number}", name)
            for other, section in re.findall(r"^\.Xr (\S+) (\d)", page(name), re.MULTILINE):
                if other.startswith(("tidemark", "host-sim")):
                    self.assertIn(f"{other}.{section}", PAGES, name)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_they_lint(self):
        for name in PAGES.values():
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", name], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_formats_to_read_here(self):
        """plugin/FORMATS.md is that page, made by: mandoc -I os=Tidemark -T markdown plugin/tidemark-formats.5"""
        made = subprocess.run(["mandoc", "-I", "os=Tidemark", "-T", "markdown", PAGES["tidemark-formats.5"]],
                              capture_output=True, text=True, check=True)
        with open(os.path.join(SOURCE, "plugin/FORMATS.md"), encoding="utf-8") as file:
            self.assertEqual(file.read(), made.stdout)

    def test_options_of_sinks(self):
        done = subprocess.run([TIDEMARK, "sinks", "--json"], capture_output=True, text=True, check=True)
        sinks = {one["name"]: one for one in map(json.loads, done.stdout.splitlines())}
        for name in ("file", "s3", "azblob", "gs"):
            options = {one["name"]: one["default"] for one in sinks[name]["options"]}
            self.assertEqual(items(page(f"tidemark-{name}.7", "DESCRIPTION"), "Cm"), options)

    def test_options_of_host_sim(self):
        told = subprocess.run([HOST_SIM, "--help-all"], capture_output=True, text=True, check=True).stdout
        options = {name for line in re.findall(r"^ +(-\S+)", told, re.MULTILINE) for name in line.split(",")}
        self.assertGreater(len(options), 30)
        self.assertEqual(flags(page("host-sim.1")), options)
        for command in re.findall(r"^([a-z]+)$", told, re.MULTILINE):
            self.assertIn(f"\n.It Cm {command}\n", page("host-sim.1"))

    def test_options_of_the_conformance_suite(self):
        asked = set(re.findall(r'flag == "(--[a-z-]+)"', source("tests/conformance/main.cc")))
        self.assertGreater(len(asked), 4)
        text = page("sink_conformance.1")
        told = {flag.split("=")[0] for flag in flags(re.sub(r" Ns .*| Ar .*", "", text, flags=re.MULTILINE))}
        self.assertEqual({flag for flag in told if "gtest" not in flag}, asked)
        kinds = re.findall(r'^ +\{"([a-z_]+)", ', source("tests/conformance/refused.cc"), re.MULTILINE)
        self.assertGreater(len(kinds), 5)
        for kind in kinds:
            self.assertIn(kind, re.search(r"^\.Cm (.*)$", text, re.MULTILINE)[1])

    def test_units(self):
        """The manual names each unit, and what a unit takes from its environment."""
        text = page("tidemark-units.7")
        for name in os.listdir(os.path.join(SOURCE, "cli/units")):
            self.assertIn(name.split("@")[0] + "@", text)
        told = set(items(page("tidemark-units.7", "ENVIRONMENT"), "Ev"))
        self.assertEqual(told, set(re.findall(r"\bTIDEMARK_[A-Z]+", source("cli/units/*.service"))))

    def test_words_of_verify(self):
        calls = re.findall(r'\bsay\("(?:problem|warning|note)",([^,]*),', source("cli/findings.cc"))
        words = {word for call in calls for word in re.findall(r'"([a-z-]+)"', call)}
        self.assertLessEqual({"damaged", "hole", "gap", "origin"}, words)
        told = set(items(page("tidemark.1", "WHAT VERIFY FINDS"), "Sy"))
        self.assertEqual(words - told, set())
        self.assertEqual(told - set(re.findall(r'"([a-z-]+)"', source("cli/*.cc"))), set())

    def test_json(self):
        """Each key that is printed stands in the manual; what archive.cc, checkpoint.cc and config.cc name is not printed."""
        text = page("tidemark.1", "JSON")
        told = set(re.findall(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", text + page("tidemark.1", "WHAT VERIFY FINDS")))
        printed = source("cli/*.cc", but=("archive.cc", "checkpoint.cc", "config.cc"))
        keys = set(re.findall(r'\["([a-z_]+)"\] =', printed)) | set(re.findall(r'\{"([a-z0-9_]+)", \w', printed))
        types = set(re.findall(r'\["type"\] = "([a-z_-]+)"', printed))
        self.assertGreater(len(keys), 30)
        self.assertEqual((keys | types) - told, set())

    def test_environment(self):
        asked = source("sinks/s3/**/*.cc", "sinks/http/*.cc")
        names = set(re.findall(r'"(AWS_[A-Z0-9_]+|HOME|[a-z]+_proxy|[A-Z]+_PROXY)"', asked))
        self.assertLessEqual({"AWS_REGION", "AWS_PROFILE", "no_proxy", "HTTPS_PROXY"}, names)
        self.assertEqual(set(items(page("tidemark-s3.7", "ENVIRONMENT"), "Ev")), names)
        asked = source("sinks/azblob/**/*.cc", "sinks/http/proxy.cc")
        names = set(re.findall(r'"((?:TIDEMARK_)?AZURE_[A-Z_]+|(?:IDENTITY|IMDS)_[A-Z]+|[a-z]+_proxy|[A-Z]+_PROXY)"', asked))
        self.assertLessEqual({"AZURE_STORAGE_KEY", "IDENTITY_HEADER", "TIDEMARK_AZURE_METADATA_DISABLED", "no_proxy"}, names)
        self.assertEqual(set(items(page("tidemark-azblob.7", "ENVIRONMENT"), "Ev")), names)
        asked = source("sinks/gs/**/*.cc", "sinks/http/*.cc")
        names = set(re.findall(r'"((?:GOOGLE|GCE|NO|CLOUDSDK|STORAGE|GS|AWS)_[A-Z0-9_]+|HOME|[a-z]+_proxy|[A-Z]+_PROXY)"', asked))
        self.assertLessEqual({"GOOGLE_APPLICATION_CREDENTIALS", "GS_ACCESS_KEY_ID", "NO_GCE_CHECK", "no_proxy"}, names)
        self.assertEqual(set(items(page("tidemark-gs.7", "ENVIRONMENT"), "Ev")), names)
        names = set(re.findall(r'"(TIDEMARK_[A-Z]+|XDG_[A-Z_]+|HOME|TMPDIR)"', source("cli/*.cc")))
        self.assertLessEqual({"TIDEMARK_URL", "HOME"}, names)
        self.assertEqual(set(items(page("tidemark.1", "ENVIRONMENT"), "Ev")) - {"TZ", "AWS_*", "AZURE_*", "GOOGLE_APPLICATION_CREDENTIALS"}, names)

    def test_permissions_of_s3(self):
        """What a refusal may say that it needs."""
        names = set(re.findall(r"\b(?:s3|kms):[A-Z]\w+", source("sinks/s3/*.cc")))
        self.assertEqual(set(re.findall(r"\b(?:s3|kms):[A-Z]\w+", page("tidemark-s3.7", "DESCRIPTION"))), names)

    def test_permissions_of_gs(self):
        names = set(re.findall(r"\bstorage\.objects\.[a-z]+", source("sinks/gs/*.cc")))
        self.assertEqual(set(re.findall(r"\bstorage\.objects\.[a-z]+", page("tidemark-gs.7", "DESCRIPTION"))), names)

    def test_formats(self):
        """The commands of tidemark-formats(5) on what an engine has archived; what they show is what the page says."""
        lines = re.findall(r"^\.Dl (.*)$", page("tidemark-formats.5", "EXAMPLES"), re.MULTILINE)
        self.assertEqual(len(lines), 6)
        with tempfile.TemporaryDirectory() as work:
            def engine(entries, sink):
                subprocess.run([HOST_SIM, "run", "--data", work + "/engine", "--sink", f"file://{work}/{sink}", "--partitions", "1",
                                "--entries", str(entries)], capture_output=True, check=True)
            engine(11, "first")
            engine(12, "second")
            folder = work + "/second/main/0"
            told = {}
            for line in lines:
                if line.startswith("aws "):
                    continue
                done = subprocess.run(["bash", "-c", "set -o pipefail; " + line.replace(r"\e", "\\")], cwd=folder,
                                      capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), line)
                told[line.split()[0], line.split()[1]] = done.stdout
            restored = tools.tree(folder + "/000000000000c")
            self.assertEqual(set(restored), {"MANIFEST", "payload-0", "payload-1"})
            footer = told["tail", "-c"]
            self.assertRegex(footer, r"^TIDEMARK1 sha256=[0-9a-f]{64} storage=main partition=0 first=12 last=12 made_us=\d+$")
            self.assertEqual(told["head", "-c"].split()[0], re.search("sha256=([0-9a-f]+)", footer)[1])
            self.assertRegex(told["tr", "-d"], r"^made_us=\d+\nTIDEMARK1-ORIGIN sha256=[0-9a-f]{64} storage=main partition=0 "
                                               r"first=1 last=11$")
            self.assertEqual(told["echo", "$((36#000000000000c))"], "12\n")
            with open(folder + "/000000000000c.tar", "rb") as file:
                body = file.read()
            self.assertEqual(body[-1536:-512], bytes(1024))
            self.assertNotEqual(body[-2048:-1536], bytes(512))


if __name__ == "__main__":
    unittest.main()
