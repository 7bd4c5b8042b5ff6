#!/usr/bin/python3
"""codec_memory_test.py MIB: an entry of MIB MiB that nothing makes smaller is archived with a budget of 8 MiB and eight workers,
compressed and encrypted, and takes no more than that.

HOST_SIM and TIDEMARK name the programs."""

import json
import os
import subprocess
import sys
import tempfile

import host_sim_tools

BUDGET_BYTES = 8 << 20


def grown_bytes(directory, size_mib, options):
    metrics, summary = os.path.join(directory, "metrics"), os.path.join(directory, "json")
    with tempfile.TemporaryDirectory(prefix="engine-", dir=directory) as data:
        host_sim_tools.run("run", "--data", os.path.join(data, "log"), "--sink", "faulty:///", "--entries", 1, "--partitions", 1,
                           "--files", 1, "--file-size", f"{size_mib}MiB", "--option", "workers=8", "--option",
                           f"memory_budget_bytes={BUDGET_BYTES}", *options, "--commit-first", "--no-fsync", "--json", summary,
                           "--metrics", metrics, "--timeout", 600, limit_s=700)
    with open(summary) as file:
        ran = json.load(file)
    with open(metrics) as file:
        stored = [int(line.split()[1]) for line in file if line.startswith("tidemark_archived_bytes_total ")]
    assert stored and stored[0] > 0.99 * (size_mib << 20), f"{stored} bytes were stored: it was made smaller"
    return ran["peak_rss_bytes"] - ran["rss_before_bytes"]


def main():
    size_mib = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="codec-memory-") as directory:
        identity, recipients, tag = (os.path.join(directory, name) for name in ("identity", "recipients", "tag"))
        subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
        subprocess.run(["age-keygen", "-y", "-o", recipients, identity], check=True)
        subprocess.run([os.environ["TIDEMARK"], "keygen", "-o", tag], check=True)
        age = ["--option", f"encrypt_recipients_file={recipients}", "--option", f"encrypt_tag_key_file={tag}"]
        for name, options in (("zst", ["--option", "compress=zstd"]), ("age", age)):
            grown = grown_bytes(directory, size_mib, options)
            print(f"{name}: {grown / (1 << 20):.1f} MiB more than before")
            assert grown <= BUDGET_BYTES, f"{name}: {grown} bytes are more than the budget"


main()
