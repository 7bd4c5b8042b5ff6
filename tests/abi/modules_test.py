#!/usr/bin/python3
"""modules_test.py MODULE SYMBOL [--stays]: what the linker made of a module. It exports SYMBOL alone, is linked
for immediate and read-only relocation, looks for libraries beside itself, and calls nothing that a guest in
someone else's process must not call. --stays: the module is never unloaded and may keep thread-local objects."""
import re
import subprocess
import sys
import unittest

MODULE, SYMBOL = sys.argv[1:3]
STAYS = "--stays" in sys.argv
del sys.argv[1:]

# Process-wide state of the host, and ways to end or leave the process. abort and fork are the libraries' own.
NOT_OURS = {"setlocale", "uselocale", "chdir", "fchdir", "chroot", "umask", "setenv", "putenv", "unsetenv", "clearenv",
            "signal", "bsd_signal", "sigaction", "sigset", "atexit", "on_exit", "at_quick_exit", "exit", "_exit",
            "quick_exit", "system", "popen", "setrlimit", "mlockall", "alarm", "setitimer"}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class ModuleTest(unittest.TestCase):
    def setUp(self):
        self.dynamic = output("readelf", "-dW", MODULE)

    def undefined(self):
        lines = output("nm", "-D", "--undefined-only", MODULE).splitlines()
        return {line.split()[-1].split("@")[0] for line in lines}

    def test_exports_one_symbol(self):
        lines = output("nm", "-D", "--defined-only", MODULE).splitlines()
        self.assertEqual([line.split()[1:] for line in lines], [["T", SYMBOL]])

    def test_has_no_unique_symbol(self):
        self.assertNotIn("UNIQUE", output("readelf", "--dyn-syms", "-W", MODULE))
        self.assertNotRegex(output("nm", MODULE), r"(?m)^\S* u ")

    def test_relocations_are_immediate_and_read_only(self):
        self.assertNotIn("TEXTREL", self.dynamic)
        self.assertRegex(self.dynamic, r"FLAGS_1.*NOW")
        segments = output("readelf", "-lW", MODULE)
        self.assertIn("GNU_RELRO", segments)
        self.assertRegex(segments, r"GNU_STACK.* RW +0x")

    def test_libraries_are_looked_for_beside_the_module(self):
        paths = re.findall(r"\((RUNPATH|RPATH)\).*\[(.*)\]", self.dynamic)
        self.assertEqual(paths, [("RUNPATH", "$ORIGIN")])

    def test_unloading(self):
        self.assertEqual("NODELETE" in self.dynamic, STAYS)
        if not STAYS:
            thread_exit = {name for name in self.undefined() if name.startswith("__cxa_thread_atexit")}
            self.assertEqual(thread_exit, set(), "a thread_local with a destructor keeps the module loaded")

    def test_leaves_the_process_alone(self):
        self.assertEqual(self.undefined() & NOT_OURS, set())


if __name__ == "__main__":
    unittest.main()
