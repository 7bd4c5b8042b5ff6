#!/usr/bin/python3
"""What the Azure sink costs against the imposter of tests/azblob.

    tests/bench/azblob_bench.py BUILD_DIR [small] [latency] [large]

small    objects of 1 KiB, no TLS: CPU of the client
latency  a store that takes 20 ms for each request; yardstick: HEAD, then PUT, by as many threads
large    archives of 64 MiB, one request each; yardstick: `curl -T`, as many processes at a time
Client and server share this machine's cores."""

import base64
import hashlib
import os
import re
import subprocess
import sys

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["AZBLOB_IMPOSTER"] = os.path.join(BUILD, "bin", "azblob_imposter")
sys.path.insert(0, os.path.join(HERE, "..", "azblob"))

import azblob_tools as tools  # noqa: E402
import large_archives  # noqa: E402

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


def large():
    with tools.Imposter("--discard-bodies") as imposter:
        sas = imposter.client().sas("rcwl")

        def words_for(path):
            with open(path, "rb") as file:
                digest = base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
            headers = {"x-ms-version": "2023-11-03", "x-ms-blob-type": "BlockBlob", "content-md5": digest}
            return lambda number: [*large_archives.header_words(headers),
                                   f"{imposter.endpoint}/{tools.CONTAINER}/curl/{number}?{sas}"]
        large_archives.compare(BUILD, imposter.sink_url(prefix="/large"), words_for)


for name in sys.argv[2:] or ["small", "latency", "large"]:
    {"small": small, "latency": latency, "large": large}[name]()
