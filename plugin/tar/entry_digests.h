// The digest of each entry of an archive, headers included. Equal entries have equal bytes, in whatever
// archive they are; so a batch can be compared with what is left of its entries on disk.
//
// A visitor of a ContentParser. One thread at a time; borrows `take`.
#ifndef TIDEMARK_TAR_ENTRY_DIGESTS_H
#define TIDEMARK_TAR_ENTRY_DIGESTS_H

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "format/types.h"
#include "tar/content_parser.h"

namespace tidemark::tar {

class EntryDigests final : public ContentVisitor {
 public:
  // `take` is given each entry of `wanted` at its end; any status but OK ends the reading.
  using Take = std::function<Status(Lsn, uint64_t size_bytes, const Digest&)>;
  EntryDigests(Range wanted, const Take& take) : wanted_(wanted), take_(take) {}

  Status begin_entry(Lsn lsn) override {
    is_wanted_ = wanted_.contains(lsn);
    sha_.reset();
    return {};
  }
  void entry_bytes(std::span<const uint8_t> bytes) override {
    if (is_wanted_) sha_.update(bytes.data(), bytes.size());
  }
  Status end_entry(Lsn lsn, uint64_t size_bytes) override {
    if (!is_wanted_) return {};
    const Result<Digest> digest = sha_.finish();
    return digest ? take_(lsn, size_bytes, *digest) : digest.error();
  }

 private:
  const Range wanted_;
  const Take& take_;
  bool is_wanted_ = false;
  Sha256 sha_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_ENTRY_DIGESTS_H
