#!/usr/bin/python3
"""baseline_test.py INCLUDE_DIR: baseline.py notices every kind of broken promise, and lets growth pass."""
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the source tree stays clean
import baseline

INCLUDE_DIR = sys.argv.pop(1)


class BaselineTest(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)
        self.frozen = pathlib.Path(self.work.name) / "frozen"
        self.now = pathlib.Path(self.work.name) / "now"
        baseline.freeze(INCLUDE_DIR, self.frozen)
        shutil.copytree(INCLUDE_DIR, self.now)

    def edit(self, header, before, after):
        path = self.now / "tidemark" / header
        text = path.read_text()
        self.assertIn(before, text)
        path.write_text(text.replace(before, after, 1))

    def problems(self):
        return baseline.check(self.frozen, self.now)

    def test_unchanged_headers_pass(self):
        self.assertEqual(self.problems(), [])

    def test_growth_at_the_end_passes(self):
        self.edit("archiver.h", "} tidemark_host;", "  void (*wake)(void* ctx);\n} tidemark_host;")
        self.edit("base.h", "TIDEMARK_E_NO_SPACE = 102", "TIDEMARK_E_NO_SPACE = 102, TIDEMARK_E_BUSY = 103")
        self.edit("archiver.h", "ABI_MINOR 0u", "ABI_MINOR 1u")
        self.assertEqual(self.problems(), [])

    def test_comments_and_blanks_do_not_matter(self):
        self.edit("base.h", "int32_t sys_errno;", "int32_t   sys_errno; /* reworded */")
        self.assertEqual(self.problems(), [])

    def test_a_member_in_the_middle_is_noticed(self):
        self.edit("archiver.h", "  void* ctx;", "  void* more;\n  void* ctx;")
        self.assertRegex(self.problems()[0], r"tidemark_host: 'void\* ctx' became 'void\* more'")

    def test_a_removed_member_is_noticed(self):
        self.edit("base.h", "int32_t (*is_cancelled)(void* ctx);", "")
        self.assertRegex(self.problems()[0], r"tidemark_call: .*is_cancelled.* became 'nothing'")

    def test_a_changed_parameter_is_noticed(self):
        self.edit("archiver.h", "uint32_t drain_ms", "uint64_t drain_ms")
        self.assertRegex(self.problems()[0], "tidemark_archiver_api: .*uint64_t drain_ms")

    def test_a_struct_without_struct_size_may_not_grow(self):
        self.edit("base.h", "} tidemark_str;", "  size_t capacity;\n} tidemark_str;")
        self.assertRegex(self.problems()[0], "tidemark_str: has no struct_size and grew by 'size_t capacity'")

    def test_a_changed_constant_is_noticed(self):
        self.edit("base.h", "TIDEMARK_E_EXISTS = 4", "TIDEMARK_E_EXISTS = 9")
        self.assertEqual(self.problems(), ["constant TIDEMARK_E_EXISTS: '4' became '9'"])

    def test_a_changed_limit_is_noticed(self):
        self.edit("base.h", "KEY_MAX 1024u", "KEY_MAX 512u")
        self.assertEqual(self.problems(), ["macro TIDEMARK_KEY_MAX: '1024u' became '512u'"])

    def test_a_removed_function_is_noticed(self):
        self.edit("sink.h", "TIDEMARK_EXPORT const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major);", "")
        self.assertRegex(self.problems()[0], "tidemark_sink_entry.* is gone")

    def test_a_table_that_lacks_a_member_is_noticed(self):
        table = self.frozen / "layout.def"
        table.write_text(table.read_text().replace("MEMBER(tidemark_error, code, 16, 64)\n", ""))
        self.assertEqual(self.problems(), ["layout.def: tidemark_error.code is listed or declared, not both"])


if __name__ == "__main__":
    unittest.main()
