#!/usr/bin/python3
"""The imposter of Azure is strict: asked by a client that signs on its own."""

import base64
import hashlib
import unittest

import azblob_tools as tools


class ImposterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.store = tools.Imposter("--page-size", 3)

    @classmethod
    def tearDownClass(cls):
        cls.store.close()

    def setUp(self):
        self.client = self.store.client()

    def expect(self, answer, status, code):
        self.assertEqual((answer.status, answer.code), (status, code), answer.body)

    def block(self, name, block_id, body=b"x", **query):
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        return self.client.ask("PUT", name, {"comp": "block", "blockid": block_id, **query}, {"content-md5": digest}, body)

    def commit(self, name, *ids, **headers):
        text = "<BlockList>" + "".join(f"<Uncommitted>{one}</Uncommitted>" for one in ids) + "</BlockList>"
        return self.client.ask("PUT", name, {"comp": "blocklist"}, headers, text.encode())

    def test_what_proves_who_asks(self):
        self.assertEqual(self.client.put("proof", b"x").status, 201)
        self.client.key = base64.b64encode(bytes(64)).decode()
        self.expect(self.client.put("proof", b"x"), 403, "AuthenticationFailed")

    def test_conditions_and_digests(self):
        self.assertEqual(self.client.put("a", b"1", **{"if-none-match": "*"}).status, 201)
        self.expect(self.client.put("a", b"2", **{"if-none-match": "*"}), 409, "BlobAlreadyExists")
        self.assertEqual(self.client.get("a").body, b"1")
        self.assertEqual(self.client.put("a", b"2").status, 201)
        wrong = base64.b64encode(bytes(16)).decode()
        self.expect(self.client.put("b", b"1", **{"content-md5": wrong}), 400, "Md5Mismatch")
        self.expect(self.client.get("b"), 404, "BlobNotFound")

    def test_what_is_not_known_is_refused(self):
        self.expect(self.client.put("a", b"1", **{"x-ms-odd": "1"}), 400, "UnsupportedHeader")
        self.expect(self.client.ask("GET", "a", {"timeout": "3"}), 400, "InvalidQueryParameterValue")
        self.client.put("range", b"12345")
        self.expect(self.client.ask("GET", "range", headers={"x-ms-range": "bytes=-5"}), 400, "InvalidHeaderValue")
        self.expect(self.client.ask("GET", "range", headers={"x-ms-range": "bytes=5-"}), 416, "InvalidRange")

    def test_blocks(self):
        ids = [base64.b64encode(f"{number:032}".encode()).decode() for number in range(3)]
        for number, one in enumerate(ids):
            self.assertEqual(self.block("blocks", one, b"%d" % number).status, 201)
        self.expect(self.client.get("blocks"), 404, "BlobNotFound")
        self.assertNotIn("blocks", self.client.keys())
        self.expect(self.block("blocks", base64.b64encode(b"short").decode()), 400, "InvalidBlobOrBlock")
        self.expect(self.block("blocks", "no base64"), 400, "InvalidQueryParameterValue")
        self.assertEqual(self.commit("blocks", *ids, **{"if-none-match": "*"}).status, 201)
        self.assertEqual(self.client.get("blocks").body, b"012")
        self.expect(self.commit("blocks", *ids), 400, "InvalidBlockList")
        latest = self.client.ask("PUT", "blocks", {"comp": "blocklist"}, body=b"<BlockList><Latest>eA==</Latest></BlockList>")
        self.expect(latest, 400, "InvalidXmlDocument")

    def test_pages(self):
        for number in range(8):
            self.client.put(f"pages/{number}", b"x")
        self.assertEqual(self.client.keys("pages/"), [f"pages/{number}" for number in range(8)])
        odd = self.client.ask("GET", query={"restype": "container", "comp": "list", "marker": "pages/3"})
        self.expect(odd, 400, "InvalidQueryParameterValue")

    def test_a_signature(self):
        path = f"/{self.client.account}/{tools.CONTAINER}/proof"

        def ask(query):
            connection = self.client.connect()
            try:
                connection.request("GET", f"{path}?{query}", headers={"x-ms-version": "2023-11-03"})
                return tools.azblob_client.Answer(connection.getresponse())
            finally:
                connection.close()

        self.assertEqual(self.client.put("proof", b"x").status, 201)
        self.assertEqual(ask(self.client.sas("r")).body, b"x")
        self.expect(ask(self.client.sas("l")), 403, "AuthorizationPermissionMismatch")
        self.expect(ask(self.client.sas("r", seconds=-1)), 403, "AuthenticationFailed")
        self.expect(ask(self.client.sas("r").replace("sp=r", "sp=rw")), 403, "AuthenticationFailed")


if __name__ == "__main__":
    unittest.main()
