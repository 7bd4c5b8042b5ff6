#!/usr/bin/python3
"""What the S3 sink costs against the imposter of tests/s3, beside yardsticks on the same machine at the same time.

    tests/bench/s3_bench.py BUILD_DIR [latency] [small] [large]

latency  a store that takes 20 ms for each request; yardstick: HEAD, then PUT, by as many threads
small    objects of 1 KiB, no TLS: CPU of the client, and connections
large    archives of 64 MiB; yardstick: `curl -T`, as many processes at a time
Read the ratios: client and server share this machine's cores."""

import concurrent.futures
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["S3_IMPOSTER"] = os.path.join(BUILD, "bin", "s3_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "s3"))

import imposter_tools as tools  # noqa: E402

MIB = 1 << 20
os.environ.update(AWS_ACCESS_KEY_ID=tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=tools.SECRET_KEY)


def bench_sink(imposter, *arguments):
    """objects/s, MiB/s, us CPU/object, s CPU/GiB."""
    done = subprocess.run(
        [os.path.join(BUILD, "bin", "bench_sink"), "--url", imposter.sink_url(), "--sink",
         os.path.join(BUILD, "lib", "tidemark", "tidemark-sink-s3.so"), *(str(one) for one in arguments)],
        check=True, stdout=subprocess.PIPE, text=True)
    return [float(number) for number in re.findall(r"[\d.]+", done.stdout.replace("CPU/", ""))[:4]]


def archive(imposter, entries, *arguments, prefix):
    """host-sim's summary of archiving alone."""
    with tempfile.TemporaryDirectory(prefix="s3-bench-", dir=os.environ.get("TIDEMARK_BENCH_DIR")) as directory:
        summary = os.path.join(directory, "json")
        done = subprocess.run(
            [os.path.join(BUILD, "bin", "host-sim"), "run", "--data", os.path.join(directory, "data"), "--sink",
             imposter.sink_url(prefix="/" + prefix), "--entries", str(entries), "--commit-first", "--no-fsync",
             "--no-lineage", "--json", summary, *(str(one) for one in arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        with open(summary) as file:
            return json.load(file)


def latency():
    print("20 ms a request")
    with tools.Imposter("--delay-ms", 20, "--discard-bodies") as imposter:
        for partitions, workers, entries in ((1, 4, 200), (64, 32, 9600)):
            threads = 1 if partitions == 1 else workers
            yardstick = bench_sink(imposter, "--head-first", "--threads", threads, "--objects", entries)[0]
            ours = archive(imposter, entries, "--partitions", partitions, "--option", f"workers={workers}", "--files", 1,
                           "--file-size", 1024, "--max-backlog", 2 * entries, prefix=f"p{partitions}")
            print(f"  {partitions} partition(s), {workers} workers: {ours['entries_per_second']:.0f} entries/s, "
                  f"HEAD and PUT {yardstick:.0f}/s: {ours['entries_per_second'] / yardstick:.2f} x")


def small():
    with tools.Imposter("--discard-bodies") as imposter:
        for threads in (1, 8):
            before = imposter.state()["connections"]
            rate, _, cpu_us, _ = bench_sink(imposter, "--threads", threads, "--objects", 20000)
            opened = imposter.state()["connections"] - before - 1  # the one that asks
            print(f"1 KiB, {threads} thread(s): {rate:.0f} objects/s, {cpu_us:.0f} us of CPU an object, "
                  f"{opened} connections")


def curl_all(imposter, path, parallel, count):
    """`count` uploads of a file by `parallel` curls at a time; MiB/s and s CPU/GiB."""
    size_mib = os.path.getsize(path) / MIB
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    client = imposter.client()

    def upload(number):
        headers = client.signed("PUT", f"/{tools.BUCKET}/curl/{number}", [], {}, digest)
        words = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        subprocess.run(["curl", "-sS", "--fail", "-T", path, *words, f"{imposter.endpoint}/{tools.BUCKET}/curl/{number}"],
                       check=True, stdout=subprocess.DEVNULL)

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        list(pool.map(upload, range(count)))
    seconds = time.monotonic() - begin
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return count * size_mib / seconds, cpu / (count * size_mib) * 1024


def large():
    count, parallel = 32, 4
    with tempfile.TemporaryDirectory(prefix="s3-bench-", dir="/dev/shm") as directory:
        path = os.path.join(directory, "body")
        with open(path, "wb") as file:
            for _ in range(64):
                file.write(os.urandom(MIB))
        with tools.Imposter("--discard-bodies") as imposter:
            # One request an archive, as curl does it.
            curl, curl_cpu = curl_all(imposter, path, parallel, count)
            ours = archive(imposter, count, "--partitions", parallel, "--files", 1, "--file-size", "63MiB", "--option",
                           f"workers={parallel}", "--max-backlog", 2 * count, prefix="large")
    mib = ours["bytes_per_second"] / MIB
    print(f"64 MiB, {parallel} at a time: {mib:.0f} MiB/s, {ours['cpu_seconds'] / ours['bytes'] * (1 << 30):.2f} s of "
          f"CPU a GiB; curl -T {curl:.0f} MiB/s, {curl_cpu:.2f} s: {mib / curl:.2f} x")


def main():
    chosen = sys.argv[2:] or ["latency", "small", "large"]
    if shutil.which("curl") is None:
        sys.exit("curl is not installed")
    for name in chosen:
        {"latency": latency, "small": small, "large": large}[name]()


main()
