#!/usr/bin/python3
"""A real server that archives to an object store over TLS, and comes back from it to a point in time: the imposter of
tests/s3, which is strict and fails now and then (but keeps its keys, because options have no others; S3_IMPOSTER names the program), or the store of STORE_RECORD, which
tests/s3/store_fixture.sh has started. See pg_tools.py."""

import os
import random
import unittest

import pg_tools as tools
from pg_tools import GET
import store_tools


class Store(store_tools.StoreCase):
    def rows(self, server):
        return server.sql("select count(*) || ' ' || sum(hashtext(t::text)) from t")

    def there_and_back(self):
        """Archives under load, loses the server, and recovers it to a point in time and to the end."""
        server = self.server(tidemark__sink_options_file=self.options)
        server.prepare_pgbench()
        server.sql("create table t(i int, padding text)")
        server.wait_archived(server.switch())  # a backup waits without a word
        server.backup(self.path("backup"))
        copies, dice, expected = {}, random.Random(1), {}
        for number in range(8):
            server.sql(f"insert into t select i, md5(i::text) from generate_series(1, {dice.randint(1, 20000)}) i")
            if number == 4:
                expected[server.sql("select clock_timestamp()")] = self.rows(server)
                server.sql("select pg_sleep(0.01)")
            server.copy_of_switched(copies)
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
        imposter = self.use_imposter("--seed", "14")
        self.there_and_back()
        imposter.make_peace()
        state = imposter.state()
        self.assertGreater(sum(count for name, count in state["counts"].items() if name.startswith("fault")), 10, state)

    def test_real_store(self):
        self.use_store()
        server = self.there_and_back()
        self.assertNotIn("is not archived", server.said())


if __name__ == "__main__":
    unittest.main(verbosity=2)
