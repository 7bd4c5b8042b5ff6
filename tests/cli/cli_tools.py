"""What the tests of tidemark share: running it, and archives made by nothing but Python, in a directory or in the
imposter. TIDEMARK names the program."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "s3"))

import imposter_tools  # noqa: E402
import json_schema  # noqa: E402

TIDEMARK = os.environ["TIDEMARK"]
# What is drawn by dice cannot use up the six tries of the tool. Not of the probe at its opening, which is removed if that works.
FEWER_FAULTS_THAN_TRIES = ("--most-of-a-key", 5, "--only-below", "main/")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def command(*arguments):
    return [TIDEMARK, *(str(argument) for argument in arguments)]


def run(*arguments, expect=0, env=None, limit_s=280):
    """Runs tidemark to its end and returns (stdout, stderr); `expect` is its exit code, or those that it may be."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=limit_s,
                          env={**os.environ, "TZ": "UTC", **(env or {})})
    if done.returncode not in (expect if isinstance(expect, tuple) else (expect,)):
        raise AssertionError(f"{' '.join(command(*arguments))}\nexit code {done.returncode}, expected {expect}\n"
                             f"{done.stdout}{done.stderr}")
    if "--json" in arguments:
        json_schema.check(arguments[0], map(json.loads, done.stdout.splitlines()))
    return done.stdout, done.stderr


def run_as_nobody(*arguments):
    """Runs it to its end as an ordinary user; None: such a user cannot run the program where it lies."""
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*words, *command("sinks")], capture_output=True, check=False).returncode != 0:
        return None
    return subprocess.run([*words, *command(*arguments)], capture_output=True, text=True, timeout=60, check=False)


def lines(*arguments, expect=0):
    """The objects that --json prints, without the version that run() has checked."""
    said = run(*arguments, "--json", expect=expect)[0].splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "schema"} for line in said]


def lsn_text(lsn):
    text = ""
    for _ in range(13):
        text, lsn = DIGITS[lsn % 36] + text, lsn // 36
    return text


def name(first, last=None, suffix="tar", epoch=1):
    last = last or first
    mark = f".e{epoch}" if epoch > 1 else ""
    return lsn_text(last) + ("" if first == last and suffix == "tar" else "-" + lsn_text(first)) + mark + "." + suffix


def key(partition, first, last=None, suffix="tar", epoch=1):
    return f"main/{partition}/{name(first, last, suffix, epoch)}"


def epoch_key(number):
    return f"main/epoch/{lsn_text(number)}.epoch"


def rechecksummed(block, offset, data):
    """A header with other bytes in it, and the checksum that they need."""
    block = block[:offset] + data + block[offset + len(data):]
    blank = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]


def member(path, data=None, kind=tarfile.REGTYPE, target="", size=None):
    """One member as its bytes, to the last bit as the archiver writes it; `size` is what the header says, whatever data
    has."""
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, target
    info.mode = {tarfile.DIRTYPE: 0o755, tarfile.SYMTYPE: 0o777}.get(kind, 0o644)
    info.size = size if size is not None else len(data or b"")
    body = data or b""
    header = rechecksummed(info.tobuf(tarfile.USTAR_FORMAT), 329, b"0000000\0" * 2)  # numbers of no device
    return header + body + bytes(-len(body) % 512)


def entry(lsn, payload=None):
    """A directory with a file and a link, the same for the same LSN."""
    text = lsn_text(lsn)
    payload = payload if payload is not None else f"entry {lsn}\n".encode() * (lsn % 50 + 1)
    return (member(text + "/", kind=tarfile.DIRTYPE) + member(text + "/data", payload) +
            member(text + "/link", kind=tarfile.SYMTYPE, target="data"))


def footer(content, partition, first, last, made_s=None, epoch=1):
    text = (f"TIDEMARK1 sha256={hashlib.sha256(content).hexdigest()} storage=main partition={partition} "
            f"first={first} last={last}")
    if epoch > 1:
        text += f" epoch={epoch}"
    if made_s is not None:
        text += f" made_us={int(made_s * 1_000_000)}"
    return text.encode().ljust(512, b"\0")


def archive(partition, first, last=None, content=None, made_s=None, epoch=1):
    last = last or first
    if content is None:
        content = b"".join(entry(lsn) for lsn in range(first, last + 1))
    content += bytes(1024)
    return content + footer(content, partition, first, last, made_s, epoch)


def flipped(body, offset):
    return body[:offset] + bytes([body[offset] ^ 1]) + body[offset + 1:]


def gap_record(partition, first, last, epoch=1):
    mark = f" epoch={epoch}" if epoch > 1 else ""
    return f"TIDEMARK1-GAP storage=main partition={partition} first={first} last={last}{mark}".encode().ljust(512, b"\0")


def record(partition, first, last, kind, text="made_us=1700000000123456\n", epoch=1):
    """A record with a text: an origin, say."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    block = (f"TIDEMARK1-{kind.upper()} sha256={digest} storage=main partition={partition} first={first} "
             f"last={last}" + (f" epoch={epoch}" if epoch > 1 else ""))
    return text.encode() + block.encode().ljust(512, b"\0")


def epoch_record(number, parent, owner="00112233445566778899aabbccddeeff", host="node-1", how=None):
    """The record of an epoch of main."""
    claim = hashlib.sha256(f"{owner} {number} {host}".encode()).hexdigest()[:32]
    text = (f"made_us=1700000000123456\nowner={owner}\nclaim={claim}\nparent={parent}\n"
            f"how={how or ('restart' if parent else 'first')}\nhost={host}\n")
    if how == "takeover":
        text += "reason=lost\n"
    block = f"TIDEMARK1-EPOCH sha256={hashlib.sha256(text.encode()).hexdigest()} storage=main epoch={number}"
    return text.encode() + block.encode().ljust(512, b"\0")


class FileStore:
    """An archive in a directory."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="tidemark-cli-")
        self.url = f"file://{self.directory.name}"
        self.arguments = [self.url]

    def close(self):
        self.directory.cleanup()

    def path(self, object_key):
        return os.path.join(self.directory.name, object_key)

    def put(self, object_key, body, time_s=None):
        os.makedirs(os.path.dirname(self.path(object_key)), exist_ok=True)
        with open(self.path(object_key), "wb") as file:
            file.write(body)
        if time_s is not None:
            os.utime(self.path(object_key), (time_s, time_s))

    def get(self, object_key):
        with open(self.path(object_key), "rb") as file:
            return file.read()

    def remove(self, object_key):
        os.remove(self.path(object_key))

    def keys(self):
        return sorted(os.path.relpath(os.path.join(folder, one), self.directory.name)
                      for folder, _, files in os.walk(self.directory.name) for one in files
                      if "/." not in os.path.join(folder, one))


class S3Store:
    """An archive in an imposter of its own."""

    def __init__(self, *arguments):
        pages = [] if "--max-keys" in arguments else ["--max-keys", 7]
        self.imposter = imposter_tools.Imposter(*pages, *arguments)
        self.client = self.imposter.client()
        self.url = self.imposter.sink_url()
        os.environ["CLI_TEST_SECRET_KEY"] = imposter_tools.SECRET_KEY
        self.arguments = [self.url, "--option", f"access_key_id={imposter_tools.ACCESS_KEY}", "--secret",
                          "secret_access_key=CLI_TEST_SECRET_KEY"]

    def close(self):
        self.imposter.close()

    def put(self, object_key, body, time_s=None):
        assert time_s is None, "a store keeps its own time"
        answer = self.client.put(object_key, body)
        assert answer.status == 200, answer

    def get(self, object_key):
        return self.client.get(object_key).body

    def remove(self, object_key):
        assert self.client.ask("DELETE", object_key).status == 204

    def keys(self):
        return sorted(self.client.keys())


def tree(directory):
    """Every path below the directory with its content, links by their target."""
    found = {}
    for folder, folders, files in os.walk(directory):
        for one in folders + files:
            path = os.path.join(folder, one)
            shown = os.path.relpath(path, directory)
            if os.path.islink(path):
                found[shown] = "-> " + os.readlink(path)
            elif os.path.isdir(path):
                found[shown] = "dir"
            else:
                with open(path, "rb") as file:
                    found[shown] = file.read()
    return found


def expected_tree(lsns):
    """What tree() says of these entries."""
    found = {}
    for lsn in lsns:
        with tarfile.open(fileobj=io.BytesIO(entry(lsn) + bytes(1024))) as tar:
            for info in tar.getmembers():
                shown = info.name.rstrip("/")
                if info.issym():
                    found[shown] = "-> " + info.linkname
                else:
                    found[shown] = "dir" if info.isdir() else tar.extractfile(info).read()
    return found


class Scenario:
    """What a scenario begins with; make_store says on what it runs."""

    def setUp(self):
        self.store = self.make_store()
        self.addCleanup(lambda: self.store.close())  # a scenario may have another
        self.dir = tempfile.mkdtemp(prefix="tidemark-cli-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def url(self, *target):
        """URL, options of the sink and what follows the URL."""
        return [self.store.arguments[0], *target, *self.store.arguments[1:]]

    def fill(self, partition, *ranges):
        for first, last in ranges:
            self.store.put(key(partition, first, last), archive(partition, first, last))

    def singles(self, partition, first, last):
        self.fill(partition, *((lsn, lsn) for lsn in range(first, last + 1)))

    def problems(self, *arguments, expect=1):
        """What verify finds, without what it says about it: (kind, key or range)."""
        found = lines("verify", *self.url(), *arguments, expect=expect)
        self.assertEqual(found[-1]["type"], "summary")
        told = []
        for one in found[:-1]:
            kind = one[one["type"]]
            place = one.get("key") if kind not in ("hole", "gap", "accepted") else (one["first"], one["last"])
            told.append((kind, one["partition"] if isinstance(place, tuple) else None, place or one.get("name")))
        return told
