#!/usr/bin/python3
"""starved_test.py WAY STEP: a host whose allocations fail, every STEP-th in a run of its own, with the S3 sink swapped in.

STARVED and S3_IMPOSTER name the programs."""

import os
import subprocess
import sys

import imposter_tools as tools


def main():
    way, step = sys.argv[1:3]
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=tools.SECRET_KEY,
                       AWS_EC2_METADATA_DISABLED="true")
    with tools.Imposter() as imposter:
        url = f"s3://{tools.BUCKET}/NUMBER?endpoint={imposter.endpoint}&region=us-east-1&path_style=true"
        for thread in ("worker", "control"):
            subprocess.run([os.environ["STARVED"], "--thread", thread, "--way", way, "--second", url, "--dense", "5",
                            "--step", step], env=environment, check=True, timeout=3000)


main()
