#!/usr/bin/python3
"""The imposter is as strict as it says: each way to ask wrongly is refused, each fault comes as ordered.

Asked with a client that signs on its own. S3_IMPOSTER names the program."""

import http.client
import socket
import ssl
import tempfile
import time
import unittest
from xml.sax.saxutils import escape

import imposter_tools as tools
import s3_client


class ImposterTest(unittest.TestCase):
    def start(self, *arguments, **settings):
        imposter = tools.Imposter(*arguments, **settings)
        self.addCleanup(imposter.close)
        self.client = imposter.client()
        return imposter

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer)

    # ---- Signatures.
    def test_right_requests_pass(self):
        imposter = self.start()
        body = b"some bytes"
        answer = self.client.put("a b/ü+&=%25~/x..y", body, {
            "content-type": "application/x-tar", "content-md5": s3_client.md5_of(body), "if-none-match": "*",
            "x-amz-checksum-crc32c": s3_client.crc32c_of(body), "x-amz-storage-class": "STANDARD_IA",
            "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
            "x-amz-tagging": "a=b&c=d", "x-amz-expected-bucket-owner": "123456789012",
            "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2099-01-01T00:00:00Z"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["x-amz-checksum-crc32c"], s3_client.crc32c_of(body))
        self.assertEqual(self.client.get("a b/ü+&=%25~/x..y").body, body)
        self.assertEqual(self.client.keys(), ["a b/ü+&=%25~/x..y"])
        kept = dict(imposter.state()["objects"]["a b/ü+&=%25~/x..y"]["headers"])
        self.assertEqual(kept["x-amz-tagging"], "a=b&c=d")
        self.assertEqual(kept["x-amz-object-lock-mode"], "GOVERNANCE")
        self.assertEqual(imposter.state()["creates"], {"a b/ü+&=%25~/x..y": 1})

    def test_crc32c_is_castagnoli(self):
        self.assertEqual(s3_client.crc32c_of(b"123456789"), "4waSgw==")  # the check value of the polynomial, e3069283

    def test_wrong_signatures_are_refused(self):
        imposter = self.start()
        ask = self.client.ask
        wrong_secret = imposter.client(secret_key="other")
        self.refused(wrong_secret.get("x"), 403, "SignatureDoesNotMatch")
        self.refused(imposter.client(access_key="other").get("x"), 403, "InvalidAccessKeyId")
        self.refused(imposter.client(token="some").get("x"), 400, "InvalidToken")
        self.refused(ask("GET", "x", tamper=lambda h: h.pop("authorization")), 403, "AccessDenied")
        self.refused(ask("GET", "x", tamper=lambda h: h.update(authorization=h["authorization"] + "0")), 400,
                     "AuthorizationHeaderMalformed")
        self.refused(ask("GET", "x", tamper=lambda h: h.update(range="bytes=0-1")), 403, "AccessDenied")
        self.refused(ask("GET", "x", headers={"range": "bytes=0-0"}, tamper=lambda h: h.update(range="bytes=0-1")), 403,
                     "SignatureDoesNotMatch")
        self.refused(ask("GET", query=[("list-type", "2"), ("prefix", "a")], raw_query="list-type=2&prefix=b"), 403,
                     "SignatureDoesNotMatch")
        self.assertEqual(ask("GET", query=[("list-type", "2"), ("prefix", "a")], raw_query="prefix=a&list-type=2").status,
                         200, "the order on the wire does not matter, that in the signature does")
        self.assertEqual(imposter.state()["creates"], {})

    def test_each_header_must_be_signed(self):
        self.start()
        headers = {"content-type": "text/plain", "content-md5": s3_client.md5_of(b"x"), "if-none-match": "*",
                   "x-amz-checksum-crc32c": s3_client.crc32c_of(b"x"), "x-amz-tagging": "a=b"}
        for name in (*headers, "host", "x-amz-date", "x-amz-content-sha256"):
            with self.subTest(name):
                self.refused(self.client.put("x", b"x", headers, leave_unsigned=(name,)), 403, "AccessDenied")
        self.refused(self.client.ask("GET", "x", headers={"range": "bytes=0-1"}, leave_unsigned=("range",)), 403,
                     "AccessDenied")
        self.assertEqual(self.client.put("x", b"x", headers).status, 200)

    def test_clock_and_region(self):
        imposter = self.start("--region", "eu-west-1")
        right = imposter.client(region="eu-west-1")
        for skew_s in (-901 - 60, 901 + 60):
            answer = right.ask("GET", query=[("list-type", "2")], skew_s=skew_s)
            self.refused(answer, 403, "RequestTimeTooSkewed")
            self.assertIn("GMT", answer.headers["date"])
        self.assertEqual(right.ask("GET", query=[("list-type", "2")], skew_s=-840).status, 200)
        answer = self.client.ask("GET", query=[("list-type", "2")])
        self.refused(answer, 400, "AuthorizationHeaderMalformed")
        self.assertEqual(answer.xml().findtext("Region"), "eu-west-1")
        self.assertEqual(answer.headers["x-amz-bucket-region"], "eu-west-1")

    def test_region_as_a_redirect(self):
        self.start("--region", "eu-west-1", "--redirects-region")
        answer = self.client.ask("HEAD")
        self.assertEqual((answer.status, answer.headers["x-amz-bucket-region"]), (301, "eu-west-1"))
        self.refused(self.client.get("x"), 301, "PermanentRedirect")

    def test_session_tokens(self):
        imposter = self.start("--session-token", "t+/=")
        self.refused(self.client.get("x"), 403, "InvalidAccessKeyId")
        self.refused(imposter.client(token="other").get("x"), 400, "InvalidToken")
        self.refused(imposter.client(token="t+/=").get("x"), 404, "NoSuchKey")
        expired = self.start("--expired-token")
        self.refused(expired.client(token="t").get("x"), 400, "ExpiredToken")

    # ---- Bodies.
    def test_bodies_are_compared_with_what_was_declared(self):
        imposter = self.start()
        put = self.client.put
        self.refused(put("x", b"abc", sent_body=b"abd"), 400, "XAmzContentSHA256Mismatch")
        self.refused(put("x", b"abc", {"content-md5": s3_client.md5_of(b"abd")}), 400, "BadDigest")
        self.refused(put("x", b"abc", {"content-md5": "YWJj"}), 400, "InvalidDigest")
        self.refused(put("x", b"abc", {"x-amz-checksum-crc32c": s3_client.crc32c_of(b"abd")}), 400, "BadDigest")
        self.refused(put("x", b"abc", {"x-amz-checksum-crc32c": "YWJj"}), 400, "InvalidRequest")
        self.refused(put("x", b"abc", has_length=False, sent_body=b""), 411, "MissingContentLength")
        self.refused(put("x", b"abc", payload="UNSIGNED-PAYLOAD"), 400, "InvalidRequest")
        self.refused(put("x", b"abc", payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), 501, "NotImplemented")
        self.refused(put("x", b"", {"transfer-encoding": "chunked"}, has_length=False, sent_body=b"0\r\n\r\n"), 501,
                     "NotImplemented")
        self.refused(put("x", b"", {"x-amz-trailer": "x-amz-checksum-crc32c"}), 501, "NotImplemented")
        self.refused(put("x" * 1025, b"abc"), 400, "KeyTooLongError")
        self.assertEqual(imposter.state()["creates"], {})

    def test_what_is_not_known_is_refused(self):
        self.start()
        ask = self.client.ask
        self.refused(ask("GET", query=[("list-type", "2"), ("delimeter", "/")]), 400, "InvalidArgument")
        self.refused(ask("GET", query=[("list-type", "1")]), 400, "InvalidArgument")
        self.refused(ask("GET"), 405, "MethodNotAllowed")
        self.refused(ask("PUT", "x", headers={"x-amz-storage-klass": "STANDARD"}), 400, "InvalidArgument")
        self.refused(ask("PUT", "x", headers={"x-amz-storage-class": "COLD"}), 400, "InvalidRequest")
        self.refused(ask("PUT", "x", headers={"x-amz-server-side-encryption-aws-kms-key-id": "k"}), 400, "InvalidRequest")
        self.refused(ask("PUT", "x", headers={"if-none-match": '"etag"'}), 400, "InvalidArgument")
        self.refused(ask("PUT", "x", headers={"x-amz-object-lock-mode": "GOVERNANCE"}), 400, "InvalidRequest")
        self.refused(ask("GET", "x", headers={"cache-control": "no-cache"}), 400, "InvalidArgument")
        self.refused(ask("GET", "x", tamper=lambda h: h.update(accept=["a", "b"])), 400, "InvalidRequest")
        self.refused(ask("GET", "x", tamper=lambda h: h.update(host="example.com")), 400, "InvalidRequest")
        self.refused(ask("GET", "x", headers={"x-amz-expected-bucket-owner": "999999999999"}), 403, "AccessDenied")
        self.client.bucket = "other"
        self.refused(self.client.get("x"), 404, "NoSuchBucket")

    # ---- Objects.
    def test_conditions(self):
        for what, second in (("honoured", 412), ("ignored", 200), ("not_implemented", 501)):
            with self.subTest(what):
                imposter = self.start("--put-condition", what)
                first = self.client.put("x", b"1", {"if-none-match": "*"})
                self.assertEqual(first.status, 501 if what == "not_implemented" else 200)
                self.assertEqual(self.client.put("x", b"2", {"if-none-match": "*"}).status, second)
                creates = {"honoured": {"x": 1}, "ignored": {"x": 2}, "not_implemented": {}}
                self.assertEqual(imposter.state()["creates"], creates[what])

    def test_ranges(self):
        self.start()
        self.client.put("x", b"0123456789")
        for text, status, body in (("bytes=2-4", 206, b"234"), ("bytes=7-", 206, b"789"), ("bytes=-3", 206, b"789"),
                                   ("bytes=-30", 206, b"0123456789"), ("bytes=8-100", 206, b"89")):
            answer = self.client.get("x", {"range": text})
            self.assertEqual((answer.status, answer.body), (status, body), text)
        self.assertEqual(answer.headers["content-range"], "bytes 8-9/10")
        self.refused(self.client.get("x", {"range": "bytes=10-"}), 416, "InvalidRange")
        self.refused(self.client.get("x", {"range": "bytes=-0"}), 416, "InvalidRange")
        self.refused(self.client.get("x", {"range": "bytes=4-2"}), 400, "InvalidArgument")
        head = self.client.ask("HEAD", "x")
        self.assertEqual((head.status, head.headers["content-length"], head.body), (200, "10", b""))
        self.assertEqual(self.client.ask("DELETE", "x").status, 204)
        self.assertEqual(self.client.ask("DELETE", "x").status, 204)
        self.assertEqual(self.client.ask("HEAD", "x").status, 404)
        self.client.put("empty")
        self.refused(self.client.get("empty", {"range": "bytes=-5"}), 416, "InvalidRange")

    def test_listing(self):
        self.start("--max-keys", 3)
        names = sorted(["a/1", "a/10", "a/2", "a b/+", "a/&<>", "b/1", "a/ü", "a/z"], key=str.encode)
        for name in names:
            self.client.put(name)
        self.assertEqual(self.client.keys(), names)
        self.assertEqual(self.client.keys("a/"), [name for name in names if name.startswith("a/")])
        answer = self.client.ask("GET", query=[("list-type", "2"), ("prefix", "a/"), ("start-after", "a/10")])
        self.assertEqual([one.findtext("Key") for one in answer.xml().iter("Contents")], ["a/2", "a/z", "a/ü"])
        self.assertEqual(answer.xml().findtext("IsTruncated"), "false")
        answer = self.client.ask("GET", query=[("list-type", "2"), ("continuation-token", "made up")])
        self.refused(answer, 400, "InvalidArgument")

    def test_folders(self):
        self.start("--max-keys", 3)
        for name in ("a", "a-/1", "a/1", "a/2/x", "a/3", "b/1", "b/2", "c/", "c/1", "ü/1"):
            self.client.put(name)

        def page(*query):
            found = self.client.ask("GET", query=[("list-type", "2"), ("delimiter", "/"), *query]).xml()
            return ([one.findtext("Key") for one in found.iter("Contents")],
                    [one.findtext("Prefix") for one in found.iter("CommonPrefixes")], found)

        objects, folders, answer = page()
        self.assertEqual((objects, folders, answer.findtext("KeyCount")), (["a"], ["a-/", "a/"], "3"))
        self.assertEqual((answer.findtext("IsTruncated"), answer.findtext("Delimiter")), ("true", "/"))
        more = page(("continuation-token", answer.findtext("NextContinuationToken")))
        self.assertEqual((more[:2], more[2].findtext("IsTruncated")), (([], ["b/", "c/", "ü/"]), "false"))
        self.assertEqual(page(("prefix", "a/"))[:2], (["a/1", "a/3"], ["a/2/"]))
        self.assertEqual(page(("prefix", "c/"))[:2], (["c/", "c/1"], []))
        # As S3: of the folder that it lies in the rest is told.
        self.assertEqual(page(("start-after", "b/1"))[:2], ([], ["b/", "c/", "ü/"]))
        self.assertEqual(page(("start-after", "b/2"))[:2], ([], ["c/", "ü/"]))
        self.refused(self.client.ask("GET", query=[("list-type", "2"), ("delimiter", "-")]), 400, "InvalidArgument")

    def test_habits_of_folders(self):
        def text(habit, *query):
            self.start("--habits", habit)
            for key in ("a/1", "a/2", "b/1"):
                self.client.put(key)
            return self.client.ask("GET", query=[("list-type", "2"), ("delimiter", "/"), *query]).body.decode()

        self.assertNotIn("CommonPrefixes", text("ignores_delimiter"))
        self.assertIn("<Key>a/2</Key>", text("ignores_delimiter"))
        self.assertIn("NotImplemented", text("refuses_delimiter"))
        self.assertIn("<CommonPrefixes><Prefix>a/</Prefix><Prefix>b/</Prefix></CommonPrefixes>", text("folders_in_one"))
        self.assertIn("<Key>a/</Key>", text("marks_folders"))
        self.assertIn("<Prefix>a/</Prefix>", text("marks_folders"))
        self.assertNotIn("<Prefix>a/</Prefix>", text("skips_begun_folder", ("start-after", "a/1")))
        self.assertIn("<Prefix>a/</Prefix>", text("repeats_last_key", ("continuation-token", "t+/=a/%FF")))

    def remove_many(self, keys, more="", headers=None, quiet=None, text=None):
        """DeleteObjects, and (keys deleted, [(key, code) of errors]) if it was taken."""
        quiet = "" if quiet is None else f"<Quiet>{quiet}</Quiet>"
        objects = "".join(f"<Object><Key>{escape(key)}</Key>{more}</Object>" for key in keys)
        body = text or f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{objects}{quiet}</Delete>'.encode()
        answer = self.client.ask("POST", query=[("delete", "")], body=body,
                                 headers={"content-md5": s3_client.md5_of(body)} if headers is None else headers)
        if answer.status != 200 or not answer.body:
            return answer
        found = answer.xml()
        self.assertEqual(found.tag, "DeleteResult")
        return ([one.findtext("Key") for one in found.iter("Deleted")],
                [(one.findtext("Key"), one.findtext("Code")) for one in found.iter("Error")])

    def test_many_removals(self):
        imposter = self.start()
        names = ["a/1", "a/2", " <&> ü'\"", "b"]
        for name in names:
            self.client.put(name)
        self.assertEqual(self.remove_many(names[:3] + ["absent"]), (names[:3] + ["absent"], []))
        self.assertEqual(self.client.keys(), ["b"])
        self.assertEqual(self.remove_many(["b"], quiet="true"), ([], []))
        self.assertEqual(self.client.keys(), [])
        self.assertEqual(self.remove_many([str(number) for number in range(1000)], quiet="false")[1], [])
        self.assertEqual(imposter.state()["counts"]["DeleteObjects"], 3)

        self.client.put("stays")
        self.refused(self.remove_many(["stays"], headers={}), 400, "InvalidRequest")
        self.refused(self.remove_many(["stays"], headers={"content-md5": s3_client.md5_of(b"other")}), 400, "BadDigest")
        self.refused(self.remove_many(["stays"], headers={"x-amz-checksum-crc32c": s3_client.crc32c_of(b"other")}),
                     400, "BadDigest")
        self.refused(self.remove_many(["stays"] * 1001), 400, "MalformedXML")
        self.refused(self.remove_many([]), 400, "MalformedXML")
        self.refused(self.remove_many(["stays"], more="<Version>1</Version>"), 400, "MalformedXML")
        self.refused(self.remove_many(["stays"], quiet="perhaps"), 400, "MalformedXML")
        for text in (b"<Delete><Object><Key>stays</Key></Object>", b"<Remove/>", b"stays", b"<Delete><Object/></Delete>"):
            self.refused(self.remove_many([], text=text), 400, "MalformedXML")
        self.refused(self.client.ask("POST", query=[("delete", "all")]), 400, "InvalidArgument")
        self.assertEqual(self.client.keys(), ["stays"])

    def test_habits_of_removals(self):
        def removed(habit):
            self.start("--habits", habit)
            for name in ("a", "b"):
                self.client.put(name)
            answer = self.remove_many(["a", "b"])
            return answer, self.client.keys()

        for habit, status in (("no_removals", 501), ("malformed_removals", 400), ("denies_removals", 403),
                              ("unknown_removals", 404)):
            answer, left = removed(habit)
            self.assertEqual((answer.status, left), (status, ["a", "b"]))
        self.assertEqual(removed("keeps_first"), ((["b"], [("a", "AccessDenied")]), ["a"]))
        self.assertEqual(removed("forgets_first"), ((["b"], []), ["a"]))
        self.assertEqual(removed("misses_absent"), (([], [("a", "NoSuchKey"), ("b", "NoSuchKey")]), []))
        self.assertEqual(removed("removes_none"), ((["a", "b"], []), ["a", "b"]))
        answer, left = removed("empty_removals")
        self.assertEqual((answer.status, answer.body, left), (200, b"", []))

    def test_multipart(self):
        imposter = self.start("--min-part-bytes", 4)
        client = self.client

        def create():
            return client.ask("POST", "m", [("uploads", "")]).xml().findtext("UploadId")

        def part(upload, number, body):
            return client.ask("PUT", "m", [("partNumber", str(number)), ("uploadId", upload)], body=body)

        def complete(upload, parts, **headers):
            text = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in parts)
            body = f"<CompleteMultipartUpload>{text}</CompleteMultipartUpload>".encode()
            return client.ask("POST", "m", [("uploadId", upload)], body=body, headers=headers)

        upload = create()
        one = part(upload, 1, b"12345").headers["etag"]
        two = part(upload, 2, b"67890").headers["etag"]
        three = part(upload, 3, b"8").headers["etag"]
        listed = client.ask("GET", "m", [("uploadId", upload)]).xml()
        self.assertEqual([one.findtext("Size") for one in listed.iter("Part")], ["5", "5", "1"])
        self.refused(complete(upload, [(2, two), (1, one)]), 400, "InvalidPartOrder")
        self.refused(complete(upload, [(1, two)]), 400, "InvalidPart")
        self.refused(complete(upload, [(9, one)]), 400, "InvalidPart")
        four = part(upload, 4, b"9").headers["etag"]
        self.refused(complete(upload, [(1, one), (3, three), (4, four)]), 400, "EntityTooSmall")
        self.refused(complete("other", [(1, one)]), 404, "NoSuchUpload")
        self.refused(complete(upload, []), 400, "MalformedXML")
        self.refused(part(upload, 10001, b"x"), 400, "InvalidArgument")
        answer = complete(upload, [(1, one), (2, two)], **{"if-none-match": "*"})
        self.assertEqual(answer.status, 200, answer)
        self.assertRegex(answer.xml().findtext("ETag"), '^"[0-9a-f]{32}-2"$')
        self.assertEqual(client.get("m").body, b"1234567890")
        self.assertEqual(client.get("m", {"range": "bytes=4-5"}).body, b"56")
        self.refused(complete(upload, [(1, one)]), 404, "NoSuchUpload")
        upload = create()
        one = part(upload, 1, b"again").headers["etag"]
        self.refused(complete(upload, [(1, one)], **{"if-none-match": "*"}), 412, "PreconditionFailed")
        uploads = client.ask("GET", query=[("uploads", ""), ("prefix", "m")]).xml()
        self.assertEqual([one.findtext("UploadId") for one in uploads.iter("Upload")], [upload])
        self.assertEqual(client.ask("DELETE", "m", [("uploadId", upload)]).status, 204)
        self.refused(client.ask("DELETE", "m", [("uploadId", upload)]), 404, "NoSuchUpload")
        self.assertEqual(imposter.state()["uploads"], [])
        self.assertEqual(imposter.state()["creates"], {"m": 1})

    def test_uploads_are_listed_page_by_page(self):
        self.start("--max-keys", 2)
        for key in ("a", "a", "a", "b", "c"):
            self.client.ask("POST", key, [("uploads", "")])
        found, markers = [], []
        while True:
            page = self.client.ask("GET", query=[("uploads", ""), *markers]).xml()
            found += [one.findtext("Key") for one in page.iter("Upload")]
            if page.findtext("IsTruncated") != "true":
                break
            markers = [("key-marker", page.findtext("NextKeyMarker")),
                       ("upload-id-marker", page.findtext("NextUploadIdMarker"))]
        self.assertEqual(found, ["a", "a", "a", "b", "c"])

    def test_discarded_bodies_keep_their_ends(self):
        self.start("--discard-bodies")
        body = bytes(range(256)) * 4096
        self.client.put("x", body)
        self.assertEqual(self.client.get("x", {"range": "bytes=-512"}).body, body[-512:])
        self.assertEqual(self.client.get("x", {"range": "bytes=0-99"}).body, body[:100])
        self.refused(self.client.get("x"), 501, "NotImplemented")
        self.client.put("small", b"small")
        self.assertEqual(self.client.get("small").body, b"small")

    # ---- The connection.
    def test_tls(self):
        with tempfile.TemporaryDirectory() as directory:
            certificates = tools.make_certificates(directory)
            imposter = self.start(certificates=certificates)
            self.assertEqual(self.client.put("x", b"abc", payload="UNSIGNED-PAYLOAD").status, 200)
            self.assertEqual(self.client.get("x").body, b"abc")
            large = bytes(range(256)) * 12345
            self.assertEqual(self.client.put("large", large).status, 200)
            self.assertEqual(self.client.get("large").body, large)
            with self.assertRaises(ssl.SSLCertVerificationError):
                imposter.client(ca_file=None).get("x")

    def early_answer(self, key, body_size):
        """The first bytes that come before the body was sent."""
        headers = self.client.signed("PUT", f"/{tools.BUCKET}/{key}", [], {"if-none-match": "*"}, "0" * 64)
        text = f"PUT /{tools.BUCKET}/{key} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
        text += f"content-length: {body_size}\r\nexpect: 100-continue\r\n\r\n"
        with socket.create_connection((self.client.url.hostname, self.client.url.port), timeout=10) as connection:
            connection.sendall(text.encode())
            return connection.recv(1000).decode()

    def test_an_early_answer_costs_no_body(self):
        self.start()
        self.client.put("there", b"x")
        self.assertRegex(self.early_answer("there", 1 << 30), "^HTTP/1.1 412 ")
        self.assertRegex(self.early_answer("absent", 10), "^HTTP/1.1 100 ")

    def test_connections_are_kept(self):
        imposter = self.start()
        connection = self.client.connect()
        for number in range(10):
            self.assertEqual(self.client.put(str(number), b"x", connection=connection).status, 200)
        self.refused(self.client.put("x", b"abc", sent_body=b"abd", connection=connection), 400,
                     "XAmzContentSHA256Mismatch")
        self.assertEqual(self.client.ask("HEAD", "0", connection=connection).status, 200)
        connection.close()
        self.assertEqual(imposter.state()["connections"], 2, "that one, and the one that asks for the state")

    def test_delay(self):
        self.start("--delay-ms", 150)
        begin = time.monotonic()
        self.client.put("x", b"x")
        self.assertGreaterEqual(time.monotonic() - begin, 0.15)

    # ---- Faults.
    def faulty(self, rate, **more):
        arguments = [word for name, value in more.items() for word in ("--" + name.replace("_", "-"), value)]
        return self.start("--rate", rate, "--most-in-a-row", 1, *arguments)

    def test_faults_that_are_answers(self):
        for fault, status, code in (("slowdown", 503, "SlowDown"), ("internal", 500, "InternalError"),
                                    ("too_many", 429, "TooManyRequests"),
                                    ("conflict", 409, "ConditionalRequestConflict"),
                                    ("redirect", 307, "TemporaryRedirect")):
            with self.subTest(fault):
                imposter = self.faulty(f"{fault}=1", retry_after_s=7)
                answer = self.client.put("x", b"1", {"if-none-match": "*"})
                self.refused(answer, status, code)
                self.assertEqual(answer.headers.get("retry-after"), "7" if status == 429 else None)
                self.assertEqual(imposter.state()["creates"], {})
                self.assertEqual(self.client.put("x", b"1", {"if-none-match": "*"}).status, 200, "not twice in a row")
                counts = imposter.state()["counts"]
                self.assertEqual((counts[f"fault.{fault}"], counts["PutObject"]), (1, 2))

    def test_a_key_is_left_alone_after_so_many_faults(self):
        self.start("--rate", "internal=1", "--most-in-a-row", 2, "--most-of-a-key", 3)
        statuses = [self.client.put("x", b"1").status for _ in range(7)]
        self.assertEqual(statuses, [500, 500, 200, 500, 200, 200, 200])
        self.assertEqual(self.client.put("y", b"1").status, 500, "each key for itself")

    def test_faults_of_the_connection(self):
        for fault, is_stored in (("reset_before", False), ("reset_middle", False), ("reset_after", False),
                                 ("lost_answer", True)):
            with self.subTest(fault):
                imposter = self.faulty(f"{fault}=1")
                with self.assertRaises((ConnectionError, http.client.HTTPException)):
                    self.client.put("x", b"1" * 1000000)
                self.assertEqual(imposter.state()["creates"], {"x": 1} if is_stored else {})

    def test_stall(self):
        imposter = self.faulty("stall=1", stall_ms=300)
        begin = time.monotonic()
        self.assertEqual(self.client.put("x", b"1").status, 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.assertEqual(imposter.state()["creates"], {"x": 1})

    def test_truncated_xml(self):
        self.faulty("truncated_xml=1")
        answer = self.client.ask("GET", query=[("list-type", "2")])
        self.assertEqual(answer.status, 200)
        with self.assertRaises(Exception):
            answer.xml()
        self.assertEqual(self.client.keys(), [])

    def test_errors_inside_an_ok(self):
        for fault, exists in (("error_in_ok_before", False), ("error_in_ok_after", True)):
            with self.subTest(fault):
                self.faulty(f"{fault}=1")
                upload = self.client.ask("POST", "m", [("uploads", "")]).xml().findtext("UploadId")
                etag = self.client.ask("PUT", "m", [("partNumber", "1"), ("uploadId", upload)], body=b"1").headers["etag"]
                body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>"
                        "</CompleteMultipartUpload>").encode()
                answer = self.client.ask("POST", "m", [("uploadId", upload)], body=body)
                self.refused(answer, 200, "InternalError")
                self.assertEqual(self.client.ask("HEAD", "m").status, 200 if exists else 404)

    def test_a_yes_that_is_none(self):
        for fault, status, is_stored in (("ok_page", 200, False), ("accepted", 202, False), ("ok_lost", 200, False),
                                         ("put_error_before", 200, False), ("put_error_after", 200, True)):
            with self.subTest(fault):
                imposter = self.faulty(f"{fault}=1")
                answer = self.client.put("x", b"1")
                self.assertEqual(answer.status, status)
                is_page, is_error = fault == "ok_page", fault.startswith("put_error")
                self.assertIn(b"<!DOCTYPE html>" if is_page else b"InternalError" if is_error else b"", answer.body)
                self.assertEqual(imposter.state()["creates"], {"x": 1} if is_stored else {})

    def test_a_page_in_the_way(self):
        imposter = self.faulty("not_found_page=1")
        answer = self.client.ask("DELETE", "x")
        self.assertEqual((answer.status, answer.body), (404, b"default backend - 404"))
        self.assertNotIn("x-amz-request-id", answer.headers)
        answer = self.client.ask("DELETE", "x")
        self.assertEqual(answer.status, 204, "the second time it gets through")
        self.assertIn("x-amz-request-id", answer.headers)
        self.assertEqual(imposter.state()["counts"]["fault.not_found_page"], 1)

    def test_a_flipped_bit_is_found(self):
        imposter = self.faulty("flipped_bit=1")
        self.refused(self.client.put("x", b"12345"), 400, "XAmzContentSHA256Mismatch")
        self.assertEqual(self.client.put("x", b"12345").status, 200)
        self.assertEqual(self.client.get("x").body, b"12345")
        self.assertEqual(imposter.state()["creates"], {"x": 1})

    # ---- Habits.
    def test_habits_of_puts(self):
        def put(habit):
            self.start("--habits", habit)
            return self.client.put("x", b"1", {"x-amz-checksum-crc32c": s3_client.crc32c_of(b"1")})

        self.assertNotIn("etag", put("no_etag_on_put").headers)
        self.assertIn("etag", self.client.ask("HEAD", "x").headers)
        self.assertNotIn("etag", put("no_etag").headers)
        self.assertNotIn("etag", self.client.ask("HEAD", "x").headers)
        self.assertNotEqual(put("opaque_etag").headers["etag"], '"c4ca4238a0b923820dcc509a6f75849b"')
        self.assertEqual(put("capitals").headers["etag"], '"c4ca4238a0b923820dcc509a6f75849b"')
        self.assertNotIn("x-amz-request-id", put("no_request_id").headers)
        self.assertNotIn("x-amz-checksum-crc32c", put("no_checksum_echo").headers)
        self.assertEqual(put("created").status, 201)
        self.assertIn(b"PutObjectResult", put("put_document").body)
        self.assertEqual(put("stores_nothing").status, 200)
        self.assertEqual(self.client.get("x").status, 404)
        self.refused(put("demands_condition"), 403, "AccessDenied")
        self.assertEqual(self.client.put("x", b"1", {"if-none-match": "*"}).status, 200)

    def test_habits_of_listings(self):
        def text(habit, *query):
            self.start("--habits", habit, "--max-keys", 2)
            for key in ("a+ b", "b", "c"):
                self.client.put(key)
            return self.client.ask("GET", query=[("list-type", "2"), ("encoding-type", "url"), *query]).body.decode()

        self.assertIn("<Key>a+%20b</Key>", text("plus_alone"))
        self.assertIn("<Key>a%2B+b</Key>", text("unsaid_encoding"))
        self.assertNotIn("EncodingType", text("unsaid_encoding"))
        self.assertIn("<Key>a+ b</Key>", text("never_encodes"))
        self.assertIn("<Key>a+ b</Key>", text("only_says_encoding"))
        self.assertIn("EncodingType", text("only_says_encoding"))
        self.assertNotIn("IsTruncated", text("unsaid_end", ("prefix", "b")))
        more = text("unsaid_more")
        self.assertIn("<IsTruncated>false<", more)
        self.assertIn("NextContinuationToken", more)
        self.assertIn("<IsTruncated>True<", text("empty_pages,capitals").replace("> T", ">T"))
        self.assertNotIn("<Key>", text("empty_pages"))
        self.assertEqual(text("no_listing"), "")
        self.assertIn("<IsTruncated>False<", text("capitals", ("prefix", "b")))
        self.assertIn("<s3:Key>", text("prefixed_names"))
        self.assertTrue(text("blank_first").startswith("\ufeff\r\n<?xml"))
        self.assertNotIn("NextContinuationToken", text("no_token"))
        self.assertIn("<Key>b</Key>", text("repeats_last_key", ("continuation-token", "t+/=b")))
        self.assertIn("ListAllMyBucketsResult", text("lists_buckets"))

    def test_rotated_keys(self):
        with tempfile.NamedTemporaryFile() as file:
            imposter = self.faulty("rotate=1", credentials_file=file.name)
            self.assertEqual(self.client.put("x", b"1").status, 200)
            self.refused(self.client.put("x", b"1"), 403, "InvalidAccessKeyId")
            with open(file.name) as credentials:
                lines = dict(line.strip().split(" = ") for line in credentials if "=" in line)
            rotated = imposter.client(access_key=lines["aws_access_key_id"], secret_key=lines["aws_secret_access_key"])
            self.assertEqual(rotated.put("x", b"1").status, 200)


if __name__ == "__main__":
    unittest.main()
