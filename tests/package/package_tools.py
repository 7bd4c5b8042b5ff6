"""What the tests of Debian's packages share. SOURCE and BUILD are the trees, as ctest gives them."""

import os
import pathlib
import shutil
import subprocess
import sys

SOURCE, BUILD = pathlib.Path(os.environ["SOURCE"]), pathlib.Path(os.environ["BUILD"])
SKIPPED = 77
PACKAGES = ("tidemark", "tidemark-s3", "tidemark-azblob", "tidemark-gs", "tidemark-dev", "tidemark-host-sim",
            "postgresql-15-tidemark")


def run(*command, check=True, **how):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **how)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def skip_without(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        print(f"not installed: {', '.join(missing)}; tests/setup.sh installs what has them")
        sys.exit(SKIPPED)


def make_packages(out, revision="1"):
    """Package to its file, made from what is built."""
    environment = dict(os.environ, DEB_BUILD_OPTIONS="noautodbgsym")
    run("sh", SOURCE / "cmake/package.sh", "--from", BUILD, "--out", out, "--revision", revision, env=environment)
    made = {path.name.split("_")[0]: path for path in out.iterdir()}
    assert set(made) == set(PACKAGES), sorted(made)
    return made


def field(package_file, name):
    return run("dpkg-deb", "--field", package_file, name).strip()


def contents(package_file):
    """The names of all that is no directory, from the root on; of a link without where it leads."""
    lines = run("dpkg-deb", "--contents", package_file).splitlines()
    names = [line.split(None, 5)[5].split(" -> ")[0] for line in lines]
    return {name.removeprefix(".") for name in names if not name.endswith("/")}
