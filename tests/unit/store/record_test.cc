// Records: what they say, and that nothing else passes for one.
#include "store/record.h"

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class RecordTest : public MaintenanceTest {
 protected:
  Result<Record> parsed(const std::string& object, ObjectKind kind, Range range = {1, 9}) {
    return parse_record(object, {"db", 7, {range, kind}});
  }
};

TEST_F(RecordTest, SaysWhatWasWritten) {
  const std::string reason(kReasonMax, 'r');
  const std::string object = *format_record({ObjectKind::kAccepted, kNow, reason}, "db", 7, {4, 9});
  EXPECT_LE(object.size(), kRecordMax);
  EXPECT_EQ(object.substr(0, object.size() - 512), "made_us=1700000000123456\nreason=" + reason + "\n");
  EXPECT_TRUE(object.substr(object.size() - 512).starts_with("TIDEMARK1-ACCEPTED sha256="));
  const auto accepted = parsed(object, ObjectKind::kAccepted, {4, 9});
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->made_us, kNow);
  EXPECT_EQ(accepted->reason, reason);

  const auto pruned =
      parsed(*format_record({ObjectKind::kPruned, 5, {}}, "db", 7, {1, 9}), ObjectKind::kPruned);
  ASSERT_TRUE(pruned) << pruned.error().message;
  EXPECT_EQ(pruned->made_us, 5);
  EXPECT_EQ(pruned->reason, "");
  const std::string origin = *format_record({ObjectKind::kOrigin, kNow, {}}, "db", 7, {1, 9});
  EXPECT_EQ(origin.substr(0, origin.size() - 512), "made_us=1700000000123456\n");
  EXPECT_TRUE(origin.substr(origin.size() - 512).starts_with("TIDEMARK1-ORIGIN sha256="));
  ASSERT_TRUE(parsed(origin, ObjectKind::kOrigin));
  EXPECT_EQ(parsed(origin, ObjectKind::kOrigin)->made_us, kNow);
  const auto gap = parsed(*format_record({}, "db", 7, {4, 9}), ObjectKind::kGap, {4, 9});
  ASSERT_TRUE(gap) << gap.error().message;
  EXPECT_EQ(gap->made_us, 0);
}

TEST_F(RecordTest, NoBitMayDiffer) {
  for (const ObjectKind kind :
       {ObjectKind::kGap, ObjectKind::kAccepted, ObjectKind::kPruned, ObjectKind::kOrigin}) {
    const std::string good = *format_record({kind, kNow, "lost in the fire"}, "db", 7, {1, 9});
    for (size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      ASSERT_FALSE(parsed(bad, kind)) << at;
      ASSERT_FALSE(parsed(good.substr(0, at), kind)) << at;
    }
    EXPECT_FALSE(parsed(good + "x", kind));
    EXPECT_FALSE(parsed("x" + good, kind));
    EXPECT_FALSE(parsed(good, kind, {1, 10}));
  }
  const std::string accepted = *format_record({ObjectKind::kAccepted, kNow, "why"}, "db", 7, {1, 9});
  EXPECT_FALSE(parsed(accepted, ObjectKind::kPruned));
  EXPECT_FALSE(parsed(accepted, ObjectKind::kOrigin));
  EXPECT_FALSE(parsed(*format_record({ObjectKind::kPruned, kNow, {}}, "db", 7, {1, 9}), ObjectKind::kOrigin));
  EXPECT_FALSE(parsed(accepted, ObjectKind::kGap));
}

// The digest is right, the text is not.
TEST_F(RecordTest, ATextOfAnotherFormIsNone) {
  const auto object_with = [](const std::string& text, ObjectKind kind) {
    Sha256 sha;
    sha.update(text.data(), text.size());
    const auto footer = format_footer(
        {.kind = kind, .sha256 = sha.finish().value(), .storage = "db", .partition = 7, .range = {1, 9}});
    return text + std::string(footer.data(), footer.size());
  };
  EXPECT_TRUE(parsed(object_with("made_us=5\nreason=x\n", ObjectKind::kAccepted), ObjectKind::kAccepted));
  for (const char* text :
       {"", "made_us=5\n", "made_us=5\nreason=\n", "made_us=\nreason=x\n", "made_us=0\nreason=x\n",
        "made_us=05\nreason=x\n", "made_us=-5\nreason=x\n", "made_us=5x\nreason=x\n", "made_us=5\nreason=x",
        "made_us=5\nreason=x\n\n", "reason=x\nmade_us=5\n", "made_us=99999999999999999999\nreason=x\n",
        "made_us=5\nreason=a\tb\n"}) {
    const auto result = parsed(object_with(text, ObjectKind::kAccepted), ObjectKind::kAccepted);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().status, TIDEMARK_E_CORRUPT);
  }
  EXPECT_FALSE(parsed(object_with("made_us=5\nreason=x\n", ObjectKind::kPruned), ObjectKind::kPruned));
}

TEST_F(RecordTest, IsReadAndChecked) {
  const std::string key = add({4, 9}, ObjectKind::kAccepted, "lost");
  const auto record = read_record(fake_.sink(), key, nullptr);
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->reason, "lost");
  EXPECT_TRUE(check(fake_.sink(), {key}, {}, nullptr));
  uint64_t read_bytes = 0;
  EXPECT_TRUE(check(fake_.sink(), {key, false, [&](uint64_t bytes) { read_bytes = bytes; }}, {}, nullptr));
  EXPECT_EQ(read_bytes, fake_.objects[key].size());

  fake_.objects[key] += std::string(5000, 'x');
  expect_error(read_record(fake_.sink(), key, nullptr), TIDEMARK_E_CORRUPT, key + ": is not the record");
  expect_error(check(fake_.sink(), {key}, {}, nullptr), TIDEMARK_E_CORRUPT, key + ": is not the record");
  fake_.objects.clear();
  expect_error(read_record(fake_.sink(), key, nullptr), TIDEMARK_E_NOT_FOUND, key);
  expect_error(read_record(fake_.sink(), add({4, 9}), nullptr), TIDEMARK_E_INVALID, "is an archive");
  expect_error(read_record(fake_.sink(), "db/7/x", nullptr), TIDEMARK_E_INVALID, "'db/7/x' is not the key");
}

// What the archiver finds where it looks for what is there.
TEST_F(RecordTest, IsNeitherArchiveNorHole) {
  add({1, 20}, ObjectKind::kPruned);
  add({21, 30}, ObjectKind::kAccepted, "lost");
  const auto gap_before = [&](Lsn low) { return *find_gap_before(fake_.sink(), "db", 7, low, nullptr); };
  EXPECT_EQ(gap_before(21), std::nullopt) << "pruned";
  EXPECT_EQ(gap_before(10), std::nullopt) << "pruned";
  EXPECT_EQ(gap_before(31), std::nullopt) << "accepted";
  EXPECT_EQ(gap_before(40), (Range{31, 39})) << "behind what is known";
  const auto discovery = discover(fake_.sink(), "db", 7, 5, {}, nullptr);
  ASSERT_TRUE(discovery);
  EXPECT_TRUE(discovery->archives.empty());
  const std::string out = dir_.path().string();
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 7, out, 4096}, nullptr), TIDEMARK_E_NOT_FOUND,
               "entries 1 to 20 were pruned on purpose");
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 25, out, 4096}, nullptr), TIDEMARK_E_NOT_FOUND,
               "entries 21 to 30 are recorded as lost, and accepted");
}

TEST_F(RecordTest, AnOriginSaysWhyAnEntryIsNotThere) {
  add({1, 12}, ObjectKind::kOrigin);
  add({13, 13});
  const std::string out = dir_.path().string();
  expect_error(restore(fake_.sink(), Chain(), {"db", 7, 7, out, 4096}, nullptr), TIDEMARK_E_NOT_FOUND,
               "entries 1 to 12 were never in this archive");
  EXPECT_TRUE(restore(fake_.sink(), Chain(), {"db", 7, 13, out, 4096}, nullptr));
}

}  // namespace
}  // namespace tidemark::store
