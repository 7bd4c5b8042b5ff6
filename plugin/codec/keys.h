// How an archiver encodes what it writes, and what a reader has to read what others wrote.
//
// Values; any thread reads them.
#ifndef TIDEMARK_CODEC_KEYS_H
#define TIDEMARK_CODEC_KEYS_H

#include <vector>

#include "codec/age_keys.h"
#include "codec/tag_keys.h"
#include "format/object_name.h"

namespace tidemark::codec {

struct Encoding {
  Coding coding = Coding::kNone;
  int level = 1;                      // of zstd, 1..3
  std::vector<Recipient> recipients;  // where it is encrypted: at least one, and a tag key
};

struct Keys {
  std::vector<Identity> identities;  // decrypt
  TagKeys tag_keys;                  // the first tags what is written, all compare and prove who wrote it
  // With tag keys what is not encrypted is refused, for it bears no tag; unless this says otherwise.
  bool accepts_untagged = false;
};

// Of who reads what is not encrypted.
inline const Keys& no_keys() {
  static const Keys none;
  return none;
}

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_KEYS_H
