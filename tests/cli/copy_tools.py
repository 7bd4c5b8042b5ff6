"""What the tests of copy share: two archives, and what a partition may hold."""

import os

import cli_tools as tools
from cli_tools import archive, key, run


def destination_words(store):
    """URL and options of a store as the destination."""
    return [store.arguments[0], *(word.replace("--option", "--to-option").replace("--secret", "--to-secret")
                                  for word in store.arguments[1:])]


def of_every_kind():
    """Objects by key: four partitions in two storages, with every kind of record, batches, and what engines left."""
    objects = {}
    for lsn in range(4, 20):
        objects[key(1, lsn)] = archive(1, lsn, made_s=1_700_000_000 + lsn)
    objects[key(1, 20, 29)] = archive(1, 20, 29)
    objects[key(1, 1, 3, "pruned")] = tools.record(1, 1, 3, "pruned")
    objects[key(2, 1, 9, "origin")] = tools.record(2, 1, 9, "origin")
    for lsn in (10, 11, 15):
        objects[key(2, lsn)] = archive(2, lsn)
    objects[key(2, 12, 13, "gap")] = tools.gap_record(2, 12, 13)
    objects[key(2, 12, 13, "accepted")] = tools.record(2, 12, 13, "accepted",
                                                       "made_us=1700000000000001\nreason=the disk of node 4\n")
    objects[key(2, 14, 14, "gap")] = tools.gap_record(2, 14, 14)
    for lsn in range(1, 4):
        objects[key(10, lsn)] = archive(10, lsn)
    # Says of another storage what belongs to it.
    for lsn in (1, 2):
        body = archive(1, lsn)
        content = body[:-512]
        objects[f"other/1/{tools.name(lsn)}"] = content + body[-512:].replace(b"storage=main", b"storage=other")[:512].ljust(
            512, b"\0")
    return objects


class CopyScenario(tools.Scenario):
    """From self.store to self.target."""

    def setUp(self):
        super().setUp()
        self.target = self.make_target()
        self.addCleanup(lambda: self.target.close())

    def fill_with(self, objects, store=None):
        for one, body in objects.items():
            (store or self.store).put(one, body)

    def words(self, *target):
        source, destination = self.store.arguments, destination_words(self.target)
        return [source[0], destination[0], *target, *source[1:], *destination[1:]]

    def copy(self, *arguments, part=(), expect=0):
        return run("copy", *self.words(*part), *arguments, expect=expect)

    def told(self, *arguments, part=(), expect=0):
        """What --json says: [(what, key)] without what was copied, and the summary."""
        objects = tools.lines("copy", *self.words(*part), *arguments, expect=expect)
        said = [(one[one["type"]], one.get("key")) for one in objects if one["type"] in ("problem", "warning")]
        return sorted(said), objects[-1]

    def content(self, store):
        return {one: store.get(one) for one in store.keys()}

    def expect_same(self):
        self.assertEqual(self.content(self.target), self.content(self.store))


def verify_says(store, expect):
    return run("verify", *store.arguments, expect=expect)[0]


def in_order_of_arrival(gate, keys):
    """Those of the keys that were put, with one job, in that order."""
    paths = [line.split()[1].split("?")[0] for line in gate.requests if line.startswith("PUT ")]
    return [one for path in paths for one in keys if path.endswith("/" + one)]
