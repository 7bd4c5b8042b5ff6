#!/usr/bin/python3
"""Debian's packages, from what is built: each holds what its name says and nothing that another has, depends on what
it needs, and lintian finds no error."""

import pathlib
import re
import tempfile
import unittest

import package_tools as tools

MODULES, MANUAL = "/usr/lib/tidemark", "/usr/share/man"
WANTED = {
    "tidemark": {
        "/usr/bin/tidemark", f"{MODULES}/tidemark.so", f"{MODULES}/tidemark-sink-file.so",
        f"{MANUAL}/man1/tidemark.1.gz", f"{MANUAL}/man5/tidemark-formats.5.gz", f"{MANUAL}/man7/tidemark-file.7.gz",
        f"{MANUAL}/man7/tidemark-units.7.gz",
        "/usr/share/bash-completion/completions/tidemark", "/usr/share/zsh/site-functions/_tidemark",
        "/usr/share/fish/vendor_completions.d/tidemark.fish", "/usr/share/tidemark/tidemark-json.schema.json",
        "/usr/share/tidemark/prometheus/rules.yml", "/usr/share/tidemark/prometheus/dashboard.json",
        *(f"/lib/systemd/system/tidemark-{verb}@.{kind}" for verb in ("verify", "prune") for kind in ("service", "timer")),
    },
    **{f"tidemark-{cloud}": {f"{MODULES}/tidemark-sink-{cloud}.so", f"{MANUAL}/man7/tidemark-{cloud}.7.gz"}
       for cloud in ("s3", "azblob", "gs")},
    "tidemark-dev": {
        "/usr/include/tidemark/archiver.h", "/usr/include/tidemark/sink.h", "/usr/include/tidemark/draft/maintenance.h",
        "/usr/lib/cmake/tidemark/tidemark-config.cmake", "/usr/lib/pkgconfig/tidemark.pc", "/usr/bin/sink_conformance",
        f"{MANUAL}/man1/sink_conformance.1.gz",
        *(f"/usr/share/doc/tidemark-dev/examples/{name}" for name in ("embed.c", "host.go", "host.py")),
    },
    "tidemark-host-sim": {"/usr/bin/host-sim", f"{MODULES}/tidemark-sink-faulty.so", f"{MANUAL}/man1/host-sim.1.gz"},
    "postgresql-15-tidemark": {
        "/usr/bin/tidemark-postgres", f"{MODULES}/tidemark_archive.so", f"{MANUAL}/man1/tidemark-postgres.1.gz",
        "/usr/lib/postgresql/15/lib/tidemark_archive.so", "/usr/lib/postgresql/15/lib/tidemark",
    },
}
# Where files may lie at all; below /usr/share/doc each package has a directory of its own.
PLACES = re.compile(r"/usr/(?:bin|include/tidemark|lib/(?:tidemark|cmake/tidemark|pkgconfig|postgresql/15/lib)"
                    r"|share/(?:tidemark|man/man\d|bash-completion/completions|zsh/site-functions"
                    r"|fish/vendor_completions\.d|lintian/overrides))/|/lib/systemd/system/")


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.work.cleanup)
        cls.made = tools.make_packages(pathlib.Path(cls.work.name) / "out")

    def test_contents(self):
        self.assertEqual(set(WANTED), set(self.made))
        owner = {}
        for package, file in self.made.items():
            names = tools.contents(file)
            self.assertLessEqual(WANTED[package], names, package)
            self.assertIn(f"/usr/share/doc/{package}/copyright", names)
            for name in names:
                self.assertNotIn(name, owner, package)
                owner[name] = package
                if not name.startswith(f"/usr/share/doc/{package}/"):
                    self.assertRegex(name, PLACES, package)

    def test_nothing_is_lost(self):
        """All that is installed without --component is in a package."""
        with tempfile.TemporaryDirectory() as prefix:
            tools.run("cmake", "--install", tools.BUILD, "--prefix", prefix)
            installed = {path.name.removesuffix(".gz") for path in pathlib.Path(prefix).rglob("*") if path.is_file()}
        packed = {pathlib.Path(name).name.removesuffix(".gz") for file in self.made.values() for name in tools.contents(file)}
        self.assertEqual(installed - packed, set())

    def test_dependencies(self):
        version = tools.field(self.made["tidemark"], "Version")
        depends = {package: tools.field(file, "Depends") for package, file in self.made.items()}
        for package, words in depends.items():
            if package != "tidemark":
                self.assertIn(f"tidemark (= {version})", words, package)
        self.assertIn("libzstd1", depends["tidemark"])
        self.assertNotIn("libcurl", depends["tidemark"])  # what clouds need is not for those who have none
        self.assertIn("libcurl", depends["tidemark-s3"])
        self.assertRegex(depends["postgresql-15-tidemark"], r"\bpostgresql-15\b(?!-)")

    def test_no_licence_is_invented(self):
        text = (tools.SOURCE / "cmake/debian/copyright").read_text()
        self.assertIn("has not chosen a license", text)
        self.assertEqual(set(re.findall(r"^License: (.*)$", text, re.MULTILINE)), {"not-chosen"})

    def test_lintian(self):
        told = tools.run("lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on", "error", *self.made.values())
        print(told)

    def test_what_it_refuses(self):
        script = tools.SOURCE / "cmake/package.sh"
        for arguments, words in ((["--sideways"], "unknown argument '--sideways'"), (["--out"], "--out needs a value"),
                                 (["--revision", "1 2"], "not '1 2'"),
                                 (["--from", self.work.name, "--out", self.work.name], "component runtime is not built in")):
            self.assertIn(words, tools.run("sh", script, *arguments, check=False))


if __name__ == "__main__":
    tools.skip_without("dh_builddeb", "lintian", "pg_config")
    unittest.main()
