#!/usr/bin/python3
"""What the operator's tool reaches, beside yardsticks on the same machine at the same time.

    tests/bench/tool_bench.py BUILD_DIR [verify] [restore] [everything] [latency] [many] [folders]

verify   2 GiB in archives of 64 MiB in a directory, 2 at a time; yardstick: sha256sum, 2 processes
restore  the same; yardstick: tar -x, 2 processes, then sync of what they wrote
everything  15,000 small entries in 12 partitions, and how many syncs and renames it takes (with strace); yardstick:
         host-sim recover
latency  1,000 small archives in a sink that takes 20 ms a request: 32 at a time against one after the other
many     peak memory of ls and info over 1,000,000 archives against 100,000 (empty files: only names are read)
folders  info over 1,000 partitions in a store (the imposter of tests/s3) that takes 20 ms a request: 32 at a time against
         one after the other, with the listings that each takes. 20 archives in pages of 10, which stand for 2,000 in
         pages of 1,000; and 20 archives in pages of 1,000
Data goes to $TIDEMARK_BENCH_DIR."""

import collections
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import quote

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["S3_IMPOSTER"] = os.path.join(BUILD, "bin", "s3_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "s3"))

import imposter_tools  # noqa: E402

MIB = 1 << 20
STORAGE = "log"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{words[0]}: exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def program(name):
    return os.path.join(BUILD, "bin", name)


def seconds(*words, **options):
    begin = time.monotonic()
    run(*words, **options)
    return time.monotonic() - begin


def directory():
    return tempfile.TemporaryDirectory(prefix="tool-bench-", dir=os.environ.get("TIDEMARK_BENCH_DIR"))


def make(root, entries, file_size):
    """An archive of one partition; its URL, and the partition's folder."""
    archive = os.path.join(root, "archive")
    run(program("host-sim"), "run", "--data", os.path.join(root, "data"), "--storage", STORAGE, "--sink", f"file://{archive}", "--partitions", 1,
        "--entries", entries, "--files", 1, "--file-size", file_size, "--commit-first", "--no-fsync", "--no-lineage", "--option",
        "partition_inflight=4", "--max-backlog", 2 * entries)
    shutil.rmtree(os.path.join(root, "data"))
    return f"file://{archive}", os.path.join(archive, STORAGE, "0")


def large(root):
    url, folder = make(root, 32, f"{64 * MIB - 4096}")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".tar"))
    return url, folder, "\n".join(os.path.join(folder, name) for name in names)


def verify():
    with directory() as root:
        url, _, paths = large(root)
        yardstick = seconds("xargs", "-P2", "-n1", "sha256sum", input=paths)
        ours = seconds(program("tidemark"), "verify", url, "--jobs", 2)
    print(f"verify, 2 at a time: {2048 / ours:.0f} MiB/s; sha256sum {2048 / yardstick:.0f} MiB/s: "
          f"{yardstick / ours:.2f} x")


def restore():
    with directory() as root:
        url, folder, paths = large(root)
        unpacked = os.path.join(root, "unpacked")
        os.mkdir(unpacked)
        begin = time.monotonic()
        run("xargs", "-P2", "-n1", "tar", "-C", unpacked, "-xf", input=paths)
        run("sync", "-f", unpacked)
        yardstick = time.monotonic() - begin
        shutil.rmtree(unpacked)
        ours = seconds(program("tidemark"), "restore", url, f"{STORAGE}/0", os.path.join(root, "restored"), "--jobs", 2)
    print(f"restore, 2 at a time: {2048 / ours:.0f} MiB/s; tar -x and sync {2048 / yardstick:.0f} MiB/s: "
          f"{yardstick / ours:.2f} x")


def calls_of(words):
    """How often a program asks the kernel to sync, and to rename; nothing without strace."""
    if shutil.which("strace") is None:
        return "not counted"
    with tempfile.NamedTemporaryFile("r") as log:
        run("strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,syncfs,rename,renameat,renameat2", "-o", log.name, *words)
        lines = log.read().splitlines()
    syncs = sum("sync(" in line or "syncfs(" in line for line in lines)
    return f"{syncs} syncs and {sum('rename' in line and 'resumed' not in line for line in lines)} renames"


def everything():
    entries = 15_000
    with directory() as root:
        archive = os.path.join(root, "archive")
        run(program("host-sim"), "run", "--data", os.path.join(root, "data"), "--storage", STORAGE, "--sink", f"file://{archive}",
            "--partitions", 12, "--entries", entries, "--commit-first", "--no-fsync", "--no-lineage", "--max-backlog", 2 * entries)
        shutil.rmtree(os.path.join(root, "data"))
        run("sync")
        yardstick = seconds(program("host-sim"), "recover", "--data", os.path.join(root, "engine"), "--sink", f"file://{archive}",
                            "--jobs", 4)
        run("sync")
        ours = seconds(program("tidemark"), "restore", f"file://{archive}", os.path.join(root, "restored"), "--jobs", 4)
        calls = calls_of([program("tidemark"), "restore", f"file://{archive}", os.path.join(root, "counted"), "--jobs", "4"])
    print(f"restore of everything: {entries / ours:.0f} entries/s; host-sim recover {entries / yardstick:.0f} entries/s: "
          f"{ours / yardstick:.2f} x its time; {calls} for {entries} archives")


def latency():
    with directory() as root:
        url, _ = make(root, 1000, 1024)
        slow = f"faulty:///?of={quote(url, safe='')}&delay_ms=20"
        one = seconds(program("tidemark"), "restore", slow, f"{STORAGE}/0", os.path.join(root, "one"), "--jobs", 1)
        many = seconds(program("tidemark"), "restore", slow, f"{STORAGE}/0", os.path.join(root, "many"), "--jobs", 32)
    print(f"restore from 20 ms, 32 at a time: {1000 / many:.0f} archives/s; one after the other {1000 / one:.0f} "
          f"archives/s: {one / many:.1f} x")


def lsn_text(lsn):
    text = ""
    while lsn:
        lsn, digit = divmod(lsn, 36)
        text = DIGITS[digit] + text
    return text.rjust(13, "0")


def peak_rss_mib(*words):
    """Of a program whose output is thrown away."""
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{words}: {status}")
    return usage.ru_maxrss / 1024


def many():
    for verb in ("ls", "info"):
        peaks = []
        for count in (100_000, 1_000_000):
            with directory() as root:
                folder = os.path.join(root, STORAGE, "0")
                os.makedirs(folder)
                for lsn in range(1, count + 1):
                    os.close(os.open(os.path.join(folder, lsn_text(lsn) + ".tar"), os.O_CREAT | os.O_WRONLY, 0o644))
                begin = time.monotonic()
                peaks.append(peak_rss_mib(program("tidemark"), verb, f"file://{root}"))
                took = time.monotonic() - begin
        print(f"{verb} of 1,000,000 archives: {peaks[1]:.1f} MiB; of 100,000: {peaks[0]:.1f} MiB: "
              f"{peaks[1] / peaks[0]:.2f} x ({took:.0f} s)")


def fill(store, partitions, entries):
    """Archives of that many partitions that are names alone: only names are read."""
    clients = threading.local()

    def put(number):
        if not hasattr(clients, "one"):
            clients.one = store.client()
            clients.connection = clients.one.connect()
        key = f"{STORAGE}/{number % partitions}/{lsn_text(number // partitions + 1)}.tar"
        if clients.one.put(key, b"", connection=clients.connection).status != 200:
            sys.exit(f"cannot put {key}")

    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        collections.deque(pool.map(put, range(partitions * entries)), maxlen=0)


def folders():
    os.environ.update(AWS_ACCESS_KEY_ID=imposter_tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=imposter_tools.SECRET_KEY,
                      AWS_EC2_METADATA_DISABLED="true")
    for page_keys in (10, 1000):
        with imposter_tools.Imposter("--delay-ms", 20, "--max-keys", page_keys, "--threads", 4) as store:
            fill(store, 1000, 20)
            took, requests, said = {}, {}, set()
            for jobs in (1, 8, 32):
                before = store.state()["counts"].get("ListObjectsV2", 0)
                begin = time.monotonic()
                said.add(run(program("tidemark"), "info", store.sink_url(), "--jobs", jobs))
                took[jobs] = time.monotonic() - begin
                requests[jobs] = store.state()["counts"]["ListObjectsV2"] - before
        if len(said) != 1:
            sys.exit("info says different things")
        print(f"info over 1,000 partitions of 20 archives, 20 ms a request, pages of {page_keys}: one after the other "
              f"{took[1]:.2f} s ({requests[1]} listings); " +
              "; ".join(f"{jobs} at a time {took[jobs]:.2f} s ({requests[jobs]}): {took[1] / took[jobs]:.1f} x" for jobs in (8, 32)),
              flush=True)


def main():
    scenarios = {"verify": verify, "restore": restore, "everything": everything, "latency": latency, "many": many,
                 "folders": folders}
    for name in sys.argv[2:] or scenarios:
        scenarios[name]()


main()
