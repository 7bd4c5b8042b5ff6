#!/usr/bin/python3
"""store_conformance.py imposter|azurite [tls|sas|token] [ARGUMENT OF THE IMPOSTER]... -- SINK_CONFORMANCE [ARGUMENT]...

Runs the suite against a store of its own. Bodies above 1 MiB go in blocks, so that they are tried too. Exit 77: Azurite is
not installed.

token: over TLS, with tokens of another imposter, which plays Entra for the store."""

import subprocess
import sys
import tempfile

import azblob_tools as tools

REFUSED = "backslash,control_character,dot_at_end,wide_character,noncharacter,many_parts"


def main():
    end = sys.argv.index("--")
    name, arguments, command = sys.argv[1], sys.argv[2:end], sys.argv[end + 1:]
    way = arguments.pop(0) if arguments[:1] in (["tls"], ["sas"], ["token"]) else ""
    with tempfile.TemporaryDirectory() as directory:
        certificates = tools.make_certificates(directory) if way in ("tls", "token") else None
        store = tools.Imposter(*arguments, certificates=certificates) if name == "imposter" else tools.open_store(
            name, certificates)
        with store, tools.Imposter("--jwt") as entra:
            url = store.sink_url("block_threshold=1MiB", "block_size=2MiB", *(["page_size=50"] if name == "azurite" else []))
            proof = ["--option", f"sas_token={store.client().sas('rcwdl')}"] if way == "sas" else store.sink_arguments("--option")
            if way == "token":
                url += f"&tenant_id={tools.TENANT}&client_id={tools.CLIENT}&authority_host={entra.endpoint.rsplit('/', 1)[0]}"
                proof = ["--option", f"client_secret={tools.SECRET}"]
            code = subprocess.run([*command, "--url", url, *proof, "--refuses", REFUSED]).returncode
            assert store.client().keys() == [], "left behind: " + ", ".join(store.client().keys())
            return code


if __name__ == "__main__":
    sys.exit(main())
