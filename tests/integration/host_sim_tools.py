"""What the host-sim tests share: running it, and looking at an archive with nothing but Python."""

import hashlib
import io
import os
import re
import subprocess
import tarfile

HOST_SIM = os.environ["HOST_SIM"]
FAST_RETRY = ["--option", "retry_min_ms=50", "--option", "retry_max_ms=200"]
ONE_BY_ONE = ["--option", "batch_entries=1"]
ARCHIVE_NAME = re.compile(r"^([0-9a-z]{13})(-[0-9a-z]{13})?(?:\.e[1-9][0-9]*(?:-[0-9a-z]{13})?)?\.(tar(?:\.zst)?(?:\.age)?|gap|origin)$")
EPOCH_NAME = re.compile(r"^[0-9a-z]{13}\.epoch$")


def command(*arguments):
    return [HOST_SIM, *(str(argument) for argument in arguments)]


def run(*arguments, expect=0, limit_s=900):
    """Runs host-sim to its end and returns (stdout, stderr)."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=limit_s)
    if done.returncode != expect:
        raise AssertionError(
            f"{' '.join(command(*arguments))}\nexit code {done.returncode}, expected {expect}\n"
            f"{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def verify(data, *archives, expect=0):
    sinks = [word for archive in archives for word in ("--sink", f"file://{archive}")]
    return run("verify", "--data", data, *sinks, expect=expect)[0]


def plain_tar(name, content, identity=None):
    """What an archive of that name holds, by the tools that everybody has."""
    stored = content[:-512]
    if name.endswith(".age"):
        stored = subprocess.run(["age", "-d", "-i", identity], input=stored, capture_output=True, check=True).stdout
    if ".zst" in name:
        stored = subprocess.run(["zstd", "-dc"], input=stored + bytes(512) if name.endswith(".zst") else stored,
                                capture_output=True, check=True).stdout
    return stored


def whole_archives(archive, identity=None):
    """Checks every visible object by its footer and with tarfile; returns how many tars there are.

    Anything that is not named like an archive is a leftover."""
    tars = 0
    for folder, _, names in os.walk(archive):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.basename(folder) == "epoch":
                assert EPOCH_NAME.match(name), f"leftover {path}"
                continue
            assert ARCHIVE_NAME.match(name), f"leftover {path}"
            if ".tar" not in name:
                continue
            with open(path, "rb") as file:
                content = file.read()
            footer = content[-512:].rstrip(b"\0").decode()
            digest = hashlib.sha256(content[:-512]).hexdigest()
            assert footer.startswith("TIDEMARK1 ") and f"sha256={digest} " in footer, f"{path}: {footer}"
            with tarfile.open(fileobj=io.BytesIO(plain_tar(name, content, identity))) as tar:
                roots = {member.name.split("/")[0] for member in tar.getmembers()}
            assert {int(root, 36) for root in roots} == set(lsns_of(name)), f"{path} holds {roots}"
            tars += 1
    return tars


def lsns_of(name):
    """The LSNs that an archive with that name holds."""
    last, first = ARCHIVE_NAME.match(name).group(1, 2)
    return range(int((first or last).lstrip("-"), 36), int(last, 36) + 1)


def lsn_text(lsn):
    text = ""
    for _ in range(13):
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36] + text
        lsn //= 36
    return text


def archived_lsns(archive):
    """By partition's folder: the LSNs of all its archives, one after the other, as often as they are there."""
    held = {}
    for folder, _, names in os.walk(archive):
        lsns = [lsn for name in names if ".tar" in name for lsn in lsns_of(name)]
        if lsns:
            held[folder] = lsns
    return held


def leftovers(archive):
    """Every file and directory that a finished archive should not hold once its sink is closed."""
    found = []
    for folder, folders, names in os.walk(archive):
        expected = EPOCH_NAME if os.path.basename(folder) == "epoch" else ARCHIVE_NAME
        found += [os.path.join(folder, name) for name in names if not expected.match(name)]
        if os.path.basename(folder) == ".tidemark":
            found += [os.path.join(folder, name) for name in folders]
    return found
