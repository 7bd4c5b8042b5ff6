#!/usr/bin/python3
"""imposter_conformance.py [tls|hmac] [ARGUMENT OF THE IMPOSTER]... -- SINK_CONFORMANCE [ARGUMENT]...

Runs the suite against an imposter of its own. Bodies above 256 KiB go in pieces, so that they are tried too."""

import subprocess
import sys
import tempfile

import gs_tools as tools


def main():
    end = sys.argv.index("--")
    arguments, command = sys.argv[1:end], sys.argv[end + 1:]
    with tempfile.TemporaryDirectory() as directory:
        certificates = None
        if arguments[:1] == ["tls"]:
            arguments, certificates = arguments[1:], tools.make_certificates(directory)
        signs = arguments[:1] == ["hmac"]
        arguments = arguments[1:] if signs else arguments
        with tools.Imposter(*arguments, certificates=certificates) as imposter:
            url = imposter.sink_url("resumable_threshold=256KiB&resumable_piece=1MiB", signs=signs)
            code = subprocess.run([*command, "--url", url], env=imposter.environment(signs)).returncode
            state = imposter.state()
            print(state["counts"])
            assert state["objects"] == {}, "left behind: " + ", ".join(state["objects"])
            assert state["sessions"] == [], f"sessions left behind: {state['sessions']}"
            return code


if __name__ == "__main__":
    sys.exit(main())
