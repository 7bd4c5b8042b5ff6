"""Starting the imposter as a program and asking what it saw. GS_IMPOSTER names the program."""

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "imposter"))

import gs_client  # noqa: E402
import imposter_program  # noqa: E402
from imposter_program import make_certificates  # noqa: E402, F401

PROGRAM = os.environ["GS_IMPOSTER"]
BUCKET = "tidemark"

# Nothing of the machine's own, and nobody's metadata server.
os.environ["NO_GCE_CHECK"] = "true"
for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "GCE_METADATA_HOST", "GS_ACCESS_KEY_ID",
             "GS_SECRET_ACCESS_KEY"):
    os.environ.pop(name, None)


class Imposter(imposter_program.ImposterProgram):
    """`with Imposter("--page-size", 3) as imposter:`; TLS if certificates are given."""

    def __init__(self, *arguments, certificates=None):
        super().__init__()
        self.credentials = os.path.join(self.directory.name, "account.json")
        self.certificates = certificates
        port = self.start(PROGRAM, ["--credentials-file", self.credentials, *arguments], certificates)
        self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{port}"

    def account(self):
        with open(self.credentials) as file:
            return json.load(file)

    def client(self):
        return gs_client.Client(self.endpoint, BUCKET)

    @staticmethod
    def environment(signs):
        """With an HMAC key, if one is to be used."""
        if not signs:
            return dict(os.environ)
        return {**os.environ, "GS_ACCESS_KEY_ID": gs_client.HMAC_ID, "GS_SECRET_ACCESS_KEY": gs_client.HMAC_SECRET}

    def sink_url(self, *options, prefix="", signs=False):
        tls = [f"ca_file={self.certificates['ca']}"] if self.certificates else []
        who = [] if signs else [f"credentials_file={self.credentials}"]
        return f"gs://{BUCKET}{prefix}?" + "&".join([f"endpoint={self.endpoint}", *who, *tls, *options])

    def state(self):
        if self.certificates:
            done = subprocess.run(["curl", "-sS", "--cacert", self.certificates["ca"], self.endpoint + "/-/state"],
                                  capture_output=True, check=True)
            return json.loads(done.stdout)
        return self.client().send("GET", "/-/state").json()
