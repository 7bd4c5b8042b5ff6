"""What the figures were measured on."""

import os
import platform
import subprocess
import time


def said(*command):
    """The first line a command prints, empty if it cannot be had."""
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return out.strip().splitlines()[0] if out.strip() else ""


def from_proc(path, key):
    try:
        with open(path) as file:
            for line in file:
                if line.startswith(key):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def cmake_cache(build, name):
    try:
        with open(os.path.join(build, "CMakeCache.txt")) as file:
            for line in file:
                if line.startswith(name + ":"):
                    return line.split("=", 1)[1].strip()
    except OSError:
        pass
    return ""


def facts(build, data, source):
    """Of the machine, the place of the data and the build, in the order in which they are shown."""
    git = ["git", "-C", source, "-c", "safe.directory=*"]
    commit = said(*git, "log", "-1", "--format=%h %s")
    if commit and said(*git, "status", "--porcelain", "--untracked-files=no"):
        commit += " (with changes)"
    memory = from_proc("/proc/meminfo", "MemTotal").split()
    model = from_proc("/proc/cpuinfo", "model name") or platform.machine()
    compiler = cmake_cache(build, "CMAKE_CXX_COMPILER")
    return {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit or "unknown",
        "processor": f"{model}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{int(memory[0]) / (1 << 20):.0f} GiB" if memory else "unknown",
        "kernel": f"{platform.system()} {platform.release()}",
        "file system": said("findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", data) or "unknown",
        "compiler": said(compiler, "--version") or "unknown",
        "build": cmake_cache(build, "CMAKE_BUILD_TYPE") or "unknown",
        "load before": f"{os.getloadavg()[0]:.1f} (runnable processes, 1 minute)",
    }
