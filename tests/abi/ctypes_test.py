#!/usr/bin/python3
"""ctypes_test.py PLUGIN: a host in a foreign runtime. Drives the whole way through ctypes alone: create, set_sink,
start, notify (also from inside acknowledge), restore, write_metrics, stop, destroy."""
import ctypes as c
import pathlib
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "abi/examples"))
import host  # pylint: disable=wrong-import-position
from host import Entry, Error, Option, Partition, Str  # pylint: disable=wrong-import-position

PLUGIN = sys.argv.pop(1)
OK, INVALID, NOT_FOUND = 0, 1, 3
ENTRIES = 64


WRITE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_size_t)


class Writer(c.Structure):
    _fields_ = [("ctx", c.c_void_p), ("write", WRITE)]


class Readback(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("list", c.c_void_p), ("fetch", c.c_void_p),
        ("restore", host.function(host.ARCHIVER, c.POINTER(host.Partition), host.LSN, host.Str, c.c_void_p,
                                  c.POINTER(host.Error))),
    ]


class RoundTripTest(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.wal, self.sink, self.target = (pathlib.Path(work.name) / name for name in ("wal", "sink", "target"))
        self.wal.mkdir(), self.target.mkdir()

        library = c.CDLL(PLUGIN)
        library.tidemark_archiver_entry.restype = c.POINTER(host.Api)
        self.assertFalse(library.tidemark_archiver_entry(c.c_uint32(2)))
        self.api = library.tidemark_archiver_entry(c.c_uint32(1)).contents
        self.error = Error(struct_size=c.sizeof(Error))
        self.partition = Partition(Str.of("orders"), 7)
        self.archiver = host.ARCHIVER()
        self.leases, self.released, self.threads, self.lines, self.problems = {}, 0, set(), [], []
        self.lock, self.done = threading.Lock(), threading.Event()

    def ok(self, status):
        self.assertEqual(status, OK, self.error.message)

    def commit(self, lsn):
        (self.wal / str(lsn)).write_bytes(b"payload %d" % lsn)

    # Callbacks: what they find wrong is collected, an exception would vanish inside ctypes.
    def acquire_entry(self, _ctx, partition, lsn, out, _error):
        path = str(self.wal / str(lsn)).encode()
        if not pathlib.Path(path.decode()).exists():
            return NOT_FOUND
        if out.contents.struct_size < c.sizeof(Entry) or partition.contents.id != 7:
            self.problems.append("acquire_entry got other arguments than expected")
        with self.lock:
            self.leases[lsn] = path  # keeps the bytes alive
        out.contents.path = Str(c.cast(c.c_char_p(path), c.POINTER(c.c_char)), len(path))
        out.contents.lease = lsn
        return OK

    def release_entry(self, _ctx, _partition, entry):
        with self.lock:
            self.released += 1
            if self.leases.pop(entry.contents.lease, None) is None:
                self.problems.append(f"entry {entry.contents.lease} was not on loan")

    def acknowledge(self, _ctx, _partition, lsn, _error):
        self.threads.add(threading.get_ident())
        if lsn >= ENTRIES:
            self.done.set()
            return OK
        self.commit(lsn + 1)  # the next entry is committed and notified from inside the callback
        status = self.api.notify(self.archiver, self.partition, 1, lsn + 1, None)
        if status != OK:
            self.problems.append(f"notify from inside acknowledge: {status}")
        return OK

    def test_round_trip(self):
        log = host.LOG(lambda _ctx, level, component, message: self.lines.append((level, component.text(), message.text())))
        table = host.Host(c.sizeof(host.Host), 0, None, host.ACQUIRE(self.acquire_entry), host.RELEASE(self.release_entry),
                          host.ACKNOWLEDGE(self.acknowledge), host.EVENT(), log)
        bad = (Option * 1)(Option(Str.of("workers"), Str.of("many")))
        self.assertEqual(self.api.create(table, bad, 1, self.archiver, self.error), INVALID)
        self.assertIn(b"workers", self.error.message)
        options = (Option * 2)(Option(Str.of("workers"), Str.of("2")), Option(Str.of("log_level"), Str.of("debug")))
        self.ok(self.api.create(table, options, 2, self.archiver, self.error))
        self.ok(self.api.set_sink(self.archiver, Str.of(f"file://{self.sink}"), None, 0, None, self.error))
        self.ok(self.api.start(self.archiver, self.error))
        self.commit(1)
        self.ok(self.api.notify(self.archiver, self.partition, 1, 1, self.error))
        self.assertTrue(self.done.wait(60), "no acknowledge of the last entry")

        text = bytearray()

        def append(_ctx, data, size):
            text.extend(c.string_at(data, size))
            return OK

        self.ok(self.api.write_metrics(self.archiver, c.byref(Writer(None, WRITE(append))), self.error))
        self.assertIn(b"# TYPE ", text)

        readback = c.cast(self.api.get_extension(self.archiver, b"tidemark.readback/1"), c.POINTER(Readback)).contents
        for lsn in (1, ENTRIES // 2, ENTRIES):
            self.ok(readback.restore(self.archiver, self.partition, lsn, Str.of(str(self.target)), None, self.error))
        self.assertEqual(sorted(path.read_bytes() for path in self.target.iterdir()),
                         sorted(b"payload %d" % lsn for lsn in (1, ENTRIES // 2, ENTRIES)))

        self.ok(self.api.stop(self.archiver, 1000, self.error))
        self.api.destroy(self.archiver)
        self.assertEqual(self.problems, [])
        self.assertEqual(self.leases, {}, "every entry on loan was given back")
        self.assertGreaterEqual(self.released, ENTRIES)
        self.assertNotIn(threading.get_ident(), self.threads, "acknowledge runs on the plugin's threads")
        self.assertTrue(self.lines, "log_level=debug logs something")
        self.assertEqual(len(list(self.sink.glob("orders/7/*.tar"))), ENTRIES)


if __name__ == "__main__":
    unittest.main()
