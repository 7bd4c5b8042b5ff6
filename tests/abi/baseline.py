#!/usr/bin/python3
"""The headers of today against a frozen release in abi/baseline, declaration by declaration.

  baseline.py check FROZEN_DIR INCLUDE_DIR    exit 1 and one line per broken promise
  baseline.py freeze INCLUDE_DIR FROZEN_DIR   copy the headers and write their layout table

Checked: structs with struct_size only grew at the end; others, constants, typedefs and functions are the same.
Offsets and sizes are checked by the compiler, see layout_test.c. CC names the compiler, default cc.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HEADERS = ("base.h", "archiver.h", "maintenance.h", "sink.h")
COMPILER = os.environ.get("CC", "cc").split()


def preprocess(include_dir, *flags):
    text = "".join(f"#include <tidemark/{header}>\n" for header in HEADERS)
    return subprocess.run(
        [*COMPILER, "-std=c99", "-E", *flags, "-I", str(include_dir), "-"],
        input=text, capture_output=True, text=True, check=True).stdout


def own_text(include_dir):
    """What the headers themselves declare, without the system's headers, in one line."""
    lines, own = [], False
    for line in preprocess(include_dir).splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            own = pathlib.Path(marker[1]).parent.name == "tidemark"
        elif own:
            lines.append(line)
    return re.sub(r"\s+", " ", " ".join(lines))


def split_members(body):
    """Member declarations; `tidemark_lsn low, high` becomes two."""
    members = []
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        pointer = re.search(r"\(\*(\w+)\)", declaration)
        if pointer:
            members.append((pointer[1], declaration))
            continue
        base = re.match(r"(.*?)\s*(\w+(?:\[[^\]]*\])?(?:\s*,\s*\w+)*)$", declaration)
        for name in base[2].split(","):
            members.append((re.match(r"\w+", name.strip())[0], f"{base[1]} {name.strip()}"))
    return members


def parse(include_dir):
    text = own_text(include_dir)
    structs = {m[2]: split_members(m[1]) for m in re.finditer(r"typedef struct \w+ \{(.*?)\} (\w+);", text)}
    enums = {}
    for body in re.findall(r"enum \{(.*?)\};", text):
        enums.update((name.strip(), value.strip()) for name, value in (e.split("=") for e in body.split(",")))
    rest = re.sub(r"typedef struct \w+ \{.*?\} \w+;|enum \{.*?\};", "", text)
    macros = dict(re.findall(r"^#define (TIDEMARK_\w+(?:\([^)]*\))?) (.+)$", preprocess(include_dir, "-dM"), re.M))
    other = {declaration.strip() for declaration in rest.split(";") if declaration.strip()}
    return structs, enums, macros, other


def grows(members):
    return members[0][0] == "struct_size"


def check(frozen_dir, include_dir):
    problems = []
    old, new = parse(frozen_dir), parse(include_dir)
    for name, members in old[0].items():
        now = new[0].get(name, [])
        kept = now[: len(members)] if grows(members) else now
        for before, after in zip(members, kept + [("", "nothing")] * len(members)):
            if before != after:
                problems.append(f"{name}: '{before[1]}' became '{after[1]}'")
        if not grows(members) and len(now) > len(members):
            problems.append(f"{name}: has no struct_size and grew by '{now[len(members)][1]}'")
    for kind, before, after in (("constant", old[1], new[1]), ("macro", old[2], new[2])):
        for name, value in before.items():
            if name.endswith("_ABI_MINOR"):
                if int(after.get(name, "0").rstrip("u")) < int(value.rstrip("u")):
                    problems.append(f"{kind} {name}: went back from {value}")
            elif after.get(name) != value:
                problems.append(f"{kind} {name}: '{value}' became '{after.get(name)}'")
    problems += [f"'{declaration}' is gone" for declaration in sorted(old[3] - new[3])]

    table = (pathlib.Path(frozen_dir) / "layout.def").read_text()
    listed = set(re.findall(r"^MEMBER\((\w+), (\w+),", table, re.M))
    declared = {(struct, member) for struct, members in old[0].items() for member, _ in members}
    problems += [f"layout.def: {'.'.join(pair)} is listed or declared, not both" for pair in sorted(listed ^ declared)]
    return problems


def layout_table(include_dir):
    structs, enums, _, _ = parse(include_dir)
    lines = []
    for name, members in structs.items():
        kind = "GROWS" if grows(members) else "FIXED"
        lines.append(f'printf("{kind}({name}, %zu)\\n", sizeof({name}));')
        for member, _ in members:
            lines.append(f'printf("MEMBER({name}, {member}, %zu, %zu)\\n", offsetof({name}, {member}), '
                         f"sizeof((({name}*)0)->{member}));")
    lines += [f'printf("CONSTANT({name}, %d)\\n", {name});' for name in enums]
    with tempfile.TemporaryDirectory() as work:
        source, program = pathlib.Path(work) / "layout.c", pathlib.Path(work) / "layout"
        source.write_text("#include <stdio.h>\n" + "".join(f"#include <tidemark/{h}>\n" for h in HEADERS) +
                          "int main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
        subprocess.run([*COMPILER, "-std=c99", "-I", str(include_dir), str(source), "-o", str(program)], check=True)
        return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout


def freeze(include_dir, frozen_dir):
    target = pathlib.Path(frozen_dir)
    (target / "tidemark").mkdir(parents=True, exist_ok=True)
    for header in HEADERS:
        shutil.copyfile(pathlib.Path(include_dir) / "tidemark" / header, target / "tidemark" / header)
    (target / "layout.def").write_text(
        "/* Layout on LP64: written by tests/abi/baseline.py freeze, checked by tests/abi/layout_test.c. */\n" +
        layout_table(target))


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "freeze":
        freeze(*arguments[1:])
        return 0
    if len(arguments) == 3 and arguments[0] == "check":
        problems = check(*arguments[1:])
        print("\n".join(problems) or "every promise of the frozen headers holds")
        return 1 if problems else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
