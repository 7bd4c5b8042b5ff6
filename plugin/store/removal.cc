#include "store/removal.h"

#include <cassert>
#include <string_view>

namespace tidemark::store {

void Removal::tell(const Doomed& gone) {
  if (!visit_) return;
  const auto parsed = parse_object_key(gone.key);
  assert(parsed);  // it was listed as such
  StoredInfo info;
  info.key = gone.key;
  info.folder = parse_folder(gone.key);
  info.name = parsed->name;
  info.size_bytes = gone.size_bytes;
  info.modified_us = gone.modified_us;
  is_stopped_ = !visit_(info);
}

Status Removal::remove(const std::vector<Doomed>& page) {
  assert(page.size() <= kPageNames);
  if (dry_run_) {
    for (size_t i = 0; i < page.size() && !is_stopped_; ++i) tell(page[i]);
    return {};
  }
  std::vector<std::string_view> keys;
  keys.reserve(page.size());
  for (const Doomed& one : page) keys.emplace_back(one.key);
  const auto gone = [&](size_t index) {
    tell(page[index]);
    return !is_stopped_;
  };
  TM_ASSIGN(const auto call, deadline_.next_call());
  return sink_.remove_many(keys, gone, &call);
}

}  // namespace tidemark::store
