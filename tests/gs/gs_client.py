"""A client of Google Cloud Storage that is not the sink: http.client and json, for one thread.

By the JSON API; what signs with an HMAC key asks by the XML API (signed()). It gets its token with a refresh token, which the imposter knows, or with a JWT that openssl signs."""

import base64
import hashlib
import hmac
import http.client
import json
import struct
import subprocess
import tempfile
import time
import urllib.parse

HMAC_ID, HMAC_SECRET = "GOOGIMPOSTER0000001", "hmac/secret+0000001"
FORM = "application/x-www-form-urlencoded"
REFRESH = {"grant_type": "refresh_token", "client_id": "client.example", "client_secret": "client-secret-0000001",
           "refresh_token": "refresh-token-0000001"}


def crc32c_of(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return base64.b64encode(struct.pack(">I", crc ^ 0xFFFFFFFF)).decode()


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_jwt(account, claims):
    """By openssl, of a file of a service account."""
    text = ".".join(base64url(json.dumps(part).encode())
                    for part in ({"alg": "RS256", "typ": "JWT", "kid": account["private_key_id"]}, claims))
    with tempfile.NamedTemporaryFile("w") as key:
        key.write(account["private_key"])
        key.flush()
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key.name], input=text.encode(),
                                   capture_output=True, check=True).stdout
    return f"{text}.{base64url(signature)}"


def jwt_claims(account, **changes):
    now = int(time.time())
    return {"iss": account["client_email"], "scope": "https://www.googleapis.com/auth/devstorage.read_write",
            "aud": account["token_uri"], "iat": now, "exp": now + 3600, **changes}


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"

    def json(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.json()["error"]["errors"][0]["reason"]


class Client:
    def __init__(self, endpoint, bucket):
        self.url = urllib.parse.urlsplit(endpoint)
        self.objects = f"/storage/v1/b/{bucket}/o"
        self.token = None

    def send(self, method, target, headers=None, body=None):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()},
                          response.read())
        finally:
            connection.close()

    def ask_token(self, **form):
        return self.send("POST", "/token", {"content-type": FORM}, urllib.parse.urlencode(
            form or REFRESH, quote_via=urllib.parse.quote, safe="").encode())

    def ask(self, method, path, query=None, headers=None, body=None):
        if self.token is None:
            self.token = self.ask_token().json()["access_token"]
        text = urllib.parse.urlencode(query or {}, quote_via=urllib.parse.quote, safe="")
        return self.send(method, path + ("?" + text if text else ""),
                         {"authorization": f"Bearer {self.token}", **(headers or {})}, body)

    def signed(self, method, path, query=None, headers=None, body=None, signs=(), now=None, **changes):
        """A request of the XML API. `signs`: names of headers that are signed beside those that have to be."""
        words = {"id": HMAC_ID, "secret": HMAC_SECRET, "region": "auto", "service": "storage", **changes}
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now or time.time()))
        scope = f"{date[:8]}/{words['region']}/{words['service']}/goog4_request"
        headers = {"x-goog-date": date, "x-goog-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})}
        signed = {"host": f"{self.url.hostname}:{self.url.port}",
                  **{name: value for name, value in headers.items()
                     if name.startswith("x-goog-") or name in ("content-type", "range") or name in signs}}
        text = "&".join(sorted(f"{key}={urllib.parse.quote(value, safe='')}" for key, value in (query or {}).items()))
        encoded = urllib.parse.quote(path, safe="/")
        canonical = "\n".join([method, encoded, text, *(f"{name}:{signed[name]}" for name in sorted(signed)), "",
                               ";".join(sorted(signed)), "UNSIGNED-PAYLOAD"])
        to_sign = "\n".join(["GOOG4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("GOOG4" + words["secret"]).encode()
        for step in (*scope.split("/"), to_sign):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        headers["authorization"] = (f"GOOG4-HMAC-SHA256 Credential={words['id']}/{scope}, "
                                    f"SignedHeaders={';'.join(sorted(signed))}, Signature={key.hex()}")
        return self.send(method, encoded + ("?" + text if text else ""), headers, body)

    def path(self, name):
        return f"{self.objects}/{urllib.parse.quote(name, safe='')}"

    # ---- What most tests want.
    def put(self, name, data, digest=None, headers=None, **query):
        hashed = {"x-goog-hash": f"crc32c={digest or crc32c_of(data)}"}
        return self.ask("POST", "/upload" + self.objects, {"uploadType": "media", "name": name, "fields": "kind,size,crc32c", **query},
                        headers if headers is not None else hashed, data)

    def begin(self, name, size, **query):
        """The path and query of a session."""
        answer = self.ask("POST", "/upload" + self.objects,
                          {"uploadType": "resumable", "name": name, "fields": "kind,size,crc32c", **query},
                          {"content-type": "application/json", "x-upload-content-type": "application/octet-stream",
                           "x-upload-content-length": str(size)}, b"{}")
        assert answer.status == 200, answer
        url = urllib.parse.urlsplit(answer.headers["location"])
        return f"{url.path}?{url.query}"

    def piece(self, session, content_range, data=b"", digest=None):
        headers = {"content-range": f"bytes {content_range}"}
        if digest:
            headers["x-goog-hash"] = f"crc32c={digest}"
        return self.send("PUT", session, headers, data)

    def get(self, name, headers=None):
        return self.ask("GET", self.path(name), {"alt": "media"}, headers)

    def describe(self, name):
        return self.ask("GET", self.path(name), {"fields": "kind,name,size,crc32c"})

    def remove(self, name):
        return self.ask("DELETE", self.path(name))

    def names(self, prefix="", **query):
        """All names, page by page."""
        found, token = [], None
        while True:
            more = {"prefix": prefix} if prefix else {}
            if token:
                more["pageToken"] = token
            answer = self.ask("GET", self.objects, {"fields": "kind,nextPageToken,items(name)", **more, **query})
            assert answer.status == 200, answer
            found += [one["name"] for one in answer.json().get("items", [])]
            token = answer.json().get("nextPageToken")
            if token is None:
                return found
