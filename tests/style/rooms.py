#!/usr/bin/python3
"""rooms.py SOURCE_DIR: who may include whom, how long a file and a function may be, that every room has its README,
that unit tests mirror the sources and that every test and every scenario is one that somebody runs. rooms_test.py shows
that each can fail."""
import ast
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import registered  # noqa: E402
import tree  # noqa: E402

SOURCE = pathlib.Path(sys.argv[1]).resolve()
MAX_LINES = 600
MAX_README_LINES = 80
MAX_FUNCTION_LINES = 70

TOP_FOLDERS = {"abi", "cli", "cmake", "common", "host-postgres", "host-sim", "plugin", "sinks", "tests"}
SOURCE_SUFFIXES = {".cc", ".h", ".c"}

# What a pure state machine has no business with: threads, locks, clocks, I/O, processes, randomness of its own.
PURE_STD = {
    "algorithm", "array", "bit", "bitset", "cassert", "cctype", "charconv", "climits", "cmath", "compare", "concepts",
    "cstddef", "cstdint", "cstring", "deque", "functional", "initializer_list", "iterator", "limits", "list", "map",
    "memory", "new", "numeric", "optional", "queue", "ranges", "set", "span", "stdexcept", "string", "string_view",
    "tuple", "type_traits", "unordered_map", "unordered_set", "utility", "variant", "vector",
}
# Headers of common/base that ask nothing of the operating system: what pure code may see of it.
PURE_BASE = {"base/errno_status.h", "base/line.h", "base/rate_limit.h", "base/status_name.h"}
# The plugin's rooms: which others each may see. Each edge is one that some file needs.
MAY_SEE = {
    "core": set(),
    "config": set(),
    "log": set(),
    "metrics": {"core"},
    "publish": {"config", "log", "metrics"},
    "tree": set(),
    "codec": set(),
    "tar": {"codec", "tree"},
    "sink": {"config", "log"},
    "store": {"codec", "core", "sink", "tar"},
    "lineage": {"core", "sink", "store"},
    "runtime": {"codec", "config", "core", "lineage", "log", "metrics", "publish", "sink", "store", "tar"},
}
# The sinks' rooms, likewise; the longest name that fits decides. HTTP is for those that ask over it.
SINK_MAY_SEE = {
    "common": set(),
    "file": {"common"},
    "faulty": {"common"},
    "http": {"common"},
    "azblob/auth": {"common", "http"},
    "azblob": {"common", "http", "azblob/auth"},
    "gs/auth": {"common", "http"},
    "gs": {"common", "http", "gs/auth"},
    "s3/auth": {"common", "http"},
    "s3": {"common", "http", "s3/auth"},
}
# Whoever knows one sink finds the way in all.
SINK_FILES = ("answer.h", "config.h", "get.cc", "list.cc", "open.cc", "put.cc", "remove.cc")
# Headers of the PostgreSQL server: for the module that it loads, and for nothing that tests and tools reach.
SERVER_HEADERS = re.compile(r"(?:postgres|fmgr|miscadmin|pgstat)\.h|(?:access|archive|catalog|postmaster|storage|utils)/")
STORE_WORDS = re.compile(r"\b(s3|aws|amz|azure|azblob|gcs)\b", re.IGNORECASE)


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1] == '"', found[2]


def check_pure(where, quoted, name, sees, problems):
    """Sees the standard's pure headers, common/base's pure ones and the folders in `sees`."""
    if quoted and name not in PURE_BASE and name.split("/")[0] not in sees:
        problems.append(f"{where}: {name} is not for pure code")
    elif not quoted and name not in PURE_STD:
        problems.append(f"{where}: <{name}> is not on the list of pure headers")


def check_common(path, folder, problems):
    """base may use the operating system and the vocabulary of abi/; format is pure. Neither sees another room."""
    is_pure = folder == "format" or str(path.relative_to(SOURCE / "common")) in PURE_BASE
    for number, quoted, name in includes(path):
        where = f"{path.relative_to(SOURCE)}:{number}"
        if quoted and not (SOURCE / "common" / name).is_file():
            problems.append(f"{where}: {name} is not a file of common")
        elif is_pure and name not in ("tidemark/base.h", "cerrno"):
            check_pure(where, quoted, name, {"format"} if folder == "format" else set(), problems)
        elif quoted and folder == "base" and not name.startswith("base/"):
            problems.append(f"{where}: base does not see {name}")


def check_plugin(path, room, problems):
    for number, quoted, name in includes(path):
        where = f"{path.relative_to(SOURCE)}:{number}"
        target = name.split("/")[0] if "/" in name else ""
        if room == "core":
            check_pure(where, quoted, name, {"core", "format"}, problems)
        elif room in MAY_SEE and target in MAY_SEE and target != room and target not in MAY_SEE[room]:
            problems.append(f"{where}: {room} may not see {target}")


def check_guest(path, room, problems):
    """Sinks and hosts see abi/, common/ and themselves; in particular nothing that lies in plugin/."""
    for number, quoted, name in includes(path):
        where = f"{path.relative_to(SOURCE)}:{number}"
        if ".." in name.split("/") or "plugin/" in name:
            problems.append(f"{where}: {room} reaches out of its room with {name}")
        elif quoted and not any((folder / name).is_file() for folder in (path.parent, SOURCE / room, SOURCE / "common")):
            problems.append(f"{where}: {name} is not a file of {room}")
        elif not quoted and name.split("/")[0] == "tidemark" and name not in {
                "tidemark/base.h", "tidemark/archiver.h", "tidemark/maintenance.h", "tidemark/draft/maintenance.h",
                "tidemark/draft/list_folders.h", "tidemark/draft/remove_many.h", "tidemark/sink.h"}:
            problems.append(f"{where}: <{name}> is not a header of abi/")


def check_server(path, problems):
    """Only host-postgres/module knows the server's headers; what it uses may not need them."""
    folder = path.relative_to(SOURCE).parts[1]
    for number, quoted, name in includes(path):
        where = f"{path.relative_to(SOURCE)}:{number}"
        if not quoted and folder != "module" and SERVER_HEADERS.match(name):
            problems.append(f"{where}: <{name}> is for host-postgres/module alone")
        elif quoted and name.split("/")[0] in {"module", "tool"} - {folder}:
            problems.append(f"{where}: host-postgres/{folder} may not see {name}")


def check_edges(files, problems):
    """An edge that nobody needs is an invitation."""
    seen = {room: set() for room in MAY_SEE}
    for path in files:
        parts = path.relative_to(SOURCE).parts
        if parts[0] == "plugin" and len(parts) > 2 and parts[1] in MAY_SEE and path.suffix in SOURCE_SUFFIXES:
            seen[parts[1]].update(name.split("/")[0] for _, quoted, name in includes(path) if quoted)
    for room, targets in MAY_SEE.items():
        problems += [f"plugin/{room} may see {target}, and no file of it needs that" for target in targets - seen[room]]


def c_functions(lines):
    """First line, last line and head of each function, as clang-format lays them out: its last line is the first '}'
    that stands as far left as its head. A class is gone into; a list of values is not a function, and what a
    constructor initialises is one."""
    begins_none = re.compile(r"\{|(?:template\b.*> )?(?:inline )?(?:namespace|class|struct|union|enum|extern \"C\")\b")
    ends_before = re.compile(r"[;{}]$|^\s*(?:#.*|\w+:)?$")
    number = 0
    while number < len(lines):
        line = lines[number].strip()
        if line.endswith("{") and not line.startswith(("//", "#", "}")):
            first = number
            while first > 0 and not ends_before.search(re.sub(r"\s*//.*$", "", lines[first - 1])):
                first -= 1
            head = " ".join(text.strip() for text in lines[first:number + 1])
            if "(" in head and not begins_none.match(head):
                indent = lines[first][:len(lines[first]) - len(lines[first].lstrip())]
                begin = number if re.search(r"\) : \w", head) else first
                while number < len(lines) and not lines[number].startswith(indent + "}"):
                    number += 1
                yield begin + 1, number + 1, head
        number += 1


def py_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            yield node.lineno, node.end_lineno, node.name


def check_functions(path, problems):
    if path.suffix in SOURCE_SUFFIXES:
        functions = c_functions(path.read_text().splitlines())
    elif path.suffix == ".py":
        functions = py_functions(path.read_text())
    else:
        return
    for first, last, head in functions:
        if last - first + 1 > MAX_FUNCTION_LINES:
            problems.append(f"{path.relative_to(SOURCE)}:{first}: {last - first + 1} lines; {MAX_FUNCTION_LINES} are the "
                            f"most of a function: {head[:80]}")


def check_mirrored(files, problems):
    """tests/unit/<room>/<name>_test.cc names <room>/<name>.cc or .h, whole or up to a '_'; the plugin's rooms are its
    folders."""
    names = {path.relative_to(SOURCE).with_suffix("").as_posix() for path in files if path.suffix in SOURCE_SUFFIXES}
    for path in files:
        parts = path.relative_to(SOURCE).parts
        if parts[:2] != ("tests", "unit") or not path.stem.endswith("_test"):
            continue
        room = "/".join(parts[2:-1])
        folder = f"plugin/{room}" if parts[2] in MAY_SEE else room
        words = path.stem.removesuffix("_test").split("_")
        if not any(f"{folder}/{'_'.join(words[:count])}" in names for count in range(1, len(words) + 1)):
            problems.append(f"{path.relative_to(SOURCE)}: names no file of {folder}")


def check_top(files, problems):
    for folder in sorted({path.relative_to(SOURCE).parts[0] for path in files if path.parent != SOURCE}):
        if folder not in TOP_FOLDERS and not folder.startswith("."):
            problems.append(f"{folder}/: a folder that a newcomer does not expect at the top")


def sink_room(name):
    """The room of a path below sinks/, or "" where it is of none."""
    return max((room for room in SINK_MAY_SEE if name.startswith(room + "/")), key=len, default="")


def check_sink(path, problems):
    """What a sink shares lies in rooms of its own, which know nothing of those that use them."""
    room = sink_room(str(path.relative_to(SOURCE / "sinks")))
    for number, quoted, name in includes(path):
        target = sink_room(name) if quoted else ""
        if target and target != room and target not in SINK_MAY_SEE.get(room, set()):
            problems.append(f"{path.relative_to(SOURCE)}:{number}: sinks/{room} may not see {name}")
    word = STORE_WORDS.search(path.read_text()) if room == "http" else None
    if word:
        problems.append(f"{path.relative_to(SOURCE)}: {word[0]} is the word of one store, and http is for all")
    if path.name == "entry.cc" and room != "faulty":  # which passes its calls on, in one file
        problems.extend(f"sinks/{room}/ has no {name}" for name in SINK_FILES if not (path.parent / name).is_file())


def check_tests_run(files, problems):
    """A test that no list of tests and no script names is never run, and nobody notices."""
    callers = [path for path in files if path.name in ("CMakeLists.txt", "run") or path.suffix in (".py", ".sh")]
    texts = {path: path.read_text() for path in callers}
    for path in files:
        parts = path.relative_to(SOURCE).parts
        if parts[0] != "tests" or parts[1] in ("bench", "coverage.sh") or path.suffix not in (".py", ".sh", ".cc", ".c"):
            continue  # run by hand
        globbed = re.escape(path.name) if not path.name.endswith("_test.cc") else rf"{re.escape(path.name)}|\*_test\.cc"
        named = re.compile(rf"(?<![\w-])(?:{globbed}|import {re.escape(path.stem)})(?![\w-])")
        # Most texts have no such word at all, which is seen much faster.
        words = (path.name, "*_test.cc", f"import {path.stem}")
        if not any(named.search(text) for caller, text in texts.items()
                   if caller != path and any(word in text for word in words)):
            problems.append(f"{path.relative_to(SOURCE)}: no list of tests and no script names it, so nobody runs it")


def check_scenarios_run(files, problems):
    """A program that is registered by its scenarios is registered with each: one that is forgotten is never run. A
    program that is run whole, or by its classes, names none."""
    beside = {path.parent: registered.words_beside(path.read_text()) for path in files if path.name == "CMakeLists.txt"}
    for path in files:
        if path.suffix != ".py" or path.name not in beside.get(path.parent, {}):
            continue
        words = beside[path.parent][path.name]
        scenarios = [(line, name) for line, _, name in py_functions(path.read_text()) if name.startswith("test_")]
        forgotten = [(line, name) for line, name in scenarios if name.removeprefix("test_") not in words]
        if len(forgotten) < len(scenarios):
            problems += [f"{path.relative_to(SOURCE)}:{line}: the CMakeLists.txt of its folder does not name {name}, so "
                         "nobody runs it" for line, name in forgotten]


def rooms(files):
    """Folders that hold sources, down to the level that has rooms of its own."""
    found = {SOURCE / top for top in ("abi", "common", "plugin", "sinks", "host-postgres", "host-sim", "cli", "tests")}
    for path in files:
        parts = path.relative_to(SOURCE).parts
        if len(parts) > 2 and parts[0] in ("plugin", "sinks") and path.suffix in (".cc", ".h"):
            found.add(SOURCE / parts[0] / parts[1])
            if parts[0] == "sinks":
                found.add(SOURCE / "sinks" / sink_room("/".join(parts[1:])))
    return sorted(found)


def main():
    problems = []
    files = tree.tracked(SOURCE)
    for path in files:
        check_functions(path, problems)
        parts = path.relative_to(SOURCE).parts
        if parts[0] not in ("common", "plugin", "sinks", "host-postgres", "host-sim", "cli") or path.suffix not in SOURCE_SUFFIXES:
            continue
        if parts[0] == "common":
            check_common(path, parts[1], problems)
        elif parts[0] == "plugin":
            check_plugin(path, parts[1] if len(parts) > 2 else "", problems)
        else:
            check_guest(path, parts[0], problems)
            if parts[0] == "sinks":
                check_sink(path, problems)
            if parts[0] == "host-postgres":
                check_server(path, problems)
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES:
            problems.append(f"{path.relative_to(SOURCE)}: {lines} lines; {MAX_LINES} are the most")
    check_edges(files, problems)
    check_mirrored(files, problems)
    check_top(files, problems)
    check_tests_run(files, problems)
    check_scenarios_run(files, problems)
    for room in rooms(files):
        readme = room / "README.md"
        if not readme.is_file():
            problems.append(f"{room.relative_to(SOURCE)}/ has no README.md")
        elif len(readme.read_text().splitlines()) > MAX_README_LINES:
            problems.append(f"{readme.relative_to(SOURCE)}: more than a page ({MAX_README_LINES} lines)")
    print("\n".join(problems) or f"{len(files)} files are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
