#!/usr/bin/python3
"""tidy.py SOURCE_DIR BUILD_DIR: clang-tidy over common/, plugin/, sinks/, host-postgres/, host-sim/ and cli/, as .clang-tidy says.

A file whose text, headers, flags and checks are those of an earlier clean run is not looked at again; what it
was clean with is kept in BUILD_DIR/tidy."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

SOURCE, BUILD = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
ROOMS = ("common", "plugin", "sinks", "host-postgres", "host-sim", "cli")
GCC_ONLY = {"-fno-gnu-unique", "-fpch-preprocess", "-Wno-stringop-overflow"}
# Without precompiled headers clang sees what each file includes itself.
PRECOMPILED = {"-include", "-include-pch", "-Winvalid-pch", "-Xclang", "-fno-pch-timestamp"}


def digest(*texts):
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def commands():
    """The compile commands of our rooms, in words that clang knows."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(SOURCE) and path.relative_to(SOURCE).parts[0] in ROOMS:
            words = [word for word in shlex.split(entry["command"]) if word not in GCC_ONLY | PRECOMPILED and
                     not os.path.basename(word).startswith("cmake_pch.")]
            if os.path.basename(words[0]) == "ccache":
                words = words[1:]
            yield {"file": entry["file"], "directory": entry["directory"], "arguments": words}


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
    (work / "compile_commands.json").write_text(json.dumps(entries))
    headers = sorted(path for room in (*ROOMS, "abi/include") for path in (SOURCE / room).rglob("*.h"))
    common = digest((SOURCE / ".clang-tidy").read_bytes(), *(header.read_bytes() for header in headers))

    def check(entry):
        clean = digest(common.encode(), pathlib.Path(entry["file"]).read_bytes(), " ".join(entry["arguments"]).encode())
        if (work / "clean" / clean).exists():
            return None
        run = subprocess.run(["nice", "-n", "5", "clang-tidy", "--quiet", "-p", str(work), entry["file"]], capture_output=True, text=True)
        if run.returncode == 0 and "warning:" not in run.stdout:
            (work / "clean" / clean).touch()
            return None
        return run.stdout + run.stderr

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [finding for finding in pool.map(check, entries) if finding]
    print("".join(findings), end="")
    print(f"{len(entries)} files, {len(findings)} with findings")
    return 1 if findings else 0


sys.exit(main())
