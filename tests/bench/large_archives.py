"""Archives of 64 MiB by host-sim into a store, beside as many `curl -T` at a time: what the benches of S3, Azure and Google
share."""

import concurrent.futures
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
COUNT, PARALLEL = 32, 4


def archive(build, url, entries, *arguments):
    """host-sim's summary of archiving alone."""
    with tempfile.TemporaryDirectory(prefix="sink-bench-", dir=os.environ.get("TIDEMARK_BENCH_DIR")) as directory:
        summary = os.path.join(directory, "json")
        done = subprocess.run(
            [os.path.join(build, "bin", "host-sim"), "run", "--data", os.path.join(directory, "data"), "--sink", url, "--entries",
             str(entries), "--commit-first", "--no-fsync", "--no-lineage", "--json", summary, *(str(one) for one in arguments)],
            capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        with open(summary) as file:
            return json.load(file)


def curl_all(path, words_of):
    """Uploads of a file, each with its own words; MiB/s and s CPU/GiB."""
    size_mib = os.path.getsize(path) / MIB

    def upload(number):
        subprocess.run(["curl", "-sS", "--fail", "-T", path, *words_of(number)], check=True, stdout=subprocess.DEVNULL)

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(upload, range(COUNT)))
    seconds = time.monotonic() - begin
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return COUNT * size_mib / seconds, cpu / (COUNT * size_mib) * 1024


def compare(build, url, words_for):
    """`words_for(file)` gives what makes curl's words of a number, headers first."""
    with tempfile.TemporaryDirectory(prefix="sink-bench-", dir="/dev/shm") as directory:
        path = os.path.join(directory, "body")
        with open(path, "wb") as file:
            for _ in range(64):
                file.write(os.urandom(MIB))
        curl, curl_cpu = curl_all(path, words_for(path))
    ours = archive(build, url, COUNT, "--partitions", PARALLEL, "--files", 1, "--file-size", "63MiB", "--option",
                   f"workers={PARALLEL}", "--max-backlog", 2 * COUNT)
    mib = ours["bytes_per_second"] / MIB
    print(f"64 MiB, {PARALLEL} at a time: {mib:.0f} MiB/s, {ours['cpu_seconds'] / ours['bytes'] * (1 << 30):.2f} s of "
          f"CPU a GiB; curl -T {curl:.0f} MiB/s, {curl_cpu:.2f} s: {mib / curl:.2f} x")


def header_words(headers):
    return [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
