#!/usr/bin/python3
"""packages.py SOURCE_DIR BUILD_DIR: every header and library that the build used comes from a package that tests/setup.sh
installs, so that the build works where nothing else was ever installed."""
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
BUILD = pathlib.Path(sys.argv[2]).resolve()
SKIPPED = 77


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def wanted(name):
    found = re.search(rf'^{name}="([^"]*)"', (SOURCE / "tests/setup.sh").read_text(), re.MULTILINE)
    return set(found[1].split())


def depends():
    """Package to what it brings along: of alternatives those that are installed."""
    brings = {}
    for line in run("dpkg-query", "-W", "-f", "${Package}|${Provides}|${Pre-Depends}, ${Depends}\\n").splitlines():
        package, provides, needs = line.split("|", 2)
        brings[package] = set(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", needs))
        for virtual in re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", provides):
            brings.setdefault(virtual, set()).add(package)
    return brings


def closure(packages, brings):
    seen, left = set(), list(packages)
    while left:
        package = left.pop()
        if package not in seen:
            seen.add(package)
            left.extend(brings.get(package, ()))
    return seen


def used():
    """File of the system to the first object that was made with it."""
    files = {}
    target = ""
    for line in run("ninja", "-C", str(BUILD), "-t", "deps").splitlines():
        if line and not line.startswith(" "):
            target = line.split(":")[0]
        elif line.strip().startswith("/usr/"):
            is_test = target.startswith(("tests/", "host-postgres/"))  # which is left out without its packages
            files.setdefault((str(pathlib.Path(line.strip()).resolve()), is_test), target)
    return files


def owners(paths):
    found = {}
    for line in run("dpkg", "-S", *paths).splitlines():
        packages, _, path = line.partition(": ")
        found.setdefault(path, []).extend(package.split(":")[0] for package in packages.split(", "))
    return found


def main():
    if not run("dpkg-query", "-W", "-f", "x", "dpkg") or not (BUILD / "build.ninja").is_file():
        print("neither dpkg nor a build by ninja")
        return SKIPPED
    brings = depends()
    for_build = closure(wanted("build_packages") | {"gcc", "libc6-dev"}, brings)
    for_tests = closure(wanted("build_packages") | wanted("postgres_packages") | wanted("package_packages") | wanted("package_test_packages") | wanted("test_packages"), brings)
    files = used()
    owner = owners(sorted({path for path, _ in files}))
    problems = {}
    for (path, is_test), target in files.items():
        packages = owner.get(path, ["no package"])
        if not set(packages) & (for_tests if is_test else for_build):
            problems.setdefault((packages[0], is_test), f"{path}, for {target}")
    for (package, is_test), example in sorted(problems.items()):
        print(f"{package} is not in {'test' if is_test else 'build'}_packages of tests/setup.sh: {example}")
    print(f"{len(files)} headers looked at")
    return 1 if problems or not files else 0


sys.exit(main())
