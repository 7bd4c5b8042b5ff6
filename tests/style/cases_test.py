#!/usr/bin/python3
"""cases_test.py: a case without a test is found, and so is a tag of no case."""
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True  # the source tree stays clean
import cases


def problems(files):
    with tempfile.TemporaryDirectory() as place:
        tests = pathlib.Path(place) / "tests"
        tests.mkdir()
        for name, text in files.items():
            (tests / name).write_text(text)
        return cases.problems_of(pathlib.Path(place).resolve())


def main():
    numbers = list(cases.CASES)
    in_c = "// Case 1, a#1; case 2, b#2; and more.\nTEST(A, B) {}\n" + "".join(
        f"// Case {number}, somebody#1.\n" for number in numbers[2:30])
    in_names = "".join(f"TEST_F(Gs, Case{number}Is) {{}}\n" for number in numbers[30:-1])
    in_python = f"class A:\n    def test_case_{numbers[-1]}_is(self):\n        pass\n"
    files = {"a_test.cc": in_c, "b_test.cc": in_names, "c_test.py": in_python}
    assert problems(files) == [], problems(files)
    for name, line in (("a_test.cc", "// Case 20b, somebody#1.\n"), ("b_test.cc", "TEST_F(Gs, Case33Is) {}\n")):
        changed = {**files, name: files[name].replace(line, "")}
        assert len(problems(changed)) == 1 and " has no test: " in problems(changed)[0], problems(changed)
    del files["c_test.py"]
    assert problems(files) == [f"case 37 has no test: {cases.CASES['37']}"], problems(files)
    files["c_test.py"] = in_python + "    def test_case_99_is(self):\n        pass\n"
    assert problems(files) == ["tests/c_test.py:4: case 99 is none of ours"], problems(files)
    print("all found")


main()
