#include "codec/age_header.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/age_fixture.h"
#include "codec/base64.h"

namespace tidemark::codec {
namespace {

using test::identities;
using test::kIdentity;
using test::kOtherIdentity;
using test::recipients;

// Headers of which only one thing is wrong: the MAC is right, whatever it is over.
class AgeHeaderTest : public testing::Test {
 protected:
  AgeHeaderTest() {
    EXPECT_TRUE(fill_random(file_key_.fill()));
    stanza_ = stanza_for(kIdentity);
  }

  std::string stanza_for(std::string_view identity) {
    const std::string header = headers_.make(recipients(identity), file_key_).value();
    return header.substr(kAgeVersionLine.size(), 98);
  }

  std::string with_mac(std::string_view stanzas) {
    const std::string begin = std::string(kAgeVersionLine) + std::string(stanzas) + "---";
    SecretBytes<32> key;
    EXPECT_TRUE(HkdfSha256().derive(file_key_.reveal(), {}, "header", &key));
    std::string mac;
    append_base64(HmacSha256().compute(key.reveal(), {bytes_of(begin)}).value(), &mac);
    return begin + " " + mac + "\n";
  }

  std::string open(std::string_view header, std::string_view with = kIdentity) {
    const auto keys = identities(with);
    const auto opened = headers_.open(header, keys);
    if (opened) return is_equal(opened->reveal(), file_key_.reveal()) ? "opened" : "another key";
    const auto status = opened.error().status;
    EXPECT_TRUE(status == TIDEMARK_E_CORRUPT || status == TIDEMARK_E_SEALED);
    EXPECT_EQ(status == TIDEMARK_E_CORRUPT,
              opened.error().message.starts_with("its age header is damaged: "));
    return opened.error().message;
  }
  std::string open_stanzas(std::string_view stanzas) { return open(with_mac(stanzas)); }

  AgeHeaders headers_;
  FileKey file_key_;
  std::string stanza_;
};

constexpr char kDamaged[] = "its age header is damaged: ";

TEST_F(AgeHeaderTest, OpensForEachOfItsRecipients) {
  const std::string both = std::string(kIdentity) + "\n" + std::string(kOtherIdentity);
  const std::string header = headers_.make(recipients(both), file_key_).value();
  EXPECT_EQ(header.size(), AgeHeaders::size_bytes(2));
  EXPECT_EQ(header, with_mac(header.substr(kAgeVersionLine.size(), 2 * 98)));
  for (const auto& with : {std::string(kIdentity), std::string(kOtherIdentity), both})
    EXPECT_EQ(open(header, with), "opened");
}

TEST_F(AgeHeaderTest, NoneOfTheIdentities) {
  const std::string header = headers_.make(recipients(kOtherIdentity), file_key_).value();
  EXPECT_EQ(open(header),
            "none of the 1 identities can decrypt it: it is for others, or somebody changed its header");
  const auto none = headers_.open(header, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().status, TIDEMARK_E_SEALED);
  EXPECT_EQ(none.error().message, "it is encrypted, and no identity was given to decrypt it with");
}

TEST_F(AgeHeaderTest, StanzasOfOtherKindsArePassedOver) {
  const std::string grease = "-> \x21~-grease a b c\nYWJj\n-> empty\n\n-> x25519 lower case\n\n-> full " +
                             std::string(300, 'x') + "\n" + std::string(64, 'A') + "\n" +
                             std::string(64, '/') + "\n\n";
  EXPECT_EQ(open_stanzas(grease + stanza_), "opened");
  EXPECT_EQ(open_stanzas(stanza_ + grease), "opened");
  EXPECT_EQ(open_stanzas(grease),
            "none of the 1 identities can decrypt it: it is for others, or somebody changed its header");
}

TEST_F(AgeHeaderTest, APassphraseIsRefused) {
  const std::string scrypt =
      "-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\ngUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n";
  EXPECT_EQ(open_stanzas(scrypt),
            "it is encrypted with a passphrase, and Tidemark decrypts with identities only");
  for (const auto& stanzas : {scrypt + stanza_, stanza_ + scrypt, scrypt + scrypt}) {
    EXPECT_EQ(open_stanzas(stanzas),
              std::string(kDamaged) + "a passphrase (scrypt) is not the only way to decrypt it");
  }
}

TEST_F(AgeHeaderTest, NamesTheStanzaThatIsDamaged) {
  const auto second = [&](std::string_view stanza) {
    std::string said = open_stanzas("-> first\n\n" + std::string(stanza));
    const std::string begin = std::string(kDamaged) + "stanza 2 ";
    return said.starts_with(begin) ? said.substr(begin.size()) : said;
  };
  EXPECT_EQ(second(stanza_), "opened");
  EXPECT_EQ(second("->X25519\n\n"), "does not begin with \"-> \"");
  EXPECT_EQ(second("> X25519\n\n"), "does not begin with \"-> \"");
  EXPECT_EQ(second("\n"), "does not begin with \"-> \"");
  EXPECT_EQ(second("-> \n\n"), "has an empty argument");
  EXPECT_EQ(second("-> a  b\n\n"), "has an empty argument");
  EXPECT_EQ(second("-> a \n\n"), "has an empty argument");
  for (const char* line : {"-> a\tb\n\n", "-> a\r\n\n", "-> \x7f\n\n", "-> \xc3\xa4\n\n"}) {
    EXPECT_EQ(second(line), "has an argument with a character not allowed there");
  }
  EXPECT_EQ(second("-> a\nYQ==\n"), "has a line that is not canonical base64");
  EXPECT_EQ(second("-> a\nYR\n"), "has a line that is not canonical base64");
  EXPECT_EQ(second("-> a\nYQ\r\n"), "has a line that is not canonical base64");
  EXPECT_EQ(second("-> a\n" + std::string(65, 'A') + "\n\n"), "has a line that is too long");
  EXPECT_EQ(second("-> a\n" + std::string(64, 'A') + "\n"), "has a line that is not canonical base64")
      << "the MAC's";
  EXPECT_EQ(second("-> a\n"), "has a line that is not canonical base64") << "the MAC's";
}

TEST_F(AgeHeaderTest, NamesWhatIsWrongWithAnX25519Stanza) {
  const std::string share = stanza_.substr(10, 43), body = stanza_.substr(54, 43);
  const auto open_x = [&](const std::string& arguments, const std::string& lines) {
    std::string said = open_stanzas("-> X25519" + arguments + "\n" + lines + "\n");
    const std::string begin = std::string(kDamaged) + "stanza 1 (X25519) ";
    return said.starts_with(begin) ? said.substr(begin.size()) : said;
  };
  EXPECT_EQ(open_x(" " + share, body), "opened");
  EXPECT_EQ(open_x("", body), "does not have just one share");
  EXPECT_EQ(open_x(" " + share + " more", body), "does not have just one share");
  const std::string wrong_share = "has a share that is not 32 bytes of canonical base64";
  EXPECT_EQ(open_x(" " + share + "A", body), wrong_share);
  EXPECT_EQ(open_x(" " + share.substr(0, 42), body), wrong_share);
  EXPECT_EQ(open_x(" " + share + "=", body), wrong_share);
  EXPECT_EQ(open_x(" " + share.substr(0, 42) + "B", body), wrong_share) << "two bits too many";
  const std::string wrong_body = "has a body that is not 32 bytes";
  EXPECT_EQ(open_x(" " + share, body + "A"), wrong_body);
  EXPECT_EQ(open_x(" " + share, body.substr(0, 40)), wrong_body);
  EXPECT_EQ(open_x(" " + share, ""), wrong_body);
  EXPECT_EQ(open_x(" " + share, std::string(64, 'A') + "\n" + body), wrong_body);
  EXPECT_EQ(
      open_x(" " + std::string(43, 'A'), body),
      std::string(kDamaged) + "an X25519 share is a point of low order, which nobody has the secret of");
  // The form of all stanzas is looked at before any is opened.
  EXPECT_EQ(open_stanzas(stanza_ + "-> X25519\n\n"),
            std::string(kDamaged) + "stanza 2 (X25519) does not have just one share");
}

TEST_F(AgeHeaderTest, TheLastLineIsTheMacAndNothingElse) {
  const std::string header = with_mac(stanza_), begin = header.substr(0, header.size() - 45);
  const std::string mac = header.substr(header.size() - 44, 43);
  const std::string wrong_line =
      std::string(kDamaged) + "its last line is not \"--- \" and a MAC of 32 bytes in canonical base64";
  EXPECT_EQ(open(begin + " " + mac + "\n"), "opened");
  EXPECT_EQ(open(begin + mac + "\n"), wrong_line);
  EXPECT_EQ(open(begin + "  " + mac + "\n"), wrong_line);
  EXPECT_EQ(open(begin + " " + mac + " \n"), wrong_line);
  EXPECT_EQ(open(begin + " " + mac + "\r\n"), wrong_line);
  EXPECT_EQ(open(begin + " " + mac + "="), wrong_line);
  EXPECT_EQ(open(begin + " " + mac), wrong_line);
  EXPECT_EQ(open(begin + "\n"), wrong_line);
  EXPECT_EQ(open(begin + " " + mac.substr(1) + "\n"), wrong_line);
  EXPECT_EQ(open(begin + " " + mac + "\n\n"), wrong_line);
  std::string other = mac;
  other[0] = other[0] == 'A' ? 'B' : 'A';
  EXPECT_EQ(open(begin + " " + other + "\n"), std::string(kDamaged) + "its MAC is wrong");
  EXPECT_EQ(open(with_mac(stanza_ + stanza_for(kOtherIdentity)).substr(0, 22 + 98) + header.substr(22 + 98)),
            "opened");
  EXPECT_EQ(open(std::string(kAgeVersionLine) + "-> new\n\n" + header.substr(22)),
            std::string(kDamaged) + "its MAC is wrong");
}

TEST_F(AgeHeaderTest, BeginsWithItsVersionAndHasARecipient) {
  EXPECT_EQ(open(with_mac(stanza_).substr(1)),
            std::string(kDamaged) + "it does not begin with age-encryption.org/v1");
  EXPECT_EQ(open_stanzas(""), std::string(kDamaged) + "it names no recipient");
  EXPECT_EQ(open(std::string(kAgeVersionLine) + stanza_), std::string(kDamaged) + "it has no end");
}

TEST_F(AgeHeaderTest, AHundredAndTwentyEightStanzasAreTheMost) {
  std::string stanzas;
  for (int i = 0; i < 127; ++i) stanzas += "-> other\n\n";
  EXPECT_EQ(open_stanzas(stanzas + stanza_), "opened");
  EXPECT_EQ(open_stanzas(stanzas + "-> other\n\n" + stanza_),
            std::string(kDamaged) + "it has more than 128 stanzas");
}

}  // namespace
}  // namespace tidemark::codec
