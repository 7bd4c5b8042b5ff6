#!/usr/bin/python3
"""A storage engine in Python that archives its log with Tidemark, by ctypes alone.

    host.py PLUGIN DATA_DIR SINK_URL      e.g. host.py lib/tidemark/tidemark.so ./data file:///var/archive

Each run commits some entries, waits until all are archived, and prunes what it may. What stands above Archiver is
include/tidemark/archiver.h in ctypes, for other programs too."""
import ctypes as c
import os
import pathlib
import sys
import threading

OK, NOT_FOUND, RETRYABLE = 0, 3, 100
LOG_WARN = 2
EVENTS = {1: "are lost", 2: "are in conflict", 9: "are superseded"}  # the kinds that need a person


class Str(c.Structure):
    _fields_ = [("data", c.POINTER(c.c_char)), ("size", c.c_size_t)]

    @classmethod
    def of(cls, text):
        data = text.encode()
        view = cls(c.cast(c.c_char_p(data), c.POINTER(c.c_char)), len(data))
        view.kept = data  # as long as this object
        return view

    def text(self):
        return c.string_at(self.data, self.size).decode(errors="replace")


class Error(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("sys_errno", c.c_int32), ("http_status", c.c_int32),
                ("retry_after_ms", c.c_uint32), ("code", c.c_char * 64), ("message", c.c_char * 512)]


class Option(c.Structure):
    _fields_ = [("key", Str), ("value", Str), ("flags", c.c_uint32), ("reserved", c.c_uint32)]


class Partition(c.Structure):
    _fields_ = [("storage", Str), ("id", c.c_uint64)]


class Entry(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32), ("path", Str), ("lease", c.c_void_p)]


class Event(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("kind", c.c_int32), ("partition", Partition), ("first", c.c_uint64),
                ("last", c.c_uint64), ("status", c.c_int32), ("attempt", c.c_uint32), ("error", c.POINTER(Error))]


LSN, ARCHIVER = c.c_uint64, c.c_void_p
ACQUIRE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Partition), LSN, c.POINTER(Entry), c.POINTER(Error))
RELEASE = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Partition), c.POINTER(Entry))
ACKNOWLEDGE = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Partition), LSN, c.POINTER(Error))
EVENT = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Event))
LOG = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, Str, Str)


class Host(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("abi_minor", c.c_uint32), ("ctx", c.c_void_p),
                ("acquire_entry", ACQUIRE), ("release_entry", RELEASE), ("acknowledge", ACKNOWLEDGE),
                ("event", EVENT), ("log", LOG)]


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
        ("write_metrics", function(ARCHIVER, c.c_void_p, c.POINTER(Error))),
        ("get_extension", function(ARCHIVER, c.c_char_p, result=c.c_void_p)),
    ]


def load(plugin):
    """The plugin's table of functions. DEEPBIND, because Python may have brought another OpenSSL."""
    library = c.CDLL(plugin, mode=os.RTLD_NOW | os.RTLD_LOCAL | os.RTLD_DEEPBIND)
    if not hasattr(library, "tidemark_archiver_entry"):
        raise OSError(f"{plugin} is not an archiver")
    library.tidemark_archiver_entry.restype = c.POINTER(Api)
    library.tidemark_archiver_entry.argtypes = [c.c_uint32]
    table = library.tidemark_archiver_entry(1)
    if not table:
        raise OSError(f"{plugin} does not speak this host's version of the ABI")
    return table.contents


class Archiver:
    """The plugin, started. `engine` has entry_path(partition, lsn) and acknowledge(partition, lsn), which are called on
    the plugin's threads, many at a time. notify is for any thread, the rest for one at a time."""

    def __init__(self, plugin, lineage_file, sink_url, engine):
        self.engine = engine
        self.lock = threading.Lock()
        self.leases, self.next_lease = {}, 1
        self.api = load(plugin)
        # As long as the archiver lives: ctypes would free them with their last reference.
        self.table = Host(c.sizeof(Host), 0, None, ACQUIRE(self._acquire), RELEASE(self._release),
                          ACKNOWLEDGE(self._acknowledge), EVENT(self._event), LOG(self._log))
        self.archiver = ARCHIVER()
        names = [("lineage_file", lineage_file), ("log_level", "warn")]
        texts = [(Str.of(key), Str.of(value)) for key, value in names]
        options = (Option * len(texts))(*(Option(key, value) for key, value in texts))
        self._call(self.api.create, self.table, options, len(options), self.archiver)
        try:
            self._call(self.api.set_sink, self.archiver, Str.of(sink_url), None, 0, None)
            self._call(self.api.start, self.archiver)
        except OSError:
            self.api.destroy(self.archiver)
            raise

    @staticmethod
    def _call(call, *arguments):
        error = Error(struct_size=c.sizeof(Error))
        status = call(*arguments, error)
        if status != OK:
            raise OSError(f"{error.message.decode(errors='replace')} (status {status})")

    def notify(self, storage, partition, low, high):
        name = Str.of(storage)
        self._call(self.api.notify, self.archiver, Partition(name, partition), low, high)

    def close(self, drain_ms=1000):
        """Afterwards the engine is not called any more."""
        try:
            self._call(self.api.stop, self.archiver, drain_ms)
        finally:
            self.api.destroy(self.archiver)

    @staticmethod
    def _failed(problem, error):
        if error:  # may be NULL
            error.contents.message = str(problem).encode(errors="replace")[:511]
        return RETRYABLE

    # What a callback raises ctypes prints, and returns 0, which is OK: so nothing may leave them.
    def _acquire(self, _ctx, partition, lsn, out, error):
        try:
            path = os.fsencode(self.engine.entry_path(partition.contents.id, lsn))
            if not os.path.lexists(path):
                return NOT_FOUND
            view = Str(c.cast(c.c_char_p(path), c.POINTER(c.c_char)), len(path))
            with self.lock:
                lease, self.next_lease = self.next_lease, self.next_lease + 1
                self.leases[lease] = path  # keeps the bytes alive
            out.contents.path, out.contents.lease = view, lease
            return OK
        except Exception as problem:  # pylint: disable=broad-except
            return self._failed(problem, error)

    def _release(self, _ctx, _partition, entry):
        with self.lock:
            self.leases.pop(entry.contents.lease, None)

    def _acknowledge(self, _ctx, partition, lsn, error):
        try:
            self.engine.acknowledge(partition.contents.id, lsn)
            return OK
        except Exception as problem:  # pylint: disable=broad-except
            return self._failed(problem, error)  # it is said again, later

    @staticmethod
    def _event(_ctx, event):
        found = event.contents
        if found.kind in EVENTS:
            reason = ": " + found.error.contents.message.decode(errors="replace") if found.error else ""
            print(f"host: a person is needed: {found.partition.storage.text()}/{found.partition.id} "
                  f"{found.first}..{found.last} {EVENTS[found.kind]}{reason}", file=sys.stderr)

    @staticmethod
    def _log(_ctx, level, component, message):
        if level >= LOG_WARN:
            print(f"host: {component.text()}: {message.text()}", file=sys.stderr)


STORAGE, PARTITION, ENTRIES_PER_RUN = "orders", 7, 5


def write_durably(path, data):
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Engine:
    """Entries are the files DATA_DIR/<LSN>; what was acknowledged stands beside them."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory).resolve(strict=True)
        self.position_file = self.directory / "acknowledged"
        self.changed = threading.Condition()
        self.acknowledged = int(self.position_file.read_text()) if self.position_file.exists() else 0
        self._prune(self.acknowledged)
        self.newest = max([self.acknowledged, *self._entries()])

    def _entries(self):
        return [int(path.name) for path in self.directory.iterdir() if path.name.isdigit()]

    def _prune(self, lsn):
        for old in self._entries():
            if old <= lsn:
                self.entry_path(PARTITION, old).unlink()

    def entry_path(self, _partition, lsn):
        return self.directory / str(lsn)

    def commit(self):
        write_durably(self.entry_path(PARTITION, self.newest + 1), b"payload of entry %d\n" % (self.newest + 1))
        self.newest += 1

    def acknowledge(self, _partition, lsn):
        """First the position, then the entries: a log that begins later than anybody knows would be a gap."""
        with self.changed:
            if lsn <= self.acknowledged:
                return
            write_durably(self.position_file, b"%d\n" % lsn)
            self.acknowledged = lsn
            self._prune(lsn)
            self.changed.notify_all()

    def wait(self, limit_s):
        with self.changed:
            if not self.changed.wait_for(lambda: self.acknowledged >= self.newest, limit_s):
                raise TimeoutError(f"entry {self.newest} was not acknowledged within {limit_s} s")


def main():
    if len(sys.argv) != 4:
        print("usage: host.py PLUGIN DATA_DIR SINK_URL", file=sys.stderr)
        return 2
    _, plugin, directory, sink_url = sys.argv
    try:
        engine = Engine(directory)
        archiver = Archiver(plugin, str(engine.directory / "lineage"), sink_url, engine)
        try:
            low = engine.acknowledged + 1
            archiver.notify(STORAGE, PARTITION, low, engine.newest)  # at start: all that is still there
            for _ in range(ENTRIES_PER_RUN):
                engine.commit()
                archiver.notify(STORAGE, PARTITION, low, engine.newest)
            engine.wait(30)
        finally:
            archiver.close()
    except (OSError, ValueError) as problem:
        print(f"host: {problem}", file=sys.stderr)
        return 1
    print(f"archived up to {engine.newest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
