#!/usr/bin/python3
"""exit_test.py PROGRAM SINK ROUNDS: a process that calls exit() while it uploads, over TLS, ends at once and well."""

import os
import subprocess
import sys
import tempfile
import time

import imposter_tools

PROGRAM, SINK, ROUNDS = sys.argv[1], sys.argv[2], int(sys.argv[3])
LONGEST_S = 10  # the handler waits a second at most; the rest is for a busy machine


def main():
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": imposter_tools.ACCESS_KEY,
                   "AWS_SECRET_ACCESS_KEY": imposter_tools.SECRET_KEY}
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        certificates = imposter_tools.make_certificates(directory)
        with imposter_tools.Imposter("--discard-bodies", certificates=certificates) as imposter:
            for number in range(ROUNDS):
                # Each with a prefix of its own, so that no upload meets an object of an earlier round.
                url = f"s3://{imposter_tools.BUCKET}/round{number}?endpoint={imposter.endpoint}"
                closes = ["close"] if number % 2 else []
                begin = time.monotonic()
                run = subprocess.run([PROGRAM, SINK, url, certificates["ca"], *closes], env=environment,
                                     timeout=60, check=False)
                took = time.monotonic() - begin
                if run.returncode != 0 or took > LONGEST_S:
                    failures += 1
                    print(f"round {number} {closes}: ended with {run.returncode} after {took:.1f} s")
    print(f"{ROUNDS - failures} of {ROUNDS} ended well")
    return 1 if failures else 0


sys.exit(main())
