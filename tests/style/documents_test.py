#!/usr/bin/python3
"""documents_test.py SOURCE_DIR: plants one mistake after another in a copy of the documents, and documents.py has to name each."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1]).resolve()
RULES = 'runbook_url: "https://example.org/cli/OPERATIONS.md#{}"\n'
SECTIONS = ("gap", "conflict", "superseded", "lag", "breaker", "backing-off", "failed-acknowledges", "memory-waits",
            "dropped-events", "verify-stale")

# What is added to which file, and what has to be said of it; None: it is well.
PLANTS = [
    ("SECURITY.md", "[x](none/README.md)\n", "SECURITY.md: none/README.md is not there"),
    ("SECURITY.md", "[x](../outside.md)\n", "../outside.md is not there"),
    ("SECURITY.md", "[x](README.md#nothing)\n", "README.md#nothing has no such heading"),
    ("SECURITY.md", "[x](#keys) [y](README.md#words) [z](https://example.org/none) `[x](none)`\n", None),
    ("SECURITY.md", "```\n[x](none)\n```\n", None),
    ("SECURITY.md", "## Keys\n[x](#keys-1)\n", None),
    ("SECURITY.md", "`tests/none.py`\n", "there is no tests/none.py"),
    ("CONTRIBUTING.md", "\n    tests/none.sh --fast\n", "there is no tests/none.sh"),
    ("README.md", "\n" * 120, "README.md: more than two screens"),
    ("plugin/OPTIONS.md", ("| `workers` |", "| `wokers` |"), "the archiver has no option wokers"),
    ("plugin/OPTIONS.md", ("| `workers` |", "| `wokers` |"), "the option workers is missing"),
    ("cli/OPERATIONS.md", "`tidemark_none_total`\n", "there is no metric tidemark_none_total"),
    ("cli/rules.yml", "".join(RULES.format("tidemark-" + one) for one in (*SECTIONS, "none")), "the runbook has no section tidemark-none"),
    ("cli/rules.yml", RULES.format("tidemark-gap"), "has no alert tidemark-conflict"),
    ("cli/rules.yml", "".join(RULES.format("tidemark-" + one) for one in SECTIONS), None),
]


def check(tree):
    return subprocess.run([sys.executable, str(SOURCE / "tests/style/documents.py"), str(tree)], capture_output=True,
                          text=True, check=False)


def main():
    with tempfile.TemporaryDirectory(prefix="tidemark-documents-") as work:
        tree = pathlib.Path(work) / "tree"
        shutil.copytree(SOURCE, tree, symlinks=True, ignore=shutil.ignore_patterns("build*", ".git", "bench-*"))
        # Rules of its own would answer for those that are planted.
        for rules in tree.rglob("rules.yml"):
            rules.unlink()
        wrong = []
        for name, text, complaint in [("README.md", "", None), *PLANTS]:
            path = tree / name
            before = path.read_text() if path.exists() else None
            path.write_text((before or "") + text if isinstance(text, str) else before.replace(*text))
            said = check(tree)
            if (said.returncode == 0) != (complaint is None) or (complaint or "") not in said.stdout:
                wrong.append(f"{name}: expected {complaint!r}, got {said.returncode}: {said.stdout}{said.stderr}")
            if before is None:
                path.unlink()
            else:
                path.write_text(before)
        print("\n".join(wrong) or f"{len(PLANTS)} mistakes were named")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
