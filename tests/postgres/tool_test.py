#!/usr/bin/python3
"""tidemark-postgres beside a real server: what there is, what may go, and whether all is well. See pg_tools.py."""

import os
import unittest
import urllib.parse

import pg_tools as tools
from pg_tools import GET, wait_for


class Tool(tools.Case):
    def tool(self, server, *words, expect=0):
        done = tools.run(GET, words[0], "-D", server.data, *words[1:], expect=expect)
        return done.stdout + done.stderr

    def segments(self):
        return sorted(name for name in self.archived() if len(name) == 24)

    def rounds(self, server, count):
        for number in range(count):
            server.backup(self.path(f"backup{number}"))
            for _ in range(3):
                name = server.switch()
            server.wait_archived(name)
            server.wait_all_archived()

    def test_backups_and_prune(self):
        server = self.server()
        self.assertIn("no base backup", self.tool(server, "backups", expect=1))
        server.switch()
        self.rounds(server, 3)
        backups = self.tool(server, "backups").splitlines()
        self.assertEqual(len(backups), 3, backups)
        self.assertNotIn("not all there", "".join(backups))
        names = [line.split()[0] for line in backups]
        before = self.segments()
        self.assertIn("nothing is to be pruned", self.tool(server, "prune", "--keep-backups", 4))
        self.assertIn("--yes does it", self.tool(server, "prune", "--keep-backups", 2))
        self.assertEqual(self.segments(), before)
        self.tool(server, "prune", expect=204)
        self.tool(server, "prune", "--oldest-backup", "nonsense", expect=204)
        self.tool(server, "prune", "--keep-backups", 2, "--yes")
        oldest = names[1][:24]
        self.assertEqual(self.segments(), [name for name in before if name >= oldest])
        self.assertEqual([line.split()[0] for line in self.tool(server, "backups").splitlines()], names[1:])
        self.tool(server, "prune", "--oldest-backup", names[2], "--yes")
        self.assertEqual(self.segments(), [name for name in before if name >= names[2][:24]])
        self.assertIn("timeline 1: ", self.tool(server, "timelines"))
        # Archiving continues, and the newest backup can be recovered.
        server.sql("create table t as select 5 as i")
        server.wait_archived(server.switch())
        server.kill()
        other = server.restored("other", self.path("backup2"), self.sink, archive_mode="off").start().wait_promoted()
        self.assertEqual(other.sql("select i from t"), "5")
        self.assertEqual(self.gaps(), [])

    def test_prune_refuses_what_would_lose(self):
        server = self.server()
        self.rounds(server, 2)
        names = [line.split()[0] for line in self.tool(server, "backups").splitlines()]
        for folder, _, files in os.walk(self.archive):
            if folder.endswith("16M/1"):
                for name in files:
                    if tools.lsn_of(name.split(".")[0].split("-")[0]) > int(names[0][16:24], 16) + 1:
                        os.unlink(os.path.join(folder, name))
        before = self.segments()
        self.assertIn("nothing was pruned", self.tool(server, "prune", "--keep-backups", 1, "--yes", expect=204))
        self.assertEqual(self.segments(), before)

    def test_timelines_and_forks(self):
        server = self.server()
        server.backup(self.path("backup"))
        server.wait_archived(server.switch())
        server.wait_all_archived()
        server.kill()
        for name in ("one", "two"):
            other = server.restored(name, self.path("backup"), self.sink, recovery_target_timeline="1")
            other.start().wait_promoted()
            other.wait_archived(other.switch())
            other.wait_all_archived()
            other.kill()
        said = self.tool(server, "timelines")
        self.assertIn("timeline 2 left timeline 1 at ", said)
        self.assertIn("fork: timelines 2 3 left timeline 1; recovery_target_timeline = 'latest' follows 3", said)

    def test_check(self):
        server = self.server()
        self.assertIn("no segment of this cluster", self.tool(server, "check", expect=1))
        server.backup(self.path("backup"))
        name = server.switch()
        server.wait_archived(name)
        server.wait_all_archived()
        said = self.tool(server, "check")
        self.assertIn(f"the newest segment, {name}, comes back whole", said)
        self.assertIn("no file waits", said)
        drill = server.restored("drill", self.path("backup"), self.sink)
        self.assertIn("For a drill set archive_mode = off", self.tool(drill, "check"))
        drill.configure(archive_mode="off")
        self.assertIn("archive_mode is not on", self.tool(drill, "check", expect=1))
        os.rename(self.archive, self.archive + ".away")
        self.assertIn("WRONG", self.tool(server, "check", expect=1))
        name = server.switch()
        wait_for("it to wait", lambda: name in server.status(".ready"))
        old = os.path.join(server.data, "pg_wal", "archive_status", name + ".ready")
        os.utime(old, (1, 1))
        self.assertIn("the server's log says why", self.tool(server, "check", expect=1))

    def test_check_of_a_sink_that_refuses(self):
        """It is seen at once, in the archiver's title and by trying it."""
        server = self.server()
        server.backup(self.path("backup"))
        server.wait_archived(server.switch())
        server.wait_all_archived()
        self.assertIn("the sink can be written to", self.tool(server, "check"))
        cluster = os.listdir(self.archive)
        identifier = next(name.split(".")[0] for name in cluster if name.endswith(".16M"))
        done = tools.run(GET, "check", "--sink", self.sink, "--cluster", identifier, "--segment-size", 16)
        self.assertIn("written to was not tried", done.stdout)
        self.assertEqual(sorted(os.listdir(self.archive)), sorted(cluster))
        place = urllib.parse.quote(self.sink, safe="")
        server.configure(tidemark__sink=f"faulty:///?of={place}&no_space_rate=1")
        server.reload()
        wait_for("the full sink", lambda: server.switch() and "new sink is at work" in server.said())
        name = server.switch()
        wait_for("it to fail", lambda: "is not archived" in server.said())
        said = self.tool(server, "check", expect=1)
        self.assertRegex(said, "WRONG +the server cannot archive 0000")
        self.assertRegex(said, "WRONG +the sink cannot be written to: ")
        self.assertIn(name, server.status(".ready"))

    def test_check_ends_when_the_sink_hangs(self):
        server = self.server()
        server.wait_archived(server.switch())
        place = urllib.parse.quote(self.sink, safe="")
        done = tools.run(GET, "check", "-D", server.data, "--sink", f"faulty:///?of={place}&delay_ms=1h", "--timeout", "2s",
                         expect=203, limit_s=60)
        self.assertRegex(done.stdout, "WRONG +the (sink|listing).* was not reached within 2 s")
        self.assertIn("archive_mode = on", done.stdout)
        self.assertIn("--timeout", tools.run(GET, "check", "-D", server.data, "--timeout", "soon", expect=204).stderr)

    def test_version(self):
        self.assertRegex(tools.run(GET, "--version").stdout, r"^tidemark-postgres \d+\.\d+\.\d+\n$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
