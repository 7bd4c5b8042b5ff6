"""Real PostgreSQL servers in temporary directories: sockets only, as an ordinary user. PG_BIN names the server's
programs, TIDEMARK_MODULES where tidemark_archive.so, tidemark.so and the sinks lie, TIDEMARK_BIN the programs."""

import contextlib
import hashlib
import io
import os
import pwd
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import unittest

PG_BIN = os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin")
MODULES = os.environ.get("TIDEMARK_MODULES", "/usr/local/lib/tidemark")
PROGRAMS = os.environ.get("TIDEMARK_BIN", "/usr/local/bin")
GET = os.path.join(PROGRAMS, "tidemark-postgres")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def unprivileged():
    """Words that run a program as an ordinary user, and that user's ids; servers refuse to run as root."""
    if os.geteuid() != 0:
        return [], os.geteuid(), os.getegid()
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user.pw_uid, user.pw_gid


AS_USER, UID, GID = unprivileged() if os.path.exists(os.path.join(PG_BIN, "postgres")) else ([], 0, 0)


def run(*words, expect=0, cwd="/", limit_s=300, env=None):
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "AWS_EC2_METADATA_DISABLED": "true", **(env or {})}
    done = subprocess.run([*AS_USER, *(str(word) for word in words)], capture_output=True, text=True, timeout=limit_s,
                          cwd=cwd, env=environment, stdin=subprocess.DEVNULL)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{words}\nexit code {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}")
    return done


# 15 s and 1 s are the promise, the rest is for a busy machine: who waits for the sink takes a minute or more, and who
# takes no part in barriers the 30 s of a try.
STOP_S, BARRIER_S = 45, 20


def wait_for(what, condition, limit_s=180):
    """Waits for what a test asserts; only a hang ends it."""
    end = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit_s} s for {what}")
        time.sleep(0.05)
    return value


def lsn_of(text):
    return int(text, 36)


class Server:
    """One data directory and the server that runs in it."""

    def __init__(self, case, name, data=None):
        self.case, self.name = case, name
        self.data = data or case.path(name)
        self.socket = case.path("s-" + name)
        self.log = case.path(name + ".log")
        self.process = None
        os.makedirs(self.socket, exist_ok=True)
        os.chown(self.socket, UID, GID)
        case.addCleanup(self.kill)

    def initialize(self, segment_mib=16):
        run(f"{PG_BIN}/initdb", "-D", self.data, "-A", "trust", "-U", "dba", "--no-sync", "--no-locale", "-E", "UTF8",
            f"--wal-segsize={segment_mib}")
        return self

    def configure(self, **settings):
        """Appends to postgresql.conf; later lines win. Dots are written as two underscores."""
        lines = "".join(f"{key.replace('__', '.')} = '{value}'\n" for key, value in settings.items())
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.write(lines)
        return self

    def archive_to(self, sink, **settings):
        sizes = {"max_wal_size": "64MB", "min_wal_size": "32MB"}
        settings = {**sizes, **settings}
        return self.configure(
            listen_addresses="", unix_socket_directories=self.socket, fsync="off", shared_buffers="16MB", max_connections=20, autovacuum="off", archive_mode="on",
            wal_recycle="off",  # a test that reads a segment does not read the next one
            archive_library=f"{MODULES}/tidemark_archive.so", tidemark__sink=sink, log_line_prefix="%m [%b] ",
            **settings)

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*AS_USER, f"{PG_BIN}/postgres", "-D", self.data], stdout=log, stderr=log,
                                            cwd="/", stdin=subprocess.DEVNULL)
        if wait:
            wait_for(f"{self.name} to accept connections", self.is_ready)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}\n{self.said()[-3000:]}")
        return run(f"{PG_BIN}/pg_isready", "-h", self.socket, "-q", expect=None).returncode == 0

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def sql(self, statement, database="postgres", expect=0):
        done = run(f"{PG_BIN}/psql", "-h", self.socket, "-U", "dba", "-d", database, "-XAtqc", statement, expect=expect)
        return done.stdout.strip()

    def reload(self):
        os.kill(self.process.pid, signal.SIGHUP)

    def stop(self, how=signal.SIGINT, limit_s=120):
        """A fast stop by default."""
        begin = time.monotonic()
        os.kill(self.process.pid, how)
        self.process.wait(limit_s)
        return time.monotonic() - begin

    def kill(self):
        """The whole server at once, as if the machine had stopped."""
        if self.process is None or self.process.poll() is not None:
            return
        family = [self.process.pid, *self.children()]
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)
        for pid in family[1:]:
            wait_for(f"process {pid} to end", lambda one=pid: not os.path.exists(f"/proc/{one}"))

    def children(self):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
                return [int(pid) for pid in file.read().split()]
        return []

    def archiver(self):
        for pid in self.children():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if b"archiver" in file.read():
                        return pid
        return None

    def switch(self):
        """Ends the segment at work, and gives its name."""
        return self.sql("create table if not exists tick(i int); insert into tick values (1); "
                        "select pg_walfile_name(pg_switch_wal())").splitlines()[-1]

    def copy_of_switched(self, copies):
        """Notes the digest of the segment at work, taken after it is full; not if it is archived and removed already."""
        name = self.switch()
        with contextlib.suppress(FileNotFoundError):
            copies[name] = digest(os.path.join(self.data, "pg_wal", name))
        return name

    def prepare_pgbench(self):
        run(f"{PG_BIN}/pgbench", "-h", self.socket, "-U", "dba", "-i", "-q", "postgres")
        return self

    def pgbench(self, seconds, rate=None):
        """`rate`: transactions a second, at most."""
        load = subprocess.Popen([*AS_USER, f"{PG_BIN}/pgbench", "-h", self.socket, "-U", "dba", "-n", "-c", "4",
                                 *(["-R", str(rate)] if rate else []), "-T", str(seconds), "postgres"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.case.addCleanup(load.kill)
        return load

    def end_archiver(self, pid):
        """The server ends all others then, and begins again; a moment later, so that it may still answer before."""
        begun = self.said().count("reinitializing")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            wait_for("the server to begin again", lambda: self.said().count("reinitializing") > begun)
        wait_for("the server to be there again", lambda: self.sql("select 1", expect=None) == "1")

    def crash(self):
        """And is started again."""
        self.kill()
        os.unlink(os.path.join(self.data, "postmaster.pid"))
        self.start()

    def status(self, suffix):
        folder = os.path.join(self.data, "pg_wal", "archive_status")
        return {name[:-len(suffix)] for name in os.listdir(folder) if name.endswith(suffix)}

    def wait_archived(self, name, limit_s=180):
        """Until PostgreSQL itself counts it as archived."""
        wait_for(f"{name} to be archived by {self.name}\n{self.said()[-2000:]}",
                 lambda: name <= (self.sql("select last_archived_wal from pg_stat_archiver") or "")[:24], limit_s)

    def wait_all_archived(self, limit_s=180):
        wait_for(f"nothing to wait any more on {self.name}", lambda: not self.status(".ready"), limit_s)

    def backup(self, to):
        run(f"{PG_BIN}/pg_basebackup", "-h", self.socket, "-U", "dba", "-D", to, "-X", "none", "-c", "fast", "--no-sync")
        return to

    def restored(self, name, backup, sink, **settings):
        """A server of its own from that base backup, not started, that recovers from the archive."""
        other = Server(self.case, name)
        shutil.copytree(backup, other.data)
        for folder, folders, files in os.walk(other.data):
            for entry in [folder, *(os.path.join(folder, one) for one in folders + files)]:
                os.chown(entry, UID, GID)
        os.chmod(other.data, 0o700)
        other.configure(unix_socket_directories=other.socket, restore_command=f"{GET} get --sink {sink} %f %p",
                        recovery_target_action="promote", **settings)
        open(os.path.join(other.data, "recovery.signal"), "w", encoding="ascii").close()
        os.chown(os.path.join(other.data, "recovery.signal"), UID, GID)
        return other

    def wait_promoted(self, limit_s=120):
        wait_for(f"{self.name} to be promoted\n{self.said()[-2000:]}",
                 lambda: self.sql("select pg_is_in_recovery()", expect=None) == "f", limit_s)
        return self


class Case(unittest.TestCase):
    def setUp(self):
        if not os.path.exists(os.path.join(PG_BIN, "postgres")):
            self.skipTest(f"no PostgreSQL server in {PG_BIN}")
        self.dir = tempfile.mkdtemp(prefix="tidemark-pg-")
        os.chown(self.dir, UID, GID)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.archive = self.make_sink("archive")
        self.sink = f"file://{self.archive}"

    def path(self, name):
        return os.path.join(self.dir, name)

    def make_sink(self, name):
        os.makedirs(self.path(name))
        os.chown(self.path(name), UID, GID)
        return self.path(name)

    def server(self, name="primary", segment_mib=16, **settings):
        return Server(self, name).initialize(segment_mib).archive_to(self.sink, **settings).start()

    def archived(self, archive=None):
        """Name of each file of PostgreSQL in the archive to the digest of what it holds, read with Python alone."""
        held = {}
        for folder, _, names in os.walk(archive or self.archive):
            for name in names:
                match = re.fullmatch(r"([0-9a-z]{13})(?:-([0-9a-z]{13}))?(?:\.e\d+(?:-[0-9a-z]{13})?)?\.tar(\.zst)?", name)
                if match:
                    held.update(self.entries_of(folder, name, match[3]))
        return held

    def entries_of(self, folder, name, coded):
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        footer = content[-512:].rstrip(b"\0").decode()
        self.assertIn(f"sha256={hashlib.sha256(content[:-512]).hexdigest()} ", footer, name)
        plain = content[:-512]
        if coded:
            plain = subprocess.run(["zstd", "-dc"], input=content, capture_output=True, check=True).stdout
        storage, partition = os.path.relpath(folder, folder + "/../..").split("/")
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            for member in tar.getmembers():
                yield (self.wal_name(storage, int(partition), lsn_of(member.name)),
                       hashlib.sha256(tar.extractfile(member).read()).hexdigest())

    @staticmethod
    def wal_name(storage, partition, lsn):
        """The other direction of what the bridge does, written down again."""
        _, kind, *rest = storage.split(".")
        if kind == "history":
            return f"{partition:08X}.history"
        if kind == "backup":
            return f"{int(rest[0]):08X}.backup.{partition:X}"
        if kind == "partial":
            return ".".join([f"{int(rest[0]):08X}.partial.{partition:X}", *rest[1:]])
        in_file = 4096 // int(kind[:-1])
        return f"{partition:08X}{lsn // in_file:08X}{lsn % in_file:08X}"

    def gaps(self):
        return [name for _, _, names in os.walk(self.archive) for name in names if name.endswith(".gap")]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
