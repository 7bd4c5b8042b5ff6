#!/usr/bin/python3
"""A real server that archives to an object store over TLS, and comes back from it to a point in time: the imposter of
tests/s3, which is strict and fails now and then (but keeps its keys, because options have no others; S3_IMPOSTER names the program), or the store of STORE_RECORD, which
tests/s3/store_fixture.sh has started. See pg_tools.py."""

import os
import random
import sys
import unittest
import uuid

import pg_tools as tools
from pg_tools import GET, PG_BIN

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "s3"))


class Store(tools.Case):
    def use(self, endpoint, bucket, region, access_key, secret_key, ca_file, **more):
        """From now on self.sink is a place of its own there; what the sink has to know stands in a file."""
        options = {"endpoint": endpoint, "region": region, "access_key_id": access_key, "secret_access_key": secret_key, **more}
        with open(ca_file, encoding="ascii") as file:
            certificate = file.read()
        options["ca_file"] = self.owned("ca.pem", certificate)
        self.options = self.owned("options", "".join(f"{name} = {value}\n" for name, value in options.items()))
        self.sink = f"s3://{bucket}/{uuid.uuid4().hex[:12]}"

    def owned(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self.path(name), 0o600)
        os.chown(self.path(name), tools.UID, tools.GID)
        return self.path(name)

    def rows(self, server):
        return server.sql("select count(*) || ' ' || sum(hashtext(t::text)) from t")

    def there_and_back(self):
        """Archives under load, loses the server, and recovers it to a point in time and to the end."""
        server = self.server(tidemark__sink_options_file=self.options)
        tools.run(f"{PG_BIN}/pgbench", "-h", server.socket, "-U", "dba", "-i", "-q", "postgres")
        server.sql("create table t(i int, padding text)")
        server.wait_archived(server.switch())  # a backup waits without a word
        server.backup(self.path("backup"))
        copies, dice, expected = {}, random.Random(1), {}
        for number in range(8):
            server.sql(f"insert into t select i, md5(i::text) from generate_series(1, {dice.randint(1, 20000)}) i")
            if number == 4:
                expected[server.sql("select clock_timestamp()")] = self.rows(server)
                server.sql("select pg_sleep(0.01)")
            name = server.switch()
            copies[name] = tools.digest(os.path.join(server.data, "pg_wal", name))
        expected["latest"] = self.rows(server)
        last = server.switch()
        server.wait_archived(last)
        server.wait_all_archived()
        server.kill()
        for name, digest in copies.items():
            tools.run(GET, "get", "-D", server.data, name, self.path("got"))
            self.assertEqual(tools.digest(self.path("got")), digest, name)
            os.unlink(self.path("got"))
        for number, (when, rows) in enumerate(expected.items()):
            target = {} if when == "latest" else {"recovery_target_time": when}
            other = server.restored(f"other{number}", self.path("backup"), f"{self.sink} --sink-options-file {self.options}",
                                    archive_mode="off", **target)
            self.assertEqual(self.rows(other.start().wait_promoted()), rows, when)
            other.kill()
        return server

    def test_imposter_with_faults(self):
        import imposter_tools
        os.makedirs(self.path("tls"))
        certificates = imposter_tools.make_certificates(self.path("tls"))
        imposter = imposter_tools.Imposter("--rate", "all=0.01,rotate=0", "--stall-ms", "1500", "--retry-after-s", "1", "--seed", "14",
                                           certificates=certificates)
        with imposter:
            self.use(imposter.endpoint, imposter_tools.BUCKET, "us-east-1", imposter_tools.ACCESS_KEY, imposter_tools.SECRET_KEY,
                     certificates["ca"], stall_timeout_ms="1000", multipart_threshold="1MiB", multipart_part_size="5MiB")
            self.there_and_back()
            imposter.make_peace()
            state = imposter.state()
            self.assertGreater(sum(count for name, count in state["counts"].items() if name.startswith("fault")), 10, state)

    def test_real_store(self):
        with open(os.environ["STORE_RECORD"], encoding="ascii") as file:
            record = dict(line.rstrip("\n").split("=", 1) for line in file)
        self.use(record["S3_ENDPOINT_TLS"], record["S3_BUCKET"], record["S3_REGION"], record["AWS_ACCESS_KEY_ID"],
                 record["AWS_SECRET_ACCESS_KEY"], record["S3_CA_FILE"])
        server = self.there_and_back()
        self.assertNotIn("is not archived", server.said())


if __name__ == "__main__":
    unittest.main(verbosity=2)
