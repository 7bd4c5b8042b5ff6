#!/usr/bin/python3
"""ctypes_test.py PLUGIN: a host in a foreign runtime. Drives the whole way through ctypes alone: create, set_sink,
start, notify (also from inside acknowledge), restore, write_metrics, stop, destroy."""
import ctypes as c
import pathlib
import sys
import tempfile
import threading
import unittest

PLUGIN = sys.argv.pop(1)
OK, INVALID, NOT_FOUND = 0, 1, 3
ENTRIES = 64


class Str(c.Structure):
    _fields_ = [("data", c.c_char_p), ("size", c.c_size_t)]

    @classmethod
    def of(cls, text):
        data = text.encode()
        return cls(data, len(data))


class Error(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("sys_errno", c.c_int32), ("http_status", c.c_int32),
                ("retry_after_ms", c.c_uint32), ("code", c.c_char * 64), ("message", c.c_char * 512)]


class Option(c.Structure):
    _fields_ = [("key", Str), ("value", Str), ("flags", c.c_uint32), ("reserved", c.c_uint32)]


class Partition(c.Structure):
    _fields_ = [("storage", Str), ("id", c.c_uint64)]


class Entry(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("path", Str), ("lease", c.c_void_p)]


WRITE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_size_t)


class Writer(c.Structure):
    _fields_ = [("ctx", c.c_void_p), ("write", WRITE)]


LSN, ARCHIVER = c.c_uint64, c.c_void_p
ACQUIRE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Partition), LSN, c.POINTER(Entry), c.POINTER(Error))
RELEASE = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Partition), c.POINTER(Entry))
ACKNOWLEDGE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Partition), LSN, c.POINTER(Error))
LOG = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, Str, Str)


class Host(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("abi_minor", c.c_uint32), ("ctx", c.c_void_p),
                ("acquire_entry", ACQUIRE), ("release_entry", RELEASE), ("acknowledge", ACKNOWLEDGE),
                ("event", c.c_void_p), ("log", LOG)]


def function(*arguments, result=c.c_int32):
    return c.CFUNCTYPE(result, *arguments)


class Api(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32), ("abi_major", c.c_uint32), ("abi_minor", c.c_uint32), ("reserved", c.c_uint32),
        ("version", c.c_char_p),
        ("create", function(c.POINTER(Host), c.POINTER(Option), c.c_uint32, c.POINTER(ARCHIVER), c.POINTER(Error))),
        ("destroy", function(ARCHIVER, result=None)),
        ("set_sink", function(ARCHIVER, Str, c.POINTER(Option), c.c_uint32, c.c_void_p, c.POINTER(Error))),
        ("start", function(ARCHIVER, c.POINTER(Error))),
        ("stop", function(ARCHIVER, c.c_uint32, c.POINTER(Error))),
        ("notify", function(ARCHIVER, c.POINTER(Partition), LSN, LSN, c.POINTER(Error))),
        ("write_metrics", function(ARCHIVER, c.POINTER(Writer), c.POINTER(Error))),
        ("get_extension", function(ARCHIVER, c.c_char_p, result=c.c_void_p)),
    ]


class Readback(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("list", c.c_void_p), ("fetch", c.c_void_p),
        ("restore", function(ARCHIVER, c.POINTER(Partition), LSN, Str, c.c_void_p, c.POINTER(Error))),
    ]


class RoundTripTest(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.wal, self.sink, self.target = (pathlib.Path(work.name) / name for name in ("wal", "sink", "target"))
        self.wal.mkdir(), self.target.mkdir()

        library = c.CDLL(PLUGIN)
        library.tidemark_archiver_entry.restype = c.POINTER(Api)
        self.assertFalse(library.tidemark_archiver_entry(c.c_uint32(2)))
        self.api = library.tidemark_archiver_entry(c.c_uint32(1)).contents
        self.error = Error(struct_size=c.sizeof(Error))
        self.partition = Partition(Str.of("orders"), 7)
        self.archiver = ARCHIVER()
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
        out.contents.path = Str(path, len(path))
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
        log = LOG(lambda _ctx, level, component, message: self.lines.append((level, component.data, message.data)))
        host = Host(c.sizeof(Host), 0, None, ACQUIRE(self.acquire_entry), RELEASE(self.release_entry),
                    ACKNOWLEDGE(self.acknowledge), None, log)
        bad = (Option * 1)(Option(Str.of("workers"), Str.of("many")))
        self.assertEqual(self.api.create(host, bad, 1, self.archiver, self.error), INVALID)
        self.assertIn(b"workers", self.error.message)
        options = (Option * 2)(Option(Str.of("workers"), Str.of("2")), Option(Str.of("log_level"), Str.of("debug")))
        self.ok(self.api.create(host, options, 2, self.archiver, self.error))
        self.ok(self.api.set_sink(self.archiver, Str.of(f"file://{self.sink}"), None, 0, None, self.error))
        self.ok(self.api.start(self.archiver, self.error))
        self.commit(1)
        self.ok(self.api.notify(self.archiver, self.partition, 1, 1, self.error))
        self.assertTrue(self.done.wait(60), "no acknowledge of the last entry")

        text = bytearray()

        def append(_ctx, data, size):
            text.extend(c.string_at(data, size))
            return OK

        self.ok(self.api.write_metrics(self.archiver, Writer(None, WRITE(append)), self.error))
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
