#!/usr/bin/python3
"""Archives that have a name, in configuration files and in the environment; secrets and where they may stand."""

import os
import shutil
import stat
import subprocess
import unittest

import cli_tools as tools
import encode_tools
from cli_tools import imposter_tools, run


class Scenarios(tools.Scenario):
    """The scenarios; what has no make_store is not run."""

    def setUp(self):
        super().setUp()
        self.singles(7, 1, 3)
        os.makedirs(self.path("home/.config"))
        self.home = {"HOME": self.path("home"), "XDG_CONFIG_HOME": "", "TIDEMARK_CONFIG": "", "TIDEMARK_URL": ""}

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def named(self, name="prod"):
        """The store under a name."""
        return f'[archive.{name}]\nurl = "{self.store.url}"\n' + self.access(name)

    def refused(self, *arguments, config=None, env=None):
        """What is said when it is not taken: nothing is looked at."""
        if config is not None:
            arguments = (*arguments, "--config", self.write("refused.conf", config))
        out, error = run(*arguments, expect=2, env={**self.home, **(env or {})})
        self.assertEqual(out, "")
        self.assertEqual(len(error.strip().splitlines()[:1]), 1)
        return error

    def test_where_it_is_looked_for(self):
        file = self.write("named.conf", self.named())
        self.write("home/.config/tidemark.conf", self.named("mine") + self.named("both"))
        wrong = self.write("wrong.conf", '[archive.both]\nurl = "file:///nowhere"\n')
        self.assertIn("main/7", run("info", "@prod", "--config", file, env=self.home)[0])
        self.assertIn("main/7", run("info", "@prod", env={**self.home, "TIDEMARK_CONFIG": file})[0])
        self.assertIn("main/7", run("info", "@mine", env=self.home)[0])
        moved = {"XDG_CONFIG_HOME": self.path("home/.config"), "HOME": "/nonexistent"}
        self.assertIn("main/7", run("info", "@both", env={**self.home, **moved})[0])
        # Only the file that was named.
        self.assertIn(f"looked in {wrong}; there are @both", self.refused("info", "@mine", "--config", wrong))
        self.assertIn("nowhere", run("info", "@both", "--config", wrong, expect=3, env=self.home)[1])
        self.assertIn("did you mean '@mine'?", self.refused("info", "@mien"))
        self.assertIn("/etc/tidemark.conf", self.refused("info", "@mien"))
        self.assertIn(f"{self.path('absent')}", self.refused("info", "@prod", "--config", self.path("absent")))
        self.assertIn("is not @NAME", self.refused("info", self.store.url, "--config", file))

    def test_every_verb_takes_a_name(self):
        file = self.write("named.conf", self.named())
        for verb in ("ls", "info", "verify", "gaps"):
            run(verb, "@prod", "main/7", "--config", file, env=self.home)
        run("restore", "@prod", "main/7", self.path("back"), "--config", file, env=self.home)
        self.assertEqual(tools.tree(self.path("back")), tools.expected_tree(range(1, 4)))
        run("fetch", "@prod", "main/7", "2", "-o", self.path("two.tar"), "--config", file, env=self.home)
        run("prune", "@prod", "main/7", "--before", "2", "--yes", "--config", file, env=self.home)
        self.assertIn("up to 1", run("info", "@prod", "--config", file, env=self.home)[0])

    def test_the_environment_names_the_archive(self):
        file = self.write("named.conf", self.named())
        env = {**self.home, "TIDEMARK_CONFIG": file, "TIDEMARK_URL": "@prod"}
        for words, shown in (("info", "main/7"), ("info main", "main/7"), ("ls main/7", "main/7"), ("verify", "all well"),
                             ("verify main/7", "all well"), ("gaps main/7", "")):
            self.assertIn(shown, run(*words.split(), env=env)[0])
        run("fetch", "main/7", "2", "-o", self.path("two.tar"), env=env)
        run("restore", self.path("all"), env=env)
        run("restore", "main/7", self.path("one"), env=env)
        self.assertEqual(tools.tree(self.path("all/main/7")), tools.tree(self.path("one")))
        run("prune", "main/7", "--before", "2", "--yes", env=env)
        # What stands on the command line comes first.
        self.assertIn("nowhere", run("info", "file:///nowhere", expect=3, env=env)[1])
        self.assertIn("one word too many", self.refused("fetch", "main/7", "2", "3", env=env))
        self.assertIn("no archive is named", self.refused("info"))
        run("copy", f"file://{self.path('copy')}", "main/7", env=env)
        self.assertIn("main/7", run("info", f"file://{self.path('copy')}")[0])
        self.assertIn("TO-URL", self.refused("copy", "@prod"))

    def test_files_that_are_wrong(self):
        named = self.named()
        for text, words in (
                ("[archive.prod\n", ":1: "),
                ("[archiv.prod]\nurl='x'\n", ":1: 'archiv' is not known in the configuration; did you mean 'archive'?"),
                ("[archive.prod]\nulr='x'\n", ":2: 'ulr' is not known in [archive.prod]; did you mean 'url'?"),
                ("[archive.prod]\n", ":1: [archive.prod] needs url"),
                ("[archive.prod]\nurl=7\n", "needs url"),
                ("[archive.prod]\nurl='@prod'\n", "needs url"),
                ("archive=7\n", ":1: 'archive' is not a table"),
                ("[archive]\nprod='file:///x'\n", ":2: 'prod' is not a table"),
                (named.replace(".option]", ".options]") if ".option]" in named else "[archive.prod]\noptions=1\n",
                 "'options' is not known in [archive.prod]; did you mean 'option'?"),
                ("[archive.prod]\nurl='file:///x'\noption=7\n", ":3: 'option' is not a table"),
                ("[archive.prod]\nurl='file:///x'\n[archive.prod.option]\na=[1]\n", ":4: option 'a' is not text"),
                ("[archive.prod]\nurl='file:///x'\n[archive.prod.secret]\na='plain'\n",
                 ":4: secret 'a' must not stand here itself"),
                ("[archive.prod]\nurl='file:///x'\n[archive.prod.secret]\na='env:TM_ABSENT'\n",
                 ":4: secret 'a': the environment has no variable of the name after env:"),
                ("[archive.prod]\nurl='file:///x'\n[archive.prod.secret]\na='file:/nonexistent/key'\n",
                 ":4: secret 'a': the file after file: cannot be read: No such file"),
                ("[archive.prod]\nurl='file:///x'\nidentity='key'\n", ':3: identity = "/absolute/path" names a file'),
                ("[archive.prod]\nurl='file:///x'\ntag_key=7\n", ':3: tag_key = "/absolute/path" names a file'),
                ("[archive.prod]\nurl='file:///x'\ntag_keys='/x'\n", "did you mean 'tag_key'?"),
                ("[archive.prod]\nurl='file:///x'\naccept_untagged='yes'\n", ":3: accept_untagged is true or false"),
                ("[archive.prod]\nurl='file:///x'\nrecipients='none'\n", ":3: recipients = "),
                ("[archive.prod]\nurl='file:///x'\ncompress='gzip'\n", ':3: compress is "none", "zstd",'),
                ("x='" + "a" * (1 << 20) + "'\n", "refused.conf"),
                ("\xff\xfe\n", ":1: ")):
            with self.subTest(text=text[:60]):
                error = self.refused("info", "@prod", config=text)
                self.assertIn(words, error)
                self.assertNotIn("plain", error)

    def test_what_is_no_regular_file(self):
        """Nobody writes into it, and nobody waits for that: neither for a configuration nor for a secret."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        said = f"{fifo}: it is a FIFO or a pipe, not a regular file"
        self.assertIn(f"the configuration cannot be read: cannot read {said}", self.refused("info", "@prod", "--config", fifo))
        self.assertIn(said, self.refused("info", "@prod", env={"TIDEMARK_CONFIG": fifo}))
        self.assertIn(f"secret 'a': cannot read {said}", self.refused(
            "info", "@prod", config=f"[archive.prod]\nurl='file:///x'\n[archive.prod.secret]\na='file:{fifo}'\n"))
        self.assertIn("not a regular file", self.refused("info", "@prod", "--config", "/dev/null"))
        os.rename(fifo, self.path("home/.config/tidemark.conf"))
        self.assertIn("it is a FIFO", self.refused("info", "@prod"))
        file = self.write("named.conf", self.named())
        for stdin, code in ((subprocess.PIPE, 2), (open(file, "rb"), 0)):
            done = subprocess.run(tools.command("info", "@prod", "--config", "/dev/stdin"), stdin=stdin, capture_output=True,
                                  timeout=60, env={**os.environ, **self.home}, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
        stdin.close()

    def test_keys(self):
        """They are taken where something is decoded, and nowhere else; what stands on the command line comes first."""
        mine, other = encode_tools.Keys(self.dir, "mine"), encode_tools.Keys(self.dir, "other")
        for lsn in (4, 5):
            self.store.put(*mine.encoded(tools.key(7, lsn), tools.archive(7, lsn), ".zst.age"))

        def with_keys(name, keys, identity=None, accepts="true"):
            return self.write(name, self.named().replace("[archive.prod]\n", f"""[archive.prod]
identity = "{identity or keys.identity}"
tag_key = "{keys.tag_key}"
accept_untagged = {accepts}
""", 1))

        file, wrong = with_keys("keys.conf", mine), with_keys("wrong.conf", other)
        run("verify", "@prod", "--deep", "--config", file, env=self.home)
        run("restore", "@prod", "main/7", self.path("back"), "--config", file, env=self.home)
        self.assertEqual(tools.tree(self.path("back")), tools.expected_tree(range(1, 6)))
        run("fetch", "@prod", "main/7", 5, "--plain", "-o", self.path("five.tar"), "--config", file, env=self.home)
        with open(self.path("five.tar"), "rb") as plain:
            self.assertEqual(plain.read(), tools.archive(7, 5)[:-512])
        self.assertIn("unreadable", run("verify", "@prod", "--deep", "--config", wrong, expect=1, env=self.home)[0])
        run("verify", "@prod", "--deep", "--config", wrong, *mine.to_read(), env=self.home)
        # As on the command line: what others may read is no secret any more. Who decodes nothing is not asked.
        os.chmod(mine.identity, 0o644)
        for words in (["--config", file], ["--config", wrong, *mine.to_read()]):
            error = run("verify", "@prod", "--deep", *words, expect=4, env=self.home)[1]
            self.assertIn(f"chmod 600 {mine.identity}", error)
        os.chmod(mine.identity, 0o600)
        strict = with_keys("strict.conf", mine, accepts="false")
        told = run("verify", "@prod", "--deep", "--config", strict, expect=1, env=self.home)[0]
        self.assertEqual(told.count("bears no tag"), 3, told)
        self.assertNotIn("has no effect",
                         run("verify", "@prod", "--deep", "--accept-untagged", "--config", strict, env=self.home)[1])
        self.assertIn("--accept-untagged has no effect without --tag-key",
                      run("verify", *self.url("main/7"), "--accept-untagged")[1])
        absent = with_keys("absent.conf", mine, self.path("absent"))
        self.assertIn("absent", run("restore", "@prod", self.path("none"), "--config", absent, expect=4, env=self.home)[1])
        for verb in ("ls", "info", "verify", "gaps"):
            run(verb, "@prod", "--config", absent, env=self.home)
        run("fetch", "@prod", "main/7", 5, "-o", self.path("five.tar.age"), "--config", absent, env=self.home)

    def test_a_file_that_others_may_write(self):
        """It says whom to trust: who takes a tag_key out of it decides what is believed."""
        file = self.write("mine.conf", self.named())
        for mode in (0o666, 0o664, 0o622):
            os.chmod(file, mode)
            self.assertIn(f"chmod go-w {file}", run("ls", "@prod", "--config", file, expect=2, env=self.home)[1])
        for mode in (0o644, 0o600, 0o400):
            os.chmod(file, mode)
            run("ls", "@prod", "--config", file, env=self.home)
        if os.geteuid() == 0:
            os.chown(file, 65534, -1)
            self.assertIn("only a file of root", run("ls", "@prod", "--config", file, expect=2, env=self.home)[1])

    def test_how_copies_are_encoded(self):
        keys = encode_tools.Keys(self.dir, "mine")
        place = self.path("offsite")

        def offsite(*lines):
            return self.write("offsite.conf", "\n".join([self.named(), "[archive.offsite]", f'url = "file://{place}"', *lines, ""]))

        def copied(*words, config, expect=0):
            shutil.rmtree(place, ignore_errors=True)
            out = run("copy", "@prod", "@offsite", "--config", config, *words, expect=expect, env=self.home)
            return sorted(os.listdir(os.path.join(place, "main/7"))) if expect == 0 else out[1]

        names = [tools.name(lsn) for lsn in (1, 2, 3)]
        self.assertEqual(copied(config=offsite()), names)
        sealed = [f'recipients = "{keys.recipients}"', f'tag_key = "{keys.tag_key}"']
        # What bears no tag must not get ours because nobody spoke of it, wherever the key is named.
        for more in ((), ("--dry-run",)):
            out = run("copy", "@prod", "@offsite", "--config", offsite(*sealed), *more, expect=1, env=self.home)[0]
            self.assertEqual(out.count("bears no tag"), 3, out)
        self.assertEqual(copied("--accept-untagged", config=offsite(*sealed)), [name + ".age" for name in names])
        with open(offsite(*sealed), encoding="utf-8") as file:
            url = f'url = "{self.store.url}"\n'
            trusted = self.write("trusted.conf", file.read().replace(url, url + "accept_untagged = true\n"))
        self.assertEqual(copied(config=trusted), [name + ".age" for name in names])
        sealed.append("accept_untagged = true")  # of what lies there, which says nothing of the source
        self.assertIn("bears no tag", run("copy", "@prod", "@offsite", "--config", offsite(*sealed), expect=1, env=self.home)[0])
        run("verify", f"file://{place}", "--deep", *keys.to_read())
        run("ls", "@offsite", "--config", offsite(sealed[0]), env=self.home)  # which encodes nothing
        both = offsite(*sealed, 'compress = "zstd:2"')
        self.assertEqual(copied("--accept-untagged", config=both), [name + ".zst.age" for name in names])
        self.assertEqual(copied("--recipients", "none", config=both), [name + ".zst" for name in names])
        self.assertEqual(copied("--compress", "none", "--recipients", "none", config=both), names)
        self.assertIn("--size-only", copied("--size-only", config=both, expect=2))
        self.assertIn("it needs --tag-key FILE too", copied(config=offsite(sealed[0]), expect=2))

    def test_the_command_line_replaces_options(self):
        file = self.write("named.conf", self.named() + self.bad_option())
        culprit = "staging" if self.bad_option().startswith("[") else "expect"
        self.assertIn(culprit, run("info", "@prod", "--config", file, expect=2, env=self.home)[1])
        run("info", "@prod", "--config", file, "--option", f"{culprit}=auto", env=self.home)


class FileConfigTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def access(self, name):
        return ""

    def bad_option(self):
        return "[archive.prod.option]\nstaging = 'no such way'\n"

    def test_an_unreadable_configuration(self):
        file = self.write("named.conf", self.named())
        os.chmod(file, 0)
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        self.assertIn("Permission denied", self.refused("info", "@prod", "--config", file))


class S3ConfigTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def access(self, name):
        return (f'[archive.{name}.secret]\nsecret_access_key = "file:{self.key_file()}"\n'
                f'[archive.{name}.option]\naccess_key_id = "{imposter_tools.ACCESS_KEY}"\n')

    def bad_option(self):
        return "expect = 'no such way'\n"

    def key_file(self):
        file = self.write("key", imposter_tools.SECRET_KEY + "\n")
        os.chmod(file, stat.S_IRUSR)
        return file

    def test_secrets(self):
        key = f"access_key_id={imposter_tools.ACCESS_KEY}"
        error = self.refused("info", self.store.url, "--option", key, "--option",
                             f"secret_access_key={imposter_tools.SECRET_KEY}")
        self.assertIn("--secret secret_access_key=VARIABLE", error)
        self.assertNotIn(imposter_tools.SECRET_KEY, error)
        env = {**self.home, "TM_KEY": imposter_tools.SECRET_KEY}
        file = self.write("env.conf", self.named().replace(f"file:{self.path('key')}", "env:TM_KEY"))
        self.assertIn("env:TM_KEY", open(file, encoding="utf-8").read())
        run("info", "@prod", "--config", file, env=env)
        run("info", "@prod", "--config", file, expect=2, env={k: v for k, v in env.items() if k != "TM_KEY"})
        empty = self.write("empty.conf", self.named())
        self.write("key2", "")
        with open(empty, encoding="utf-8") as old:
            text = old.read().replace(self.path("key"), self.path("key2"))
        self.assertIn("is empty", self.refused("info", "@prod", config=text))


if __name__ == "__main__":
    unittest.main()
