#!/usr/bin/python3
"""tidemark copy beside rclone copy with the same parallelism, on the same machine by turns.

    tests/bench/copy_bench.py BUILD_DIR [large] [small]

large  24 archives of 16 MiB, 8 at a time
small  3,000 archives of 6 KiB, 16 at a time
Each from a directory to a store and from the store to another prefix of it. The store is the one that S3_ENDPOINT,
S3_BUCKET, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name (tests/s3/ceph-rgw.sh start DIR prints them), else the imposter of tests/s3.
RCLONE names the program. Both check digests: rclone MD5, tidemark SHA-256 of each archive and what the store wants.
Every copy goes to a prefix of its own. Data goes to $TIDEMARK_BENCH_DIR. Read the ratios."""

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["S3_IMPOSTER"] = os.path.join(BUILD, "bin", "s3_imposter")
os.environ["TIDEMARK"] = os.path.join(BUILD, "bin", "tidemark")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ.pop("AWS_CA_BUNDLE", None)  # rclone refuses it where it has a transport of its own
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import cli_tools as tools  # noqa: E402

imposter_tools = tools.imposter_tools
RCLONE = os.environ.get("RCLONE", "rclone")
REPETITIONS = 3
SCENARIOS = {"large": (24, (16 << 20) - 2048, 8, 0.9), "small": (3000, 6144 - 2048, 16, 3.0)}


@contextlib.contextmanager
def store():
    """Endpoint and bucket."""
    if "S3_ENDPOINT" in os.environ:
        yield os.environ["S3_ENDPOINT"], os.environ["S3_BUCKET"]
        return
    os.environ.update(AWS_ACCESS_KEY_ID=imposter_tools.ACCESS_KEY, AWS_SECRET_ACCESS_KEY=imposter_tools.SECRET_KEY)
    with imposter_tools.Imposter("--threads", 8, "--takes-unsigned") as imposter:
        yield imposter.endpoint, imposter_tools.BUCKET


def seconds(words):
    begin = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return time.monotonic() - begin


def rclone(source, target, jobs):
    return seconds([RCLONE, "copy", source, target, "--transfers", str(jobs), "--checkers", str(jobs), "--config", "/dev/null",
                    "--s3-no-check-bucket", "--s3-list-version", "2"])


def compare(name, endpoint, bucket):
    count, payload, jobs, aim = SCENARIOS[name]
    source = tools.FileStore()
    for lsn in range(1, count + 1):
        source.put(tools.key(lsn % 4, lsn), tools.archive(lsn % 4, lsn, content=tools.member(tools.lsn_text(lsn), os.urandom(payload))))
    s3 = f"s3://{bucket}/bench-{os.getpid()}-{name}"
    query = f"?region=us-east-1&endpoint={endpoint}"
    words = [tools.TIDEMARK, "copy", "--jobs", str(jobs)]
    took = {"file to S3": ([], []), "S3 to S3": ([], [])}
    for turn in range(REPETITIONS):
        ours, theirs = f"{s3}/ours{turn}", f"{s3[5:]}/theirs{turn}"
        took["file to S3"][0].append(seconds([*words, source.url, ours + query]))
        took["file to S3"][1].append(rclone(source.directory.name, "there:" + theirs, jobs))
        took["S3 to S3"][0].append(seconds([*words, ours + query, f"{ours}-again{query}"]))
        took["S3 to S3"][1].append(rclone("there:" + theirs, f"other:{theirs}-again", jobs))
    source.close()
    for way, (ours, theirs) in took.items():
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"{name}, {way}, {jobs} at a time: {count / mine:.0f} archives/s, rclone {count / other:.0f}: "
              f"{other / mine:.2f} x (to reach: {aim} x)", flush=True)


def main():
    if shutil.which(RCLONE) is None:
        sys.exit("rclone is not installed (RCLONE names the program)")
    with tempfile.TemporaryDirectory(prefix="copy-bench-", dir=os.environ.get("TIDEMARK_BENCH_DIR")) as root, \
            store() as (endpoint, bucket):
        os.environ["TMPDIR"] = root
        tempfile.tempdir = root
        for remote in ("THERE", "OTHER"):  # two, or it lets the store copy
            settings = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": endpoint, "REGION": "us-east-1", "ENV_AUTH": "true"}
            os.environ.update({f"RCLONE_CONFIG_{remote}_{key}": value for key, value in settings.items()})
        for name in sys.argv[2:] or SCENARIOS:
            compare(name, endpoint, bucket)


main()
