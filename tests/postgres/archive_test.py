#!/usr/bin/python3
"""Archiving by a real server: what it hands over is in the archive, whatever fails meanwhile. See pg_tools.py."""

import os
import shutil
import subprocess
import time
import unittest
import urllib.parse

import pg_tools as tools
from pg_tools import PG_BIN, wait_for

KILLS = int(os.environ.get("TIDEMARK_PG_KILLS", "3"))


class Archive(tools.Case):
    def check_copies(self, copies):
        held = self.archived()
        for name, digest in copies.items():
            self.assertEqual(held.get(name), digest, name)
        self.assertEqual(self.gaps(), [])
        numbers = sorted(int(name[8:16], 16) * 256 + int(name[16:24], 16) for name in held
                         if len(name) == 24 and name.startswith("00000001"))
        self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)), "a segment is missing")

    def test_segments_and_small_files(self):
        server = self.server(tidemark__metrics_file=self.path("metrics"))
        copies = {}
        for _ in range(8):
            name = server.copy_of_switched(copies)
        server.wait_archived(name)
        server.backup(self.path("backup"))
        server.wait_all_archived()
        self.check_copies(copies)
        self.assertEqual(sum(".backup." in name for name in self.archived()), 1)
        wait_for("metrics", lambda: os.path.exists(self.path("metrics")) and os.path.getsize(self.path("metrics")))
        self.assertEqual(os.stat(self.path("metrics")).st_mode & 0o777, 0o644)
        self.assertLess(server.stop(), tools.STOP_S)
        self.assertNotIn("tidemark: core", server.said())

    def test_preloaded(self):
        """In the postmaster nothing begins: no thread, no archiver; its settings are the postmaster's then."""
        server = self.server(shared_preload_libraries=f"{tools.MODULES}/tidemark_archive.so")
        self.assertEqual(len(os.listdir(f"/proc/{server.process.pid}/task")), 1)
        server.wait_archived(server.switch())
        self.assertEqual(len(os.listdir(f"/proc/{server.process.pid}/task")), 1)
        self.assertEqual(server.sql("select context from pg_settings where name = 'tidemark.plugin'"), "postmaster")
        self.assertEqual(server.sql("select context from pg_settings where name = 'tidemark.sink'"), "sighup")
        self.assertLess(server.stop(), tools.STOP_S)

    def sizes(self, segment_mib, **settings):
        server = self.server(segment_mib=segment_mib, **settings)
        copies = {}
        for _ in range(5):
            name = server.copy_of_switched(copies)
        wait_for("all of them", lambda: set(copies) <= set(self.archived()))
        held = self.archived()
        self.assertEqual({name: held.get(name) for name in copies}, copies)
        server.wait_all_archived()
        self.assertLess(server.stop(), tools.STOP_S)

    def test_segments_of_1_mib_in_batches(self):
        self.sizes(1, tidemark__batch_entries=16)

    def test_segments_of_64_mib(self):
        self.sizes(64, max_wal_size="256MB", min_wal_size="128MB")

    def killed(self, kill, kills):
        server = self.server()
        server.prepare_pgbench()
        copies = {}
        for round_number in range(kills):
            load = server.pgbench(30)
            for _ in range(3):
                last = server.copy_of_switched(copies)
            time.sleep(0.02 * (round_number % 7))  # somewhere in mid-put
            kill(server)
            load.kill()
            load.wait()
            wait_for("the server", server.is_ready)
        last = server.copy_of_switched(copies)
        wait_for("everything", lambda: last not in server.status(".ready"), 180)
        server.wait_all_archived()
        self.check_copies(copies)
        self.assertLess(server.stop(), tools.STOP_S)
        self.check_copies(copies)
        return server

    def objects(self):
        return sum(len(names) for _, _, names in os.walk(self.archive))

    def kill_archiver(self, server):
        """While it works. PostgreSQL takes up to a minute to start another."""
        pid = wait_for("an archiver", server.archiver, 120)
        before = self.objects()
        server.switch()  # all that was there may be archived already
        wait_for("it to put something", lambda: server.archiver() != pid or self.objects() > before)
        server.end_archiver(pid)

    def test_archiver_killed(self):
        self.killed(self.kill_archiver, KILLS)

    def test_server_killed(self):
        self.killed(tools.Server.crash, KILLS)

    def test_pg_receivewal_beside_it(self):
        """What another receives by streaming and what the archive gives back are the same bytes, segment for segment."""
        server, received = self.server(), self.make_sink("received")
        server.prepare_pgbench()
        words = [f"{PG_BIN}/pg_receivewal", "-h", server.socket, "-U", "dba", "-D", received, "--slot", "beside"]
        tools.run(*words, "--create-slot")
        receiver = subprocess.Popen([*tools.AS_USER, *words, "--no-loop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(receiver.kill)
        wait_for("it to stream", lambda: server.sql("select active from pg_replication_slots where slot_name = 'beside'") == "t")
        load = server.pgbench(60)
        for _ in range(6):
            time.sleep(0.3)
            last = server.switch()
        load.kill()
        load.wait()
        wait_for(f"{last} to be received", lambda: last in os.listdir(received))
        receiver.terminate()
        receiver.wait(60)
        server.wait_archived(last)
        server.wait_all_archived()
        whole = sorted(name for name in os.listdir(received) if len(name) == 24 and name <= last)
        self.assertGreaterEqual(len(whole), 6)
        for name in whole:
            tools.run(tools.GET, "get", "-D", server.data, name, self.path("got"))
            with open(self.path("got"), "rb") as got, open(os.path.join(received, name), "rb") as other:
                self.assertTrue(got.read() == other.read(), f"{name} differs")
            os.unlink(self.path("got"))
        self.assertLess(server.stop(), tools.STOP_S)

    def test_conflict_is_refused_by_content(self):
        server = self.server()
        server.wait_archived(server.switch())
        self.assertLess(server.stop(), tools.STOP_S)
        clone = tools.Server(self, "clone")
        shutil.copytree(server.data, clone.data)
        self.own(clone.data)
        clone.configure(unix_socket_directories=clone.socket)
        server.start()
        server.wait_archived(server.switch())
        clone.start()
        clone.sql("create table other(i int); insert into other select generate_series(1, 1000)")
        name = clone.switch()
        wait_for("the conflict", lambda: "two servers write timeline 1: " + name in clone.said())
        self.assertIn(name, clone.status(".ready"))
        self.assertLess(clone.stop(), tools.STOP_S)
        server.wait_archived(server.switch())

    def own(self, path):
        for folder, folders, files in os.walk(path):
            for name in [folder, *(os.path.join(folder, one) for one in folders + files)]:
                os.chown(name, tools.UID, tools.GID)

    def test_sink_down(self):
        server = self.server(tidemark__compress="none")
        server.wait_archived(server.switch())
        os.rename(self.archive, self.archive + ".away")
        copies = {}
        for _ in range(3):
            name = server.copy_of_switched(copies)
        wait_for("a warning", lambda: "is not archived" in server.said())
        self.assertEqual(set(copies) - server.status(".ready"), set())
        begin = time.monotonic()
        server.sql("create database gone")
        server.sql("drop database gone")
        self.assertLess(time.monotonic() - begin, tools.STOP_S)
        self.assertLess(server.stop(), tools.STOP_S)
        os.rename(self.archive + ".away", self.archive)
        server.start()
        server.wait_archived(name)
        self.check_copies(copies)

    def test_no_space(self):
        server = self.server()
        server.wait_archived(server.switch())
        place = urllib.parse.quote(self.sink, safe="")
        server.configure(tidemark__sink=f"faulty:///?of={place}&no_space_rate=1")
        server.reload()
        wait_for("the full sink", lambda: server.switch() and "new sink is at work" in server.said())
        copies = {}
        for _ in range(3):
            name = server.copy_of_switched(copies)
        wait_for("a warning", lambda: "is not archived" in server.said())
        self.assertEqual(set(copies) - server.status(".ready"), set())
        self.assertLess(server.stop(), tools.STOP_S)
        server.configure(tidemark__sink=self.sink)
        server.start()
        server.wait_archived(name)
        self.check_copies(copies)

    def slow_sink(self, server):
        """From now on each call to the sink takes 8 s: nothing fails, and nothing is finished for long."""
        place = urllib.parse.quote(self.sink, safe="")
        server.configure(tidemark__sink=f"faulty:///?of={place}&delay_ms=8s")
        server.reload()
        wait_for("the slow sink", lambda: server.switch() and "new sink is at work" in server.said(), 120)

    def test_drop_database_during_a_wait(self):
        """The archiver waits, and takes part in barriers."""
        server = self.server(tidemark__timeout="30s")
        server.wait_archived(server.switch())
        server.sql("create database gone")
        self.slow_sink(server)
        name = server.switch()
        begin = time.monotonic()
        server.sql("drop database gone")
        took_s = time.monotonic() - begin
        self.assertIn(name, server.status(".ready"))
        self.assertLess(took_s, tools.BARRIER_S)
        server.kill()

    def test_fast_stop_with_a_slow_sink(self):
        server = self.server()
        server.wait_archived(server.switch())
        self.slow_sink(server)
        last = server.switch()
        self.assertLess(server.stop(), tools.STOP_S)
        self.assertIn(last, server.status(".ready"))
        server.configure(tidemark__sink=self.sink)
        server.start()
        server.wait_archived(last)
        self.assertEqual(self.gaps(), [])

    def test_lineage_file_travels(self):
        """With tidemark.lineage = on a copy that another server has overtaken is refused, and says how to go on."""
        server = self.server(tidemark__lineage="on")
        server.wait_archived(server.switch())
        server.stop()
        self.assertTrue(os.path.exists(os.path.join(server.data, "tidemark.lineage")))
        clone = tools.Server(self, "clone")
        shutil.copytree(server.data, clone.data)
        self.own(clone.data)
        clone.configure(unix_socket_directories=clone.socket)
        server.start()
        server.wait_archived(server.switch())
        clone.start()
        name = clone.switch()
        wait_for("the refusal", lambda: "another server has taken over" in clone.said())
        self.assertIn(name, clone.status(".ready"))
        self.assertLess(clone.stop(), tools.STOP_S)

    def test_swap_of_sink(self):
        server = self.server()
        server.wait_archived(server.switch())
        server.configure(tidemark__sink="file:///no/such/directory")
        server.reload()
        wait_for("the warning", lambda: server.switch() and "stays at work" in server.said())
        other = self.make_sink("other")
        server.configure(tidemark__sink=f"file://{other}")
        server.reload()
        wait_for("the new sink", lambda: server.switch() and "new sink is at work" in server.said())
        name = server.switch()
        server.wait_archived(name)
        wait_for("it to be there", lambda: name in self.archived(other))
        server.wait_all_archived()
        held = set(self.archived()) | set(self.archived(other))
        numbers = sorted(int(one[16:24], 16) for one in held if len(one) == 24)
        self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))
        self.assertLess(server.stop(), tools.STOP_S)

    def test_return_to_an_earlier_sink(self):
        """What the earlier one lacks is told at the switch, with the command that brings it."""
        server = self.server()
        server.wait_archived(server.switch())
        other = self.make_sink("other")

        def change(sink):
            count = server.said().count("new sink is at work")
            server.configure(tidemark__sink=sink)
            server.reload()
            wait_for("the change", lambda: server.switch() and server.said().count("new sink is at work") > count)
            name = server.switch()
            server.wait_archived(name)
            return name
        change(f"file://{other}")
        between = [server.switch() for _ in range(3)]
        server.wait_archived(between[-1])
        self.assertNotIn(" lacks ", server.said())
        last = change(self.sink)
        wait_for("the warning", lambda: f"WARNING:  tidemark: the sink {self.sink} lacks " in server.said())
        command = f"tidemark copy file://{other} {self.sink}"
        self.assertIn(command, server.said())
        wait_for("it to be there", lambda: last in self.archived())
        self.assertEqual(set(between) & set(self.archived()), set())
        tools.run(f"{tools.PROGRAMS}/tidemark", *command.split()[1:])
        numbers = sorted(int(one[16:24], 16) for one in self.archived() if len(one) == 24)
        self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))

    def test_bad_settings_on_reload(self):
        """Each is told with name, value and reason, and the old one stays."""
        server = self.server()
        server.wait_archived(server.switch())
        pid = server.archiver()
        bad = {"workers": ("999", "from 1 to 256"), "inflight": ("0", "from 1 to 64"), "ahead": ("x", "no number"),
               "batch_entries": ("5000", "from 1 to 4096"), "timeout": ("1ms", "from 200ms"), "memory": ("1MB", "from 16384kB"),
               "compress": ("gzip", "one of none"), "log_level": ("loud", "one of debug"), "lineage": ("perhaps", "on or off"),
               "metrics_file": ("/no/such/metrics", ""), "sink_options_file": ("/no/such/options", "")}
        for name, (value, reason) in bad.items():
            server.configure(**{f"tidemark__{name}": value})
        server.reload()
        for name, (value, reason) in bad.items():
            wait_for(f"a warning of {name}", lambda: server.switch() and any(
                "WARNING:  tidemark: tidemark." + name in line and value in line and reason in line
                for line in server.said().splitlines()))
        said = tools.run(tools.GET, "check", "-D", server.data, expect=1).stdout
        for name, (value, reason) in bad.items():
            self.assertTrue(any(line.startswith(f"WRONG    tidemark.{name} = \"{value}\": ") and reason in line
                                for line in said.splitlines()), (name, said))
        server.wait_archived(server.switch())
        self.assertEqual(server.archiver(), pid)
        for name in ("sink", "plugin"):
            server.configure(tidemark__sink_options_file="", **{f"tidemark__{name}": "/no/such/" + name})
            server.reload()
            wait_for(f"a warning of {name}", lambda: server.switch() and any(
                f"tidemark.{name} = \"/no/such/{name}\": " in line and "stays at work" in line
                for line in server.said().splitlines()))
        server.wait_archived(server.switch())

    def test_files_of_another_cluster(self):
        other = tools.Server(self, "other").initialize().archive_to(self.sink).start()
        strange = other.switch()
        other.wait_archived(strange)
        other.stop()
        server = self.server()
        first = server.switch()
        server.wait_archived(first)
        # What an operator may do by mistake: a file of the other one, offered here.
        name = "000000010000000000000099"
        source = os.path.join(other.data, "pg_wal")
        shutil.copy(os.path.join(source, sorted(one for one in os.listdir(source) if len(one) == 24)[0]),
                    os.path.join(server.data, "pg_wal", name))
        open(os.path.join(server.data, "pg_wal", "archive_status", name + ".ready"), "w", encoding="ascii").close()
        self.own(os.path.join(server.data, "pg_wal"))
        server.switch()
        wait_for("the refusal", lambda: "with system identifier" in server.said())
        os.unlink(os.path.join(server.data, "pg_wal", "archive_status", name + ".ready"))
        os.unlink(os.path.join(server.data, "pg_wal", name))
        self.assertNotIn(name, self.archived())

    def test_late_ready_and_ready_again(self):
        server = self.server()
        names = [server.switch() for _ in range(4)]
        server.wait_archived(names[-1])
        server.wait_all_archived()
        status = os.path.join(server.data, "pg_wal", "archive_status")
        kept = [name for name in names if os.path.exists(os.path.join(status, name + ".done"))]
        for name in kept:
            os.rename(os.path.join(status, name + ".done"), os.path.join(status, name + ".ready"))
        server.switch()
        server.wait_all_archived()
        server.stop()
        for name in [one for one in kept if os.path.exists(os.path.join(status, one + ".done"))]:
            os.rename(os.path.join(status, name + ".done"), os.path.join(status, name + ".ready"))
        server.start()
        server.wait_all_archived()
        self.assertEqual(self.gaps(), [])
        self.assertNotIn("gap", server.said())


if __name__ == "__main__":
    unittest.main(verbosity=2)
