"""Starting the imposter as a program and asking what it saw. S3_IMPOSTER names the program."""

import json
import os
import signal
import subprocess
import tempfile
import time

import s3_client

PROGRAM = os.environ["S3_IMPOSTER"]
ACCESS_KEY, SECRET_KEY, BUCKET = "IMPOSTERACCESSKEY001", "imposter-secret-key-0000000000000000001", "tidemark"


def make_certificates(directory):
    """An own CA and a certificate of it for 127.0.0.1 and localhost; returns {name: file}."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "certificates.sh")
    subprocess.run([script, directory], check=True, capture_output=True)
    names = {"ca": "ca.pem", "server": "server.pem", "server_key": "server.key"}
    return {name: os.path.join(directory, file) for name, file in names.items()}


class Imposter:
    """`with Imposter("--max-keys", 3) as imposter:`; TLS if certificates are given."""

    def __init__(self, *arguments, certificates=None):
        self.directory = tempfile.TemporaryDirectory(prefix="imposter-")
        port_file = os.path.join(self.directory.name, "port")
        self.certificates = certificates
        tls = ["--tls", certificates["server"], certificates["server_key"]] if certificates else []
        self.process = subprocess.Popen(
            [PROGRAM, "--port-file", port_file, *tls, *(str(argument) for argument in arguments)],
            stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise AssertionError("the imposter does not start")
            time.sleep(0.01)
        with open(port_file) as file:
            self.port = int(file.read())
        self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{self.port}"
        self.path = arguments[arguments.index("--path") + 1] if "--path" in arguments else ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it; anything but a clean end is an error (a sanitizer's report is one)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.directory.cleanup()
        assert code == 0, f"the imposter ended with {code}"

    def make_peace(self):
        """No more faults."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)

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
