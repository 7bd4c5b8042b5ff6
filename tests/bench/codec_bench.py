#!/usr/bin/python3
"""What compression and encryption cost, beside the tools and calls that do the same.

    tests/bench/codec_bench.py BUILD_DIR [SEGMENTS_DIR]

wal      WAL segments of 16 MiB, each an entry, zstd, 4 workers, to files on disk; beside `zstd -1`, two at a time
store    the same segments through a link of 100 MB/s, plain and zstd
small    4 KiB entries in batches of 256 to the null sink: CPU an entry, plain, zstd, age, both
large    16 MiB entries to the null sink: bytes a CPU second, plain, zstd, age

SEGMENTS_DIR has the segments; without it a cluster is made, and pgbench writes them (PostgreSQL and root, or its user, are
needed). Data goes to $TIDEMARK_BENCH_DIR. Read the ratios."""

import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
HOST_SIM = os.path.join(BUILD, "bin", "host-sim")
PLACE = tempfile.mkdtemp(prefix="codec-bench-", dir=os.path.abspath(os.environ.get("TIDEMARK_BENCH_DIR", ".")))
REPETITIONS = 3


def quiet(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def path(name):
    return os.path.join(PLACE, name)


def keys():
    quiet("age-keygen", "-o", path("identity"))
    quiet("age-keygen", "-y", "-o", path("recipients"), path("identity"))
    with open(os.open(path("tag"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(os.urandom(32).hex() + "\n")


def options(coding):
    words = ["compress=zstd"] if "zst" in coding else []
    if "age" in coding:
        words += [f"encrypt_recipients_file={path('recipients')}", f"encrypt_tag_key_file={path('tag')}"]
    return [each for word in words for each in ("--option", word)]


def make_segments():
    """A cluster of its own, without the network; what it archives."""
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    if not binaries:
        sys.exit("no PostgreSQL: name a directory of WAL segments")
    place = tempfile.mkdtemp(prefix="codec-bench-pg-", dir="/var/tmp")
    os.mkdir(f"{place}/segments")
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(place, "postgres")
        shutil.chown(f"{place}/segments", "postgres")
    def tool(name, *words):
        quiet(*user, f"{binaries[-1]}/{name}", *words, cwd=place)
    tool("initdb", "-D", "data", "-A", "trust")
    with open(f"{place}/data/postgresql.conf", "a") as file:
        file.write(f"listen_addresses=''\nunix_socket_directories='{place}'\narchive_mode=on\nfsync=off\n"
                   f"archive_command='cp %p {place}/segments/%f'\n")
    tool("pg_ctl", "-D", "data", "-w", "-l", f"{place}/log", "start")
    try:
        tool("pgbench", "-h", place, "-i", "-s", 20, "-q", "postgres")
        tool("pgbench", "-h", place, "-c", 4, "-j", 2, "-T", 30, "postgres")
        tool("psql", "-h", place, "-c", "select pg_switch_wal()", "postgres")
        time.sleep(2)
    finally:
        tool("pg_ctl", "-D", "data", "-m", "fast", "-w", "stop")
    os.mkdir(path("segments"))
    for name in os.listdir(f"{place}/segments"):
        if len(name) == 24:
            shutil.move(f"{place}/segments/{name}", path("segments"))
    shutil.rmtree(place)
    return path("segments")


def bytes_in(directory, suffix):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(directory) for name in names
               if name.endswith(suffix))


def wal(segments):
    names = [os.path.join(segments, name) for name in sorted(os.listdir(segments))]
    plain = sum(map(os.path.getsize, names))
    ours, theirs = [], []
    for number in range(REPETITIONS):
        out, data = path(f"archive-{number}"), path(f"data-{number}")
        quiet(HOST_SIM, "run", "--data", data, "--from", segments, "--commit-first", "--no-fsync", "--partitions", 4,
              "--sink", f"file://{out}", "--option", "workers=4", *options("zst"), "--json", path("json"))
        with open(path("json")) as file:
            ours.append(json.load(file)["seconds"])
        shutil.rmtree(data)
        os.mkdir(path("zstd"))
        begin = time.monotonic()
        quiet("sh", "-c", f"ls {segments} | xargs -P 2 -I@ zstd -1 -q {segments}/@ -o {path('zstd')}/@.zst")
        theirs.append(time.monotonic() - begin)
        share = bytes_in(out, ".zst") / plain
        by_zstd = bytes_in(path("zstd"), ".zst") / plain
        shutil.rmtree(out)
        shutil.rmtree(path("zstd"))
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"wal: {len(names)} segments, {plain / 2**20 / statistics.median(ours):.0f} MiB/s; {ratio:.2f} x zstd -1 (0.85 asked), "
          f"{share:.3f} of the bytes (0.25 asked; zstd {by_zstd:.3f})")


def store(segments):
    """The times of one run each way: a link does not vary."""
    took = {}
    for coding in ("", "zst"):
        data = path("data")
        quiet(HOST_SIM, "run", "--data", data, "--from", segments, "--commit-first", "--no-fsync", "--partitions", 4,
              "--sink", "faulty:///?bytes_per_second=100000000", "--option", "workers=4", *options(coding), "--json", path("json"))
        with open(path("json")) as file:
            took[coding] = json.load(file)["seconds"]
        shutil.rmtree(data)
    print(f"store of 100 MB/s: plain {took['']:.1f} s, zst {took['zst']:.1f} s: {took[''] / took['zst']:.1f} x (3 asked)")


def bench(coding, *words):
    found = []
    for _ in range(REPETITIONS):
        quiet(HOST_SIM, "bench", "--sink", "faulty:///", *words, *options(coding), "--json", path("json"))
        with open(path("json")) as file:
            found.append(json.load(file))
    return found


def small():
    words = ["--data", path("entries"), "--entries", 40000, "--partitions", 16, "--files", 1, "--file-size", 4096, "--option", "batch_entries=256"]
    cost = {coding: statistics.median(one["cpu_us_per_entry"] for one in bench(coding, *words))
            for coding in ("", "zst", "age", "zst.age")}
    print("small: CPU an entry " + ", ".join(f"{coding or 'plain'} {us:.1f} us" for coding, us in cost.items()) +
          f"; age adds {cost['age'] - cost['']:.1f} us (4 asked)")


def large():
    words = ["--entries", 48, "--partitions", 4, "--files", 1, "--file-size", "16MiB"]
    speed = {coding: 16 * 1.048576 / statistics.median(one["cpu_us_per_entry"] for one in bench(coding, *words)) * 1000
             for coding in ("", "zst", "age")}
    print("large: a CPU second " + ", ".join(f"{coding or 'plain'} {gb:.2f} GB" for coding, gb in speed.items()) +
          " (age: 0.4 asked)")


def main():
    try:
        keys()
        segments = sys.argv[2] if len(sys.argv) > 2 else make_segments()
        wal(segments)
        store(segments)
        small()
        large()
    finally:
        shutil.rmtree(PLACE)


main()
