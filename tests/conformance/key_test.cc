// Which keys a sink takes and which it refuses.
#include "harness.h"

namespace conformance {
namespace {

class Keys : public SinkTest {};

TEST_F(Keys, OfEveryKind) {
  std::vector<std::string> names = {
      "plain.tar",
      "with space",
      " leading and trailing ",
      "plus+plus",
      "per%cent%20",
      "%2e%2e",
      "equals=and&ampersand",
      "tilde~",
      "semi;colon:at@comma,dollar$",
      "quotes'\"`",
      "brackets[]{}()<>",
      "star*question?hash#bang!pipe|back\\slash^",
      "a..b",
      "a.",
      "trailing.dots...",
      "-dash",
      "_under",
      "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F",                       // Latin
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E/\xF0\x9F\x8C\x8A",  // three and four bytes a character
      "deep/er/and/deep/er/and/deep/er/still",
      std::string(255, 'n'),
  };
  std::string longest;  // as long as a key may be
  while (prefix_.size() + longest.size() + 201 < TIDEMARK_KEY_MAX) longest += std::string(200, 'l') + "/";
  longest += std::string(TIDEMARK_KEY_MAX - prefix_.size() - longest.size(), 'l');
  names.push_back(longest);

  std::erase_if(names, [&](const std::string& name) {
    const RefusedKind* kind = refused_as(key(name));
    if (kind != nullptr) expect_refused(key(name), *kind);
    return kind != nullptr;
  });
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ASSERT_STATUS(sink_.put(key(name), name, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_OK);
  }
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    expect_object(key(name), name);
    EXPECT_STATUS(sink_.put(key(name), "other", TIDEMARK_PUT_IF_ABSENT), TIDEMARK_E_EXISTS);
  }
  std::vector<std::string> sorted;
  for (const std::string& name : names) sorted.push_back(key(name));
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sink_.keys(prefix_), sorted);
  for (const std::string& name : names) EXPECT_STATUS(sink_.remove(key(name)), TIDEMARK_OK);
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
}

// Nothing is stored under another name either, where a store would have made one of it.
TEST_F(Keys, RefusedOnesAreToldWithTheReason) {
  if (config().refuses.empty()) GTEST_SKIP() << "takes every key";
  for (const RefusedKind* kind : config().refuses) {
    for (const std::string& name : kind->examples) {
      SCOPED_TRACE(name);
      const RefusedKind* first = refused_as(key(name));
      ASSERT_NE(first, nullptr);
      expect_refused(key(name), *first);
    }
  }
  EXPECT_EQ(sink_.keys(prefix_), std::vector<std::string>());
}

TEST_F(Keys, DifferInCaseAndInEveryByte) {
  ASSERT_STATUS(sink_.put(key("a"), "lower"), TIDEMARK_OK);
  ASSERT_STATUS(sink_.put(key("A"), "upper"), TIDEMARK_OK);
  ASSERT_STATUS(sink_.put(key("\xC3\xA9"), "composed"), TIDEMARK_OK);
  ASSERT_STATUS(sink_.put(key("e\xCC\x81"), "decomposed"), TIDEMARK_OK);
  expect_object(key("a"), "lower");
  expect_object(key("A"), "upper");
  expect_object(key("\xC3\xA9"), "composed");
  expect_object(key("e\xCC\x81"), "decomposed");
}

TEST_F(Keys, InvalidOnesAreRefusedEverywhere) {
  const std::vector<std::string> invalid = {
      "",
      "/a",
      "a/",
      "/",
      "a//b",
      ".",
      "..",
      "../x",
      "a/..",
      "a/../b",
      "./a",
      "a/.",
      "a/./b",
      ".hidden",
      "a/.b/c",
      "...",
      "a/...",
      "//",
      std::string("a\0b", 3),
      std::string("\0", 1),
      std::string(TIDEMARK_KEY_MAX + 1, 'k'),
  };
  for (const std::string& name : invalid) {
    SCOPED_TRACE("key '" + name + "'");
    tidemark_object object;
    std::string got;
    Body body("x");
    EXPECT_STATUS(sink_.put(name, body), TIDEMARK_E_INVALID);
    EXPECT_STATUS(sink_.put(name, body, TIDEMARK_PUT_IF_ABSENT), TIDEMARK_E_INVALID);
    EXPECT_STATUS(sink_.head(name, &object), TIDEMARK_E_INVALID);
    EXPECT_STATUS(sink_.get(name, &got), TIDEMARK_E_INVALID);
    EXPECT_STATUS(sink_.remove(name), TIDEMARK_E_INVALID);
  }
  const tidemark_str null_key = {nullptr, 0};
  EXPECT_EQ(config().api->remove(sink_.handle(), null_key, nullptr, nullptr), TIDEMARK_E_INVALID);
}

}  // namespace
}  // namespace conformance
