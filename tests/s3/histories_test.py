#!/usr/bin/python3
"""Two histories in one S3 store: an engine, a clone that takes over, and the first that an operator lets continue. Each is
read back whole by its epoch.

RealStoreTest asks a store that runs already (STORE_RECORD, as store_fixture.sh wrote it), ImposterTest an own one
(S3_IMPOSTER) that loses answers and refuses conditional puts, claims among them. HOST_SIM and TIDEMARK name the programs."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import host_sim_tools as tools  # noqa: E402

PARTITIONS = 3
DEADLINE_S = 200


class Histories:
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="s3-histories-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def host(self, name, entries, *more, expect=0):
        words = ["run", "--data", self.path(name), "--sink", self.url, "--partitions", PARTITIONS, "--entries", entries,
                 "--timeout", DEADLINE_S, "--option", f"lineage_file={self.path(name, 'lineage')}", "--option",
                 "batch_entries=16", "--log-level", "info", *tools.FAST_RETRY, *more]
        return tools.run(*words, expect=expect)[1]

    def tidemark(self, *words, expect=(0,)):
        done = subprocess.run([os.environ["TIDEMARK"], *(str(word) for word in words)], capture_output=True, text=True,
                              timeout=DEADLINE_S)
        self.assertIn(done.returncode, expect, done.stdout + done.stderr)
        return done

    def take_over(self, name, over):
        """An operator who does as the messages say: what failed is tried again, over what is newest then."""
        for _ in range(40):
            done = self.tidemark("takeover", self.url, "main", "--lineage-file", self.path(name, "lineage"), "--over", over,
                                 "--reason", "the test says so", expect=(0, 2, 3))
            if done.returncode == 0:
                return
            newest = re.search(r"the newest epoch of main is (\d+)", done.stderr)
            over = newest.group(1) if newest else over
            time.sleep(0.05)
        self.fail(done.stderr)

    def claimed(self, errors):
        return int(re.findall(r"epoch (\d+) of main is claimed", errors)[-1])

    def whole(self, name, epoch, entries):
        found = tools.run("verify", "--data", self.path(name), "--sink", self.url, "--epoch", epoch)[0]
        self.assertRegex(found, rf"^verified {entries} entries in \d+ archives: 0 missing, 0 different")
        place = self.path(f"restored-{name}")
        self.tidemark("restore", self.url, "main", place, "--epoch", epoch)
        for partition in range(PARTITIONS):
            restored = [one for one in os.listdir(os.path.join(place, str(partition))) if not one.startswith(".")]
            self.assertEqual(len(restored), entries // PARTITIONS)

    def test_a_clone_takes_over_and_the_first_comes_back(self):
        self.host("one", 300)
        second = self.claimed(self.host("two", 600, "--clone-of", self.path("one")))
        refused = self.host("one", 450, expect=1)
        self.assertIn("SUPERSEDED", refused)
        self.assertIn(f"--over {second} ", refused)
        self.take_over("one", second)
        errors = self.host("one", 450)
        first = self.claimed(errors)
        self.assertGreater(first, second)
        self.assertNotIn("CONFLICT", errors)
        self.at_the_end()
        self.whole("one", first, 450)
        self.whole("two", second, 600)
        self.assertIn("all well", self.tidemark("verify", self.url).stdout)

    def at_the_end(self):
        pass


@unittest.skipUnless("STORE_RECORD" in os.environ, "no store was started")
class RealStoreTest(Histories, unittest.TestCase):
    def setUp(self):
        super().setUp()
        with open(os.environ["STORE_RECORD"]) as file:
            store = dict(line.rstrip("\n").split("=", 1) for line in file)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ[name] = store[name]
        self.url = (f"s3://{store['S3_BUCKET']}/test-{uuid.uuid4().hex[:12]}?region={store['S3_REGION']}"
                    f"&endpoint={store['S3_ENDPOINT']}")


@unittest.skipUnless("S3_IMPOSTER" in os.environ, "no imposter was built")
class ImposterTest(Histories, unittest.TestCase):
    RATES = "lost_answer=0.15,conflict=0.15,reset_after=0.05,slowdown=0.05"

    def setUp(self):
        super().setUp()
        import imposter_tools  # asks for S3_IMPOSTER
        self.imposter = imposter_tools.Imposter("--rate", self.RATES, "--retry-after-s", 0, "--only-below", "soak/main/")
        self.addCleanup(self.imposter.close)
        os.environ["AWS_ACCESS_KEY_ID"] = imposter_tools.ACCESS_KEY
        os.environ["AWS_SECRET_ACCESS_KEY"] = imposter_tools.SECRET_KEY
        self.url = self.imposter.sink_url(prefix="/soak")

    def at_the_end(self):
        counts = self.imposter.state()["counts"]
        for fault in ("lost_answer", "conflict"):
            self.assertGreater(counts.get(f"fault.{fault}", 0), 0, counts)
        self.imposter.make_peace()


if __name__ == "__main__":
    unittest.main()
