#!/usr/bin/python3
"""Power cuts, for the archive that a real server writes: what its archiver asks of the kernel is recorded by strace, and
replayed into a disk that keeps only what was synced. See pg_tools.py, and tests/file/power_cut.h for the sink alone."""

import collections
import os
import re
import shutil
import signal
import subprocess
import unittest

import pg_tools as tools
from pg_tools import GET, wait_for

CALLS = "openat,write,fsync,mkdirat,linkat,rename,renameat,unlinkat"
LINE = re.compile(r"(\d+)\s+(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")
FILE = re.compile(r"(\d+)<([^>]*)>")

Event = collections.namedtuple("Event", "call text result")  # result None: it has only begun


def events_of(trace):
    """In the order in which they took effect. A call that others came between has two, its begin and its end."""
    begun, found = {}, []
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        thread, call, text, resumed, rest = match.groups()
        if resumed:
            call, text = begun.pop(thread, (resumed, ""))
            text += rest
        elif text.endswith("<unfinished ...>"):
            begun[thread] = (call, text.removesuffix("<unfinished ...>"))
            found.append(Event(call, begun[thread][1], None))
            continue
        elif call == "fsync":
            found.append(Event(call, text, None))
        result = re.search(r"\)\s+= (-?\d+)", text)
        found.append(Event(call, text, int(result[1]) if result else -1))
    return found


class Disk:
    """Data survives only an fsync of its file that began after it was written, a name only one of its directory."""

    def __init__(self, root):
        self.root = root
        self.unnamed = {}  # descriptor: file
        self.written, self.durable = collections.Counter(), collections.Counter()  # bytes by file
        self.names = collections.defaultdict(dict)  # directory: name to file, or to None, a directory
        self.kept = collections.defaultdict(dict)
        self.syncing = {}
        self.problems = []

    def apply(self, event):
        for file in FILE.finditer(event.text):
            if file[2].startswith(self.root):
                break
        else:
            return
        handler = getattr(self, "on_" + event.call, None)
        if handler:
            handler(event, file[2])

    def on_openat(self, event, _):
        if event.result is not None and event.result >= 0 and "O_TMPFILE" in event.text:
            opened = FILE.search(event.text, event.text.rindex(" = "))
            self.unnamed[opened[1]] = opened[2]
            self.written[opened[2]] = self.durable[opened[2]] = 0  # an inode's number comes again

    def on_write(self, event, file):
        if event.result is not None:
            self.written[file] += max(0, event.result)

    def on_fsync(self, event, file):
        if event.result is None:
            self.syncing[file] = (self.written[file], dict(self.names[file]))
        elif event.result == 0:
            size, names = self.syncing[file]
            self.durable[file] = max(self.durable[file], size)
            self.kept[file].update(names)

    def on_mkdirat(self, event, directory):
        if event.result == 0:
            self.names[directory][re.search(r'"([^"]*)"', event.text)[1]] = None

    def on_linkat(self, event, directory):
        if event.result != 0:
            return
        descriptor, name = re.search(r'"/proc/self/fd/(\d+)", [^"]*"([^"]*)"', event.text).groups()
        file = self.unnamed[descriptor]
        self.names[directory][name] = file
        if self.durable[file] < self.written[file]:
            self.problems.append(f"{name} may be seen without its data")

    def on_renameat(self, event, _):
        self.problems.append(f"{event.text}: nothing here is renamed")

    def on_unlinkat(self, event, _):
        if ".tidemark" not in event.text:  # what tries the directory out
            self.problems.append(f"{event.text}: nothing here is removed")

    def keeps(self, path):
        """The size of what is at this path after a cut; None: nothing is."""
        directory = self.root
        *folders, name = os.path.relpath(path, self.root).split("/")
        for folder in folders:
            if folder not in self.kept[directory]:
                return None
            directory += "/" + folder
        file = self.kept[directory].get(name)
        return None if file is None else self.durable[file]


class PowerCut(tools.Case):
    def recorded(self, **settings):
        """A server's archive, written under pgbench; the events, and where each file of PostgreSQL lies in it."""
        if shutil.which("strace") is None:
            self.skipTest("no strace")
        server = self.server(**settings)
        tools.run(f"{tools.PG_BIN}/pgbench", "-h", server.socket, "-U", "dba", "-i", "-q", "--unlogged-tables", "postgres")
        self.assertEqual(os.listdir(self.archive), [], "something is archived before it is recorded")
        trace = self.path("trace")
        recorder = subprocess.Popen(["strace", "-f", "-y", "-s0", "-e", "trace=" + CALLS, "-o", trace, "-p",
                                     str(wait_for("an archiver", server.archiver))], stderr=subprocess.PIPE, text=True)
        self.addCleanup(recorder.kill)
        if "attached" not in recorder.stderr.readline():
            self.skipTest("strace may not attach here")
        copies = {}
        load = subprocess.Popen([*tools.AS_USER, f"{tools.PG_BIN}/pgbench", "-h", server.socket, "-U", "dba", "-n", "-c", "2", "-T",
                                 "60", "postgres"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(load.kill)
        for number in range(6):
            name = server.switch()
            copies[name] = tools.digest(os.path.join(server.data, "pg_wal", name))
            if number == 3:
                server.backup(self.path("backup"))
        load.kill()
        load.wait()
        server.wait_archived(name)
        server.wait_all_archived()
        recorder.send_signal(signal.SIGINT)
        recorder.wait(60)
        recorder.stderr.close()
        self.cluster = tools.run(f"{tools.PG_BIN}/pg_controldata", server.data).stdout.split("system identifier:")[1].split()[0]
        server.kill()
        with open(trace, encoding="utf-8", errors="replace") as file:
            events = events_of(file.read())
        return events, {name: path for path in self.objects() for name in self.held_by(path)}, copies

    def objects(self):
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.archive) for name in names]

    def held_by(self, path):
        folder, name = os.path.split(path)
        return [held for held, _ in self.entries_of(folder, name, name.endswith(".zst"))]

    @staticmethod
    def told(event):
        """The name in the archive of what PostgreSQL takes for archived from this event on."""
        match = re.search(r'"[^"]*archive_status/([^"]*)\.done"', event.text) if event.call == "rename" and event.result == 0 else None
        if not match or ".backup" not in match[1]:
            return match[1] if match else None
        segment, offset, _ = match[1].split(".")
        number = int(segment[8:16], 16) * 256 + int(segment[16:], 16)
        return f"{segment[:8]}.backup.{number * (16 << 20) + int(offset, 16):X}"

    def replay(self, events, places, at_done=lambda disk, told: None):
        """Everything that a cut breaks, at any point: what was kept once stays, so looking at each promise is enough."""
        disk, told = Disk(self.archive), []
        for event in events:
            disk.apply(event)
            name = self.told(event)
            if name is None:
                continue
            told.append(name)
            if disk.keeps(places[name]) != os.path.getsize(places[name]):
                disk.problems.append(f"{name} was called archived, and a cut loses it")
            at_done(disk, told)
        return disk.problems, told

    def read_after_cut(self, disk, told, copies):
        """The tool reads what is left, whole."""
        left = self.path(f"left{len(told)}")
        for path in self.objects():
            size = disk.keeps(path)
            if size is None:
                continue
            to = os.path.join(left, os.path.relpath(path, self.archive))
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copyfile(path, to)
            os.truncate(to, size)
        for folder, folders, files in os.walk(left):
            for name in [folder, *(os.path.join(folder, one) for one in folders + files)]:
                os.chown(name, tools.UID, tools.GID)
        for name in told[-2:]:
            if name in copies:
                tools.run(GET, "get", "--sink", f"file://{left}", "--cluster", self.cluster, "--segment-size", 16, name, self.path("got"))
                self.assertEqual(tools.digest(self.path("got")), copies[name], name)
                os.unlink(self.path("got"))
        shutil.rmtree(left)

    def check(self, **settings):
        events, places, copies = self.recorded(**settings)
        problems, told = self.replay(events, places, lambda disk, so_far: self.read_after_cut(disk, so_far, copies))
        self.assertEqual(problems, [])
        self.assertLessEqual(set(copies), set(told))
        self.assertTrue(any(".backup." in name for name in told))
        # That it can fail: without the fsyncs of files, of their directories, of the levels above.
        levels = {self.archive, *(os.path.join(self.archive, name) for name in os.listdir(self.archive))}
        directories = {os.path.dirname(path) for path in self.objects()}
        for what in (lambda path: path not in levels | directories, directories.__contains__, levels.__contains__):
            fewer = [one for one in events if not (one.call == "fsync" and any(what(file[2]) for file in FILE.finditer(one.text)))]
            self.assertLess(len(fewer), len(events))
            self.assertNotEqual(self.replay(fewer, places)[0], [])

    def test_power_cut(self):
        self.check(tidemark__compress="none")

    def test_power_cut_compressed(self):
        self.check(tidemark__compress="zstd")


if __name__ == "__main__":
    unittest.main(verbosity=2)
