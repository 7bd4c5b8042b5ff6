"""A small S3 client on Python's standard library, signing on its own: what the tests ask stores with.

It does one exchange a call and can be told to do it wrong."""

import base64
import dataclasses
import datetime
import hashlib
import hmac
import http.client
import ssl
import urllib.parse
import xml.etree.ElementTree as ElementTree

MUST_BE_SIGNED = ("host", "content-type", "content-md5", "range", "if-none-match")


def md5_of(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def crc32c_of(body):
    crc = 0xFFFFFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


def encode(text, safe=""):
    return urllib.parse.quote(text, safe="-_.~" + safe)


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def xml(self):
        """The body without namespaces."""
        tree = ElementTree.fromstring(self.body)
        for element in tree.iter():
            element.tag = element.tag.split("}")[-1]
        return tree

    @property
    def code(self):
        return self.xml().findtext("Code") if self.body else None


class Client:
    """`endpoint` is http[s]://host:port; path style. Not for threads."""

    def __init__(self, endpoint, bucket, access_key, secret_key, region="us-east-1", token=None, ca_file=None):
        self.url = urllib.parse.urlsplit(endpoint)
        self.bucket, self.region = bucket, region
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
        self.ca_file = ca_file

    def connect(self):
        if self.url.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            return http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=30, context=context)
        return http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)

    def signature(self, method, path, query, headers, names, payload, amz_date, region, service="s3"):
        pairs = sorted((encode(name), encode(value)) for name, value in query)
        canonical = "\n".join([
            method, encode(path, "/"), "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(headers[name].split())}" for name in names), "", ";".join(names), payload])
        scope = f"{amz_date[:8]}/{region}/{service}/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", amz_date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for step in (amz_date[:8], region, service, "aws4_request"):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        return scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def signed(self, method, path, query, headers, payload, skew_s=0, region=None, leave_unsigned=(), tamper=None):
        """All headers of the request. Knobs: a clock that is off, another region, headers left out of the
        signature, and a function that changes the headers after signing."""
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew_s)
        amz_date = now.strftime("%Y%m%dT%H%M%SZ")
        all_headers = {"host": self.url.netloc, "x-amz-date": amz_date, "x-amz-content-sha256": payload}
        if self.token is not None:
            all_headers["x-amz-security-token"] = self.token
        all_headers.update(headers)
        names = sorted(name for name in all_headers
                       if (name in MUST_BE_SIGNED or name.startswith("x-amz-")) and name not in leave_unsigned)
        scope, signature = self.signature(method, path, query, all_headers, names, payload, amz_date,
                                          region or self.region)
        all_headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                        f"SignedHeaders={';'.join(names)}, Signature={signature}")
        if tamper:
            tamper(all_headers)
        return all_headers

    def ask(self, method, key=None, query=(), headers=None, body=b"", payload=None, connection=None, raw_query=None,
            sent_body=None, has_length=None, **knobs):
        """One exchange. `payload` replaces the body's digest, `sent_body` the body on the wire."""
        path = f"/{self.bucket}" + ("" if key is None else f"/{key}")
        query = list(query)
        if payload is None:
            payload = hashlib.sha256(body).hexdigest()
        all_headers = self.signed(method, path, query, dict(headers or {}), payload, **knobs)
        target = encode(path, "/")
        if raw_query is not None:
            target += "?" + raw_query
        elif query:
            target += "?" + "&".join(f"{encode(name)}={encode(value)}" for name, value in query)
        own = connection or self.connect()
        try:
            own.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in all_headers.items():
                for one in value if isinstance(value, list) else [value]:
                    own.putheader(name, one)
            body = body if sent_body is None else sent_body
            if has_length if has_length is not None else (body or method in ("PUT", "POST")):
                own.putheader("content-length", str(len(body)))
            own.endheaders(body or None)
            response = own.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()},
                          response.read())
        finally:
            if connection is None:
                own.close()

    # ---- What most tests want.
    def put(self, key, body=b"", headers=None, **knobs):
        return self.ask("PUT", key, headers=headers, body=body, **knobs)

    def get(self, key, headers=None):
        return self.ask("GET", key, headers=headers)

    def keys(self, prefix=""):
        """All keys, page by page."""
        found, token = [], None
        while True:
            query = [("list-type", "2"), ("prefix", prefix), ("encoding-type", "url")]
            if token:
                query.append(("continuation-token", token))
            answer = self.ask("GET", query=query)
            assert answer.status == 200, answer
            page = answer.xml()
            found += [urllib.parse.unquote_plus(one.findtext("Key")) for one in page.iter("Contents")]
            token = page.findtext("NextContinuationToken")
            if page.findtext("IsTruncated") != "true":
                return found
