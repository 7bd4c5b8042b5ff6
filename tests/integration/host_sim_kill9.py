#!/usr/bin/python3
"""kill -9 at random points: host_sim_kill9.py ROUNDS [SEED]   (HOST_SIM names the program)

Every round commits and archives more than the one before and is killed somewhere on the way, archiving one
entry at a time or in batches, one archive of a partition in flight or several, plain, compressed or encrypted: as it happens. After the last
round one more runs to its end; then nothing may be missing, different, half-written or left over.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import host_sim_tools as tools

ENTRIES_PER_ROUND = 400
SHAPES = [(1, 1), (16, 1), (1, 4), (16, 4)]  # batch_entries, partition_inflight


CODINGS = ["", "zst", "age", "zst.age"]


def keys(directory):
    """An identity with its recipient, and a tag key: where they lie."""
    paths = [os.path.join(directory, name) for name in ("identity", "recipients", "tag")]
    subprocess.run(["age-keygen", "-o", paths[0]], check=True, capture_output=True)
    subprocess.run(["age-keygen", "-y", "-o", paths[1], paths[0]], check=True)
    with open(os.open(paths[2], os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(os.urandom(32).hex() + "\n")
    return paths


def options(batch_entries, partition_inflight, coding="", recipients="", tag=""):
    words = [f"batch_entries={batch_entries}", f"partition_inflight={partition_inflight}", f"encrypt_tag_key_file={tag}"]
    if "zst" in coding:
        words.append("compress=zstd")
    if "age" in coding:
        words.append(f"encrypt_recipients_file={recipients}")
    return [each for word in words for each in ("--option", word)]


def main():
    rounds = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"{rounds} rounds, seed {seed}", flush=True)
    chance = random.Random(seed)
    directory = tempfile.mkdtemp(prefix="host-sim-kill9-")
    data, archive = os.path.join(directory, "data"), os.path.join(directory, "archive")
    arguments = ["run", "--data", data, "--sink", f"file://{archive}", "--partitions", 5, "--files", 3,
                 "--file-size", 3000, "--timeout", 300]
    identity, *sealing = keys(directory)
    killed = 0
    shapes = chance.sample(SHAPES, len(SHAPES))
    longest_s = 1.0  # how long a round takes that is left alone; learnt from those that came through
    for number in range(1, rounds + 1):
        begin = time.monotonic()
        shape = shapes[number % len(shapes)]
        process = subprocess.Popen(tools.command(*arguments, *options(*shape, chance.choice(CODINGS), *sealing), "--entries", number * ENTRIES_PER_ROUND),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            _, errors = process.communicate(timeout=chance.uniform(0, longest_s))
            longest_s = max(0.1, time.monotonic() - begin)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            _, errors = process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        elif process.returncode != 0:
            sys.exit(f"round {number}: exit code {process.returncode}\n{errors}(see {directory})")
    entries = (rounds + 1) * ENTRIES_PER_ROUND
    tools.run(*arguments, *options(16, 4, "zst.age", *sealing), "--commit-first", "--entries", entries)
    found = tools.run("verify", "--data", data, "--sink", f"file://{archive}", "--option", f"identity_file={identity}")[0]
    print(f"{killed} rounds were killed; {found}", end="")
    assert found.startswith(f"verified {entries} entries in ") and found.endswith(": 0 missing, 0 different\n"), found
    lsns = tools.archived_lsns(archive)
    # What lay after the first hole of a run that was killed was archived once more by the next, in its own epoch.
    assert sum(len(set(held)) for held in lsns.values()) == entries, directory
    for partition, held in lsns.items():
        assert sorted(set(held)) == list(range(1, len(set(held)) + 1)), f"{partition} has holes: {directory}"
    archives = tools.whole_archives(archive, identity)
    counting = int(found.split(" in ")[1].split()[0])
    assert counting <= archives, f"{archives} archives, {found}"
    assert archives < entries, "nothing travelled in a batch"
    assert tools.leftovers(archive) == [], tools.leftovers(archive)
    waiting = [name for folder, names, _ in os.walk(data) if os.path.basename(folder) == "wal" for name in names]
    assert waiting == [], f"still in the log: {waiting[:5]}"
    assert killed > 0, "no round was killed: the delays are wrong"
    shutil.rmtree(directory)


main()
