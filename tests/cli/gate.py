"""An HTTP proxy before an S3 store that a test can close: it holds back requests, delays and counts them, fails some, or
is away. TLS passes it unread: its port takes the place of the store's then."""

import re
import socket
import threading
import time

REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1")


def refusal(status, code):
    text = f"<Error><Code>{code}</Code><Message>The gate says so.</Message></Error>"
    return (f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(text)}\r\n\r\n"
            f"{text}").encode()


BROKEN, DENIED, MISSING = refusal(500, "InternalError"), refusal(403, "AccessDenied"), refusal(404, "NoSuchKey")


class Gate:
    """The proxy that `option` names, to a store at `target_port`. A request whose line contains one of `held` waits until
    it does not."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.requests = []  # their lines
        self.failing = {}  # what a request's line contains, words of it, and the answer that it gets instead
        self.failing_once = None  # what a request's line contains, the number of the one that fails, and its answer
        self.answered_bytes = 0
        self.refused = 0  # connections, while it was away
        self.lock = threading.Condition()
        self.held = set()
        self.is_away = False
        self.delay_s = 0  # of each request
        self.sockets = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.option = f"proxy=http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.open()
        self.listener.close()
        self.drop()

    def hold(self, text):
        with self.lock:
            self.held.add(text)

    def open(self):
        with self.lock:
            self.held.clear()
            self.lock.notify_all()

    def go_away(self):
        self.is_away = True
        self.drop()

    def come_back(self):
        self.is_away = False

    def drop(self):
        with self.lock:
            sockets = list(self.sockets)
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, *texts):
        """Requests whose line contains all of these."""
        with self.lock:
            return sum(all(text in line for text in texts) for line in self.requests)

    def wait_for(self, text, number=1, limit_s=60):
        with self.lock:
            return self.lock.wait_for(lambda: sum(text in line for line in self.requests) >= number, limit_s)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.is_away:
                self.refused += 1
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target_port))
            except OSError:
                client.close()
                continue
            with self.lock:
                self.sockets |= {client, server}
            threading.Thread(target=self.forward, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.forward, args=(server, client, False), daemon=True).start()

    def forward(self, one, other, is_client):
        try:
            while data := one.recv(65536):
                # A client sends its next request after the answer, so that one begins what arrives.
                if not is_client:
                    self.answered_bytes += len(data)
                elif begin := REQUEST.match(data):
                    line = begin.group(0).decode()
                    self.note(line)
                    time.sleep(self.delay_s)
                    if answer := self.failure_of(line):
                        self.drop_body(one, data)
                        one.sendall(answer)
                        continue
                    data = data.replace(b" http://127.0.0.1:%d" % self.target_port, b" ", 1)
                    data = re.sub(rb"\r\nProxy-Connection: [^\r]*", b"", data, count=1)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with self.lock:
            self.sockets.discard(one)
        one.close()

    def failure_of(self, line):
        if self.failing_once:
            text, number, answer = self.failing_once
            if all(word in line for word in text.split()) and self.count(*text.split()) == number:
                return answer
        return next((answer for text, answer in self.failing.items() if all(word in line for word in text.split())), None)

    @staticmethod
    def drop_body(client, data):
        length = re.search(rb"\r\nContent-Length: (\d+)\r\n", data, re.IGNORECASE)
        left = (int(length[1]) if length else 0) - len(data.partition(b"\r\n\r\n")[2])
        while left > 0:
            left -= len(client.recv(65536))

    def note(self, line):
        with self.lock:
            self.requests.append(line)
            self.lock.notify_all()
            self.lock.wait_for(lambda: not any(text in line for text in self.held))
