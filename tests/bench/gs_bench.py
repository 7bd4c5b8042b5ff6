#!/usr/bin/python3
"""What the sink for Google Cloud Storage costs against the imposter of tests/gs, beside a yardstick at the same time.

    tests/bench/gs_bench.py BUILD_DIR [small] [latency] [large]

small    objects of 1 KiB, no TLS: CPU of the client, and connections
latency  a service that takes 20 ms for each request; yardstick: a look, then a put, by as many threads
large    archives of 64 MiB, in pieces; yardstick: `curl -T`, as many processes at a time, one request each
Read the CPU and the ratio: client and server share this machine's cores."""

import os
import re
import subprocess
import sys

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["GS_IMPOSTER"] = os.path.join(BUILD, "bin", "gs_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "gs"))

import gs_tools as tools  # noqa: E402
import large_archives  # noqa: E402


def bench_sink(imposter, *arguments):
    """objects/s, MiB/s, us CPU/object, s CPU/GiB."""
    done = subprocess.run(
        [os.path.join(BUILD, "bin", "bench_sink"), "--url", imposter.sink_url(), "--sink",
         os.path.join(BUILD, "lib", "tidemark", "tidemark-sink-gs.so"), *(str(one) for one in arguments)],
        check=True, stdout=subprocess.PIPE, text=True)
    return [float(number) for number in re.findall(r"[\d.]+", done.stdout.replace("CPU/", ""))[:4]]


def small():
    with tools.Imposter("--discard-bodies") as imposter:
        for threads in (1, 8):
            before = imposter.state()["connections"]
            rate, _, cpu_us, _ = bench_sink(imposter, "--threads", threads, "--objects", 20000)
            opened = imposter.state()["connections"] - before - 1  # the one that asks
            print(f"1 KiB, {threads} thread(s): {rate:.0f} objects/s, {cpu_us:.0f} us of CPU an object, "
                  f"{opened} connections")


def latency():
    print("20 ms a request")
    with tools.Imposter("--delay-ms", 20, "--discard-bodies") as imposter:
        for threads in (1, 32):
            alone = bench_sink(imposter, "--threads", threads, "--objects", 100 * threads)[0]
            looks = bench_sink(imposter, "--head-first", "--threads", threads, "--objects", 100 * threads)[0]
            print(f"  {threads} thread(s): {alone:.0f} objects/s, with a look before {looks:.0f}/s: {alone / looks:.2f} x")


def large():
    with tools.Imposter("--discard-bodies", "--no-digest") as imposter:
        token = imposter.client().ask_token().json()["access_token"]

        def words_for(_):
            headers = {"authorization": f"Bearer {token}", "content-type": "application/octet-stream"}
            place = f"{imposter.endpoint}/upload/storage/v1/b/{tools.BUCKET}/o?uploadType=media&fields=kind&name=curl"
            return lambda number: ["-X", "POST", *large_archives.header_words(headers), f"{place}{number}"]
        large_archives.compare(BUILD, imposter.sink_url(prefix="/large"), words_for)


def main():
    for name in sys.argv[2:] or ["small", "latency", "large"]:
        {"small": small, "latency": latency, "large": large}[name]()


main()
