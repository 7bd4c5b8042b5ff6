// How archives are encoded anew while they are copied, and what follows from it for the name of each: under
// which key its copy lies, and what of the destination is compared with it.
//
// Pure; any thread.
#ifndef TIDEMARK_CLI_COPY_NAMES_H
#define TIDEMARK_CLI_COPY_NAMES_H

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"
#include "merged_listing.h"

namespace tidemark::cli {

// What the archiver's option `compress` may be.
inline constexpr std::array<const char*, 5> kCompressWords = {"none", "zstd", "zstd:1", "zstd:2", "zstd:3"};

struct EncodingWish {
  std::string compress;  // the archiver's option; empty: as each archive is
  // Of who may decrypt them, absolute; empty: nobody has to. Nothing: what is encrypted is not copied.
  std::optional<std::string> recipients_file;
};

class CopyNames {
 public:
  // Nothing: archives are copied as they are stored.
  explicit CopyNames(std::optional<EncodingWish> encoding) : encoding_(std::move(encoding)) {}

  // Of its copy.
  std::string key_there(const Stored& stored) const;
  bool is_encoded_anew(const Stored& stored) const;
  // What is encrypted does not become readable by everybody because somebody wanted it smaller.
  bool is_refused(const Stored& stored) const;
  // It is decrypted on the way.
  bool needs_identity(const Stored& stored) const;
  // Of the destination, where encrypted ones are asked for: how many archives everybody can read.
  uint64_t in_the_clear(const ListedGroup& group) const;
  // Keys of the destination: all that holds the same entries, that of its copy first; but for what the source
  // has under that name too, if nothing is encoded anew: that is compared by itself.
  std::vector<std::string> to_compare(const Stored& stored, const ListedGroup& group) const;

 private:
  bool is_wanted(const Stored& stored) const {
    return encoding_.has_value() && stored.kind == TIDEMARK_STORED_ARCHIVE;
  }
  bool wants_encrypted() const { return encoding_ && !encoding_->recipients_file.value_or("").empty(); }

  const std::optional<EncodingWish> encoding_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COPY_NAMES_H
