#include "codec/tag.h"

#include <cassert>
#include <utility>

namespace tidemark::codec {
namespace {

constexpr std::string_view kDomain("TIDEMARK1-TAG\0", 14);

// A storage's name may hold ".tar" too, so it is looked for from the end.
std::string_view without_suffixes(std::string_view object_key) {
  const size_t end = object_key.rfind(".tar");
  assert(end != std::string_view::npos && object_key.find('/', end) == std::string_view::npos);
  return object_key.substr(0, end);
}

}  // namespace

Tagger::Tagger(TagKeys keys) : keys_(std::move(keys)) { assert(!keys_.empty()); }

Result<Tag> Tagger::make_with(const Secret& key, std::string_view object_key,
                              const Sha256::Digest& plain_tar) {
  return hmac_.compute(bytes_of(key.reveal()),
                       {bytes_of(kDomain), bytes_of(without_suffixes(object_key)), plain_tar});
}

Result<Tag> Tagger::make(std::string_view object_key, const Sha256::Digest& plain_tar) {
  return make_with(keys_.front(), object_key, plain_tar);
}

Result<bool> Tagger::is_right(const Tag& tag, std::string_view object_key, const Sha256::Digest& plain_tar) {
  for (const Secret& key : keys_) {
    TM_ASSIGN(const Tag ours, make_with(key, object_key, plain_tar));
    if (is_equal(ours, tag)) return true;
  }
  return false;
}

}  // namespace tidemark::codec
