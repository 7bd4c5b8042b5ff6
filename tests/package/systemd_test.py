#!/usr/bin/python3
"""The units under a systemd that runs in a clean Debian 12 with Tidemark's packages: started by hand and by their timers,
on an archive that is another user's, on a damaged one, and gone with their package."""

import os
import pathlib
import shutil
import sys
import tempfile
import time
import unittest

import debian_root
import package_tools as tools

UID = 1234
VERIFY, PRUNE = "tidemark-verify@prod", "tidemark-prune@prod"
EXPORTER = "http://127.0.0.1:9100/metrics"


class SystemdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(work.cleanup)
        work = pathlib.Path(work.name)
        made = {package: file for package, file in tools.make_packages(work / "packages").items()
                if package == "tidemark"}
        cls.root = debian_root.Root(work / "root", [*debian_root.dependencies(made), "systemd-sysv", "prometheus-node-exporter"])
        for package, file in made.items():
            os.link(file, cls.root.directory / f"{package}.deb")
        cls.root.run("dpkg", "--install", *(f"/{package}.deb" for package in made))
        cls.root.put("/etc/default/prometheus-node-exporter", 'ARGS="--web.listen-address=127.0.0.1:9100"\n')
        with open(cls.root.directory / "etc/passwd", "a", encoding="utf-8") as file:
            file.write(f"engine:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin\n")
        cls.archive = cls.root.directory / "var/archive"
        shutil.copytree(tools.SOURCE / "tests/golden/archive", cls.archive)
        for path in [cls.archive, *cls.archive.rglob("*")]:  # as an engine that is not root writes it
            os.chown(path, UID, UID)
            path.chmod(0o700 if path.is_dir() else 0o600)
        cls.root.put("/etc/tidemark.conf", '[archive.prod]\nurl = "file:///var/archive"\n')
        cls.system = debian_root.Booted(cls.root)
        cls.addClassCleanup(cls.system.stop)

    def start(self, unit):
        """The result and the exit status of a run."""
        self.system.run("systemctl", "reset-failed", check=False)
        self.system.run("systemctl", "start", unit, check=False)
        return self.system.show(unit, "Result"), int(self.system.show(unit, "ExecMainStatus"))

    def assert_said(self, unit, words):
        """The journal has them, at the latest a moment after the run."""
        deadline = time.monotonic() + 60
        told = ""
        while words not in " ".join(told.split()):
            self.assertLess(time.monotonic(), deadline, f"{words!r} is not in: {told}")
            self.system.run("journalctl", "--sync")
            told = self.system.run("journalctl", "--no-pager", "-o", "cat", "-u", unit)

    def drop_in(self, unit, text):
        """What `systemctl edit` writes."""
        self.root.put(f"/etc/systemd/system/{unit}.d/override.conf", text)
        self.system.run("systemctl", "daemon-reload")

    def state(self, unit):
        return self.root.directory / "var/lib/tidemark" / unit.removeprefix("tidemark-").replace("@", "-")

    def archives(self):
        return sorted(self.archive.rglob("*.tar"))

    def test_1_verify(self):
        self.assertEqual(self.start(f"{VERIFY}.service"), ("success", 0))
        self.assertTrue((self.state(VERIFY) / "checkpoint").is_file())
        self.assertEqual({path.stat().st_uid for path in self.archive.rglob("*")}, {UID})

    def test_2_metrics_for_the_node_exporter(self):
        """By a link, as tidemark-units(7) says."""
        link = self.root.directory / "var/lib/prometheus/node-exporter/tidemark-verify-prod.prom"
        link.symlink_to("/var/lib/tidemark/verify-prod/metrics.prom")
        network = f"--net=/proc/{self.system.init}/ns/net"
        told = tools.run("nsenter", network, "curl", "--silent", "--show-error", "--retry", "5", "--retry-connrefused", EXPORTER)
        lines = [line for line in told.splitlines() if line.startswith(("tidemark_", "node_textfile_scrape_error"))]
        self.assertIn("node_textfile_scrape_error 0", lines)
        self.assertGreater(len(lines), 1)

    def test_3_by_its_timer(self):
        self.drop_in(f"{VERIFY}.timer", "[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\nAccuracySec=1ms\n")
        before = self.system.show(f"{VERIFY}.service", "InvocationID")
        self.system.run("systemctl", "enable", "--now", f"{VERIFY}.timer")
        self.assertTrue((self.root.directory / f"etc/systemd/system/timers.target.wants/{VERIFY}.timer").is_symlink())
        deadline = time.monotonic() + 60
        while self.system.show(f"{VERIFY}.service", "InvocationID") == before:
            self.assertLess(time.monotonic(), deadline, "the timer has started nothing")
            time.sleep(0.2)
        self.system.run("systemctl", "stop", f"{VERIFY}.timer")
        self.drop_in(f"{VERIFY}.timer", "")
        self.system.run("systemctl", "start", f"{VERIFY}.timer")
        self.assertIn(f"{VERIFY}.timer", self.system.run("systemctl", "list-timers", "--no-pager", "--full"))

    def test_4_damage(self):
        newest = self.archives()[-1]
        whole = newest.read_bytes()
        newest.write_bytes(whole[:-1] + b"x")
        self.assertEqual(self.start(f"{VERIFY}.service"), ("exit-code", 1))
        self.assert_said(f"{VERIFY}.service", f"damaged {newest.relative_to(self.archive)}")
        self.assertIn(f"{VERIFY}.service", self.system.run("systemctl", "--failed", "--no-pager", "--full", "--plain"))
        newest.write_bytes(whole)
        self.assertEqual(self.start(f"{VERIFY}.service")[0], "success")

    def test_5_prune(self):
        there = self.archives()
        self.assertEqual(self.start(f"{PRUNE}.service"), ("exit-code", 2))  # nobody has said what may go
        self.assert_said(f"{PRUNE}.service", "--older-than")
        rule = '[Service]\nEnvironment="TIDEMARK_PRUNE=--keep-last 1"\n'
        self.drop_in(f"{PRUNE}.service", rule)
        self.assertEqual(self.start(f"{PRUNE}.service")[0], "exit-code")  # of another user
        self.drop_in(f"{PRUNE}.service", rule + "User=engine\n")
        self.assertEqual(self.start(f"{PRUNE}.service")[0], "exit-code")
        self.assert_said(f"{PRUNE}.service", "Read-only file system")
        self.assertEqual(self.archives(), there)
        self.drop_in(f"{PRUNE}.service", rule + "User=engine\nReadWritePaths=/var/archive\n")
        self.assertEqual(self.start(f"{PRUNE}.service"), ("success", 0))
        self.assertTrue(list(self.archive.rglob("*.pruned")))
        self.assertEqual({path.stat().st_uid for path in self.archive.rglob("*")}, {UID})
        self.assertTrue((self.state(PRUNE) / "metrics.prom").is_file())
        self.assertEqual(self.start(f"{VERIFY}.service")[0], "success")

    def test_6_gone_with_the_package(self):
        self.system.run("dpkg", "--purge", "tidemark")
        self.assertEqual(self.system.show(f"{VERIFY}.timer", "ActiveState"), "inactive")
        self.assertFalse((self.root.directory / f"etc/systemd/system/timers.target.wants/{VERIFY}.timer").is_symlink())
        self.assertFalse((self.root.directory / "var/lib/tidemark").exists())
        self.assertTrue(self.archives())


if __name__ == "__main__":
    tools.skip_without("dh_builddeb", "mmdebstrap", "unshare", "nsenter", "ip", "curl", "pg_config")
    if os.geteuid() != 0 or not debian_root.GROUPS.is_dir():
        print("needs root, and control groups of systemd's own")
        sys.exit(tools.SKIPPED)
    unittest.main()
