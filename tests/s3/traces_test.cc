// What is left of a secret in the memory of the process once nobody needs it. The secret never stands in this
// test's own memory: it is kept in a masked form, and written to files and pipes byte by byte.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/fd.h"
#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr unsigned char kMask = 0xA5;

// 40 characters as AWS has them, masked.
std::string masked_secret() {
  std::string masked;
  for (int i = 0; i < 40; ++i) masked += static_cast<char>("qGk7/Zt2Lw"[i % 10] ^ kMask);
  for (int i = 0; i < 40; i += 7) masked[i] = static_cast<char>(('A' + i) ^ kMask);
  return masked;
}

// Appends to a file, without a buffer in between; "%" stands for the secret.
void write_with_secret(const std::string& path, std::string_view text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd);
  const std::string masked = masked_secret();
  for (const char c : text) {
    if (c != '%') {
      ASSERT_EQ(write(fd.get(), &c, 1), 1);
      continue;
    }
    for (const char m : masked) {
      volatile char byte = static_cast<char>(m ^ kMask);
      ASSERT_EQ(write(fd.get(), const_cast<const char*>(&byte), 1), 1);
    }
  }
}

struct Memory {
  uint64_t begin, end;
};

// Memory of the process that may be written to; not the huge, mostly empty maps of a sanitizer, and not the
// stack, where the loader saves whatever the registers hold when it binds a function at its first call.
std::vector<Memory> writable_memory() {
  constexpr uint64_t kHuge = uint64_t{64} << 20;
  std::ifstream maps("/proc/self/maps");
  std::vector<Memory> places;
  for (std::string line; std::getline(maps, line);) {
    Memory place;
    char dash;
    std::string mode;
    std::istringstream words(line);
    words >> std::hex >> place.begin >> dash >> place.end >> mode;
    if (mode.substr(0, 2) != "rw" || place.end - place.begin >= kHuge) continue;
    if (line.find("[stack]") == std::string::npos) places.push_back(place);
  }
  return places;
}

// In how many places the first half of the secret stands.
int traces() {
  constexpr ssize_t kHalf = 20;
  static std::array<char, 1 << 16> piece;  // not searched itself
  const auto own = reinterpret_cast<uint64_t>(piece.data());
  const std::string masked = masked_secret();
  const char first = static_cast<char>(masked[0] ^ kMask);
  const UniqueFd memory(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  int found = 0;
  for (const Memory& place : writable_memory()) {
    for (uint64_t at = place.begin; at < place.end; at += piece.size() - kHalf + 1) {
      const ssize_t got =
          pread(memory.get(), piece.data(), std::min<uint64_t>(piece.size(), place.end - at), at);
      for (ssize_t i = 0; i + kHalf <= got; ++i) {
        const void* hit = std::memchr(piece.data() + i, first, got - kHalf + 1 - i);
        if (hit == nullptr) break;
        i = static_cast<const char*>(hit) - piece.data();
        ssize_t same = 1;
        while (same < kHalf && static_cast<char>(piece[i + same] ^ kMask) == masked[same]) ++same;
        if (same == kHalf && at + i - own >= piece.size()) ++found;
      }
    }
  }
  piece.fill(0);
  return found;
}

class TracesTest : public ::testing::Test {
 protected:
  void expect_one_while_needed() {
    {
      Result<CredentialChain::Found> found = world_.load();
      ASSERT_TRUE(found) << found.error().message;
      Signer signer("s3");
      (void)signer.sign({.method = "GET", .path = "/", .payload_sha256 = "UNSIGNED-PAYLOAD", .host = "host"},
                        found->credentials, "r", world_.now_us);
      EXPECT_EQ(traces(), 1);
    }
    EXPECT_EQ(traces(), 0);
  }
  // A server that answers with `text`.
  void serve(const std::string& text) {
    write_with_secret(world_.path("body"), text);
    world_.server = [this](const HttpRequest&, const Call&) {
      return Result<HttpAnswer>(answer(200, read_small_file(world_.path("body")).value()));
    };
  }

  World world_;
};

TEST_F(TracesTest, OfASearchThatFindsSomething) {
  write_with_secret(world_.path("text"), "%");
  Result<std::string> text = read_small_file(world_.path("text"));
  std::string copy = *text;
  EXPECT_EQ(traces(), 2);
  wipe(&*text);
  EXPECT_EQ(traces(), 1);
  wipe(&copy);
  EXPECT_EQ(traces(), 0);
}

TEST_F(TracesTest, OfAFile) {
  write_with_secret(world_.path(".aws/credentials"),
                    "[default]\naws_access_key_id=ID\naws_secret_access_key = %\n");
  expect_one_while_needed();
}

TEST_F(TracesTest, OfAProcess) {
  write_with_secret(world_.path("json"), R"({"Version":1,"AccessKeyId":"ID","SecretAccessKey":"%"})");
  world_.write(".aws/config", "[default]\ncredential_process = cat " + world_.path("json") + "\n");
  expect_one_while_needed();
}

TEST_F(TracesTest, OfAnEndpoint) {
  serve(R"({"AccessKeyId":"ID","SecretAccessKey":"%"})");
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  expect_one_while_needed();
}

TEST_F(TracesTest, OfATokenService) {
  std::string xml = sts_xml("AssumeRoleWithWebIdentity", "ROLE", world_.in_minutes(60));
  xml.replace(xml.find("secret of ROLE"), 14, "%");
  serve(xml);
  world_.write("token", "web");
  world_.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world_.path("token");
  world_.variables["AWS_ROLE_ARN"] = "arn";
  expect_one_while_needed();
}

}  // namespace
}  // namespace tidemark::sinks::s3
