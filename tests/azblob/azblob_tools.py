"""Starting stores for the Azure sink: the imposter (AZBLOB_IMPOSTER names the program), or Azurite where
tests/setup.sh azurite has installed it. Both are asked on loopback only."""

import glob
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "imposter"))

import azblob_client  # noqa: E402
import imposter_program  # noqa: E402
from imposter_program import START_S, make_certificates  # noqa: E402, F401

# The account that every Azurite has, from its documents, and the imposter's own.
AZURITE = ("devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
IMPOSTER = ("imposteraccount", "aW1wb3N0ZXItYWNjb3VudC1rZXktaW1wb3N0ZXItYWNjb3VudC1rZXktaW1wb3N0ZXItYWNjb3VudC1rZXktIQ==")
CONTAINER = "tidemark"
SKIPPED = 77
# A client of the imposter's Entra.
TENANT, CLIENT, SECRET = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "imposter-client-secret"

os.environ["TIDEMARK_AZURE_METADATA_DISABLED"] = "true"


def azurite_program():
    """Empty where it is not installed."""
    cache = os.environ.get("TIDEMARK_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "tidemark")
    found = glob.glob(os.path.join(cache, "azurite-3.35.0", "node_modules", ".bin", "azurite-blob"))
    return found[0] if found else ""


class Store:
    """What both have: an endpoint with an account in its path, one container, and a process that ends by SIGTERM."""

    def __init__(self, account, key, port, certificates):
        self.account, self.key, self.certificates = account, key, certificates
        self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{port}/{account}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def client(self):
        return azblob_client.Client(self.endpoint, CONTAINER, self.key, self.certificates and self.certificates["ca"])

    def sink_url(self, *options, prefix=""):
        """What the sink is to be opened with, beside sink_arguments()."""
        tls = [f"ca_file={self.certificates['ca']}"] if self.certificates else []
        return f"azblob://{CONTAINER}{prefix}?" + "&".join([f"endpoint={self.endpoint}", *tls, *options])

    def sink_arguments(self, option):
        return [option, f"account_key={self.key}"]


class Imposter(imposter_program.ImposterProgram, Store):
    """`with Imposter("--page-size", 3) as imposter:`; TLS if certificates are given."""

    def __init__(self, *arguments, certificates=None):
        imposter_program.ImposterProgram.__init__(self)
        Store.__init__(self, *IMPOSTER, self.start(os.environ["AZBLOB_IMPOSTER"], arguments, certificates), certificates)

    def state(self):
        connection = self.client().connect()
        try:
            connection.request("GET", "/-/state")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


class Azurite(Store):
    """On a free port, with what it keeps in a directory of its own. It says nothing to anybody (--disableTelemetry), and is
    ended by SIGTERM only: what it has acknowledged is not on its disk before."""

    def __init__(self, certificates=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.directory = tempfile.TemporaryDirectory(prefix="azurite-")
        tls = ["--cert", certificates["server"], "--key", certificates["server_key"], "--oauth", "basic"] if certificates else []
        self.process = subprocess.Popen(
            [azurite_program(), "--disableTelemetry", "--silent", "--blobHost", "127.0.0.1", "--blobPort", str(port), "-l",
             self.directory.name, *tls], stdout=subprocess.DEVNULL)
        super().__init__(*AZURITE, port, certificates)
        deadline = time.monotonic() + START_S
        while True:
            try:
                self.client().create_container()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise
                time.sleep(0.2)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.directory.cleanup()


def open_store(name, certificates=None):
    """imposter or azurite; where the latter is not installed the program ends as skipped."""
    if name == "imposter":
        return Imposter(certificates=certificates)
    if not azurite_program():
        print("Azurite is not installed (tests/setup.sh azurite)")
        sys.exit(SKIPPED)
    return Azurite(certificates)
