// What encrypting and decrypting cost: large archives by the byte, small ones by the object.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "codec/age_open.h"
#include "codec/age_seal.h"
#include "codec/coded_source.h"

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

// A batch of 256 entries of 4 KiB, which lies in memory.
class BatchTar final : public PlainTar {
 public:
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    const size_t count = std::min<uint64_t>(size, bytes_.size() - offset);
    std::memcpy(out, bytes_.data() + offset, count);
    return count;
  }
  uint64_t size_bytes() const override { return bytes_.size(); }
  Result<Digest> digest() override { return Digest{}; }  // a plain put makes it too

 private:
  const std::vector<uint8_t> bytes_ = std::vector<uint8_t>(256 * (4096 + 2 * 512));
};

// What encryption adds to a put of one, beside the calls that it cannot do without: the cipher, the digest of
// what is stored, and a key exchange.
void encrypts_batch(benchmark::State& state) {
  Encoding encoding;
  encoding.coding = Coding::kAge;
  encoding.recipients = recipients(identities(1));
  TagKeys tag_keys;
  tag_keys.emplace_back(std::string(32, 't'));
  CodedSource source(encoding, tag_keys, 2 << 20);
  BatchTar plain;
  Footer footer;
  footer.storage = "bench";
  footer.partition = 1;
  footer.range = {1, 256};
  for (auto _ : state) {
    if (!source.open(plain, footer, Call())) state.SkipWithError("failed");
  }
}

void calls_of_batch(benchmark::State& state) {
  const BatchTar plain;
  const uint64_t size = plain.size_bytes();
  std::vector<uint8_t> sealed(size + kAgeSealedChunkBytes), chunk(kAgeChunkBytes);
  const Recipient recipient = identities(1).front().recipient();
  Aead aead;
  X25519 x25519;
  Sha256 sha;
  for (auto _ : state) {
    X25519::Point own;
    X25519::Shared shared;
    Aead::Key key;
    if (!x25519.agree_with_fresh(recipient.point, &own, &shared)) state.SkipWithError("failed");
    if (!aead.set_key(key, Aead::Use::kSeal)) state.SkipWithError("failed");
    sha.reset();
    for (uint64_t index = 0; index < age_chunks(size); ++index) {
      const size_t plain_bytes = std::min<uint64_t>(kAgeChunkBytes, size - index * kAgeChunkBytes);
      uint8_t* const to = sealed.data() + index * kAgeSealedChunkBytes;
      const Aead::Nonce nonce = age_chunk_nonce(index, plain_bytes < kAgeChunkBytes);
      if (!aead.seal(nonce, {chunk.data(), plain_bytes}, to)) state.SkipWithError("failed");
      sha.update(to, plain_bytes + Aead::kTagSize);
    }
    benchmark::DoNotOptimize(sha.finish());
  }
}

BENCHMARK(encrypts_batch);
BENCHMARK(calls_of_batch);
BENCHMARK(seals)->Args({4096, 1})->Args({4096, 2})->Args({16 << 20, 1});
BENCHMARK(opens)->Arg(4096)->Arg(16 << 20);

}  // namespace
}  // namespace tidemark::codec

BENCHMARK_MAIN();
