#include "codec/tag_keys.h"

#include <algorithm>

#include "base/secret_file.h"
#include "codec/key_lines.h"
#include "format/hex.h"

namespace tidemark::codec {

Result<TagKeys> parse_tag_keys(std::string_view text, std::string_view file) {
  TagKeys keys;
  for (KeyLines lines(text, file); lines.next();) {
    SecretBytes<kTagKeySize> bytes;
    if (!parse_hex(lines.line(), bytes.fill())) {
      return lines.refuse("not a tag key: one is " + std::to_string(2 * kTagKeySize) +
                          " lower-case hex digits");
    }
    Secret key({reinterpret_cast<const char*>(bytes.reveal().data()), kTagKeySize});
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) {
      return lines.refuse("this key stands above already");
    }
    if (keys.size() == kTagKeysMax) {
      return lines.refuse("more than " + std::to_string(kTagKeysMax) +
                          " keys; remove those that are not needed");
    }
    keys.push_back(std::move(key));
  }
  if (keys.empty()) return fail(std::string(file) + " holds no tag key: `tidemark keygen` makes one");
  return keys;
}

Result<TagKeys> read_tag_key_file(const std::string& path) {
  TM_ASSIGN(const Secret text, read_secret_file(path, Readers::kOwner));
  return parse_tag_keys(text.reveal(), path);
}

}  // namespace tidemark::codec
