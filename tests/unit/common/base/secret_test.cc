#include "base/secret.h"

#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <vector>

namespace tidemark {
namespace {

// The flags of the mapping that holds `address`, as /proc/self/smaps shows them ("dd": not in a core dump).
std::string flags_of(const void* address) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long begin, end;
    char dash;
    std::istringstream words(line);
    if (words >> std::hex >> begin >> dash >> end && dash == '-') inside = begin <= wanted && wanted < end;
    if (inside && line.rfind("VmFlags:", 0) == 0) return line + " ";
  }
  return "";
}

TEST(Secret, HoldsItsTextOutsideOfCoreDumps) {
  const std::string text(5000, 'k');
  const Secret secret(text);
  EXPECT_EQ(secret.reveal(), text);
  EXPECT_NE(flags_of(secret.reveal().data()).find(" dd "), std::string::npos);
  EXPECT_NE(flags_of(secret.reveal().data() + 4999).find(" dd "), std::string::npos);
}

TEST(Secret, IsGoneWithItsLastCopy) {
  Secret secret("a key that should not stay");
  Secret copy = secret;
  EXPECT_EQ(copy.reveal().data(), secret.reveal().data());
  const char* where = secret.reveal().data();
  secret = Secret();
  EXPECT_EQ(copy.reveal(), "a key that should not stay");
  copy = Secret();
  // Through the kernel, which answers with an error where nothing is mapped any more.
  char bytes[26] = {};
  iovec local = {bytes, sizeof bytes}, remote = {const_cast<char*>(where), sizeof bytes};
  process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  EXPECT_EQ(std::string(bytes, sizeof bytes).find("should not stay"), std::string::npos);
}

TEST(Secret, TakesATextAndLeavesNothingOfIt) {
  std::string text = "0123456789 0123456789 0123456789";
  const char* where = text.data();
  const Secret secret = Secret::take(&text);
  EXPECT_EQ(secret.reveal(), "0123456789 0123456789 0123456789");
  EXPECT_TRUE(text.empty());
  for (int i = 0; i < 32; ++i) EXPECT_EQ(where[i], '\0');  // the string still owns these bytes
}

TEST(Secret, ComparesByText) {
  EXPECT_EQ(Secret("a"), Secret("a"));
  EXPECT_FALSE(Secret("a") == Secret("b"));
  EXPECT_FALSE(Secret("a") == Secret("ab"));
  EXPECT_EQ(Secret(), Secret(""));
  EXPECT_TRUE(Secret("").empty());
}

TEST(SecretBytesTest, EachCopyIsWipedWithItself) {
  alignas(SecretBytes<4>) unsigned char place[sizeof(SecretBytes<4>)];
  auto* const secret = new (place) SecretBytes<4>();
  for (uint8_t& byte : secret->fill()) byte = 0x5a;
  const SecretBytes<4> copy = *secret;
  secret->~SecretBytes();
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(static_cast<volatile unsigned char*>(place)[i], 0);
    EXPECT_EQ(copy.reveal()[i], 0x5a);
  }
}

}  // namespace
}  // namespace tidemark
