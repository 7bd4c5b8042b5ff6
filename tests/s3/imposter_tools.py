"""Starting the imposter as a program and asking what it saw. S3_IMPOSTER names the program."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "imposter"))

import imposter_program  # noqa: E402
import s3_client  # noqa: E402
from imposter_program import make_certificates  # noqa: E402, F401

PROGRAM = os.environ["S3_IMPOSTER"]
ACCESS_KEY, SECRET_KEY, BUCKET = "IMPOSTERACCESSKEY001", "imposter-secret-key-0000000000000000001", "tidemark"


class Imposter(imposter_program.ImposterProgram):
    """`with Imposter("--max-keys", 3) as imposter:`; TLS if certificates are given."""

    def __init__(self, *arguments, certificates=None):
        super().__init__()
        self.certificates = certificates
        self.port = self.start(PROGRAM, arguments, certificates)
        self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{self.port}"
        self.path = arguments[arguments.index("--path") + 1] if "--path" in arguments else ""

    def client(self, **changes):
        settings = {"bucket": BUCKET, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
                    "ca_file": self.certificates and self.certificates["ca"], **changes}
        return s3_client.Client(self.endpoint, **settings)

    def sink_url(self, *options, prefix=""):
        """What the S3 sink is to be opened with, beside sink_arguments()."""
        tls = [f"ca_file={self.certificates['ca']}"] if self.certificates else []
        return (f"s3://{BUCKET}{prefix}?" +
                "&".join(["region=us-east-1", f"endpoint={self.endpoint}{self.path}", *tls, *options]))

    @staticmethod
    def sink_arguments(option):
        return [option, f"access_key_id={ACCESS_KEY}", option, f"secret_access_key={SECRET_KEY}"]

    def state(self):
        client = self.client()
        connection = client.connect()
        try:
            connection.request("GET", "/-/state")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()
