#!/usr/bin/python3
"""memory_test.py MIB: eight workers upload entries of MIB MiB each at once, in parts, and stay within the budget.

HOST_SIM and S3_IMPOSTER name the programs."""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import host_sim_tools  # noqa: E402
import imposter_tools as tools  # noqa: E402

WORKERS = 8
BUDGET_BYTES = 64 << 20  # the default of memory_budget_bytes


def main():
    size_mib = int(sys.argv[1])
    os.environ.update(AWS_ACCESS_KEY_ID=tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=tools.SECRET_KEY)
    with tempfile.TemporaryDirectory(prefix="s3-memory-") as directory:
        summary = os.path.join(directory, "json")
        with tools.Imposter("--discard-bodies") as imposter:
            host_sim_tools.run("run", "--data", os.path.join(directory, "data"), "--sink", imposter.sink_url(),
                               "--entries", WORKERS, "--partitions", WORKERS, "--files", 1, "--file-size",
                               f"{size_mib}MiB", "--option", f"workers={WORKERS}", "--commit-first", "--no-fsync", "--no-lineage",
                               "--json", summary, "--timeout", 1500, limit_s=1600)
            state = imposter.state()
        with open(summary) as file:
            ran = json.load(file)
    grown = ran["peak_rss_bytes"] - ran["rss_before_bytes"]
    print(f"{WORKERS} x {size_mib} MiB in {ran['seconds']:.1f} s: {grown / (1 << 20):.1f} MiB more than before; "
          f"{state['counts']}")
    assert state["counts"]["CompleteMultipartUpload"] == WORKERS + 1, "in parts, and one for the probe"
    assert grown <= BUDGET_BYTES, f"{grown} bytes are more than the budget"


main()
