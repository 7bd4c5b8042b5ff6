#!/usr/bin/python3
"""Debian's packages in a clean Debian 12 that has nothing but what they depend on: installed, used, upgraded, removed and
purged, after which not a file is left. The base system comes from the machine's package registry; skipped without."""

import os
import pathlib
import re
import sys
import tempfile
import unittest

import debian_root
import package_tools as tools

ENTRIES_OF_EMBED = 3


class ChrootTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(work.cleanup)
        cls.work = pathlib.Path(work.name)
        cls.old = tools.make_packages(cls.work / "old", "1")
        cls.new = tools.make_packages(cls.work / "new", "2")
        cls.root = debian_root.Root(cls.work / "root", [*debian_root.dependencies(cls.old), "python3"])
        for age, made in (("old", cls.old), ("new", cls.new)):
            (cls.root.directory / "tmp" / age).mkdir()
            for package, file in made.items():
                os.link(file, cls.root.directory / "tmp" / age / f"{package}.deb")

    def setUp(self):
        self.addCleanup(self.root.run, "dpkg", "--purge", *reversed(tools.PACKAGES), check=False)

    def dpkg(self, *arguments):
        return self.root.run("dpkg", *arguments)

    def install(self, age):
        self.dpkg("--install", *(f"/tmp/{age}/{package}.deb" for package in tools.PACKAGES))

    def versions(self):
        told = self.root.run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n")
        return [line.split() for line in told.splitlines() if line.split()[0] in tools.PACKAGES]

    def archive_from_another_program(self):
        """The examples in C and Python."""
        (self.root.directory / "tmp/wal").mkdir()
        self.assertEqual(self.root.embed("/tmp/wal", "/tmp/archive"), f"archived entries 1 to {ENTRIES_OF_EMBED}\n")
        (self.root.directory / "tmp/data").mkdir()
        told = self.root.run("python3", "/usr/share/doc/tidemark-dev/examples/host.py", "/usr/lib/tidemark/tidemark.so",
                             "/tmp/data", "file:///tmp/archive-of-python")
        self.assertEqual(told, "archived up to 5\n")

    def look_after_it(self):
        self.root.put("/etc/tidemark.conf", '[archive.prod]\nurl = "file:///tmp/archive"\n')
        self.assertIn("all well", self.root.run("tidemark", "verify", "@prod"))
        self.root.run("tidemark", "restore", "@prod", "orders/7", "/tmp/restored")
        for lsn in range(1, ENTRIES_OF_EMBED + 1):
            self.assertEqual((self.root.directory / f"tmp/restored/{lsn:013d}").read_text(), f"payload of entry {lsn}\n")
        sinks = self.root.run("tidemark", "sinks")
        for name in ("azblob", "faulty", "file", "gs", "s3"):
            self.assertRegex(sinks, rf"(?m)^{name} ")
        self.root.run("host-sim", "run", "--data", "/tmp/sim", "--sink", "faulty:///?of=file:///tmp/sim-archive&seed=3",
                      "--entries", "20")
        self.root.run("sink_conformance", "--sink", "/usr/lib/tidemark/tidemark-sink-file.so", "--url", "file:///tmp/sink",
                      "--many", "1100")

    def archive_of_postgres(self):
        """The module is found by its bare name, and finds the archiver."""
        programs = "/usr/lib/postgresql/15/bin"
        self.root.run("install", "-d", "-o", "postgres", "/tmp/pg", "/tmp/pg/archive")
        self.root.run(f"{programs}/initdb", "-D", "/tmp/pg/data", "--no-sync", user="postgres")
        with open(self.root.directory / "tmp/pg/data/postgresql.conf", "a", encoding="utf-8") as file:
            file.write("listen_addresses = ''\nunix_socket_directories = '/tmp/pg'\narchive_mode = on\n"
                       "archive_library = 'tidemark_archive'\ntidemark.sink = 'file:///tmp/pg/archive'\n")
        script = (f"cd /tmp/pg && {programs}/pg_ctl -D data -l log -w start && "
                  f"{programs}/psql -h /tmp/pg -XAtqc 'select pg_switch_wal()' postgres && "
                  "i=0 && until ls archive/*/*/*.tar* >/dev/null 2>&1; do i=$((i + 1)); [ $i -lt 300 ] || break; sleep 0.2; done; "
                  "tidemark-postgres check -D data; status=$?; "
                  f"{programs}/pg_ctl -D data -w -m fast stop; cat log; exit $status")
        self.root.run("sh", "-c", script, user="postgres")
        self.assertTrue(list((self.root.directory / "tmp/pg/archive").glob("*/*/*.tar*")))

    def what_a_unit_leaves(self):
        """The state of its runs, and the link of a timer that was enabled."""
        self.root.put("/var/lib/tidemark/verify-prod/checkpoint", "x")
        wants = self.root.directory / "etc/systemd/system/timers.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / "tidemark-verify@prod.timer").symlink_to("/lib/systemd/system/tidemark-verify@.timer")

    def test_life(self):
        before = self.root.files()
        self.install("old")
        installed = self.root.files()
        listed = {re.sub(r"^/lib/", "/usr/lib/", name)  # where it leads
                  for name in self.dpkg("--listfiles", *tools.PACKAGES).splitlines()}
        self.assertEqual({name for name in installed if name not in before} - listed, set(), "outside of the packages")
        self.assertEqual({name for name in before if installed.get(name) != before[name]}, set(), "changed")
        self.assertEqual({state for _, state, _ in self.versions()}, {"installed"})
        self.assertEqual(self.dpkg("--verify", *tools.PACKAGES), "")

        self.archive_from_another_program()
        self.look_after_it()
        self.archive_of_postgres()
        self.what_a_unit_leaves()

        self.install("new")
        self.assertEqual(len({version for _, _, version in self.versions()}), 1)
        self.assertTrue(all(version.endswith("-2") for _, _, version in self.versions()), self.versions())
        self.assertEqual(self.dpkg("--verify", *tools.PACKAGES), "")
        self.assertTrue((self.root.directory / "var/lib/tidemark/verify-prod/checkpoint").exists())
        self.root.run("tidemark", "verify", "@prod")

        self.dpkg("--remove", *reversed(tools.PACKAGES))
        self.assertTrue((self.root.directory / "var/lib/tidemark/verify-prod/checkpoint").exists())
        self.assertFalse((self.root.directory / "usr/bin/tidemark").exists())
        self.dpkg("--purge", *reversed(tools.PACKAGES))
        (self.root.directory / "etc/tidemark.conf").unlink()  # the administrator's
        left = {name for name in self.root.files() if name not in before}
        self.assertEqual(left - {"/etc/systemd/system/timers.target.wants"}, set(), "left behind")
        self.assertEqual(self.versions(), [])

    def test_one_without_the_other(self):
        """A cloud's sink does not install without the archiver, and goes before it."""
        told = self.root.run("dpkg", "--install", "/tmp/old/tidemark-s3.deb", check=False)
        self.assertIn("depends on tidemark", told)
        self.dpkg("--purge", "tidemark-s3")
        self.dpkg("--install", "/tmp/old/tidemark.deb")
        self.assertNotIn("\ns3 ", self.root.run("tidemark", "sinks"))
        self.dpkg("--purge", "tidemark")


if __name__ == "__main__":
    tools.skip_without("dh_builddeb", "mmdebstrap", "unshare", "pg_config", "cc")
    if os.geteuid() != 0:
        print("needs root, to make a system of its own")
        sys.exit(tools.SKIPPED)
    unittest.main()
