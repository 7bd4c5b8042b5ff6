#include "codec/age_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "codec/age_fixture.h"
#include "codec/bech32.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

using test::kIdentity;
using test::kOtherIdentity;
using test::kRecipient;

template <typename Keys>
std::string keys_problem(const Keys& keys) {
  if (keys) return "none";
  EXPECT_EQ(keys.error().status, TIDEMARK_E_PERMANENT);
  for (const auto secret : {kIdentity, kOtherIdentity}) {
    EXPECT_EQ(keys.error().message.find(secret.substr(20, 8)), std::string::npos) << "a secret in a message";
  }
  return keys.error().message;
}
std::string recipients_problem(const std::string& text) {
  return keys_problem(parse_recipients(text, "/etc/readers"));
}
std::string identities_problem(const std::string& text) {
  return keys_problem(parse_identities(text, "/etc/id"));
}

// Another recipient for each number.
std::string recipient(uint8_t number) {
  X25519::Point point{};
  point[0] = number;
  return recipient_text({point});
}

TEST(AgeKeys, WhatAgeKeygenWrites) {
  const std::string text = "# created: 2026-11-29T07:00:00Z\n# public key: " + std::string(kRecipient) +
                           "\n" + std::string(kIdentity) + "\n";
  const auto keys = parse_identities(text, "id");
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(recipient_text(keys->front().recipient()), kRecipient);
  EXPECT_EQ(keys->front().reveal()[31], 0x42);
}

TEST(AgeKeys, RecipientsOneOnALine) {
  const auto keys =
      parse_recipients("# who reads\r\n\r\n" + std::string(kRecipient) + "\r\n" + recipient(7), "readers");
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ(recipient_text(keys->front()), kRecipient);
}

TEST(AgeKeys, NamesTheLineOfAWrongRecipient) {
  const std::string right(kRecipient);
  EXPECT_EQ(recipients_problem(""),
            "/etc/readers holds no key: write the public key of each reader on a line (age1…)");
  EXPECT_EQ(recipients_problem("# nobody"),
            "/etc/readers holds no key: write the public key of each reader on a line (age1…)");
  EXPECT_EQ(
      recipients_problem("#\n" + right + "x\n"),
      "/etc/readers:2: not a recipient of age (age1…): it is mistyped or cut off: its checksum is wrong");
  EXPECT_EQ(recipients_problem(" " + right),
            "/etc/readers:1: not a recipient of age (age1…): it is of another kind");
  EXPECT_EQ(recipients_problem("alice"),
            "/etc/readers:1: not a recipient of age (age1…): it is of another kind");
  EXPECT_EQ(recipients_problem(right + "\n" + right), "/etc/readers:2: this key stands above already");
  EXPECT_EQ(
      recipients_problem("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN"),
      "/etc/readers:1: keys of SSH cannot be used; age-keygen makes one of age");
  EXPECT_EQ(
      recipients_problem("age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e"),
      "/etc/readers:1: this is a recipient of another kind; only X25519 recipients can be used (age1…, from "
      "age-keygen)");
  EXPECT_EQ(recipients_problem(std::string(kIdentity)),
            "/etc/readers:1: this is a secret key, and none belongs into this file; its public key does "
            "(age-keygen "
            "-y shows it)");
  EXPECT_EQ(recipients_problem(encode_bech32("age", std::array<uint8_t, 33>{})),
            "/etc/readers:1: not a recipient of age (age1…): it has a wrong length");
}

TEST(AgeKeys, NamesTheLineOfAWrongIdentityAndNeverShowsIt) {
  const std::string right(kIdentity);
  EXPECT_EQ(identities_problem("\n"),
            "/etc/id holds no key: it should be what age-keygen wrote (AGE-SECRET-KEY-1…)");
  EXPECT_EQ(identities_problem("#\n\n" + right.substr(0, right.size() - 1)),
            "/etc/id:3: not an identity of age (AGE-SECRET-KEY-1…): it is mistyped or cut off: its checksum "
            "is wrong");
  EXPECT_EQ(identities_problem(right + "\n" + right), "/etc/id:2: this key stands above already");
  std::string lower = right;
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  EXPECT_EQ(identities_problem(lower),
            "/etc/id:1: not an identity of age (AGE-SECRET-KEY-1…): it is of another kind");
  lower = right;
  lower.back() = 'x';
  EXPECT_EQ(identities_problem(lower),
            "/etc/id:1: not an identity of age (AGE-SECRET-KEY-1…): it mixes upper and lower case");
  EXPECT_EQ(identities_problem(std::string(kRecipient)),
            "/etc/id:1: this is a public key, which decrypts nothing; the line AGE-SECRET-KEY-1… that "
            "belongs to it "
            "does");
  const std::string other =
      "/etc/id:1: this is an identity of another kind; only X25519 identities can be used "
      "(AGE-SECRET-KEY-1…)";
  EXPECT_EQ(
      identities_problem("AGE-SECRET-KEY-PQ-1HZLGZUPT4ETPKDEV8HSGFDCYZ4E522W0A7PU2LHT8EH9W6YLNC3SW78XKG"),
      other);
  EXPECT_EQ(identities_problem("AGE-PLUGIN-YUBIKEY-1QQPQQQYZ9QVZGVQ"), other);
  EXPECT_EQ(identities_problem("age-encryption.org/v1\n-> scrypt"),
            "/etc/id:1: this file is encrypted itself; decrypt it first (age -d)");
  EXPECT_EQ(identities_problem("-----BEGIN AGE ENCRYPTED FILE-----"),
            "/etc/id:1: this file is encrypted itself; decrypt it first (age -d)");
  EXPECT_EQ(identities_problem("-----BEGIN OPENSSH PRIVATE KEY-----"),
            "/etc/id:1: keys of SSH cannot be used; age-keygen makes one of age");
}

TEST(AgeKeys, SixteenAreTheMost) {
  std::string text;
  for (uint8_t i = 0; i < 16; ++i) text += recipient(i) + "\n";
  EXPECT_EQ(recipients_problem(text), "none");
  EXPECT_EQ(recipients_problem(text + recipient(16)),
            "/etc/readers:17: more than 16 keys; remove those that are not needed");
  EXPECT_EQ(recipients_problem(text + recipient(3)), "/etc/readers:17: this key stands above already");
}

TEST(AgeKeys, FilesOfSecretsAreTheirOwnersOnly) {
  tidemark::test::TempDir dir;
  tidemark::test::write_file(dir / "id", std::string(kIdentity) + "\n", 0600);
  EXPECT_TRUE(read_identity_file(dir / "id"));
  tidemark::test::write_file(dir / "id", std::string(kIdentity) + "\n", 0640);
  EXPECT_NE(keys_problem(read_identity_file(dir / "id")).find("chmod 600 " + (dir / "id")),
            std::string::npos);
  tidemark::test::write_file(dir / "readers", std::string(kRecipient) + "\n", 0644);
  EXPECT_TRUE(read_recipients_file(dir / "readers")) << "which says nothing secret";
}

// A stream, a text or a check of gtest would show it otherwise.
template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<Identity> && !Printable<Secret> && !Printable<SecretBytes<32>>);
static_assert(!std::is_convertible_v<Secret, std::string> &&
              !std::is_convertible_v<Secret, std::string_view>);

}  // namespace
}  // namespace tidemark::codec
