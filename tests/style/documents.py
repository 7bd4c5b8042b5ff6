#!/usr/bin/python3
"""documents.py SOURCE_DIR: what documents point to is there. Links between them and to headings, files that are named, options
of the archiver, metrics, and a section of the runbook for each alert."""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import tree  # noqa: E402

SOURCE = pathlib.Path(sys.argv[1]).resolve()
MAX_README_LINES = 120  # two screens
ROOMS = ("abi", "cli", "cmake", "common", "host-postgres", "host-sim", "plugin", "sinks", "tests", ".ci")


def without_code(text):
    """Without blocks of code, which may show anything, and what stands in backquotes."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path):
    """What a link to a heading is called, as GitHub does it."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    found = []
    for heading in re.findall(r"^#+ +(.*)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        seen = sum(one == slug or re.fullmatch(re.escape(slug) + r"-\d+", one) is not None for one in found)
        found.append(f"{slug}-{seen}" if seen else slug)
    return set(found)


def check_links(path, problems):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        if not linked.exists() or not linked.is_relative_to(SOURCE):
            problems.append(f"{path.relative_to(SOURCE)}: {target} is not there")
        elif anchor and (not linked.is_file() or anchor not in anchors(linked)):
            problems.append(f"{path.relative_to(SOURCE)}: {target} has no such heading")


def check_files(path, problems):
    """Whole paths in backquotes, and programs that an indented command begins with."""
    whole = r"((?:" + "|".join(map(re.escape, ROOMS)) + r")/[\w./-]+)"
    text = path.read_text()
    for name in re.findall(f"`{whole}`", text) + re.findall(f"^    {whole}", text, re.MULTILINE):
        if not any((place / (name + more)).exists() for place in (SOURCE, path.parent) for more in ("", ".h", ".py")):
            problems.append(f"{path.relative_to(SOURCE)}: there is no {name}")


def check_options(problems):
    known = set(re.findall(r'^    \{"([a-z_]+)",', (SOURCE / "plugin/config/config.cc").read_text(), re.MULTILINE))
    table = (SOURCE / "plugin/OPTIONS.md").read_text().split("| option |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    problems += [f"plugin/OPTIONS.md: the archiver has no option {name}" for name in sorted(named - known)]
    told = set(re.findall(r"`([a-z_]+)`", table))
    problems += [f"plugin/OPTIONS.md: the option {name} is missing" for name in sorted(known - told)]


def check_runbook(files, problems):
    runbook = SOURCE / "cli/OPERATIONS.md"
    sources = "".join(path.read_text() for path in files
                      if path.suffix == ".cc" and path.relative_to(SOURCE).parts[0] in ("plugin", "cli"))
    for name in set(re.findall(r"\btidemark_[a-z_]+\b", runbook.read_text())) - {"tidemark_archive"}:
        if f'"{name}"' not in sources and f'"{name.removesuffix("_total")}"' not in sources:
            problems.append(f"cli/OPERATIONS.md: there is no metric {name}")
    sections = {one for one in anchors(runbook) if one.startswith("tidemark-")}
    for rules in (path for path in files if path.name == "rules.yml"):
        asked = set(re.findall(r"OPERATIONS\.md#([\w-]+)", rules.read_text()))
        where = rules.relative_to(SOURCE)
        problems += [f"{where}: the runbook has no section {name}" for name in sorted(asked - sections)]
        problems += [f"cli/OPERATIONS.md: {where} has no alert {name}" for name in sorted(sections - asked)]


def main():
    problems, files = [], tree.tracked(SOURCE)
    documents = [path for path in files if path.suffix == ".md"]
    for path in documents:
        check_links(path, problems)
        check_files(path, problems)
    if len((SOURCE / "README.md").read_text().splitlines()) > MAX_README_LINES:
        problems.append(f"README.md: more than two screens ({MAX_README_LINES} lines)")
    check_options(problems)
    check_runbook(files, problems)
    for problem in problems:
        print(problem)
    print(f"{len(documents)} documents" + ("" if problems else " are in order"))
    return 1 if problems or len(documents) < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
