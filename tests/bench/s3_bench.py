#!/usr/bin/python3
"""What the S3 sink costs against the imposter of tests/s3, beside yardsticks on the same machine at the same time.

    tests/bench/s3_bench.py BUILD_DIR [latency] [small] [large]

latency  a store that takes 20 ms for each request; yardstick: HEAD, then PUT, by as many threads
small    objects of 1 KiB, no TLS: CPU of the client, and connections
large    archives of 64 MiB; yardstick: `curl -T`, as many processes at a time
Read the ratios: client and server share this machine's cores."""

import hashlib
import os
import re
import shutil
import subprocess
import sys

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["S3_IMPOSTER"] = os.path.join(BUILD, "bin", "s3_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "s3"))

import imposter_tools as tools  # noqa: E402
import large_archives  # noqa: E402

os.environ.update(AWS_ACCESS_KEY_ID=tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=tools.SECRET_KEY)


def bench_sink(imposter, *arguments):
    """objects/s, MiB/s, us CPU/object, s CPU/GiB."""
    done = subprocess.run(
        [os.path.join(BUILD, "bin", "bench_sink"), "--url", imposter.sink_url(), "--sink",
         os.path.join(BUILD, "lib", "tidemark", "tidemark-sink-s3.so"), *(str(one) for one in arguments)],
        check=True, stdout=subprocess.PIPE, text=True)
    return [float(number) for number in re.findall(r"[\d.]+", done.stdout.replace("CPU/", ""))[:4]]


def latency():
    print("20 ms a request")
    with tools.Imposter("--delay-ms", 20, "--discard-bodies") as imposter:
        for partitions, workers, entries in ((1, 4, 200), (64, 32, 9600)):
            threads = 1 if partitions == 1 else workers
            yardstick = bench_sink(imposter, "--head-first", "--threads", threads, "--objects", entries)[0]
            ours = large_archives.archive(BUILD, imposter.sink_url(prefix=f"/p{partitions}"), entries, "--partitions", partitions,
                                          "--option", f"workers={workers}", "--files", 1, "--file-size", 1024,
                                          "--max-backlog", 2 * entries)
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


def large():
    """One request an archive, as curl does it."""
    with tools.Imposter("--discard-bodies") as imposter:
        client = imposter.client()

        def words_for(path):
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()

            def words_of(number):
                name = f"/{tools.BUCKET}/curl/{number}"
                headers = client.signed("PUT", name, [], {}, digest)
                return [*large_archives.header_words(headers), imposter.endpoint + name]
            return words_of
        large_archives.compare(BUILD, imposter.sink_url(prefix="/large"), words_for)


def main():
    chosen = sys.argv[2:] or ["latency", "small", "large"]
    if shutil.which("curl") is None:
        sys.exit("curl is not installed")
    for name in chosen:
        {"latency": latency, "small": small, "large": large}[name]()


main()
