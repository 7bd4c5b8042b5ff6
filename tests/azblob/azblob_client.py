"""A small client of Azure Blob Storage with nothing but Python: an independent reader and writer beside the sink. It
signs with the account's key, and makes signatures for a container."""

import base64
import email.utils
import hashlib
import hmac
import http.client
import ssl
import time
import urllib.parse
import xml.etree.ElementTree

VERSION = "2023-11-03"


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.code = self.headers.get("x-ms-error-code", "")

    def xml(self):
        return xml.etree.ElementTree.fromstring(self.body.decode("utf-8-sig"))


class Client:
    """`endpoint` is http://host:port/account, as emulators have it."""

    def __init__(self, endpoint, container, key, ca_file=None):
        parts = urllib.parse.urlsplit(endpoint)
        self.tls, self.host, self.account = parts.scheme == "https", parts.netloc, parts.path.strip("/")
        self.container, self.key, self.ca_file = container, key, ca_file

    def hmac(self, text):
        return base64.b64encode(hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()).decode()

    def authorization(self, method, path, query, headers, size):
        lines = [method, "", "", str(size) if size else ""]
        lines += [headers.get(name, "") for name in ("content-md5", "content-type", "date", "if-modified-since", "if-match",
                                                     "if-none-match", "if-unmodified-since", "range")]
        lines += [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-ms-")]
        lines += [f"/{self.account}{path}", *(f"{name}:{value}" for name, value in sorted(query.items()))]
        return f"SharedKey {self.account}:{self.hmac(chr(10).join(lines))}"

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection(self.host, timeout=60)
        return http.client.HTTPSConnection(self.host, timeout=60, context=ssl.create_default_context(cafile=self.ca_file))

    def ask(self, method, name=None, query=None, headers=None, body=b""):
        query, headers = dict(query or {}), {key.lower(): value for key, value in (headers or {}).items()}
        path = f"/{self.account}/{self.container}" + ("" if name is None else "/" + urllib.parse.quote(name, safe="/-._~"))
        headers.update({"x-ms-version": VERSION, "x-ms-date": email.utils.formatdate(usegmt=True)})
        if body or method == "PUT":
            headers.setdefault("content-type", "application/octet-stream")
        headers["authorization"] = self.authorization(method, path, query, headers, len(body))
        encoded = urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="")
        connection = self.connect()
        try:
            connection.request(method, path + ("?" + encoded if query else ""), body=body or (b"" if method == "PUT" else None),
                               headers=headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def create_container(self):
        answer = self.ask("PUT", query={"restype": "container"})
        assert answer.status in (201, 409), (answer.status, answer.body)

    def put(self, name, body, **headers):
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        headers = {"x-ms-blob-type": "BlockBlob", "content-md5": digest, **headers}
        return self.ask("PUT", name, headers=headers, body=body)

    def get(self, name):
        return self.ask("GET", name)

    def keys(self, prefix=""):
        """Of all pages."""
        found, marker = [], ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix}
            answer = self.ask("GET", query={**query, "marker": marker} if marker else query)
            assert answer.status == 200, (answer.status, answer.body)
            tree = answer.xml()
            found += [node.findtext("Name") for node in tree.iter("Blob")]
            marker = tree.findtext("NextMarker") or ""
            if not marker:
                return found

    def sas(self, permissions, seconds=3600):
        """A signature for the container (version 2022-11-02)."""
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        said = {"sp": permissions, "se": expires, "spr": "https,http", "sv": "2022-11-02", "sr": "c"}
        lines = [permissions, "", expires, f"/blob/{self.account}/{self.container}", "", "", said["spr"], said["sv"], "c"]
        said["sig"] = self.hmac("\n".join(lines + [""] * 7))
        return urllib.parse.urlencode(said, quote_via=urllib.parse.quote, safe="")
