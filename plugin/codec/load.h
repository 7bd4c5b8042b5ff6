// From options to keys: what an archiver encodes with, and reads with, checked before anything relies on it.
//
// Any thread; the results are values.
#ifndef TIDEMARK_CODEC_LOAD_H
#define TIDEMARK_CODEC_LOAD_H

#include <cstdint>
#include <string>

#include "base/result.h"
#include "codec/keys.h"

namespace tidemark::codec {

struct KeyFiles {
  int compress_level = 0;       // 0: nothing is compressed
  std::string recipients_file;  // each empty: there is none
  std::string tag_key_file;
  std::string identity_file;
  bool accepts_untagged = false;  // see Keys
};

struct Codec {
  Encoding encoding;  // of what is written
  Keys keys;          // also of what is read
};

// An error names the file and the line.
Result<Codec> load(const KeyFiles& files);

// What encoding one archive takes, and decoding one to compare it, besides the buffer of a CodedSource.
uint64_t memory_bytes(const Encoding& encoding);
// What decoding one archive takes, whatever it is coded with that can be decoded with these keys.
uint64_t decoding_bytes(const Keys& keys);

// A message is encoded, to the recipients and to one that is made for it, and decoded again.
Status self_test(const Encoding& encoding, const Keys& keys);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_LOAD_H
