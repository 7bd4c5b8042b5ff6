"""Where figures come from: programs of the build. Each source is started by measure(bench) and returns its figures as
{name: number}; NotInBuild if the build cannot do it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

TIMEOUT_S = 900
HERE = os.path.dirname(os.path.abspath(__file__))


class NotInBuild(Exception):
    """A program, an option or a benchmark that this build does not have."""


class Failed(Exception):
    """It was started and did not work."""


class Bench:
    """The build and the place for data. Directories it hands out are gone when it is closed."""

    def __init__(self, build, data):
        self.build = os.path.abspath(build)
        self.data = os.path.abspath(data)
        os.makedirs(self.data, exist_ok=True)
        self.known = {}  # a google program's list of benchmarks

    def program(self, name):
        path = os.path.join(self.build, "bin", name)
        if not os.access(path, os.X_OK):
            raise NotInBuild(f"no program {name}")
        return path

    def directory(self, in_memory=False):
        return tempfile.TemporaryDirectory(prefix="tidemark-bench-", dir="/dev/shm" if in_memory else self.data)

    def run(self, command):
        environment = {**os.environ, "TIDEMARK_BENCH_DIR": self.data}
        try:
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=TIMEOUT_S,
                                  env=environment, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"not done after {TIMEOUT_S} s") from error
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or [f"exit code {done.returncode}"]
            # The words of the plugin's and a sink's options, and of a sink that was not built.
            if re.search(r"unknown option|no sink for scheme", said[-1]):
                raise NotInBuild(said[-1])
            raise Failed(said[-1])
        return done.stdout


@dataclass(frozen=True)
class HostSim:
    """host-sim bench. sink: null, disk or memory; entries are made once and kept for all runs."""
    sink: str = "null"
    delay_ms: int = 0
    partitions: int = 1
    entries: int = 1000
    files: int = 2
    file_size: int = 2048
    rate: int = 0
    options: dict = field(default_factory=dict)

    def command(self, bench, archive, summary):
        sink = f"file://{archive}" if self.sink != "null" else f"faulty:///?delay_ms={self.delay_ms}"
        words = [bench.program("host-sim"), "bench", "--sink", sink, "--partitions", self.partitions, "--entries",
                 self.entries, "--files", self.files, "--file-size", self.file_size, "--json", summary]
        # Paced entries are committed while it archives, in a directory of their own.
        words += ["--rate", self.rate] if self.rate else ["--data", os.path.join(bench.data, "entries")]
        for key, value in self.options.items():
            # What is off by default is not named, so that a build without the option can be the yardstick.
            if (key, value) not in (("batch_entries", 1), ("partition_inflight", 1)):
                words += ["--option", f"{key}={value}"]
        return words

    def measure(self, bench):
        with bench.directory(self.sink == "memory") as directory:
            summary = os.path.join(directory, "summary.json")
            bench.run(self.command(bench, os.path.join(directory, "archive"), summary))
            with open(summary) as file:
                figures = json.load(file)
        figures["peak_rss_mib"] = figures["peak_rss_bytes"] / (1 << 20)
        figures["mb_per_second"] = figures["bytes_per_second"] / 1e6
        # A put for each archive, and a listing for each partition that was discovered.
        requests = figures["archives"] + figures["partitions"]
        figures["requests_per_1000"] = 1000 * requests / max(figures["entries"], 1)
        return {name: value for name, value in figures.items() if isinstance(value, (int, float))}


@dataclass(frozen=True)
class Google:
    """One benchmark of a Google Benchmark program: its counters."""
    program: str
    name: str

    def measure(self, bench):
        program = bench.program(self.program)
        pattern = f"^{re.escape(self.name)}(/iterations|/manual_time|$)".replace("\\", "")
        if self.program not in bench.known:
            bench.known[self.program] = bench.run([program, "--benchmark_list_tests=true"]).splitlines()
        if not any(re.search(pattern, line) for line in bench.known[self.program]):
            raise NotInBuild(f"{self.program} has no {self.name}")
        with bench.directory() as directory:
            out = os.path.join(directory, "out.json")
            bench.run([program, f"--benchmark_filter={pattern}", f"--benchmark_out={out}",
                       "--benchmark_out_format=json"])
            with open(out) as file:
                found = json.load(file)["benchmarks"][0]
        if found.get("error_occurred"):
            raise Failed(found.get("error_message", "it failed"))
        return {name: value for name, value in found.items() if isinstance(value, (int, float))}


class Yardstick:
    """A bare loop of bench_yardstick: per_second. `per`: operations of the loop for one of what is compared."""

    def __init__(self, loop, per=1, **arguments):
        self.loop, self.per, self.arguments = loop, per, arguments

    def measure(self, bench):
        words = [bench.program("bench_yardstick"), self.loop]
        for name, value in self.arguments.items():
            words += [f"--{name.replace('_', '-')}", value]
        with bench.directory() as directory:
            if self.loop == "durable_files":
                words += ["--dir", directory]
            return {"per_second": float(bench.run(words).split("/")[0]) / self.per}


@dataclass(frozen=True)
class Text:
    """A script beside this folder that prints lines: the named groups of `pattern` in what it says."""
    script: str
    argument: str
    pattern: str
    needs: tuple = ("s3_imposter",)  # programs of the build

    def measure(self, bench):
        script = os.path.join(HERE, "..", self.script)
        if not os.path.exists(script):
            raise NotInBuild(f"no {self.script}")
        for name in self.needs:
            bench.program(name)
        if shutil.which("curl") is None:
            raise NotInBuild("curl is not installed")
        found = re.search(self.pattern, bench.run([sys.executable, "-B", script, bench.build, self.argument]))
        if not found:
            raise Failed(f"{self.script} {self.argument} did not print what was expected")
        return {name: float(value) for name, value in found.groupdict().items()}
