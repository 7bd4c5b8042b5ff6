"""Archives that are compressed and encrypted by strangers (zstd and age), and what they say of ours."""

import hashlib
import hmac
import os
import subprocess
import sys

import cli_tools as tools

CODINGS = ("", ".zst", ".age", ".zst.age")


def pipe(words, given):
    done = subprocess.run(words, input=given, capture_output=True, check=False)
    assert done.returncode == 0, (words, done.stderr[:500])
    return done.stdout


def words_of(body):
    """What a footer says."""
    return dict(word.split("=", 1) for word in body[-512:].rstrip(b"\0").decode().split(" ")[1:])


# A child's peak begins with that of who made it, so this is a small one.
MEASURE = """
import os, sys
_, status, usage = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]), 0)
print("peak_mib", usage.ru_maxrss >> 10)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_mib(words):
    """The most memory that a program takes which ends with 0."""
    return int(pipe([sys.executable, "-c", MEASURE, *words], b"").split()[-1])


class Keys:
    """An identity, its recipient and a tag key, each in a file of its directory."""

    def __init__(self, directory, name):
        self.identity, self.recipients, self.tag_key = (os.path.join(directory, name + suffix)
                                                        for suffix in (".identity", ".recipients", ".tag"))
        subprocess.run(["age-keygen", "-o", self.identity], check=True, capture_output=True)
        with open(self.recipients, "wb") as file:
            file.write(pipe(["age-keygen", "-y", self.identity], b""))
        tools.run("keygen", "-o", self.tag_key)

    def to_read(self):
        """Of an archive that has every kind."""
        return ["--identity", self.identity, "--tag-key", self.tag_key, "--accept-untagged"]

    def to_encrypt(self):
        return ["--recipients", self.recipients, "--tag-key", self.tag_key, "--accept-untagged"]

    def secret(self):
        with open(self.tag_key, encoding="ascii") as file:
            return bytes.fromhex([line for line in file.read().splitlines() if not line.startswith("#")][0])

    def encoded(self, key, body, coding):
        """The archive `key`, whose bytes are `body`, coded: its key and bytes."""
        content, plain = body[:-512], words_of(body)
        known = f"content={hashlib.sha256(content).hexdigest()} size={len(content)}"
        stored = content
        if ".zst" in coding:
            stored = pipe(["zstd", "-qc", f"--stream-size={len(stored)}"], stored) + (b"" if "age" in coding else bytes.fromhex("5e2a4d1800020000"))
        if "age" in coding:
            stored = pipe(["age", "-R", self.recipients], stored)
            known = self.tag_words(key, content)
        text = (f"TIDEMARK1 sha256={hashlib.sha256(stored).hexdigest()} storage={plain['storage']} "
                f"partition={plain['partition']} first={plain['first']} last={plain['last']}")
        text += "".join(f" {word}={plain[word]}" for word in ("epoch",) if word in plain) + (f" {known}" if coding else "")
        text += "".join(f" {word}={plain[word]}" for word in ("made_us",) if word in plain)
        return key + coding, stored + text.encode().ljust(512, b"\0")

    def tag_words(self, key, content):
        stem = key.removesuffix(".tar")
        secret = self.secret()
        of_key = hmac.new(secret, b"TIDEMARK1-TAG-KEY", hashlib.sha256).hexdigest()[:8]
        tag = hmac.new(secret, b"TIDEMARK1-TAG\0" + stem.encode() + hashlib.sha256(content).digest(), hashlib.sha256)
        return f"tag_key={of_key} tag={tag.hexdigest()}"

    def content(self, key, body):
        """The tar that it holds, as zstd and age decode it."""
        stored = body[:-512]
        if key.endswith(".zst"):
            stored = body[:-520]  # with half a skippable frame
        if key.endswith(".age"):
            stored = pipe(["age", "-d", "-i", self.identity], stored)
        return pipe(["zstd", "-dqc"], stored) if ".zst" in key else stored


def plain_key(key):
    for coding in (".zst.age", ".age", ".zst"):
        if key.endswith(".tar" + coding):
            return key.removesuffix(coding)
    return key
