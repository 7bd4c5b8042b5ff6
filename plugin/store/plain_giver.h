// All bytes of the tar of an archive that is read, as they come, but its end mark: that is given at the end,
// when all before it was found right.
//
// One thread. The function is borrowed.
#ifndef TIDEMARK_STORE_PLAIN_GIVER_H
#define TIDEMARK_STORE_PLAIN_GIVER_H

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "tar/content_parser.h"

namespace tidemark::store {

using GiveBytes = std::function<Status(std::span<const uint8_t>)>;

class PlainGiver final : public tar::ContentVisitor {
 public:
  explicit PlainGiver(const GiveBytes& give) : give_(give) {}
  void entry_bytes(std::span<const uint8_t> bytes) override {
    if (given_) given_ = give_(bytes);
  }
  void end_mark(std::span<const uint8_t> bytes) override {
    end_mark_.insert(end_mark_.end(), bytes.begin(), bytes.end());
  }
  Status member(const tar::ParsedMember&) override { return given_; }
  Status file_bytes(std::span<const uint8_t>) override { return given_; }
  Status end_entry(Lsn, uint64_t) override { return given_; }
  Status finish() { return given_ ? give_(end_mark_) : given_; }

 private:
  const GiveBytes& give_;
  Status given_;
  std::vector<uint8_t> end_mark_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_PLAIN_GIVER_H
