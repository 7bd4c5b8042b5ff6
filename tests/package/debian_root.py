"""A clean Debian 12 in a directory, which has nothing but what packages need, and a systemd that runs in it."""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

import package_tools as tools

# What dpkg and ldconfig keep for themselves.
BOOKS = re.compile(r"/(?:var/lib/dpkg|var/log|var/cache|proc|sys|dev|tmp|run)(?:/|$)|/var/lib/systemd/deb-systemd-helper"
                   r"|/etc/ld\.so\.cache$")


def dependencies(packages):
    """What has to be there first: all that is not one of these packages, of alternatives the first."""
    found = set()
    for file in packages.values():
        for word in tools.field(file, "Depends").split(","):
            found.add(word.split("|")[0].split()[0].split(":")[0])
    return sorted(found - set(packages))


class Root:
    """A Debian in a directory. Its package scripts start nothing."""

    def __init__(self, directory, packages):
        self.directory = directory
        done = subprocess.run(
            ["mmdebstrap", "--variant=essential", "--quiet", f"--include={','.join(packages)}",
             # No cluster is made for the machine.
             "--essential-hook=mkdir -p \"$1\"/etc/postgresql-common/createcluster.d",
             "--essential-hook=echo create_main_cluster = false >\"$1\"/etc/postgresql-common/createcluster.d/test.conf",
             "bookworm", str(directory)], text=True, capture_output=True, check=False)
        if done.returncode != 0:
            print(f"no Debian 12 could be made from this machine's package registry:\n{done.stderr}")
            sys.exit(tools.SKIPPED)

    def run(self, *command, user="root", check=True):
        """In a space of processes of its own, so that nothing that it starts is left."""
        inside = (f'mount -t proc proc "{self.directory}/proc" && mount -t tmpfs tmpfs "{self.directory}/dev/shm" && '
                  f'exec chroot --userspec={user} "{self.directory}" "$@"')
        return tools.run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                         f'mkdir -p "{self.directory}/dev/shm" && {inside}', "sh", *command, check=check,
                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})

    def files(self):
        """Each file's digest or where a link leads, but for what dpkg keeps for itself."""
        found = {}
        for folder, folders, names in os.walk(self.directory):
            inside = "/" + str(pathlib.Path(folder).relative_to(self.directory)).removeprefix(".")
            folders[:] = [name for name in folders if not BOOKS.match(os.path.join(inside, name))]
            for name in [*names, *folders]:
                path, shown = os.path.join(folder, name), os.path.join(inside, name)
                if BOOKS.match(shown):
                    continue
                if os.path.islink(path):
                    found[shown] = os.readlink(path)
                elif os.path.isdir(path):
                    found[shown] = "directory"
                elif os.path.isfile(path):
                    found[shown] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
        return found

    def put(self, path, text, mode=0o644):
        target = self.directory / path.removeprefix("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def embed(self, entries_dir, archive, user="root"):
        """The example in C, made with the headers of the package, archives three entries."""
        program = self.directory / "usr/local/bin/embed"
        tools.run("cc", "-std=c99", "-pthread", "-I", self.directory / "usr/include", "-o", program,
                  self.directory / "usr/share/doc/tidemark-dev/examples/embed.c", "-ldl")
        told = self.run("/usr/local/bin/embed", "/usr/lib/tidemark/tidemark.so", entries_dir, f"file://{archive}", user=user)
        program.unlink()
        return told


# Mounts what systemd wants below $1, in namespaces of its own; the kernel's settings are not its to write.
BEGIN = """set -eu
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --bind "$1/proc/sys" "$1/proc/sys"
mount -o remount,bind,ro "$1/proc/sys"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t tmpfs tmpfs "$1/sys/fs/cgroup"
mkdir "$1/sys/fs/cgroup/systemd"
mount -t cgroup -o none,name=systemd cgroup "$1/sys/fs/cgroup/systemd"
for place in run tmp; do mount -t tmpfs tmpfs "$1/$place"; done
mount -t tmpfs -o mode=755 tmpfs "$1/dev"
for device in null zero full random urandom tty; do : >"$1/dev/$device"; mount --bind "/dev/$device" "$1/dev/$device"; done
mkdir "$1/dev/shm" "$1/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
ln -s pts/ptmx "$1/dev/ptmx"
ip link set lo up
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" /lib/systemd/systemd --log-target=null
"""
GROUPS = pathlib.Path("/sys/fs/cgroup/systemd")
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--net")


class Booted:
    """A systemd that runs in a Root, with processes, a network and control groups of its own."""

    def __init__(self, root):
        self.group = GROUPS / f"tidemark-test-{os.getpid()}"
        self.group.mkdir()
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["sh", "-c", 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"', "sh", str(self.group),
             "setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "--cgroup", "--fork", "--kill-child",
             "sh", "-c", BEGIN, "sh", str(root.directory)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.init = 0
        deadline = time.monotonic() + 120
        while self.run("systemctl", "is-system-running", check=False).strip() not in ("running", "degraded"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"systemd does not run: {self.process.stdout.read()}")
            time.sleep(0.2)

    def _first_process(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def run(self, *command, check=True):
        self.init = self.init or self._first_process()
        if not self.init:
            return ""
        place = f"/proc/{self.init}/root"
        return tools.run("nsenter", "--target", self.init, *NAMESPACES, f"--root={place}", f"--wd={place}", *command, check=check,
                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})

    def show(self, unit, key):
        return self.run("systemctl", "show", "--value", f"--property={key}", unit).strip()

    def stop(self):
        self.process.kill()  # and with it all that it has started
        self.process.wait()
        deadline = time.monotonic() + 30
        while self.group.exists() and time.monotonic() < deadline:
            for folder, _, _ in os.walk(self.group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    time.sleep(0.05)  # its processes are about to end
