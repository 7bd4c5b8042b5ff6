// What encrypting and decrypting cost: large archives by the byte, small ones by the object.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "codec/age_open.h"
#include "codec/age_seal.h"

namespace tidemark::codec {
namespace {

constexpr size_t kReadBytes = 256 * 1024;  // what the archiver reads at once

class Zeros final : public ByteReader {
 public:
  explicit Zeros(uint64_t size) : size_(size) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    const auto count = static_cast<size_t>(std::min<uint64_t>(size, size_ - offset));
    std::memset(out, 0, count);
    return count;
  }

 private:
  const uint64_t size_;
};

std::vector<Identity> identities(int count) {
  std::vector<Identity> made;
  for (int i = 0; i < count; ++i) {
    std::array<uint8_t, X25519::kSize> secret;
    secret.fill(static_cast<uint8_t>(i + 1));
    const Secret kept(std::string(secret.begin(), secret.end()));
    made.emplace_back(kept, Recipient{X25519().public_of(secret).value()});
  }
  return made;
}

std::vector<Recipient> recipients(const std::vector<Identity>& of) {
  std::vector<Recipient> all;
  for (const Identity& identity : of) all.push_back(identity.recipient());
  return all;
}

// The bytes of the file; 0: it failed.
size_t seal(AgeSealer& sealer, ByteReader& plain, std::vector<uint8_t>& buffer, std::vector<uint8_t>* file) {
  if (!sealer.begin(plain)) return 0;
  size_t size = 0;
  for (;;) {
    const auto got = sealer.read(size, buffer.data(), buffer.size());
    if (!got) return 0;
    if (*got == 0) return size;
    if (file != nullptr)
      file->insert(file->end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(*got));
    size += *got;
  }
}

// Bytes of plaintext, recipients.
void seals(benchmark::State& state) {
  const auto plain_bytes = static_cast<uint64_t>(state.range(0));
  AgeSealer sealer(recipients(identities(static_cast<int>(state.range(1)))));
  Zeros plain(plain_bytes);
  std::vector<uint8_t> buffer(kReadBytes);
  for (auto _ : state) {
    if (seal(sealer, plain, buffer, nullptr) != sealer.size_bytes_of(plain_bytes))
      state.SkipWithError("failed");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void opens(benchmark::State& state) {
  const auto keys = identities(1);
  AgeSealer sealer(recipients(keys));
  Zeros plain(static_cast<uint64_t>(state.range(0)));
  std::vector<uint8_t> buffer(kReadBytes), file;
  seal(sealer, plain, buffer, &file);
  const Give give = [](std::span<const uint8_t> bytes) {
    benchmark::DoNotOptimize(bytes.data());
    return Status();
  };
  AgeDecoder decoder(keys);
  for (auto _ : state) {
    decoder.begin();
    for (std::span<const uint8_t> rest = file; !rest.empty();) {
      const auto piece = rest.first(std::min(rest.size(), kReadBytes));
      rest = rest.subspan(piece.size());
      if (!decoder.push(piece, give)) state.SkipWithError("failed");
    }
    if (!decoder.finish(give)) state.SkipWithError("failed");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(seals)->Args({4096, 1})->Args({4096, 2})->Args({16 << 20, 1});
BENCHMARK(opens)->Arg(4096)->Arg(16 << 20);

}  // namespace
}  // namespace tidemark::codec

BENCHMARK_MAIN();
