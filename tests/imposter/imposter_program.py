"""An imposter as a program: started, told to behave, ended. What it is asked stands beside each imposter."""

import os
import signal
import subprocess
import tempfile
import time

START_S, END_S = 120, 60


def make_certificates(directory):
    """An own CA and a certificate of it for 127.0.0.1 and localhost; returns {name: file}."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "s3", "certificates.sh")
    subprocess.run([script, directory], check=True, capture_output=True)
    names = {"ca": "ca.pem", "server": "server.pem", "server_key": "server.key"}
    return {name: os.path.join(directory, file) for name, file in names.items()}


class ImposterProgram:
    """A context: `with` ends it. `directory` is its own."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="imposter-")
        self.process = None

    def start(self, program, arguments, certificates):
        """Its port; TLS if certificates are given."""
        port_file = os.path.join(self.directory.name, "port")
        tls = ["--tls", certificates["server"], certificates["server_key"]] if certificates else []
        self.process = subprocess.Popen([program, "--port-file", port_file, *tls, *(str(argument) for argument in arguments)],
                                        stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_S
        while not os.path.exists(port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise AssertionError("the imposter does not start")
            time.sleep(0.01)
        with open(port_file) as file:
            return int(file.read())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it; anything but a clean end is an error (a sanitizer's report is one)."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(END_S)
        self.directory.cleanup()
        assert code == 0, f"the imposter ended with {code}"

    def make_peace(self):
        """No more faults."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
