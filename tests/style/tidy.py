#!/usr/bin/python3
"""tidy.py SOURCE_DIR BUILD_DIR: clang-tidy over common/, plugin/, sinks/, host-postgres/, host-sim/ and cli/, as .clang-tidy says.

The build compiles each of them alone, also where it compiles its tests' files together (TIDEMARK_BATCHES): so each includes
what it needs of ours.

A file whose text, headers, flags and checks are those of an earlier clean run is not looked at again; what it
was clean with is kept in BUILD_DIR/tidy. Files of one library are looked at together, as one translation unit: most of the
time goes into the headers that they share. Two files that use one name for two helpers of their own are kept apart. Where
anything is found, halves are looked at, down to each file alone: only what is found in one alone counts."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
ROOMS = ("common", "plugin", "sinks", "host-postgres", "host-sim", "cli")
GCC_ONLY = {"-fno-gnu-unique", "-Wno-stringop-overflow"}
OURS = f"({'|'.join(ROOMS)})/.*\\.(h|cc|c)$"
BATCH = 16
# What a file defines at its left edge: a function, a variable, a type. Members have their class before the name.
DEFINED = re.compile(r"^(?:(?:struct|class|enum(?: class)?|union) (\w+)\b|using (\w+) =|"
                     r"(?!namespace|using)(?=[a-z])[\w:<>,&*\[\] ]+?[ &*>](\w+)(?:\(|(?:\[\w*\])* ?[={;]))", re.MULTILINE | re.IGNORECASE)


def digest(*texts):
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def commands():
    """The compile commands of our rooms, in words that clang knows."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(SOURCE) and path.relative_to(SOURCE).parts[0] in ROOMS:
            words = [word for word in shlex.split(entry["command"]) if word not in GCC_ONLY]
            if os.path.basename(words[0]) == "ccache":
                words = words[1:]
            yield {"file": entry["file"], "arguments": words}


def without_command(entries):
    """The files that the build does not compile on their own, if it builds their room: they would not be looked at, and might
    include less than they need."""
    alone = {pathlib.Path(entry["file"]) for entry in entries}
    files = {path for room in ROOMS for path in (SOURCE / room).rglob("*") if path.suffix in (".cc", ".c")}
    built = {path.relative_to(SOURCE).parts[0] for path in alone}
    return sorted(str(path) for path in files - alone if path.relative_to(SOURCE).parts[0] in built)


def flags(entry):
    """What is said of how to compile it, without the compiler, the file and where to put what."""
    words, kept = iter(entry["arguments"][1:]), []
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(words)
        elif word not in ("-c", "-MD", "-MMD", entry["file"]):
            kept.append(word)
    return kept


class Names:
    """What one or more files define and mention."""

    def __init__(self, text=""):
        found = DEFINED.findall(text)
        self.types = {name for names in found for name in names[:2] if name}
        self.all = {name for names in found for name in names if name}
        self.words = set(re.findall(r"\w+", text))

    def clash(self, other):
        """A name is defined twice, or a type hides one of a header that the other means."""
        return bool(self.all & other.all or self.types & other.words or other.types & self.words)

    def add(self, other):
        self.types |= other.types
        self.all |= other.all
        self.words |= other.words


def batches_of(entries):
    """Files that may stand in one translation unit: of a library, and what one defines is not for another."""
    libraries = {}
    for entry in sorted(entries, key=lambda entry: entry["file"]):
        names = Names(pathlib.Path(entry["file"]).read_text())
        batches = libraries.setdefault((*flags(entry), pathlib.Path(entry["file"]).suffix), [])
        for files, taken in batches:
            if len(files) < BATCH and not taken.clash(names):
                files.append(entry)
                taken.add(names)
                break
        else:
            batches.append(([entry], names))
    # The largest first, so that none is begun when the others are done.
    return sorted((files for batches in libraries.values() for files, _ in batches), key=len, reverse=True)


def main():
    if shutil.which("clang-tidy") is None:
        print("clang-tidy is not installed; tests/setup.sh installs it", file=sys.stderr)
        return 1
    work = BUILD / "tidy"
    (work / "clean").mkdir(parents=True, exist_ok=True)
    entries = list({entry["file"]: entry for entry in commands()}.values())
    if not entries:
        print(f"no file of {', '.join(ROOMS)} in {BUILD}/compile_commands.json", file=sys.stderr)
        return 1
    if missed := without_command(entries):
        print("not compiled on their own in", BUILD, *missed, sep="\n", file=sys.stderr)
        return 1
    headers = sorted(path for room in (*ROOMS, "abi/include") for path in (SOURCE / room).rglob("*.h"))
    common = digest((SOURCE / ".clang-tidy").read_bytes(), *(header.read_bytes() for header in headers))

    def clean(entry):
        return work / "clean" / digest(common.encode(), pathlib.Path(entry["file"]).read_bytes(), " ".join(entry["arguments"]).encode())

    def tidy(path, arguments, *more):
        run = subprocess.run(["nice", "-n", "5", "clang-tidy", "--quiet", f"--config-file={SOURCE}/.clang-tidy", f"--header-filter={OURS}",
                              *more, path, "--", *arguments],
                             capture_output=True, text=True)
        return "" if run.returncode == 0 and "warning:" not in run.stdout else run.stdout + run.stderr

    def check(batch):
        """What is found in files that have their arguments in common."""
        path = pathlib.Path(batch[0]["file"])
        if len(batch) > 1:
            path = work / f"{digest(*(entry['file'].encode() for entry in batch))}{path.suffix}"
            path.write_text("".join(f'#include "{entry["file"]}"\n' for entry in batch))
        finding = tidy(str(path), flags(batch[0]), *(["--checks=-bugprone-suspicious-include"] if len(batch) > 1 else []))
        if not finding:
            for entry in batch:
                clean(entry).touch()
            return []
        half = len(batch) // 2
        return check(batch[:half]) + check(batch[half:]) if half else [finding]

    batches = batches_of(entry for entry in entries if not clean(entry).exists())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [finding for found in pool.map(check, batches) for finding in found]
    print("".join(findings), end="")
    print(f"{len(entries)} files, {len(findings)} with findings")
    return 1 if findings else 0


sys.exit(main())
