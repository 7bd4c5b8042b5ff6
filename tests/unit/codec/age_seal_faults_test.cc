// Each allocation of a put, of a restore and of the files of keys fails once, of ours and of OpenSSL's.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "base/guard.h"
#include "codec/age_fixture.h"
#include "codec/tag.h"
#include "starved/faults.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

using starved::As;
using starved::Fault;
using starved::Thread;
using starved::Way;
using test::kIdentity;
using test::kOtherIdentity;

// Runs `body` again and again, until it made all its allocations. It gives an error or none, and what it
// gives must be right.
void with_each_allocation_failing(const std::function<Status()>& body) {
  ASSERT_TRUE(guarded(body)) << "before anything fails; and the library is set up";
  for (const Way way : {Way::kNew, Way::kMalloc}) {
    for (uint64_t number = 1;; ++number) {
      Status status;
      {
        const As starving(Thread::kControl);
        starved::arm({Thread::kControl, way, number, 1});
        status = guarded(body);
        starved::disarm();
      }
      if (!status) {
        EXPECT_EQ(status.error().status, TIDEMARK_E_RETRYABLE) << number << ": " << status.error().message;
      }
      if (starved::failed() == 0) {
        EXPECT_GT(number, 1U) << "none was made";
        break;
      }
      ASSERT_LT(number, 10'000U);
    }
    const Status after = guarded(body);
    EXPECT_TRUE(after) << test::text_of(after);
  }
}

Status wrong(const char* what) { return fail(what); }

class AgeStarved : public testing::Test {
 protected:
  // Into memory that is there.
  Result<size_t> seal_all(AgeSealer& sealer, ByteReader& reader) {
    TM_TRY(sealer.begin(reader));
    size_t size = 0;
    for (;;) {
      TM_ASSIGN(const size_t got,
                sealer.read(size, out_.data() + size, std::min<size_t>(out_.size() - size, 70'000)));
      if (got == 0) return size;
      size += got;
    }
  }

  Status open_all(AgeDecoder& decoder, std::span<const uint8_t> file) {
    size_t at = 0;
    const Give give = [&](std::span<const uint8_t> bytes) -> Status {
      if (at + bytes.size() > plain_.size() ||
          plain_.compare(at, bytes.size(), reinterpret_cast<const char*>(bytes.data()), bytes.size()) != 0) {
        return wrong("other bytes");
      }
      at += bytes.size();
      return {};
    };
    TM_TRY(decoder.push(file, give));
    TM_TRY(decoder.finish(give));
    return at == plain_.size() ? Status() : wrong("fewer bytes");
  }

  const std::string keys_ = std::string(kIdentity) + "\n" + std::string(kOtherIdentity);
  const std::vector<Recipient> recipients_ = test::recipients(keys_);
  const std::vector<Identity> identities_ = test::identities(kOtherIdentity);
  const std::string plain_ = test::random_text(150'000);
  std::vector<uint8_t> out_ = std::vector<uint8_t>(200'000);
};

TEST_F(AgeStarved, AFirstPut) {
  test::TextReader reader(plain_);
  with_each_allocation_failing([&]() -> Status {
    AgeSealer sealer(recipients_);
    TM_ASSIGN(const size_t size, seal_all(sealer, reader));
    AgeDecoder decoder(identities_);
    return open_all(decoder, std::span(out_).first(size));
  });
}

// The same objects, after whatever failed in them.
TEST_F(AgeStarved, OnePutAfterAnother) {
  test::TextReader reader(plain_);
  AgeSealer sealer(recipients_);
  AgeDecoder decoder(identities_);
  with_each_allocation_failing([&]() -> Status {
    TM_ASSIGN(const size_t size, seal_all(sealer, reader));
    decoder.begin();
    return open_all(decoder, std::span(out_).first(size));
  });
}

TEST_F(AgeStarved, AFileThatNobodyDecrypts) {
  const std::string file = test::sealed(plain_);
  with_each_allocation_failing([&]() -> Status {
    AgeDecoder decoder(identities_);
    const Status status = decoder.push(bytes_of(file), [](std::span<const uint8_t>) { return Status(); });
    if (status) return wrong("it was decrypted");
    if (status.error().status == TIDEMARK_E_SEALED) return {};
    return status;
  });
}

TEST_F(AgeStarved, FilesOfKeysAndTags) {
  tidemark::test::TempDir dir;
  const std::string identity_file = dir / "id", tag_file = dir / "tag", recipients_file = dir / "readers";
  tidemark::test::write_file(identity_file, keys_, 0600);
  tidemark::test::write_file(tag_file, std::string(64, 'a') + "\n" + std::string(64, 'b'), 0600);
  tidemark::test::write_file(recipients_file,
                             recipient_text(recipients_[0]) + "\n" + recipient_text(recipients_[1]), 0600);
  with_each_allocation_failing([&]() -> Status {
    TM_ASSIGN(const auto identities, read_identity_file(identity_file));
    TM_ASSIGN(const auto recipients, read_recipients_file(recipients_file));
    if (identities.size() != 2 || recipients != recipients_) return wrong("other keys");
    TM_ASSIGN(const auto keys, read_tag_key_file(tag_file));
    Tagger tagger;
    TM_ASSIGN(const ContentTag tag, tagger.make(keys.front(), "main/7/0000000000001", {}));
    TM_ASSIGN(const auto verdict, tagger.compare(keys, tag, "main/7/0000000000001", {}));
    return verdict == TagVerdict::kSame ? Status() : wrong("another tag");
  });
}

}  // namespace
}  // namespace tidemark::codec
