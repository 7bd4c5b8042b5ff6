#!/usr/bin/python3
"""A server's life under pgbench: restarts, kills, failures of the sink and changes of it; nothing is lost. In directories, and
in the store of STORE_RECORD (the imposter takes no requests for another port, as a gate's is). TIDEMARK_PG_LIFE_S says how long. See pg_tools.py."""

import concurrent.futures
import os
import random
import sys
import time
import unittest

import pg_tools as tools
from pg_tools import GET, wait_for
import store_tools

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import gate

LIFE_S = int(os.environ.get("TIDEMARK_PG_LIFE_S", "20"))
AWAY_S = 2
NOT_THERE = (1, 201, 203)  # `get`: nothing from it on, something after it, nothing of the cluster; 202 is damage


class Life:
    """What happens to the server; whoever takes it says what the sinks are, how they are away, and what they hold."""

    def act(self, server, dice, sinks):
        what = dice.choice(["archiver", "server", "restart", "away", "change"])
        if what == "archiver":
            server.end_archiver(wait_for("an archiver", server.archiver))
        elif what == "server":
            server.crash()
        elif what == "restart":
            self.assertLess(server.stop(), tools.STOP_S)
            server.start()
        elif what == "away":
            # A sink that is opened while its directory is away makes another.
            server.wait_archived(server.switch())
            self.be_away()
        else:
            server.configure(tidemark__sink=dice.choice(sinks))
            server.reload()
        return what

    def live(self, sinks, **settings):
        server, copies, acts, dice = self.server(**settings).prepare_pgbench(), {}, {}, random.Random(7)
        end = time.monotonic() + LIFE_S
        while time.monotonic() < end:
            load = server.pgbench(600, rate=100)  # of two hours the disk must hold all, three times
            for _ in range(dice.randint(1, 4)):
                time.sleep(dice.random())
                server.copy_of_switched(copies)
            what = self.act(server, dice, sinks)
            acts[what] = acts.get(what, 0) + 1
            load.kill()
            load.wait()
        last = server.copy_of_switched(copies)
        wait_for("everything", lambda: last not in server.status(".ready"), 300)
        server.wait_all_archived()
        self.assertLess(server.stop(), tools.STOP_S)
        print(f"{len(copies)} segments were compared, after {acts}", file=sys.stderr)
        return server, copies


class Files(Life, tools.Case):
    def be_away(self):
        for place in self.places:
            os.rename(place, place + ".away")
        time.sleep(AWAY_S)
        for place in self.places:
            os.rename(place + ".away", place)

    def test_life(self):
        self.places = [self.archive, self.make_sink("other")]
        _, copies = self.live([f"file://{place}" for place in self.places])
        held = {}
        for place in self.places:
            held.update(self.archived(place))
        self.assertEqual({name: held.get(name) for name in copies}, copies)


class Stores(Life, store_tools.StoreCase):
    def through_gate(self, endpoint):
        """What is TLS passes it unread."""
        scheme, _, port = endpoint.rpartition(":")
        self.gate = gate.Gate(int(port))
        self.addCleanup(self.gate.close)
        return f"{scheme}:{self.gate.port}"

    def be_away(self):
        self.gate.go_away()
        time.sleep(AWAY_S)
        self.gate.come_back()

    def got(self, server, name, sink):
        """The digest of what the sink gives, or None where it does not have it."""
        to = self.path(f"got-{name}")
        # What the other sink has is missing in this one, and the next to be asked for is of either.
        done = tools.run(GET, "get", "--retry-for", "0s", "--prefetch", "0", "--data", server.data, "--sink", sink, "--sink-options-file", self.options, name,
                         to, expect=None)
        if done.returncode != 0:
            self.assertIn(done.returncode, NOT_THERE, done.stderr)
            return None
        digest = tools.digest(to)
        os.unlink(to)
        return digest

    def check(self):
        sinks = [self.sink, self.sink + "-other"]
        server, copies = self.live(sinks, tidemark__sink_options_file=self.options)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:  # of two hours there are thousands
            found = pool.map(lambda name: [self.got(server, name, sink) for sink in sinks], copies)
            for (name, digest), held in zip(copies.items(), found):
                self.assertIn(digest, held, name)
                self.assertLessEqual(set(held), {digest, None}, name)
        print(f"{len(copies)} segments are equal", file=sys.stderr)

    def test_real_store(self):
        self.use_store(self.through_gate)
        self.check()


if __name__ == "__main__":
    unittest.main(verbosity=2)
