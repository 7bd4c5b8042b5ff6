// The content of an archive taken apart by entries: the digest of the bytes of each, headers included. Equal
// entries have equal bytes, in whatever archive they are; so an archive can be compared with what is left of
// its entries on disk.
//
// One thread at a time. The bytes may be hostile: nothing is believed but sizes, and those only say how much
// is skipped.
#ifndef TIDEMARK_TAR_ENTRY_DIGESTS_H
#define TIDEMARK_TAR_ENTRY_DIGESTS_H

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "format/types.h"
#include "tar/format.h"

namespace tidemark::tar {

class EntryDigests {
 public:
  // Of entries outside of `wanted` nothing is kept.
  explicit EntryDigests(Range wanted) : wanted_(wanted) {}

  // The archive's content in order, without its footer. CORRUPT: no archive of ours.
  Status push(std::span<const uint8_t> piece);
  // After the end mark. The last digest that an entry with this number had; nullptr: there is none.
  const Digest* find(Lsn lsn) const;

 private:
  Status on_block();
  Status on_header();
  Status on_pax_end();
  Status end_entry();
  void hash(std::span<const uint8_t> bytes);

  const Range wanted_;
  std::map<Lsn, Digest> digests_;
  std::array<uint8_t, kBlockSize> block_;
  size_t block_size_ = 0;
  uint64_t body_ = 0;      // bytes of the member's body and padding still to come
  std::string pax_;        // a pax header and its records: they belong to the member behind them
  uint64_t pax_body_ = 0;  // of them still to come
  uint64_t pax_size_ = 0;  // a size they give, 0: none
  bool ended_ = false;
  Lsn entry_ = kNoLsn;  // whose bytes are hashed now, if wanted
  Sha256 sha_;
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_ENTRY_DIGESTS_H
