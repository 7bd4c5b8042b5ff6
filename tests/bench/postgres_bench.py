#!/usr/bin/python3
"""Archiving by a real PostgreSQL server: Tidemark beside basic_archive, cp with fsync, and pgBackRest (async, as many
processes, the same codec) where it is installed. "nothing" is a library that archives nothing: the server's own share of each drain.

    tests/bench/postgres_bench.py BUILD_DIR [--segments N] [--repetitions N] [--only WORD]

drain     segments of 16 MiB that wait when the server starts, plain and with zstd level 1
small     segments of 1 MiB, likewise, plain and with zstd; Tidemark with batches of 16
latency   one segment, from its .ready to its .done
get       segments one after the other, cold, with prefetch, and by pgBackRest's archive-get
recover   a server that replays all segments from its archive, zstd, beside pgBackRest's archive-get, async
store     the drain with zstd to an object store: of the record that tests/s3/store_fixture.sh wrote, TIDEMARK_BENCH_STORE
memory    of the archiver process after a drain, above an idle one

Needs PostgreSQL 15 with its contrib modules, and root or an ordinary user. Data goes to $TIDEMARK_BENCH_DIR. Everything is
durable as the server's own setting says (fsync = on). Read the ratios, and the load at the top; a drain lasts from the start of the
archiver's process. CPU is that of the server and all that it starts, from its start to its end, whoever else is at work."""

import argparse
import ctypes
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "postgres"))
words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
words.add_argument("build")
words.add_argument("--segments", type=int, default=32)
words.add_argument("--repetitions", type=int, default=3)
words.add_argument("--only", default="")
GIVEN = words.parse_args()
BUILD = os.path.abspath(GIVEN.build)
os.environ.setdefault("TIDEMARK_BIN", os.path.join(BUILD, "bin"))
import pg_tools as tools  # noqa: E402  (reads the environment)
from pg_tools import PG_BIN  # noqa: E402

MODULES = os.environ.get("TIDEMARK_MODULES") or os.path.dirname(
    subprocess.run(["find", BUILD, "-name", "tidemark_archive.so"], capture_output=True, text=True, check=True).stdout.split("\n")[0])
NOTHING = os.path.join(BUILD, "tests", "bench", "archives_nothing")
PLACE = tempfile.mkdtemp(prefix="postgres-bench-", dir=os.path.abspath(os.environ.get("TIDEMARK_BENCH_DIR", "/var/tmp")))
PGBACKREST = shutil.which("pgbackrest")
STORE = os.environ.get("TIDEMARK_BENCH_STORE")


def path(*names):
    return os.path.join(PLACE, *names)


def folder(*names):
    shutil.rmtree(path(*names), ignore_errors=True)
    os.makedirs(path(*names))
    os.chown(path(*names), tools.UID, tools.GID)
    return path(*names)


SERVERS = []


class Server:
    def __init__(self, data):
        self.data, self.process = data, None
        SERVERS.append(self)

    def initialize(self, segment_mib):
        tools.run(f"{PG_BIN}/initdb", "-D", self.data, "-A", "trust", "-U", "dba", "--no-locale", "-E", "UTF8",
                  f"--wal-segsize={segment_mib}", "--no-sync")
        return self.configure(listen_addresses="", unix_socket_directories=PLACE, shared_buffers="64MB", autovacuum="off",
                              archive_mode="on", max_wal_size="16GB", wal_keep_size="16GB", checkpoint_timeout="1h",
                              archive_command="false")

    def configure(self, **settings):
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            file.writelines(f"{key.replace('__', '.')} = '{value}'\n" for key, value in settings.items())
        return self

    def start(self):
        with open(path("log"), "ab") as log:
            self.process = subprocess.Popen([*tools.AS_USER, f"{PG_BIN}/postgres", "-D", self.data], stdout=log, stderr=log,
                                            cwd="/", stdin=subprocess.DEVNULL)
        return self

    def wait(self):
        tools.wait_for("the server", lambda: tools.run(f"{PG_BIN}/pg_isready", "-h", PLACE, "-q", expect=None).returncode == 0)
        return self

    def sql(self, statement):
        return tools.run(f"{PG_BIN}/psql", "-h", PLACE, "-U", "dba", "-d", "postgres", "-XAtqc", statement).stdout.strip()

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # a fast stop
            self.process.wait(300)
            self.process = None

    def ready(self):
        return [name for name in os.listdir(os.path.join(self.data, "pg_wal", "archive_status")) if name.endswith(".ready")]

    def archiver(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/cmdline", "rb") as title:
                    if b"archiver" in title.read():
                        return int(pid)
        return None


def template(segment_mib, segments):
    """A data directory with so many segments of pgbench that wait."""
    data = path(f"template{segment_mib}")
    if os.path.exists(data):
        return data
    server = Server(data).initialize(segment_mib)
    subprocess.run(["cp", "-a", data, data + ".base"], check=True)  # a server that was shut down can be recovered from, too
    server.start().wait()
    tools.run(f"{PG_BIN}/pgbench", "-h", PLACE, "-U", "dba", "-i", "-q", "-s", "5", "postgres")
    while len(server.ready()) < segments:
        tools.run(f"{PG_BIN}/pgbench", "-h", PLACE, "-U", "dba", "-n", "-c", "4", "-t", "2000", "postgres")
        server.sql("checkpoint")  # full pages again, as in life
    server.stop()
    return data


def store():
    with open(STORE, encoding="ascii") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def store_words():
    """Of pgBackRest; it takes keys from the environment only, knows no address in a certificate, and Ceph takes a name for a bucket's."""
    known, port = store(), store()["S3_ENDPOINT_TLS"].rsplit(":", 1)[1]
    os.environ.update(PGBACKREST_REPO1_S3_KEY=known["AWS_ACCESS_KEY_ID"], PGBACKREST_REPO1_S3_KEY_SECRET=known["AWS_SECRET_ACCESS_KEY"])
    return ["--repo1-type=s3", f"--repo1-path=/{os.path.basename(PLACE)}-{len(SERVERS)}", f"--repo1-s3-bucket={known['S3_BUCKET']}",
            f"--repo1-s3-region={known['S3_REGION']}", "--repo1-s3-endpoint=s3.localhost", "--repo1-storage-host=localhost",
            f"--repo1-storage-port={port}", "--repo1-s3-uri-style=path", f"--repo1-storage-ca-file={path('ca.pem')}"]


def store_sink():
    """The sink's URL, and the file of its options."""
    known, file = store(), path("options")
    shutil.copyfile(known["S3_CA_FILE"], path("ca.pem"))
    os.chmod(path("ca.pem"), 0o644)
    with open(file, "w", encoding="ascii") as out:
        out.write(f"endpoint = {known['S3_ENDPOINT_TLS']}\nregion = {known['S3_REGION']}\nca_file = {path('ca.pem')}\n"
                  f"access_key_id = {known['AWS_ACCESS_KEY_ID']}\nsecret_access_key = {known['AWS_SECRET_ACCESS_KEY']}\n")
    os.chmod(file, 0o600)
    os.chown(file, tools.UID, tools.GID)
    return f"s3://{known['S3_BUCKET']}/{os.path.basename(PLACE)}-{len(SERVERS)}", file


def pgbackrest_words(codec):
    return [PGBACKREST, "--stanza=bench", f"--pg1-path={path('data')}", f"--pg1-socket-path={PLACE}", "--pg1-user=dba",
            *(store_words() if STORE else [f"--repo1-path={path('archive')}"]), f"--spool-path={path('spool')}", f"--lock-path={path('lock')}", f"--log-path={path('logs')}",
            "--archive-async", "--process-max=4", "--log-level-console=error", "--log-level-file=off",
            f"--compress-type={codec}", *(["--compress-level=1"] if codec == "zst" else [])]


def pgbackrest_command(codec, verb, *rest):
    split = {"stanza-create": ("--archive-async", "--process-max=4", "--compress", "--spool-path"), "archive-get": ("--compress", "--pg1-socket-path", "--pg1-user")}
    skipped = split.get(verb, ("--pg1-socket-path", "--pg1-user"))
    return " ".join([word for word in pgbackrest_words(codec) if not word.startswith(skipped)] + [verb, *rest])


def contestant(name, server):
    """Its settings, once its place is there."""
    archive = folder("archive")
    if name.startswith("tidemark"):
        batch = re.search(r"batch(\d+)", name)
        sink, options = store_sink() if STORE else (f"file://{archive}", "")
        server.configure(archive_command="", archive_library=f"{MODULES}/tidemark_archive.so", tidemark__sink=sink, tidemark__sink_options_file=options,
                         tidemark__compress="zstd:1" if "zstd" in name else "none", tidemark__batch_entries=batch[1] if batch else "1")
    elif name == "basic_archive":
        server.configure(archive_command="", archive_library="basic_archive", basic_archive__archive_directory=archive)
    elif name == "nothing":
        server.configure(archive_command="", archive_library=NOTHING)
    elif name == "cp":
        server.configure(archive_command=f"cp %p {archive}/%f && sync {archive}/%f {archive}")
    else:
        for one in ("spool", "lock", "logs"):
            folder(one)
        codec = "zst" if name.endswith("zst") else "none"
        server.start().wait()
        tools.run("sh", "-c", pgbackrest_command(codec, "stanza-create"))
        server.stop()
        server.configure(archive_command=pgbackrest_command(codec, "archive-push", "%p"))


def prepared(name, data):
    shutil.rmtree(path("data"), ignore_errors=True)
    subprocess.run(["cp", "-a", data, path("data")], check=True)
    server = Server(path("data"))
    contestant(name, server)
    os.sync()
    return server


def adopt_orphans():
    """pgBackRest's processes leave their parent; they are ours then, and what they used is counted when they end."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def cpu_s():
    """Of all that was started and has ended; waits for what has not."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def anonymous_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


def age_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        begin = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - begin


def drain(name, data):
    """Seconds, CPU seconds and KiB of the archiver."""
    server = prepared(name, data)
    count, cpu = len(server.ready()), cpu_s()
    server.start()
    tools.wait_for(f"{name} to archive", lambda: not server.ready(), 900)
    took = age_s(server.archiver())
    memory = anonymous_kib(server.archiver())
    server.stop()
    return took / count, (cpu_s() - cpu) / count, memory


def table(title, rows, yardsticks):
    """Medians, and the ratio of each to the yardsticks."""
    print(f"\n{title}")
    for name, value in rows.items():
        ratios = ", ".join(f"{rows[other] / value:.2f} x {other}" for other in yardsticks if other in rows and other != name)
        print(f"  {name:24} {value * 1000:9.2f} ms   {ratios}")


def run_drain(title, segment_mib, names, yardsticks):
    data = template(segment_mib, GIVEN.segments if segment_mib == 16 else GIVEN.segments * 6)
    results = {name: [] for name in names}
    for _ in range(GIVEN.repetitions):  # by turns
        for name in names:
            results[name].append(drain(name, data))
    table(f"{title}: time a segment", {name: statistics.median(one[0] for one in runs) for name, runs in results.items()}, yardsticks)
    table(f"{title}: CPU a segment", {name: statistics.median(one[1] for one in runs) for name, runs in results.items()}, yardsticks)
    return {name: statistics.median(one[2] for one in runs) for name, runs in results.items()}


def run_latency(names):
    data, rows = template(16, GIVEN.segments), {}
    for name in names:
        server = prepared(name, data)
        server.start().wait()
        tools.wait_for(f"{name} to archive", lambda one=server: not one.ready(), 900)
        status, took = os.path.join(server.data, "pg_wal", "archive_status"), []
        for number in range(20):
            wal = server.sql(f"create table l{number}(); select pg_walfile_name(pg_switch_wal())").split()[-1]
            tools.wait_for("it", lambda one=wal: os.path.exists(f"{status}/{one}.done"), 60)
            done = os.lstat(f"{status}/{wal}.done")  # renamed: made with .ready, changed by the rename
            took.append((done.st_ctime_ns - done.st_mtime_ns) / 1e9)
        server.stop()
        rows[name] = statistics.median(took)
    table("latency: from .ready to .done, median", rows, ["basic_archive"])


def run_get():
    data = template(16, GIVEN.segments)
    rows = {}
    for name in ["tidemark-zstd"] + (["pgbackrest-zst"] if PGBACKREST else []):
        server = prepared(name, data)
        names = sorted(one[:24] for one in server.ready() if len(one) == 30)[:24]
        server.start().wait()
        tools.wait_for(f"{name} to archive", lambda one=server: not one.ready(), 900)
        server.stop()
        target = os.path.join(server.data, "pg_wal", "RECOVERYXLOG")
        open(os.path.join(server.data, "recovery.signal"), "w", encoding="ascii").close()

        def bring(label, command):
            took = []
            for wal in names:
                begin = time.monotonic()
                tools.run("sh", "-c", command.replace("%f", wal).replace("%p", "pg_wal/RECOVERYXLOG"), cwd=server.data)
                took.append(time.monotonic() - begin)
                os.unlink(target)
                time.sleep(0.05)  # what a server takes to replay
            rows[label] = statistics.median(took)
        if name.startswith("tidemark"):
            bring("get, cold", f"{tools.GET} get --prefetch 0 %f %p")
            bring("get, prefetched", f"{tools.GET} get %f %p")
            plain = sorted(os.path.join(data, "pg_wal", one) for one in names)
            took = []
            for one in plain:
                begin = time.monotonic()
                tools.run("sh", "-c", f"cp {one} {target}")
                took.append(time.monotonic() - begin)
            rows["cp"] = statistics.median(took)
        else:
            bring("pgbackrest archive-get", pgbackrest_command("zst", "archive-get", "%f", "%p"))
    table("get: one segment, median", rows, ["cp", "pgbackrest archive-get"])


def recovered(name, base, count):
    """Seconds and CPU seconds a segment, of a server that replays all that is archived."""
    shutil.rmtree(path("recovered"), ignore_errors=True)
    subprocess.run(["cp", "-a", base, path("recovered")], check=True)
    server = Server(path("recovered"))
    words = pgbackrest_command("zst", "archive-get", "%f", '"%p"').replace(path("data"), path("recovered"))
    server.configure(archive_mode="off", recovery_target_action="promote",
                     restore_command=f"{tools.GET} get --sink file://{path('archive')} %f %p" if name.startswith("tidemark") else words)
    open(os.path.join(server.data, "recovery.signal"), "w", encoding="ascii").close()
    cpu, begin = cpu_s(), time.monotonic()
    server.start()
    tools.wait_for("it to be recovered", lambda: not os.path.exists(os.path.join(server.data, "recovery.signal")), 1800)
    took = time.monotonic() - begin
    server.stop()
    return took / count, (cpu_s() - cpu) / count


def run_recover(names):
    data, results = template(16, GIVEN.segments), {name: [] for name in names}
    for _ in range(GIVEN.repetitions):
        for name in names:
            server = prepared(name, data)
            count = len(server.ready())
            server.start().wait()
            tools.wait_for(f"{name} to archive", lambda one=server: not one.ready(), 900)
            server.stop()
            results[name].append(recovered(name, data + ".base", count))
    for title, at in (("time", 0), ("CPU", 1)):
        table(f"recover, zstd: {title} a segment, with its replay", {name: statistics.median(one[at] for one in runs) for name, runs in results.items()},
              ["pgbackrest-zst"])


def main():
    print(f"load {os.getloadavg()}, {os.cpu_count()} cores, {GIVEN.segments} segments, {GIVEN.repetitions} repetitions; "
          f"pgBackRest {'is' if PGBACKREST else 'is not'} there")
    os.chown(PLACE, tools.UID, tools.GID)
    nothing = ["nothing"] if os.path.exists(NOTHING + ".so") else []
    plain = ["tidemark-none", "basic_archive", "cp"] + (["pgbackrest-none"] if PGBACKREST else [])
    coded = ["tidemark-zstd"] + (["pgbackrest-zst"] if PGBACKREST else [])
    memory = {}
    adopt_orphans()
    if STORE:
        run_drain("store, 16 MiB, zstd", 16, coded, ["pgbackrest-zst"])
        return
    if GIVEN.only in "drain":
        memory = run_drain("drain, 16 MiB, plain", 16, plain + nothing, ["basic_archive", "cp", "pgbackrest-none"])
        memory.update(run_drain("drain, 16 MiB, zstd", 16, coded, ["pgbackrest-zst"]))
    if GIVEN.only in "small":
        run_drain("small, 1 MiB", 1, ["tidemark-none-batch16", "tidemark-zstd-batch16", "basic_archive"] + plain[3:] + coded[1:] + nothing,
                  ["basic_archive", "pgbackrest-none", "pgbackrest-zst"])
    if GIVEN.only in "latency":
        run_latency(["tidemark-none", "tidemark-zstd", "basic_archive"])
    if GIVEN.only in "get":
        run_get()
    if GIVEN.only in "recover":
        run_recover(coded)
    for name, kib in memory.items():
        if name.startswith(("tidemark", "basic")):
            print(f"memory of the archiver process, {name}: {kib / 1024:.1f} MiB")


if __name__ == "__main__":
    try:
        main()
    finally:
        for one in SERVERS:
            one.stop()
        shutil.rmtree(PLACE, ignore_errors=True)
