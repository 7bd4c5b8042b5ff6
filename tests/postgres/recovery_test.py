#!/usr/bin/python3
"""Recovery by a real server with restore_command = 'tidemark-postgres get': to a point in time, along timelines, and
what an archive that is not whole does to it. See pg_tools.py."""

import glob
import os
import shutil
import unittest

import pg_tools as tools
from pg_tools import GET, PG_BIN, wait_for


class Recovery(tools.Case):
    def rows(self, server):
        return server.sql("select string_agg(i::text, ',' order by i) from t")

    def prepared(self):
        server = self.server()
        server.sql("create table t(i int)")
        server.backup(self.path("backup"))
        server.sql("insert into t values (1)")
        server.wait_archived(server.switch())
        return server

    def archive_object(self, name):
        """The object that holds this segment of timeline 1 or another."""
        number = int(name[8:16], 16) * 256 + int(name[16:24], 16)
        text = ""
        for _ in range(13):
            text = tools.DIGITS[number % 36] + text
            number //= 36
        found = glob.glob(f"{self.archive}/*.16M/{int(name[:8], 16)}/{text}.tar*")
        self.assertEqual(len(found), 1, found)
        return found[0]

    def get(self, server, name, expect, *more):
        done = tools.run(GET, "get", "--sink", self.sink, "--retry-for", "0s", "--prefetch", "0", *more, name,
                         "pg_wal/RECOVERYXLOG", cwd=server.data, expect=expect)
        return done.stderr

    def test_to_a_point_in_time(self):
        server = self.prepared()
        server.sql("insert into t values (2)")
        when = server.sql("select now()")
        server.sql("select pg_sleep(0.01); insert into t values (3)")
        server.wait_archived(server.switch())
        server.wait_all_archived()
        server.kill()
        other = self.restored("other", recovery_target_time=when, archive_mode="off")
        other.start().wait_promoted()
        self.assertEqual(self.rows(other), "1,2")
        self.assertEqual([n for n in os.listdir(os.path.join(other.data, "pg_wal")) if n.startswith(".tidemark")], [])

    def restored(self, name, **settings):
        return tools.Server(self, "unused").restored(name, self.path("backup"), self.sink, **settings)

    def test_timelines(self):
        server = self.prepared()
        server.kill()
        second = self.restored("second").start().wait_promoted()
        second.sql("insert into t values (2)")
        second.wait_archived(second.switch())
        second.wait_all_archived()
        second.kill()
        third = self.restored("third").start().wait_promoted()
        third.sql("insert into t values (3)")
        third.wait_archived(third.switch())
        third.wait_all_archived()
        third.kill()
        self.assertLessEqual({"00000002.history", "00000003.history"}, set(self.archived()))
        for timeline, rows in (("1", "1"), ("2", "1,2"), ("3", "1,2,3"), ("latest", "1,2,3")):
            along = self.restored("along-" + timeline, recovery_target_timeline=timeline, archive_mode="off")
            along.start().wait_promoted()
            self.assertEqual(self.rows(along), rows, timeline)
            along.kill()
        self.assertEqual(self.gaps(), [])

    def test_exit_codes(self):
        server = self.prepared()
        names = [server.switch() for _ in range(6)]
        server.wait_archived(names[-1])
        server.wait_all_archived()
        later = "0000000100000000000000F0"
        self.assertEqual(self.get(server, names[0], 0), "")
        self.assertEqual(tools.digest(os.path.join(server.data, "pg_wal", "RECOVERYXLOG")), self.archived()[names[0]])
        self.assertEqual(self.get(server, later, 1), "")
        self.assertEqual(self.get(server, "00000002.history", 1), "")
        self.assertEqual(self.get(server, "000000020000000000000003", 1), "")
        self.get(server, "nonsense", 204)
        self.get(server, names[0], 204, "--no-such-option")
        self.assertIn("is it the right sink", self.get(server, names[0], 204, "--cluster", "77", "--segment-size", 16))
        self.assertIn("is it the right sink",
                      self.get(server, names[0], 204, "--cluster", os.listdir(self.archive)[0].split(".")[0],
                               "--segment-size", 1))
        damaged = self.archive_object(names[2])
        with open(damaged, "r+b") as file:
            file.seek(os.path.getsize(damaged) // 2)
            file.write(b"\0" * 99)
        self.assertIn(os.path.basename(damaged), self.get(server, names[2], 202))
        os.unlink(self.archive_object(names[3]))
        self.assertIn(names[4] + " is there", self.get(server, names[3], 201))
        self.assertIn("this is the end", self.get(server, names[3], 1, "--hole-is-end"))
        os.rename(self.archive, self.archive + ".away")
        self.assertIn("archive", self.get(server, names[0], 203))

    def refused(self, code_word, break_it):
        """A server that recovers must not be promoted over this."""
        server = self.prepared()
        names = [server.switch() for _ in range(4)]
        server.wait_archived(names[-1])
        server.wait_all_archived()
        server.kill()
        break_it(names)
        other = tools.Server(self, "unused").restored("other", self.path("backup"), self.sink, archive_mode="off")
        other.configure(restore_command=f"{GET} get --retry-for 1s --sink {self.sink} %f %p")
        other.start(wait=False)
        self.assertNotEqual(other.process.wait(180), 0)
        self.assertIn(code_word, other.said())
        self.assertNotIn("selected new timeline", other.said())

    def test_damaged_does_not_promote(self):
        def damage(names):
            path = self.archive_object(names[1])
            with open(path, "r+b") as file:
                file.seek(os.path.getsize(path) // 2)
                file.write(b"\0" * 99)
        self.refused("tidemark-postgres:", damage)

    def test_hole_does_not_promote(self):
        self.refused("is missing in the archive", lambda names: os.unlink(self.archive_object(names[1])))

    def test_unreachable_does_not_promote(self):
        self.refused("tidemark-postgres:", lambda names: os.rename(self.archive, self.archive + ".away"))

    def standby(self, primary, **settings):
        standby = self.restored("standby", **settings)
        os.rename(os.path.join(standby.data, "recovery.signal"), os.path.join(standby.data, "standby.signal"))
        return standby

    def test_standby_survives_an_outage(self):
        server = self.prepared()
        standby = self.standby(server)
        standby.configure(restore_command=f"{GET} get --retry-for 1s --sink {self.sink} %f %p", hot_standby="on",
                          wal_retrieve_retry_interval="200ms")
        standby.start()
        wait_for("the first row", lambda: self.rows(standby) == "1")
        os.rename(self.archive, self.archive + ".away")
        server.sql("insert into t values (2)")
        name = server.switch()
        wait_for("it to have noticed", lambda: "the standby waits" in standby.said())
        self.assertEqual(standby.sql("select pg_is_in_recovery()"), "t")
        os.rename(self.archive + ".away", self.archive)
        server.wait_archived(name)
        wait_for("the second row", lambda: self.rows(standby) == "1,2")
        self.assertEqual(standby.sql("select pg_is_in_recovery()"), "t")

    def test_promoted_standby_with_partial(self):
        server = self.prepared()
        standby = self.standby(server)
        standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on")
        standby.start()
        server.sql("insert into t values (2)")
        wait_for("the row to be streamed", lambda: self.rows(standby) == "1,2")
        server.kill()
        standby.sql("select pg_promote()")
        standby.wait_promoted()
        standby.sql("insert into t values (3)")
        standby.wait_archived(standby.switch())
        standby.wait_all_archived()
        self.assertEqual(sum(".partial." in name for name in self.archived()), 1)
        standby.kill()
        along = self.restored("along", archive_mode="off").start().wait_promoted()
        self.assertEqual(self.rows(along), "1,2,3")

    def test_promoted_with_archiving_off(self):
        """PostgreSQL never offers the history then; check says so, and the module archives it at its start."""
        server = self.prepared()
        standby = self.standby(server, archive_mode="off")
        standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on")
        standby.start()
        server.sql("insert into t values (2)")
        wait_for("the row to be streamed", lambda: self.rows(standby) == "1,2")
        server.kill()
        standby.sql("select pg_promote()")
        standby.wait_promoted()
        standby.sql("insert into t values (3)")
        said = tools.run(GET, "check", "-D", standby.data, expect=1).stdout
        self.assertRegex(said, "WRONG +00000002.history of this server is not in the archive.*set archive_mode = on")
        standby.stop()
        standby.configure(archive_mode="on")
        standby.start()
        standby.wait_archived(standby.switch())
        wait_for("the history", lambda: "00000002.history" in self.archived())
        standby.sql("checkpoint")
        standby.wait_archived(standby.switch())
        standby.wait_all_archived()
        self.assertNotIn("00000002.history", tools.run(GET, "check", "-D", standby.data, expect=None).stdout)
        standby.kill()
        self.assertEqual(self.rows(self.restored("along", archive_mode="off").start().wait_promoted()), "1,2,3")

    def test_two_promoted_standbys(self):
        """They left timeline 1 in the same segment, so each has a .partial of that name: both are kept."""
        server = self.prepared()
        standbys = []
        for number in (1, 2):
            standby = self.restored(f"standby{number}")
            os.rename(os.path.join(standby.data, "recovery.signal"), os.path.join(standby.data, "standby.signal"))
            standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on")
            standbys.append(standby.start())
        server.sql("insert into t values (2)")
        for standby in standbys:
            wait_for("the row to be streamed", lambda one=standby: self.rows(one) == "1,2")
        standbys[0].stop()  # it has less than the other
        server.sql("insert into t select 100 + generate_series(1, 10)")
        wait_for("the rows to be streamed", lambda: standbys[1].sql("select count(*) from t") == "12")
        server.kill()
        for standby in (standbys[1], standbys[0]):
            if standby is standbys[0]:
                standby.configure(recovery_target_timeline="1", primary_conninfo="")
                standby.start()
            standby.sql("select pg_promote()")
            standby.wait_promoted()
            standby.sql("insert into t values (3)")
            standby.wait_archived(standby.switch())
            standby.wait_all_archived()
        kept = [name for name in self.archived() if ".partial." in name]
        self.assertEqual(len(kept), 2, kept)
        self.assertIn("is kept beside that of another server that left timeline 1", standbys[0].said())
        name = next(word for word in standbys[0].said().split() if ".partial.to.3" in word)
        tools.run(GET, "get", "-D", standbys[0].data, name, self.path("partial"))
        self.assertEqual(tools.digest(self.path("partial")),
                         tools.digest(os.path.join(standbys[0].data, "pg_wal", name.removesuffix(".to.3"))))

    def test_promoted_while_the_sink_is_away(self):
        """When the machine of the primary is lost, and the archive with it."""
        server = self.prepared()
        standby = self.standby(server)
        standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on",
                          restore_command=f"{GET} get --retry-for 1s --sink {self.sink} %f %p",
                          wal_retrieve_retry_interval="200ms")
        standby.start()
        server.sql("insert into t values (2)")
        wait_for("the row to be streamed", lambda: self.rows(standby) == "1,2")
        server.kill()
        os.rename(self.archive, self.archive + ".away")
        standby.sql("select pg_promote(false)")
        standby.wait_promoted()
        self.assertIn("selected new timeline ID: 2", standby.said())
        os.rename(self.archive + ".away", self.archive)
        standby.sql("insert into t values (3)")
        standby.wait_archived(standby.switch())
        standby.kill()
        self.assertEqual(self.rows(self.restored("along", archive_mode="off").start().wait_promoted()), "1,2,3")

    def test_an_empty_place_does_not_promote(self):
        def empty(_):
            os.rename(self.archive, self.archive + ".away")
            self.make_sink("archive")
        self.refused("nothing of this cluster", empty)

    def test_archive_mode_always(self):
        """The standby offers what the primary has archived: equal, so it is counted and nothing is written twice."""
        server = self.prepared()
        standby = self.standby(server, archive_mode="always")
        standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on")
        standby.start()
        names = [server.switch() for _ in range(4)]
        server.wait_archived(names[-1])
        wait_for("the standby to have received it", lambda: names[-1] in standby.status(".done"))
        self.assertNotIn("differs", standby.said())
        self.assertEqual(self.gaps(), [])
        server.wait_archived(server.switch())

    def test_rewind(self):
        """pg_rewind brings what the target has removed from the archive."""
        server = self.prepared()
        server.configure(wal_log_hints="on")
        server.stop()
        server.start()
        standby = self.standby(server, wal_log_hints="on")
        standby.configure(primary_conninfo=f"host={server.socket} user=dba", hot_standby="on")
        standby.start()
        name = server.switch()
        server.wait_archived(name)
        wait_for("the standby", lambda: standby.sql("select pg_last_wal_replay_lsn() >= pg_last_wal_receive_lsn()") == "t")
        standby.sql("select pg_promote()")
        standby.wait_promoted()
        standby.sql("insert into t values (7); checkpoint")
        server.sql("insert into t values (8)")
        for _ in range(6):
            last = server.switch()
        server.sql("checkpoint")
        server.wait_archived(last)
        server.stop()
        server.configure(restore_command=f"{GET} get --sink {self.sink} %f %p")
        done = tools.run(f"{PG_BIN}/pg_rewind", "-D", server.data, "--source-server",
                         f"host={standby.socket} user=dba dbname=postgres", "--restore-target-wal", "-c", expect=None)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_prefetch(self):
        """A recovery takes most segments from the spool, which is gone afterwards; what is spooled is never trusted blindly."""
        server = self.prepared()
        for number in range(24):
            server.sql(f"insert into t values ({number + 10})")
            name = server.switch()
        server.wait_archived(name)
        server.wait_all_archived()
        names = sorted(one for one in self.archived() if len(one) == 24)
        server.stop()
        def one(name, expect=0):
            tools.run(GET, "get", "--retry-for", "0s", name, "pg_wal/RECOVERYXLOG", cwd=server.data, expect=expect)
            path = os.path.join(server.data, "pg_wal", "RECOVERYXLOG")
            return tools.digest(path) if expect == 0 else None
        held = self.archived()
        self.assertEqual(one(names[0]), held[names[0]])
        spool = wait_for("the helper", lambda: glob.glob(os.path.join(server.data, "tidemark.spool-*")))[0]
        wait_for("eight segments", lambda: len([n for n in os.listdir(spool) if len(n) == 24]) == 8)
        os.truncate(os.path.join(spool, names[1]), 4096)
        for name in names[1:]:
            self.assertEqual(one(name), held[name], name)
        later = names[-1][:22] + "F0"
        one(later, 1)
        os.rename(self.archive, self.archive + ".away")
        one(later, 203)
        os.rename(self.archive + ".away", self.archive)
        other = self.restored("other", archive_mode="off").start().wait_promoted()
        self.assertEqual(self.rows(other), ",".join(str(i) for i in [1, *range(10, 34)]))
        wait_for("the spool to be gone", lambda: not glob.glob(os.path.join(other.data, "tidemark.spool-*")))

    def test_spool_of_a_recovery_that_was_broken_off(self):
        """It goes when the server that was recovered in another way archives."""
        server = self.prepared()
        for _ in range(12):
            name = server.switch()
        server.wait_archived(name)
        server.wait_all_archived()
        server.kill()
        standby = self.standby(server).start()
        wait_for("the spool", lambda: glob.glob(os.path.join(standby.data, "tidemark.spool-*")))
        wait_for("the standby", lambda: standby.sql("select pg_is_in_recovery()", expect=None) == "t")
        standby.kill()
        os.unlink(os.path.join(standby.data, "postmaster.pid"))
        self.assertTrue(glob.glob(os.path.join(standby.data, "tidemark.spool-*")))
        standby.start()
        standby.sql("select pg_promote()")
        standby.wait_promoted()
        standby.wait_archived(standby.switch())
        wait_for("the spool to be gone", lambda: not glob.glob(os.path.join(standby.data, "tidemark.spool-*")))

    def test_settings_are_found(self):
        """get without --sink: what the server was told is enough."""
        server = self.prepared()
        name = server.switch()
        server.wait_archived(name)
        tools.run(GET, "get", name, "pg_wal/RECOVERYXLOG", cwd=server.data)
        tools.run(GET, "get", "-D", server.data, name, self.path("elsewhere"))
        self.assertIn("--retry-for", tools.run(GET, "get", "--retry-for", "soon", name, "pg_wal/RECOVERYXLOG", cwd=server.data,
                                               expect=204).stderr)
        shutil.rmtree(self.archive)
        self.assertIn("no sink", tools.run(GET, "get", "--cluster", 7, "--segment-size", 16, name, self.path("x"), expect=204,
                                           cwd=self.dir).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
