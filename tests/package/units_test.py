#!/usr/bin/python3
"""The units of systemd: well-formed, hardened, and what they start works with no more than they leave to it."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import package_tools as tools

TIDEMARK = os.environ["TIDEMARK"]
UNITS = tools.SOURCE / "cli/units"
EXPOSURE_TENTHS = 20
OTHER_UID = 65534  # a user who is not root, as engines are


def settings(name):
    """Key to values, in order."""
    found = {}
    for line in (UNITS / name).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def allowed_calls():
    """The system calls that SystemCallFilter leaves, and those of the sets that it takes away."""
    sets, name = {}, ""
    for line in tools.run("systemd-analyze", "syscall-filter").splitlines():
        if line.startswith("@"):
            name = line.strip()
        elif line.startswith("    ") and not line.strip().startswith("#"):
            sets.setdefault(name, set()).add(line.strip())

    def members(of):
        found = set()
        for one in sets[of]:
            found |= members(one) if one.startswith("@") else {one}
        return found

    kept, *taken = settings("tidemark-verify@.service")["SystemCallFilter"]
    left = set().union(*(members(one) for one in kept.split()))
    for one in taken[0].removeprefix("~").split():
        left -= members(one)
    return left


class UnitsTest(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.work = pathlib.Path(work.name)
        self.work.chmod(0o755)

    def test_well_formed(self):
        """As systemd reads them, with the tool where it is."""
        for path in UNITS.iterdir():
            text = path.read_text().replace("ExecStart=tidemark ", f"ExecStart={TIDEMARK} ")
            (self.work / path.name.replace("@", "@prod")).write_text(text)
        told = tools.run("systemd-analyze", "verify", "--man=no", *sorted(self.work.iterdir()))
        self.assertNotIn("prod", told)

    def test_hardened(self):
        for name in ("tidemark-verify@.service", "tidemark-prune@.service"):
            tools.run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", UNITS / name)
            for key, value in (("ProtectSystem", "strict"), ("NoNewPrivileges", "yes"), ("ProtectHome", "yes")):
                self.assertEqual(settings(name)[key], [value], name)
            self.assertNotIn("ReadWritePaths", settings(name))
        self.assertEqual(settings("tidemark-verify@.service")["CapabilityBoundingSet"], ["CAP_DAC_READ_SEARCH"])
        self.assertEqual(settings("tidemark-prune@.service")["CapabilityBoundingSet"], [""])

    def test_timers(self):
        for verb in ("verify", "prune"):
            timer = settings(f"tidemark-{verb}@.timer")
            tools.run("systemd-analyze", "calendar", *timer["OnCalendar"])
            self.assertEqual((timer["Persistent"], timer["WantedBy"]), (["yes"], ["timers.target"]))

    def start(self, verb, more="", before=(), uid=0):
        """What the unit starts for [archive.prod], as that user and with the unit's capabilities."""
        unit = settings(f"tidemark-{verb}@.service")
        state = self.work / unit["StateDirectory"][0].replace("%i", "prod").replace("/", "-")
        state.mkdir(exist_ok=True)
        os.chown(state, uid, uid)
        line = unit["ExecStart"][0].replace("%i", "prod").replace("${STATE_DIRECTORY}", str(state))
        line = line.replace(f"$TIDEMARK_{verb.upper()}", more)
        program, *arguments = line.split()
        self.assertEqual(program, "tidemark")
        self.assertNotRegex(line, r"[$%]")
        capabilities = [f"+{name.removeprefix('CAP_').lower()}" for name in unit["CapabilityBoundingSet"][0].split()]
        allowed = ",".join(["-all", *capabilities])
        done = subprocess.run(
            ["setpriv", "--no-new-privs", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all",
             f"--bounding-set={allowed}", *before, TIDEMARK, *arguments],
            env={"TIDEMARK_CONFIG": str(self.work / "tidemark.conf"), "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=False, cwd="/")
        return done.returncode, done.stdout + done.stderr, state

    def archive_of_another_user(self):
        """As an engine that is not root writes it: closed to everybody else."""
        archive = self.work / "archive"
        shutil.copytree(tools.SOURCE / "tests/golden/archive", archive)
        for path in [archive, *archive.rglob("*")]:
            os.chown(path, OTHER_UID, OTHER_UID)
            path.chmod(0o700 if path.is_dir() else 0o600)
        (self.work / "tidemark.conf").write_text(f'[archive.prod]\nurl = "file://{archive}"\n')
        return archive

    @unittest.skipUnless(os.geteuid() == 0, "needs root, as the service has")
    def test_verify(self):
        archive = self.archive_of_another_user()
        before = sorted((str(path), path.stat().st_mtime_ns) for path in archive.rglob("*"))
        status, told, state = self.start("verify")
        self.assertEqual(status, 0, told)
        self.assertEqual(before, sorted((str(path), path.stat().st_mtime_ns) for path in archive.rglob("*")))
        self.assertTrue((state / "checkpoint").is_file())
        # Prometheus' node exporter is another user.
        self.assertTrue((state / "metrics.prom").stat().st_mode & stat.S_IROTH)
        next(archive.rglob("*.tar")).unlink()
        self.assertEqual(self.start("verify", "--reread 1")[0], 1)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to become another user")
    def test_prune(self):
        archive = self.archive_of_another_user()
        status, told, _ = self.start("prune", uid=OTHER_UID)
        self.assertEqual(status, 2, told)  # nobody has said what may go
        self.assertIn("--older-than", told)
        status, told, _ = self.start("prune", "--keep-last 1", uid=0)
        self.assertNotEqual(status, 0, told)  # not even root may, without User=
        status, told, state = self.start("prune", "--keep-last 1", uid=OTHER_UID)
        self.assertEqual(status, 0, told)
        self.assertTrue(list(archive.rglob("*.pruned")))
        self.assertEqual({path.stat().st_uid for path in archive.rglob("*")}, {OTHER_UID})
        self.assertTrue((state / "metrics.prom").is_file())
        self.assertEqual(self.start("verify")[0], 0)

    @unittest.skipUnless(shutil.which("strace") and os.geteuid() == 0, "needs strace and root")
    def test_system_calls(self):
        """Those that the filter takes away are not asked for, or only where it does no harm."""
        self.archive_of_another_user()
        allowed, asked = allowed_calls(), set()
        for verb, more, uid in (("verify", "", 0), ("prune", "--keep-last 1", OTHER_UID)):
            trace = self.work / f"trace-{verb}"
            trace.touch()
            os.chown(trace, uid, uid)
            status, told, _ = self.start(verb, more, ["strace", "-f", "-qq", "-o", str(trace)], uid)
            self.assertEqual(status, 0, told)
            asked |= set(re.findall(r"^\d+\s+([a-z0-9_]+)\(", trace.read_text(), re.MULTILINE))
        self.assertIn("openat", asked)
        self.assertEqual(asked - allowed, set())


if __name__ == "__main__":
    tools.skip_without("systemd-analyze", "setpriv")
    unittest.main()
