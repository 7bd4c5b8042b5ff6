#!/usr/bin/python3
"""imposter_conformance.py [tls] [ARGUMENT OF THE IMPOSTER]... -- SINK_CONFORMANCE [ARGUMENT]...

Runs the suite against an imposter of its own. Bodies above 1 MiB go in parts, so that they are tried too."""

import subprocess
import sys
import tempfile

import imposter_tools as tools


def main():
    end = sys.argv.index("--")
    arguments, command = sys.argv[1:end], sys.argv[end + 1:]
    with tempfile.TemporaryDirectory() as directory:
        certificates = None
        if arguments[:1] == ["tls"]:
            arguments, certificates = arguments[1:], tools.make_certificates(directory)
        with tools.Imposter(*arguments, certificates=certificates) as imposter:
            url = imposter.sink_url("multipart_threshold=1MiB&multipart_part_size=5MiB")
            code = subprocess.run([*command, "--url", url, *imposter.sink_arguments("--option")]).returncode
            state = imposter.state()
            print(state["counts"])
            assert state["objects"] == {}, "left behind: " + ", ".join(state["objects"])
            assert state["uploads"] == [], f"uploads left behind: {state['uploads']}"
            return code


if __name__ == "__main__":
    sys.exit(main())
