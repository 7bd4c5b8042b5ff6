#!/usr/bin/python3
"""The engine with the real plugin and the real file sink, one scenario each. HOST_SIM names the program."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import host_sim_tools as tools

DEADLINE_S = 120
TMPFS = "HOST_SIM_TMPFS_NAMESPACE"


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"gave up waiting for {what}")
        time.sleep(0.02)


class HostSim(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="host-sim-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.data = self.path("data")

    def path(self, name):
        return os.path.join(self.dir, name)

    def url(self, name):
        return f"file://{self.path(name)}"

    def arguments(self, *more, sink="archive"):
        return ["run", "--data", self.data, "--sink", self.url(sink), "--timeout", DEADLINE_S, *tools.ONE_BY_ONE, *more]

    def start(self, *arguments):
        """Runs in the background; stderr goes to a file, so that it can be read while it runs."""
        with open(self.path("stderr"), "w") as log:
            process = subprocess.Popen(tools.command(*arguments), stdout=subprocess.PIPE, stderr=log, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def log(self):
        with open(self.path("stderr")) as file:
            return file.read()

    def journalled(self):
        try:
            with open(os.path.join(self.data, "journal")) as file:
                return file.read().count("\n")
        except FileNotFoundError:
            return 0

    def entries_on_disk(self):
        return sum(len(names) for folder, names, _ in os.walk(self.data) if os.path.basename(folder) == "wal")

    def test_run_and_verify(self):
        out, _ = tools.run(*self.arguments("--entries", 500, "--json", self.path("json"), "--metrics",
                                           self.path("metrics")))
        self.assertRegex(out, r"^archived 500 entries in ")
        self.assertEqual(tools.verify(self.data, self.path("archive")),
                         "verified 500 entries in 500 archives: 0 missing, 0 different\n")
        self.assertEqual(tools.whole_archives(self.path("archive")), 500)
        self.assertEqual(self.entries_on_disk(), 0, "acknowledged entries are pruned")
        with open(self.path("json")) as file:
            self.assertEqual(json.load(file)["entries"], 500)
        with open(self.path("metrics")) as file:
            self.assertIn('tidemark_archives_total{result="archived"} 500\n', file.read())

    def test_verify_finds_what_was_done_to_an_archive(self):
        tools.run(*self.arguments("--entries", 40))
        folder = os.path.join(self.path("archive"), "main", "0")
        os.remove(os.path.join(folder, "0000000000001.tar"))
        damaged = os.path.join(folder, "0000000000002.tar")
        os.chmod(damaged, 0o600)
        with open(damaged, "r+b") as file:
            file.seek(1024)
            byte = file.read(1)
            file.seek(1024)
            file.write(bytes([byte[0] ^ 1]))
        # Whole in itself, but another entry's content under this name.
        shutil.copyfile(os.path.join(folder, "0000000000004.tar"), os.path.join(folder, "0000000000003.tar"))
        out = tools.verify(self.data, self.path("archive"), expect=1)
        self.assertEqual(out, "verified 40 entries in 39 archives: 1 missing, 2 different\n")

    def test_real_files(self):
        files = self.path("files")
        for number in range(60):
            name = os.path.join(files, f"dir{number % 7}", f"näme {number} " + "x" * (number * 2))
            os.makedirs(os.path.dirname(name), exist_ok=True)
            with open(name, "wb") as file:
                file.write(os.urandom(number * 700))
        os.symlink("/etc", os.path.join(files, "link"))
        os.mkfifo(os.path.join(files, "fifo"))
        tools.run(*self.arguments("--from", files, "--limit", 50))
        tools.run(*self.arguments("--from", files))
        self.assertEqual(tools.verify(self.data, self.path("archive")),
                         "verified 60 entries in 60 archives: 0 missing, 0 different\n")

    def test_resume_after_crash(self):
        arguments = self.arguments("--entries", 600)
        tools.run(*arguments, "--crash-at", 100, expect=-signal.SIGKILL)
        tools.run(*arguments, "--crash-at", 150, expect=-signal.SIGKILL)
        self.assertLess(tools.whole_archives(self.path("archive")), 600)
        tools.run(*arguments)
        self.assertEqual(tools.verify(self.data, self.path("archive")),
                         "verified 600 entries in 600 archives: 0 missing, 0 different\n")
        self.assertEqual(tools.whole_archives(self.path("archive")), 600)
        self.assertEqual(tools.leftovers(self.path("archive")), [])

    def test_swap_under_load(self):
        _, log = tools.run(*self.arguments("--entries", 1200, "--swap-sink", self.url("second"), "--swap-at", 400,
                                           sink="first"))
        self.assertIn("SINK_CHANGED", log)
        first, second = self.path("first"), self.path("second")
        self.assertGreaterEqual(tools.whole_archives(first), 400)
        self.assertGreater(tools.whole_archives(second), 0)
        self.assertEqual(tools.verify(self.data, first, second).split(": ")[1], "0 missing, 0 different\n")
        tools.verify(self.data, first, expect=1)
        # The second one says itself where it begins.
        alone = tools.verify(self.data, second).split(": ")[1]
        self.assertRegex(alone, "^0 missing, 0 different, [1-9][0-9]* from before the archive began")

    def test_keep_acked_fills_another_sink(self):
        tools.run(*self.arguments("--entries", 80, "--keep-acked"))
        tools.run(*self.arguments("--entries", 80, "--keep-acked", sink="copy"))
        self.assertEqual(tools.whole_archives(self.path("copy")), 80)
        tools.verify(self.data, self.path("copy"))

    def test_bench(self):
        out, _ = tools.run("bench", "--sink", self.url("archive"), "--entries", 300, "--partitions", 3, "--profile",
                           "--json", self.path("json"), "--option", "workers=2", "--timeout", DEADLINE_S)
        self.assertRegex(out, r"^archived +300 entries of 3 partitions in \d+ archives, 1.2 MB, in ")
        self.assertRegex(out, r"(?m)^throughput +\d+ entries/s, [\d.]+ MB/s$")
        with open(self.path("json")) as file:
            figures = json.load(file)
        self.assertEqual(figures["entries"], 300)
        self.assertEqual(figures["archives"], tools.whole_archives(self.path("archive")))
        self.assertAlmostEqual(figures["worker_seconds"], 2 * figures["seconds"])
        # It says how fast the archiving was, so a second time into the same sink is no measurement.
        _, log = tools.run("bench", "--sink", self.url("archive"), "--entries", 300, "--partitions", 3)
        self.assertIn("the sink held archives of these entries", log)

    def test_bench_ends_on_ctrl_c(self):
        process = self.start("bench", "--sink", "faulty:///?delay_ms=60000", "--data", self.data, "--entries", 20)
        wait_until(lambda: self.journalled() == 20, "entries")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE_S), 130, self.log())
        self.assertIn("interrupted", self.log())

    def test_ctrl_c(self):
        arguments = self.arguments("--entries", 2000, "--rate", "300/s")
        process = self.start(*arguments)
        wait_until(lambda: self.journalled() > 50, "commits")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE_S), 130, self.log())
        self.assertIn("interrupted with", self.log())
        self.assertLess(self.journalled(), 2000)
        tools.run(*self.arguments("--entries", 2000))
        self.assertEqual(tools.verify(self.data, self.path("archive")),
                         "verified 2000 entries in 2000 archives: 0 missing, 0 different\n")

    def test_second_ctrl_c_ends_at_once(self):
        # Every answer of this sink takes a minute: draining would last as long as it may.
        arguments = ["run", "--data", self.data, "--sink", "faulty:///?delay_ms=60000", "--entries", 20]
        process = self.start(*arguments)
        wait_until(lambda: self.journalled() == 20, "commits")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE_S), 130, self.log())
        self.assertNotIn("interrupted with", self.log())

    @unittest.skipUnless(os.environ.get(TMPFS), "needs a mount namespace of its own")
    def test_full_file_system(self):
        archive = self.path("archive")
        os.mkdir(archive)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", archive], check=True)
        try:
            # One put at a time: of two that fail together each leaves room for the other, which then truly ends an outage.
            process = self.start(*self.arguments("--partitions", 1, "--entries", 400, *tools.FAST_RETRY,
                                                 "--option", "epoch_watch_ms=100"))
            wait_until(lambda: "SINK_DOWN" in self.log(), "an event")
            time.sleep(3)  # watches find what they look for meanwhile: a full disk can be listed
            self.assertNotIn("SINK_UP", self.log())
            self.assertNotIn("FAILING", self.log())
            self.assertRegex(self.log(), r"(?m)^SINK_DOWN.*NO_SPACE: .*")
            self.assertIsNone(process.poll(), "it waits for room")
            held = tools.whole_archives(archive)
            self.assertLess(held, 400)
            subprocess.run(["mount", "-o", "remount,size=64m", archive], check=True)
            self.assertEqual(process.wait(DEADLINE_S), 0, self.log())
            self.assertIn("SINK_UP", self.log())
            self.assertEqual(tools.verify(self.data, archive),
                             "verified 400 entries in 400 archives: 0 missing, 0 different\n")
            self.assertEqual(tools.whole_archives(archive), 400)
            self.assertEqual(tools.leftovers(archive), [])
        finally:
            process.kill()
            process.wait()
            subprocess.run(["umount", archive], check=True)


def enter_mount_namespace():
    """Starts over where mounting is allowed and seen by nobody else; returns if there is no such place."""
    root = ["--map-root-user", "--user"] if os.geteuid() != 0 else []
    unshare = ["unshare", *root, "--mount", "--propagation", "private"]
    probe = [*unshare, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    if shutil.which("unshare") and subprocess.run(probe, capture_output=True).returncode == 0:
        os.environ[TMPFS] = "1"
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


if __name__ == "__main__":
    if any("full_file_system" in word for word in sys.argv[1:]) and not os.environ.get(TMPFS):
        enter_mount_namespace()
        print("no mount namespace here: skipped")
        sys.exit(77)
    unittest.main()
