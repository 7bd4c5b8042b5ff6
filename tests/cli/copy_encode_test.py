#!/usr/bin/python3
"""copy that encodes anew, and copies between archives that are coded in different ways: strangers (zstd and age) say what
is in what it writes, and make what it reads."""

import json
import os
import unittest

import cli_tools as tools
import copy_tools
import encode_tools
from cli_tools import archive, flipped, key, run
from encode_tools import CODINGS, plain_key, words_of


def compared_of(summary):
    """How the archives that were there were compared; what was counted in no way is left out."""
    counts = {way: summary[way] for way in ("by_size", "by_footer", "by_tag", "read_whole")}
    return {way: count for way, count in counts.items() if count}


class Scenarios(copy_tools.CopyScenario):
    def setUp(self):
        super().setUp()
        self.keys = encode_tools.Keys(self.dir, "one")

    def options(self, coding, keys=None):
        """What makes archives of this coding from all others."""
        keys = keys or self.keys
        return ["--compress", "zstd" if ".zst" in coding else "none", "--identity", self.keys.identity,
                *(keys.to_encrypt() if ".age" in coding else ["--recipients", "none"])]

    def coded(self, partition, first, last=None, coding="", epoch=1, **more):
        """Its key and its bytes."""
        body = archive(partition, first, last, epoch=epoch, **more)
        return self.keys.encoded(key(partition, first, last, epoch=epoch), body, coding)

    def put(self, store, *where, **how):
        one, body = self.coded(*where, **how)
        store.put(one, body)
        return one

    def expect_same_content(self, objects, coding, keys=None):
        """The destination has the tar of each archive of `objects`, coded so, and its records as they are."""
        there = self.content(self.target)
        self.assertEqual(sorted(there), sorted(plain_key(one) + (coding if ".tar" in one else "") for one in objects))
        for one, body in objects.items():
            if ".tar" not in one:
                self.assertEqual(there[one], body, one)
                continue
            copied = there[plain_key(one) + coding]
            self.assertEqual((keys or self.keys).content(plain_key(one) + coding, copied), self.keys.content(one, body))
            for word in ("storage", "partition", "first", "last", "epoch", "made_us"):
                self.assertEqual(words_of(copied).get(word), words_of(body).get(word), (one, word))

    def verify_deep(self, store, keys=None, expect=0):
        return run("verify", *store.arguments, "--deep", *(keys or self.keys).to_read(), expect=expect)[0]

    def test_each_kind_becomes_each_other(self):
        objects = {key(1, 1, 3, "pruned"): tools.record(1, 1, 3, "pruned"), tools.epoch_key(2): tools.epoch_record(2, 0)}
        for number, coding in enumerate(CODINGS):
            one, body = self.coded(1, 4 + number, coding=coding, made_s=1_700_000_000 + number)
            objects[one] = body
            one, body = self.coded(2, 1 + 3 * number, 3 + 3 * number, coding=coding)
            objects[one] = body
            one, body = self.coded(3, 1 + number, coding=coding, epoch=2)
            objects[one] = body
        self.fill_with(objects)
        for coding in CODINGS:
            with self.subTest(coding):
                said, summary = self.told(*self.options(coding))
                self.assertEqual(said, [])
                same = 3 if coding == "" else 0  # of the plain ones nothing is to be done
                self.assertEqual((summary["archives"], summary["encoded"], summary["records"]), (12, 12 - same, 2))
                self.expect_same_content(objects, coding)
                self.verify_deep(self.target)
                # Once more, and with other words: what is there counts, however it is coded.
                for other in CODINGS:
                    said, summary = self.told(*self.options(other), *(self.keys.to_read()[2:] if other == "" else []))
                    self.assertEqual((said, summary["archives"], summary["there_before"]), ([], 0, 14))
                said, summary = self.told(*self.keys.to_read())
                self.assertEqual((said, summary["archives"], summary["there_before"]), ([], 0, 14), "and a plain copy")
                self.assertEqual(self.told("--reread", *self.keys.to_read())[0], [])
                for one in self.target.keys():
                    self.target.remove(one)

    def test_one_of_the_two_stays_as_it_is(self):
        """--recipients alone says nothing of compression, and --compress nothing of who may read it."""
        for lsn, coding in enumerate(CODINGS, 1):
            self.put(self.store, 1, lsn, coding=coding)
        keys = encode_tools.Keys(self.dir, "two")
        self.told("--identity", self.keys.identity, "--recipients", keys.recipients, *self.keys.to_read()[2:])
        self.assertEqual(self.target.keys(), [key(1, lsn) + coding for lsn, coding in
                                              enumerate([".age", ".zst.age", ".age", ".zst.age"], 1)])
        for one in self.target.keys():
            self.target.remove(one)
        said, summary = self.told("--compress", "zstd:2", *self.keys.to_read(), expect=1)
        self.assertEqual(said, [("unreadable", key(1, lsn) + CODINGS[lsn - 1]) for lsn in (3, 4)])
        self.assertEqual(summary["encoded"], 2)
        self.assertEqual(self.target.keys(), [key(1, lsn) + ".zst" for lsn in (1, 2)])
        self.assertIn("give --recipients FILE, or --recipients none", self.copy("--compress", "zstd:2", expect=1)[0])
        self.told("--recipients", "none", "--identity", self.keys.identity)
        self.assertEqual(self.target.keys(), [key(1, lsn) + coding for lsn, coding in enumerate([".zst", ".zst", "", ".zst"], 1)])

    def test_other_recipients_and_another_tag_key(self):
        objects = dict(self.coded(1, lsn, coding=".zst.age") for lsn in range(1, 6))
        self.fill_with(objects)
        other = encode_tools.Keys(self.dir, "two")
        # The new tag key alone cannot say who wrote the old ones.
        words = ["--identity", self.keys.identity, "--recipients", other.recipients, "--tag-key"]
        said, _ = self.told(*words, other.tag_key, expect=1)
        self.assertEqual(said, sorted(("unreadable", one) for one in objects))
        self.assertEqual(self.target.keys(), [])
        both = self.path("both.tag")
        with open(os.open(both, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"{other.secret().hex()}\n{self.keys.secret().hex()}\n")
        self.assertEqual(self.told(*words, both)[1]["encoded"], 5)
        self.expect_same_content(objects, ".zst.age", other)
        self.assertIn("unreadable", self.verify_deep(self.target, expect=1))
        self.verify_deep(self.target, other)
        self.assertEqual(self.told(*words, both)[1]["there_before"], 5)
        # Without the key nobody can say whether they are the same, and none is put beside another.
        said, summary = self.told(expect=1)
        self.assertEqual((said, summary["archives"]), (sorted(("unreadable", one) for one in objects), 0))
        self.assertIn("cannot be told", self.copy(expect=1)[0])

    def test_a_plain_copy_sees_other_codings(self):
        for lsn, coding in enumerate(CODINGS, 1):
            self.put(self.target, 1, lsn, coding=coding)
            self.store.put(key(1, lsn), archive(1, lsn))
        before = self.content(self.target)
        said, summary = self.told(*self.keys.to_read()[2:])
        self.assertEqual((said, summary["there_before"], summary["only_at_destination"]), ([], 4, 0))
        said, summary = self.told(expect=1)
        self.assertEqual((said, summary["there_before"]), ([("unreadable", key(1, 3)), ("unreadable", key(1, 4))], 2))
        for lsn in range(1, 5):
            self.store.put(key(1, lsn), archive(1, lsn, content=tools.entry(lsn, b"another")))
        for words in (self.keys.to_read(), self.keys.to_read()[2:], ["--reread", *self.keys.to_read()]):
            said, _ = self.told(*words, expect=1)
            self.assertEqual(said, [("conflict", key(1, lsn)) for lsn in range(1, 5)])
        out = self.copy(*self.keys.to_read(), expect=1)[0]
        self.assertIn(f"{key(1, 2)}.zst holds other content", out)
        self.assertIn("nothing was overwritten", out)
        for lsn in (2, 3):
            one = key(1, lsn) + CODINGS[lsn - 1]
            self.target.put(one, flipped(before[one], len(before[one]) - 600))
        said, _ = self.told(*self.keys.to_read(), expect=1)
        self.assertEqual(said, sorted([("conflict", key(1, 1)), ("conflict", key(1, 4)), ("damaged", key(1, 2)),
                                       ("damaged", key(1, 3))]))
        self.assertEqual(len(self.target.keys()), 4)

    def test_verify_says_what_it_could_not_compare(self):
        """Without an identity it may be well, and may not."""
        for one, other in (("", ".age"), (".age", ".zst.age"), (".zst.age", ".zst")):
            for is_right in (True, False):
                with self.subTest((one, other, is_right)):
                    more = {} if is_right else {"content": tools.entry(1, b"another") + tools.entry(2)}
                    self.fill_with(dict([self.coded(1, 1, 2, coding=one), self.coded(1, 1, 2, coding=other, **more)]))
                    said = [json.loads(line) for line in run("verify", *self.store.arguments, "--json")[0].splitlines()]
                    self.assertEqual([line["warning"] for line in said if line["type"] == "warning"], ["not-compared"])
                    deep = self.verify_deep(self.store, expect=0 if is_right else 1)
                    self.assertNotIn("not-compared", deep)
                    self.assertEqual("disagree" in deep, not is_right, deep)
                    for there in self.store.keys():
                        self.store.remove(there)

    def test_verify_compares_around_what_it_cannot_read(self):
        """One that nobody here decrypts lies between two that differ, and is still named the second time."""
        one, right = self.coded(1, 1)
        content = {"content": tools.entry(1, b"another")}
        self.fill_with({one: right, one + ".age": self.coded(1, 1, coding=".age")[1],
                        one + ".zst": self.coded(1, 1, coding=".zst", **content)[1],
                        key(2, 1): archive(2, 1), key(2, 1) + ".age": self.coded(2, 1, coding=".age", **content)[1]})
        words = ["verify", *self.store.arguments, "--json", "--reread", "0"]
        for _ in range(2):
            said = [json.loads(line) for line in run(*words, "--since-checkpoint", self.path("seen"), expect=1)[0].splitlines()]
            self.assertEqual([one["other_key"] for one in said if one.get("problem") == "disagree"], [one])
            self.assertEqual(sum(one.get("warning") == "not-compared" for one in said), 2)
        self.assertEqual(self.verify_deep(self.store, expect=1).count("disagree"), 2)
        others = encode_tools.Keys(self.dir, "others")
        out = run("verify", *self.store.arguments, "--deep", *others.to_read()[:2], expect=1)[0]
        self.assertRegex(out, "(?m)^not-compared +main/2: .*the identity given does not decrypt them")

    def test_other_content_beside_the_right_one(self):
        """In another coding: a reader may take either."""
        right, other = {}, {}
        for coding in CODINGS:
            one, right[coding] = self.coded(1, 1, coding=coding)
            other[coding] = self.coded(1, 1, coding=coding, content=tools.entry(1, b"another"))[1]
        one = plain_key(one)
        self.store.put(one, right[""])
        read = self.keys.to_read()
        for wanted, beside in (("", ".zst"), ("", ".zst.age"), (".zst", ""), (".age", ""), (".zst.age", ".age")):
            words = [*self.options(wanted), *(read[2:] if not wanted.endswith(".age") else [])] if wanted else read
            with self.subTest((wanted, beside)):
                self.fill_with({one + wanted: right[wanted], one + beside: other[beside]}, self.target)
                for more in ([], ["--reread"], ["--dry-run"]):
                    said, summary = self.told(*words, *more, expect=1)
                    self.assertEqual(said, [("conflict", one)])
                    self.assertEqual((summary["archives"], summary["there_before"], summary["only_at_destination"]), (0, 0, 0))
                self.assertIn(f"{one + beside} holds other content", self.copy(*words, expect=1)[0])
                self.target.put(one + beside, right[beside])
                self.put(self.target, 1, 2)
                said, summary = self.told(*words)
                self.assertEqual((said, summary["there_before"], summary["only_at_destination"]), ([], 1, 1))
                for there in self.target.keys():
                    self.target.remove(there)
        # What the source has beside it too is compared with that.
        self.fill_with({one: right[""], one + ".zst": other[".zst"]})
        self.assertEqual(self.told()[1]["archives"], 2)
        self.assertEqual(self.told()[1]["there_before"], 2)

    def test_what_the_source_has_twice(self):
        """A mirror has both; encoded anew they become one, if they are the same."""
        self.store.put(key(1, 1), archive(1, 1))
        self.put(self.store, 1, 1, coding=".zst")
        self.store.put(key(1, 1) + ".txt", b"between the two")
        self.assertEqual(self.told()[1]["archives"], 2)
        self.assertEqual(self.target.keys(), [key(1, 1), key(1, 1) + ".zst"])
        self.target.remove(key(1, 1) + ".zst")
        self.assertEqual(self.told()[1]["archives"], 1)
        self.assertEqual(self.told()[1]["there_before"], 2)
        for one in self.target.keys():
            self.target.remove(one)
        summary = self.told("--compress", "zstd")[1]
        self.assertEqual((summary["archives"] + summary["there_before"], summary["foreign"]), (2, 1))
        self.assertEqual(self.target.keys(), [key(1, 1) + ".zst"])
        self.target.remove(key(1, 1) + ".zst")
        self.store.put(key(1, 1), archive(1, 1, content=tools.entry(1, b"another")))
        self.assertEqual([kind for kind, _ in self.told("--compress", "zstd", expect=1)[0]], ["conflict"])

    def test_damaged_and_forged_ones_stay(self):
        objects = dict(self.coded(1, lsn, coding=CODINGS[lsn % 4]) for lsn in range(1, 9))
        names = sorted(objects)
        damaged = {one: flipped(objects[one], len(objects[one]) - 600) for one in names[:4]}
        one = names[6]  # the content is of another entry, by who has the key
        assert one.endswith(".zst.age"), one
        damaged[one] = self.keys.encoded(key(1, 7), archive(1, 7, content=tools.entry(8)), ".zst.age")[1]
        one = names[5]  # by who has no tag key
        assert one.endswith(".age"), one
        other = encode_tools.Keys(self.dir, "two")
        body = objects[one]
        forged = self.keys.encoded(key(1, 6), archive(1, 6, content=tools.entry(6, b"forged")), ".age")[1]
        tag = words_of(body)["tag"].encode()
        damaged[one] = forged[:-512] + forged[-512:].replace(words_of(forged)["tag"].encode(), tag)
        self.fill_with({**objects, **damaged})
        said, summary = self.told(*self.options(".zst.age"), expect=1)
        self.assertEqual(said, sorted(("damaged", one) for one in damaged))
        self.assertEqual(summary["archives"], 2)
        self.assertEqual([plain_key(one) for one in self.target.keys()], [plain_key(names[4]), plain_key(names[7])])
        self.assertNotEqual(other.secret(), self.keys.secret())

    def test_what_was_there_counts_by_its_tag_until_it_is_read_again(self):
        """The tag is of the right content, and it stands beside other bytes, or beside damaged ones."""
        self.store.put(key(1, 1), archive(1, 1))
        right = self.coded(1, 1, coding=".zst.age")[1]
        one, forged = self.coded(1, 1, coding=".zst.age", content=tools.entry(1, b"forged"))
        tags = [words_of(body)["tag"].encode() for body in (forged, right)]
        words = ["--compress", "zstd", *self.keys.to_encrypt()]
        self.target.put(one, forged[:-512] + forged[-512:].replace(*tags))
        for more in ([], ["--reread"]):
            said, summary = self.told(*words, *more)
            self.assertEqual((said, compared_of(summary)), ([], {"by_tag": 1}))
        self.assertIn("1 was there before (by the tag of what is encrypted; --reread reads both)", self.copy(*words)[0])
        self.assertIn("(by the tag of what is encrypted; an --identity that fits decrypts and reads it)",
                      self.copy(*words, "--reread")[0])
        said, _ = self.told(*words, "--reread", "--identity", self.keys.identity, expect=1)
        self.assertEqual(said, [("damaged", key(1, 1))], "and not a conflict")
        self.target.put(one, flipped(right, len(right) - 600))
        for more in ([], ["--identity", self.keys.identity]):
            self.assertEqual(self.told(*words, "--reread", *more, expect=1)[0], [("damaged", key(1, 1))])
        self.target.put(one, right)
        summary = self.told(*words, "--reread", "--identity", self.keys.identity)[1]
        self.assertEqual(compared_of(summary), {"read_whole": 1})
        self.assertIn("1 was there before (read whole);", self.copy(*words, "--reread", "--identity", self.keys.identity)[0])

    def test_what_bears_no_tag(self):
        """Whoever can write to the source could have put it there; encoded anew it would get our tag."""
        strict = self.keys.to_encrypt()[:-1]
        objects = dict(self.coded(1, lsn, coding=coding) for lsn, coding in enumerate(CODINGS, 1))
        self.fill_with(objects)
        plain = sorted(one for one in objects if not one.endswith(".age"))
        for words in (strict, ["--recipients", "none", *strict[2:]], strict[2:]):
            for one in self.target.keys():
                self.target.remove(one)
            said, summary = self.told("--identity", self.keys.identity, *words, expect=1)
            self.assertEqual(said, [("damaged", one) for one in plain])
            self.assertEqual((summary["archives"], len(self.target.keys())), (2, 2))
        self.assertIn("bears no tag, and with a tag key that is refused", self.copy(*strict[2:], expect=1)[0])

    def test_what_becomes_one_for_others(self):
        """The second of one name meets the first, which no identity at hand decrypts."""
        other = encode_tools.Keys(self.dir, "two")
        for coding in CODINGS:
            self.put(self.store, 1, 1, coding=coding)
        words = ["--identity", self.keys.identity, "--recipients", other.recipients, "--compress", "zstd", *self.keys.to_encrypt()[2:]]
        said, summary = self.told(*words, "--jobs", 1)
        self.assertEqual((said, summary["archives"], compared_of(summary)), ([], 1, {"by_tag": 3}))
        self.assertEqual(self.told("--reread", *words)[0], [])
        self.put(self.store, 1, 1, coding=".age", content=tools.entry(1, b"another"))
        self.target.remove(self.target.keys()[0])
        self.assertEqual(self.told(*words, "--jobs", 1, expect=1)[0], [("conflict", key(1, 1) + ".age")])

    def test_an_identity_of_the_source_alone(self):
        """Without the tag key, too: both have one tag, which says more than that one side cannot be decrypted."""
        other = encode_tools.Keys(self.dir, "two")
        self.put(self.store, 1, 1, coding=".zst.age")
        self.told("--identity", self.keys.identity, "--recipients", other.recipients, *self.keys.to_encrypt()[2:])
        for identity in (self.keys.identity, other.identity):
            said, summary = self.told("--reread", "--identity", identity)
            self.assertEqual((said, compared_of(summary)), ([], {"by_tag": 1}))

    def test_how_what_was_there_was_compared(self):
        """Where a tag does not tell, an identity does: then it was read. And --size-only is blind to what has that size alone."""
        other = encode_tools.Keys(self.dir, "two")
        sealed, body = self.coded(1, 1, coding=".zst.age")
        self.store.put(sealed, body)
        self.target.put(sealed, other.encoded(key(1, 1), archive(1, 1), ".zst.age")[1])
        identities = self.path("identities")
        with open(os.open(identities, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            for keys in (self.keys, other):
                with open(keys.identity, encoding="ascii") as one:
                    file.write(one.read())
        said, summary = self.told("--identity", identities)
        self.assertEqual((said, compared_of(summary)), ([], {"read_whole": 1}))
        self.assertIn("1 was there before (read whole);", self.copy("--identity", identities)[0])
        self.store.put(key(1, 2), archive(1, 2))
        self.put(self.target, 1, 2, coding=".zst")
        self.store.put(key(1, 3), archive(1, 3))
        self.target.put(key(1, 3), archive(1, 3))
        out = self.copy("--identity", identities)[0]
        self.assertIn("3 were there before (2 by size and footer, 1 read whole; --reread reads both);", out)
        summary = self.told("--size-only", "--identity", identities)[1]
        counted = compared_of(summary)
        self.assertEqual(counted.pop("by_size") + counted.pop("read_whole", 0), 2, "the encrypted ones may have one size")
        self.assertEqual(counted, {"by_footer": 1})

    def test_what_stands_there_in_the_clear(self):
        """Nothing is put beside it, so it is said that it stays so."""
        for lsn, coding in enumerate(CODINGS, 1):
            self.store.put(key(1, lsn), archive(1, lsn))
            self.put(self.target, 1, lsn, coding=coding)
        self.put(self.target, 2, 1)  # at the destination only
        self.put(self.target, 1, 4)  # beside the encrypted one
        before = self.content(self.target)
        for more in ([], ["--dry-run"], ["--reread", "--identity", self.keys.identity]):
            with self.subTest(more):
                words = [*self.keys.to_encrypt(), *more]
                said, summary = self.told(*words)
                self.assertEqual((said, summary["archives"], summary["in_the_clear"]), ([], 0, 4))
                self.assertIn("; 4 archives are at the destination in the clear, and left so", self.copy(*words)[0])
        for words in ([], ["--compress", "zstd"], ["--recipients", "none"]):
            out = self.copy(*words, *self.keys.to_read()[2:], "--accept-untagged")[0]
            self.assertNotIn("in the clear", out)
        self.assertEqual(self.content(self.target), before)

    def test_a_dry_run_says_what_would_be_refused(self):
        """By name and keys alone: nothing is read."""
        for lsn, coding in enumerate(CODINGS, 1):
            self.put(self.store, 1, lsn, coding=coding)
        strict = self.keys.to_encrypt()[:-1]
        self.assertEqual(self.keys.to_encrypt()[-1], "--accept-untagged")
        identity = ["--identity", self.keys.identity]
        for words in ([], identity, strict[2:], self.keys.to_read(), strict, self.keys.to_encrypt(), ["--recipients", "none"],
                      ["--recipients", "none", *strict[2:]], ["--compress", "zstd"], ["--compress", "none", *strict[2:]]):
            for more in ([], identity) if "--identity" not in words else ([],):
                with self.subTest([*words, *more]):
                    dry, promised = self.told("--dry-run", *words, *more, expect=(0, 1))
                    self.assertEqual(self.target.keys(), [])
                    real, summary = self.told(*words, *more, expect=(0, 1))
                    self.assertEqual(dry, real)
                    for field in ("archives", "encoded", "size_bytes", "problems"):
                        self.assertEqual(promised[field], summary[field], field)
                    self.assertEqual(len(self.target.keys()), summary["archives"])
                    for one in self.target.keys():
                        self.target.remove(one)

    def test_a_dry_run_counts_what_becomes_one(self):
        """The source has several codings of one entry."""
        for lsn, codings in enumerate((CODINGS, ("", ".zst"), (".age", ".zst.age"), ("",)), 1):
            for coding in codings:
                self.put(self.store, 1, lsn, coding=coding)
        identity = ["--identity", self.keys.identity]
        counts = ("archives", "there_before", "encoded", "size_bytes", "problems")
        for words in ([*self.keys.to_encrypt(), *identity], self.keys.to_encrypt(), self.options(".zst"), self.options(".zst.age"),
                      ["--recipients", "none", *identity], ["--compress", "zstd"], []):
            with self.subTest(words):
                promised = self.told("--dry-run", *words, expect=(0, 1))[1]
                self.assertEqual(self.target.keys(), [])
                summary = self.told("--jobs", 1, *words, expect=(0, 1))[1]
                self.assertEqual({one: promised[one] for one in counts}, {one: summary[one] for one in counts})
                self.assertEqual(len(self.target.keys()), promised["archives"])
                for one in self.target.keys():
                    self.target.remove(one)

    def test_dry_run(self):
        self.put(self.store, 1, 1)
        self.put(self.store, 1, 2, coding=".zst")
        self.put(self.store, 1, 3, coding=".age")
        out = self.copy("--dry-run", *self.keys.to_encrypt(), "--identity", self.keys.identity)[0]
        self.assertIn(f"would copy {key(1, 1)} as {key(1, 1)}.age", out)
        self.assertIn(f"would copy {key(1, 2)}.zst as {key(1, 2)}.zst.age", out)
        self.assertIn("(3 encoded anew)", out)
        self.assertEqual(self.target.keys(), [])
        self.assertEqual(self.told("--dry-run", "--compress", "zstd", expect=1)[0], [("unreadable", key(1, 3) + ".age")])

    def test_wrong_words(self):
        self.put(self.store, 1, 1)
        with open(self.path("readable"), "wb") as file:
            file.write(b"00" * 32 + b"\n")
        os.chmod(self.path("readable"), 0o644)
        sealing = ["--recipients", self.keys.recipients, "--tag-key"]
        for words, part in ((["--compress", "gzip"], "--compress"), (["--compress", "zstd:4"], "--compress"),
                            (sealing[:2], "--recipients: it needs --tag-key FILE too"),
                            # A script's variable that is not set is not "not given": the copy would lie in the clear.
                            (["--recipients", ""], "--recipients: it is empty"),
                            (["--recipients", "", *sealing[2:], self.keys.tag_key], "--recipients: it is empty"),
                            ([*sealing, ""], "--tag-key: it is empty"), (["--identity", ""], "--identity: it is empty"),
                            (["--compress", "zstd", "--size-only"], "excludes"),
                            (["--recipients", "none", "--size-only"], "excludes")):
            self.assertIn(part, self.copy(*words, expect=2)[1])
        for words, part in (([*sealing, self.path("none-such")], "none-such"), ([*sealing, self.path("readable")], "chmod 600"),
                            (["--recipients", self.path("none-such"), "--tag-key", self.keys.tag_key], "none-such"),
                            (["--recipients", self.keys.identity, "--tag-key", self.keys.tag_key], "one.identity"),
                            (["--identity", self.path("none-such")], "none-such")):
            error = self.copy(*words, expect=4)[1]
            self.assertIn(part, error)
            self.assertNotIn("AGE-SECRET-KEY", error)
        self.assertEqual(self.target.keys(), [])

    def test_memory_does_not_grow_with_the_archive(self):
        if os.environ.get("TIDEMARK_SANITIZE"):
            self.skipTest("a sanitizer takes memory of its own")
        sizes = (1 << 20, 300 << 20)
        peaks = []
        for lsn, size in enumerate(sizes, 1):
            one, body = self.coded(lsn, 1, coding=".zst", content=tools.entry(1, os.urandom(size)))
            self.store.put(one, body)
            del body
            words = tools.command("copy", *self.words(f"main/{lsn}"), "--jobs", 1, *self.options(".zst.age"))
            peaks.append(encode_tools.peak_mib(words))
        self.assertLess(peaks[1], 250, f"MiB: {peaks}")
        self.verify_deep(self.target)

    def test_a_bomb(self):
        """It is found out by its footer, or by its digest; and nothing of it is kept."""
        content = tools.entry(1, bytes(200 << 20)) + bytes(1024)
        one, body = self.keys.encoded(key(1, 1), content + tools.footer(content, 1, 1, 1), ".zst")
        self.assertLess(len(body), 1 << 20)
        size = words_of(body)["size"]
        footer = body[-512:].replace(f"size={size}".encode(), b"size=4096")[:512].ljust(512, b"\0")
        self.store.put(one, body[:-512] + footer)
        self.assertEqual(self.told("--compress", "none", expect=1)[0], [("damaged", one)])
        self.assertEqual(self.target.keys(), [])
        self.store.put(one, body)
        self.told("--compress", "none")
        self.assertEqual(len(self.target.get(key(1, 1))), len(content) + 512)


class FileToFileEncodeTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def make_target(self):
        return tools.FileStore()


class FileToS3EncodeTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.FileStore()

    def make_target(self):
        return tools.S3Store()

    def test_a_lost_answer(self):
        """What was put is found again, and is the same though it was encrypted once more."""
        self.target.close()
        self.target = tools.S3Store("--rate", "slowdown=0.05,internal=0.05,lost_answer=0.3,ok_lost=0.05",
                                    "--retry-after-s", 0, *tools.FEWER_FAULTS_THAN_TRIES)
        objects = {key(1, lsn): archive(1, lsn) for lsn in range(1, 30)}
        self.fill_with(objects)
        self.copy(*self.options(".zst.age"))
        self.target.imposter.make_peace()
        self.expect_same_content(objects, ".zst.age")

    def test_a_lost_answer_for_others(self):
        """No identity at hand decrypts what this run has put itself: its tag says that it is the same."""
        self.target.close()
        self.target = tools.S3Store("--rate", "lost_answer=0.3", "--retry-after-s", 0, *tools.FEWER_FAULTS_THAN_TRIES)
        other = encode_tools.Keys(self.dir, "two")
        objects = dict(self.coded(1, lsn, coding=CODINGS[lsn % 4]) for lsn in range(1, 25))
        self.fill_with(objects)
        said, summary = self.told("--identity", self.keys.identity, "--recipients", other.recipients, *self.keys.to_encrypt()[2:])
        self.target.imposter.make_peace()
        self.assertEqual((said, summary["archives"] + summary["there_before"]), ([], 24))
        self.assertEqual(summary["by_tag"], summary["there_before"])
        self.assertEqual([plain_key(one) for one in self.target.keys()], sorted(map(plain_key, objects)))


class S3ToFileEncodeTest(Scenarios, unittest.TestCase):
    def make_store(self):
        return tools.S3Store()

    def make_target(self):
        return tools.FileStore()


if __name__ == "__main__":
    unittest.main()
