// Files of other writers, and of none: the vectors of C2SP/CCTV where they lie beside the tree, and a few
// made with age 1.1.1 and with Tidemark.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/sha256.h"
#include "codec/age_fixture.h"
#include "codec/base64.h"
#include "format/hex.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

namespace fs = std::filesystem;
using test::kIdentity;
using test::kOtherIdentity;
using test::Opened;
using test::opened;

fs::path vectors_dir() {
  if (const char* dir = std::getenv("TIDEMARK_AGE_VECTORS_DIR")) return dir;
  for (const char* up : {"..", "../.."}) {
    const fs::path dir =
        fs::path(TIDEMARK_PROJECT_DIR) / up / "shared/age-vectors/testdata";  // outside the tree
    if (fs::is_directory(dir)) return dir;
  }
  return {};
}

struct Vector {
  std::string expect, payload, identities, file;
  bool is_armored = false;
};

std::string inflated(const std::string& file) {
  std::string out(32 << 20, '\0');
  uLongf size = out.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                       reinterpret_cast<const Bytef*>(file.data()), file.size()),
            Z_OK);
  out.resize(size);
  return out;
}

// Lines "<key>: <value>", an empty one, and the file.
Vector vector_of(std::string text) {
  Vector vector;
  bool is_compressed = false;
  for (;;) {
    const size_t end = text.find('\n');
    const std::string line = text.substr(0, end);
    text.erase(0, end + 1);
    if (line.empty()) break;
    const std::string key = line.substr(0, line.find(':')), value = line.substr(line.find(':') + 2);
    if (key == "expect") vector.expect = value;
    if (key == "payload") vector.payload = value;
    if (key == "identity" && value.starts_with("AGE-SECRET-KEY-1")) vector.identities += value + "\n";
    if (key == "armored") vector.is_armored = true;
    if (key == "compressed") is_compressed = true;
  }
  vector.file = is_compressed ? inflated(text) : text;
  return vector;
}

// What became of it, in the words of the vectors.
std::string outcome(const Opened& result) {
  if (result.status) return "success";
  const std::string& message = result.status.error().message;
  if (result.status.error().status == TIDEMARK_E_SEALED) {
    return message.starts_with("none of the") ? "no match" : "refused";
  }
  EXPECT_EQ(result.status.error().status, TIDEMARK_E_CORRUPT) << message;
  if (message == "its age header is damaged: its MAC is wrong") return "HMAC failure";
  return message.find("chunk") != std::string::npos ? "payload failure" : "header failure";
}

TEST(AgeVectors, OfCctv) {
  const fs::path dir = vectors_dir();
  if (dir.empty()) GTEST_SKIP() << "no vectors beside the tree";
  int checked = 0, others = 0;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const Vector vector = vector_of(tidemark::test::read_file(entry.path()));
    if (vector.is_armored) continue;
    SCOPED_TRACE(entry.path().filename());
    const bool is_ours = !vector.identities.empty();
    for (const size_t piece : {SIZE_MAX, size_t{65552}, size_t{1000}}) {
      const Opened result = opened(vector.file, is_ours ? vector.identities : std::string(kIdentity), piece);
      if (is_ours) {
        EXPECT_EQ(outcome(result), vector.expect);
        // Also of what fails in the end.
        if (!vector.payload.empty()) {
          EXPECT_EQ(hex(*sha256_of(result.plain)), vector.payload);
        }
      } else {
        EXPECT_FALSE(result.status) << "a passphrase or a key of another kind";
      }
      if (vector.payload.empty() || !is_ours) {
        EXPECT_EQ(result.plain, "");
      }
    }
    (is_ours ? checked : others) += 1;
  }
  EXPECT_EQ(checked, 68);
  EXPECT_EQ(others, 42);
}

// The first two are of age 1.1.1, the second for two recipients, the last is of this code when it was new.
struct Golden {
  std::string_view identity, plain, base64;
};
constexpr Golden kGolden[] = {
    {kIdentity, "",
     "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAvb0FDajJMaE9KM3hBT0pWTnBiSnpuMGRsR3dUdGk1VG4xMTFQeTVE"
     "MGlvCmJuMUd6WHZuZEpwaTZkZk5oekFmVjZpcndHNStBbnF1YnU0QUViZmdPb0EKLS0tIDEwOTVhTVZiR3ZSeC9hWURTZ21P"
     "RXU5a3VpcTRkT2JFR0xPZ1l0UnZtZDQKLq3kdW3tv3fNMzRrl36hV9ajoFvXj88hm/PUtkuwPAk"},
    {kOtherIdentity, "Made by age.\n",
     "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBBNi9kSTkvdUNZNWdET3ZBTXlPQkVFT2wyb0k2OHRBcjFxSXQzNFRk"
     "RVdZClpTOEZ2VDA4bHAySWdFRE44ZG1NRW85YnVKN3lzYjNhMkFHYUtXcGlrQm8KLT4gWDI1NTE5IE9sSEQ3a1Zpd1QzcWVB"
     "M0RMblltS05HTE1sU2pmNkFHYWlCU2tKZUlJMEUKaGFFcTRCSVJNYVcwMEpyenhpSmovQkJLVkVHazIyNXNzWGxPVldCVThz"
     "YwotLS0gdE9tYXAyYkJSTmJ2cEpWTGhyV0FxUHJnMTA4YXBHY0JkUEJ0dWJGTjRJTQqyyPcziW+sz3ThBfjwp2hhWN7wEuPq"
     "QTrqKwSWsvl2XDAaRyrXt1Qd5wFXslU"},
    {kIdentity, "Made by Tidemark.\n",
     "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBlaVRIbERlcUszaTVsRlVibnUzdmZwZWRLaHNrdE5CRloyZlYrOEN0"
     "Ym1JClhJMU80Wk5mcTBmNGgzaXFZQkdsenJOOXpGV0p1TkxZK2g1dHJWeHpGcUUKLS0tIGZhSFQ3ZitodWZsaHBsZ3lMSTY0"
     "cjJydHpWTTdoMmF5Qnh5OUlCRnJHYWMKzkQQvw63p6KOTdNAiqj52539Z7XrcSTyZ/ZipmuKib5sLyZUoPAO/832e2nNqrrr"
     "YZk"},
};

TEST(AgeVectors, OfOurOwnMaking) {
  for (const Golden& golden : kGolden) {
    std::string file(golden.base64.size() * 3 / 4, '\0');
    ASSERT_TRUE(parse_base64(golden.base64, {reinterpret_cast<uint8_t*>(file.data()), file.size()}));
    const Opened result = opened(file, golden.identity);
    EXPECT_TRUE(result.status) << test::text_of(result.status);
    EXPECT_EQ(result.plain, golden.plain);
  }
}

}  // namespace
}  // namespace tidemark::codec
