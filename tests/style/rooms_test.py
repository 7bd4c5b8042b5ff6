#!/usr/bin/python3
"""rooms_test.py SOURCE_DIR: plants one offence after another in a copy of the tree, and rooms.py has to name each."""
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the source tree stays clean
import rooms

SOURCE = pathlib.Path(sys.argv[1]).resolve()
FORGOTTEN = "forgotten" + "_run.py"  # in one word it would be named here
SCENARIO = "\n\nclass Late:\n    def test_{}(self):\n        pass\n"
LONG = "\n".join(["int long_one() {", *["  work();"] * 69, "}", ""])
TABLE = "\n".join(["constexpr Row kTable[] = {", *["    {1, f(2)},"] * 80, "};", ""])
INITIALISED = "\n".join(["One::One(int a)", "    : a_(a),", *["      b_(f(1)),"] * 80, "      c_(2) {", "  work();", "}", ""])

# What is added to which file (made if it is not there), and what has to be said of it; None: it is well.
PLANTS = [
    ("plugin/core/window.h", '#include "runtime/job.h"\n', "runtime/job.h is not for pure code"),
    ("plugin/core/window.h", "#include <thread>\n", "<thread> is not on the list of pure headers"),
    ("plugin/tree/walker.h", '#include "tar/format.h"\n', "tree may not see tar"),
    ("common/base/fd.h", '#include "format/lsn.h"\n', "base does not see format/lsn.h"),
    ("cli/text.h", '#include "plugin/core/window.h"\n', "cli reaches out of its room"),
    ("host-postgres/bridge/book.h", "#include <utils/guc.h>\n", "<utils/guc.h> is for host-postgres/module alone"),
    ("host-postgres/bridge/book.h", '#include "module/compat.h"\n', "host-postgres/bridge may not see module/compat.h"),
    ("sinks/file/root.h", "#include <tidemark/other.h>\n", "<tidemark/other.h> is not a header of abi/"),
    ("cli/text.cc", "\n" * 600, "600 are the most"),
    ("cli/text.cc", LONG, "71 lines; 70 are the most of a function: int long_one() {"),
    ("cli/text.cc", LONG.replace("\n", "\n  ").replace("int", "  int", 1), "71 lines; 70 are the most of a function"),
    ("cli/text.cc", LONG.replace("  work();\n", "", 1), None),
    ("cli/text.cc", TABLE, None),
    ("cli/text.cc", INITIALISED, None),
    ("tests/cli/cli_test.py", "\ndef long_one():\n" + "    work()\n" * 70, "71 lines; 70 are the most of a function: long_one"),
    ("tests/unit/tree/nothing_test.cc", "", "nothing_test.cc: names no file of plugin/tree"),
    ("tests/unit/common/base/nothing_test.cc", "", "nothing_test.cc: names no file of common/base"),
    ("tests/unit/tree/walker_failures_test.cc", "", None),
    ("examples/one.c", "", "examples/: a folder that a newcomer does not expect"),
    (f"tests/cli/{FORGOTTEN}", "", f"{FORGOTTEN}: no list of tests and no script names it"),
    # A scenario, in each way to register them: a list, a function's ${ARGN}, a loop; the name of another's is not enough.
    ("tests/cli/restore_test.py", SCENARIO.format("not_listed"), "does not name test_not_listed, so nobody runs it"),
    ("tests/cli/copy_kill_test.py", SCENARIO.format("what_bears_no_tag"), "does not name test_what_bears_no_tag"),
    ("tests/s3/store_test.py", SCENARIO.format("not_passed"), "does not name test_not_passed"),
    ("tests/integration/host_sim_clone_test.py", SCENARIO.format("not_in_the_loop"), "does not name test_not_in_the_loop"),
    ("tests/cli/manual_test.py", SCENARIO.format("of_a_program_that_is_run_whole"), None),
    ("tests/s3/histories_test.py", SCENARIO.format("of_a_class_that_is_run_whole"), None),
    ("plugin/fresh/one.h", "", "plugin/fresh/ has no README.md"),
    ("plugin/tree/README.md", "\n" * 80, "more than a page"),
    # An edge is taken away where it is used.
    ("plugin/metrics/*", '"core/', "plugin/metrics may see core, and no file of it needs that"),
]


def check(tree):
    return subprocess.run([sys.executable, str(SOURCE / "tests/style/rooms.py"), str(tree)], capture_output=True,
                          text=True, check=False)


def plant(tree, name, text):
    """Returns what brings the tree back."""
    if name.endswith("/*"):
        before = {path: path.read_text() for path in tree.joinpath(name[:-2]).iterdir()}
        for path, content in before.items():
            path.write_text(content.replace(text, '"'))
        return lambda: [path.write_text(content) for path, content in before.items()]
    path = tree / name
    if path.exists():
        before = path.read_text()
        path.write_text(before + text)
        return lambda: path.write_text(before)
    is_new_folder = not path.parent.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return lambda: shutil.rmtree(path.parent) if is_new_folder else path.unlink()


def rounds(plants):
    """As few as let no two plants stand in one file, or in one folder that is wholly changed: each run of rooms.py takes seconds."""
    found = []
    for one in plants:
        place = one[0].removesuffix("/*")
        for others in found:
            if not any(place.startswith(other[0].removesuffix("/*")) or other[0].startswith(place) for other in others):
                others.append(one)
                break
        else:
            found.append([one])
    return found


def trial(tree, plants):
    """Plants all of them; true if each is found, and nothing else."""
    undo = [plant(tree, name, text) for name, text, _ in plants]
    found = check(tree)
    for step in reversed(undo):
        step()
    wanted = [expected for _, _, expected in plants if expected is not None]
    if not wanted:
        well = found.returncode == 0
    else:
        lines, missing = found.stdout.splitlines(), []
        for expected in wanted:
            said = next((line for line in lines if expected in line), None)
            lines.remove(said) if said else missing.append(expected)
        well = found.returncode == 1 and not lines and not missing
    if not well:
        names = "\n".join(f"{name}: {expected or 'nothing'}" for name, _, expected in plants)
        print(f"expected:\n{names}\nfound:\n{found.stdout}{found.stderr}")
    return well


def main():
    with tempfile.TemporaryDirectory() as place:
        tree = pathlib.Path(place) / "tree"
        for path in rooms.tree.tracked(rooms.SOURCE):
            copy = tree / path.relative_to(SOURCE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        clean = check(tree)
        if clean.returncode != 0:
            print(f"without an offence:\n{clean.stdout}{clean.stderr}")
            return 1
        failures = sum(not trial(tree, plants) for plants in rounds(PLANTS))
    print(f"{len(PLANTS)} plants, {failures} rounds with failures")
    return 1 if failures else 0


sys.exit(main())
