#!/usr/bin/python3
"""What the Azure sink costs against the imposter of tests/azblob.

    tests/bench/azblob_bench.py BUILD_DIR [small] [latency]

small    objects of 1 KiB, no TLS: CPU of the client
latency  a store that takes 20 ms for each request; yardstick: HEAD, then PUT, by as many threads
Client and server share this machine's cores."""

import os
import re
import subprocess
import sys

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["AZBLOB_IMPOSTER"] = os.path.join(BUILD, "bin", "azblob_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "azblob"))

import azblob_tools as tools  # noqa: E402

os.environ["AZURE_STORAGE_KEY"] = tools.IMPOSTER[1]


def bench_sink(imposter, *arguments):
    """objects/s, MiB/s, us CPU/object, s CPU/GiB."""
    done = subprocess.run(
        [os.path.join(BUILD, "bin", "bench_sink"), "--url", imposter.sink_url(), "--sink",
         os.path.join(BUILD, "lib", "tidemark", "tidemark-sink-azblob.so"), *(str(one) for one in arguments)],
        check=True, stdout=subprocess.PIPE, text=True)
    return [float(number) for number in re.findall(r"[\d.]+", done.stdout.replace("CPU/", ""))[:4]]


def small():
    with tools.Imposter("--discard-bodies") as imposter:
        for threads in (1, 8):
            rate, _, cpu_us, _ = bench_sink(imposter, "--threads", threads, "--objects", 20000)
            print(f"1 KiB, {threads} thread(s): {rate:.0f} objects/s, {cpu_us:.0f} us of CPU an object")


def latency():
    with tools.Imposter("--delay-ms", 20, "--discard-bodies") as imposter:
        for threads in (1, 32):
            plain = bench_sink(imposter, "--threads", threads, "--objects", 100 * threads)[0]
            both = bench_sink(imposter, "--head-first", "--threads", threads, "--objects", 100 * threads)[0]
            print(f"20 ms a request, {threads} thread(s): {plain:.0f} objects/s; HEAD and PUT {both:.0f}/s: {plain / both:.2f} x")


for name in sys.argv[2:] or ["small", "latency"]:
    {"small": small, "latency": latency}[name]()
