"""The files that the checks of style look at."""

import subprocess


def tracked(source):
    """Files of the tree; without git, all that lie there."""
    listed = subprocess.run(["git", "-C", str(source), "-c", "safe.directory=*", "ls-files", "-z"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        files = [source / name for name in listed.stdout.decode().split("\0") if name]
    else:
        files = [path for path in source.rglob("*") if not path.relative_to(source).parts[0].startswith("build")]
    return [path for path in files if path.is_file() and not path.is_symlink()]
