// The keys of tags (codec/tag.h), as `tidemark keygen` writes them: they decrypt nothing, and say who wrote
// what.
//
// Any thread. A key is secret: it cannot be printed, and no error shows a part of one.
#ifndef TIDEMARK_CODEC_TAG_KEYS_H
#define TIDEMARK_CODEC_TAG_KEYS_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace tidemark::codec {

inline constexpr size_t kTagKeySize = 32;
inline constexpr size_t kTagKeysMax = 16;  // in a file

// The first makes tags; each is one to compare with. Of kTagKeySize bytes each.
using TagKeys = std::vector<Secret>;

// The text of a file: 64 lower-case hex digits on each line, empty lines, and comments that begin with '#';
// one to kTagKeysMax keys, none of them twice. PERMANENT names `file` and the line.
Result<TagKeys> parse_tag_keys(std::string_view text, std::string_view file);
// The file itself: read_secret_file says which are refused.
Result<TagKeys> read_tag_key_file(const std::string& path);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_TAG_KEYS_H
