"""Starting the imposter as a program and asking what it saw. GS_IMPOSTER names the program."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "s3"))

import gs_client  # noqa: E402

PROGRAM = os.environ["GS_IMPOSTER"]
BUCKET = "tidemark"
HERE = os.path.dirname(os.path.abspath(__file__))

# Nothing of the machine's own, and nobody's metadata server.
os.environ["NO_GCE_CHECK"] = "true"
for name in ("GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "GCE_METADATA_HOST"):
    os.environ.pop(name, None)


def make_certificates(directory):
    """An own CA and a certificate of it for 127.0.0.1 and localhost; returns {name: file}."""
    subprocess.run([os.path.join(HERE, "..", "s3", "certificates.sh"), directory], check=True, capture_output=True)
    names = {"ca": "ca.pem", "server": "server.pem", "server_key": "server.key"}
    return {name: os.path.join(directory, file) for name, file in names.items()}


class Imposter:
    """`with Imposter("--page-size", 3) as imposter:`; TLS if certificates are given."""

    def __init__(self, *arguments, certificates=None):
        self.directory = tempfile.TemporaryDirectory(prefix="gs-imposter-")
        port_file = os.path.join(self.directory.name, "port")
        self.credentials = os.path.join(self.directory.name, "account.json")
        self.certificates = certificates
        tls = ["--tls", certificates["server"], certificates["server_key"]] if certificates else []
        self.process = subprocess.Popen(
            [PROGRAM, "--port-file", port_file, "--credentials-file", self.credentials, *tls,
             *(str(argument) for argument in arguments)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise AssertionError("the imposter does not start")
            time.sleep(0.01)
        with open(port_file) as file:
            self.endpoint = f"{'https' if certificates else 'http'}://127.0.0.1:{int(file.read())}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it; anything but a clean end is an error (a sanitizer's report is one)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.directory.cleanup()
        assert code == 0, f"the imposter ended with {code}"

    def make_peace(self):
        """No more faults."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)

    def account(self):
        with open(self.credentials) as file:
            return json.load(file)

    def client(self):
        return gs_client.Client(self.endpoint, BUCKET)

    def sink_url(self, *options, prefix=""):
        tls = [f"ca_file={self.certificates['ca']}"] if self.certificates else []
        return (f"gs://{BUCKET}{prefix}?" +
                "&".join([f"endpoint={self.endpoint}", f"credentials_file={self.credentials}", *tls, *options]))

    def state(self):
        if self.certificates:
            done = subprocess.run(["curl", "-sS", "--cacert", self.certificates["ca"], self.endpoint + "/-/state"],
                                  capture_output=True, check=True)
            return json.loads(done.stdout)
        return self.client().send("GET", "/-/state").json()
