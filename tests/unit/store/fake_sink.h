// A sink that keeps objects in memory and is stricter than the real ones: it checks every argument against
// the contract in tidemark/sink.h, counts requests, and misbehaves on demand.
//
// One thread. Owned by the test; sink() is a view of it.
#ifndef TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H
#define TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H

#include <gtest/gtest.h>
#include <tidemark/draft/list_folders.h>
#include <tidemark/draft/remove_many.h>
#include <tidemark/sink.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "base/sha256.h"
#include "sink/sink.h"

namespace tidemark::test {

class FakeSink {
 public:
  // page_keys: with draft/list_folders.h; 0: without it.
  explicit FakeSink(bool removes_many = false, uint32_t page_keys = 0)
      : removes_many_(removes_many),
        folders_{sizeof folders_, page_keys, list_folders},
        api_(api()),
        sink_(&api_, reinterpret_cast<tidemark_sink*>(this), nullptr) {}

  sink::Sink& sink() { return sink_; }
  std::map<std::string, std::string> objects;  // key to bytes
  int lists = 0;
  int folder_lists = 0;
  int gets = 0;
  int gets_from_the_end = 0;
  int removes = 0;
  int removes_of_many = 0;
  size_t names_listed = 0;
  std::set<std::string> proved;  // keys that a put or head said are durable: a power cut may take the others
  size_t chunk_bytes = 1000;     // of what get() writes at once
  tidemark_status fail_list = TIDEMARK_OK;
  tidemark_status fail_get = TIDEMARK_OK;
  tidemark_status fail_head = TIDEMARK_OK;
  bool puts_find_something = false;       // that nobody else finds
  std::optional<size_t> fail_list_after;  // this many names
  std::function<void()> on_get;           // runs before each
  size_t fail_changes_after = SIZE_MAX;   // this many puts and removes, which are then refused: a kill
  uint32_t last_timeout_ms = 0;
  int puts = 0;
  bool read_back_and_forth = false;  // puts ask for the body in no order, and for all of it twice
  // Overrides what the sink does, by what it is asked; OK: does it. "put", "head", "get", "list", "remove",
  // "remove_many".
  std::function<tidemark_status(std::string_view verb)> refuse;
  // Asked after what was put is there: the answer instead of OK, which was lost.
  std::function<tidemark_status(std::string_view key)> on_put;
  bool overwrites = false;  // a put that should only create replaces
  bool stores_nothing = false;
  bool lists_late = false;  // what was put is not listed
  // Of which listing, counted from 1, a name is left out.
  std::function<bool(int listing, std::string_view key)> leaves_out;
  bool removes_late = false;                 // what was removed is still there
  bool removes_none_of_many = false;         // and says that it has
  int64_t clock_us = 1'700'000'000'000'000;  // what a listing says of all

  // After this every put must have the digests, and they are checked.
  void set_capabilities(uint32_t capabilities) { api_.capabilities = capabilities; }

 private:
  static FakeSink& self(tidemark_sink* handle) { return *reinterpret_cast<FakeSink*>(handle); }

  static tidemark_status failed(tidemark_status status, const char* message, tidemark_error* error) {
    EXPECT_GE(error->struct_size, sizeof *error);
    std::snprintf(error->message, sizeof error->message, "%s", message);
    return status;
  }
  static bool is_part(std::string_view part) { return !part.empty() && part[0] != '.'; }
  static bool is_key(std::string_view key) {
    if (key.empty() || key.size() > TIDEMARK_KEY_MAX) return false;
    for (size_t at = 0; at <= key.size();) {
      const size_t end = std::min(key.find('/', at), key.size());
      if (!is_part(key.substr(at, end - at))) return false;
      at = end + 1;
    }
    return true;
  }
  tidemark_status check(std::string_view key, const tidemark_call* call, tidemark_error* error) {
    EXPECT_TRUE(is_key(key)) << key;
    if (call != nullptr) {
      EXPECT_GE(call->struct_size, sizeof *call);
      last_timeout_ms = call->timeout_ms;
      if (call->is_cancelled != nullptr && call->is_cancelled(call->ctx)) {
        return failed(TIDEMARK_E_CANCELLED, "cancelled", error);
      }
    }
    return TIDEMARK_OK;
  }

  tidemark_status refused(std::string_view verb, tidemark_error* error) {
    const tidemark_status status = refuse ? refuse(verb) : TIDEMARK_OK;
    return status == TIDEMARK_OK ? status
                                 : failed(status, ("no " + std::string(verb) + " for you").c_str(), error);
  }

  // From the end to the beginning, in pieces; then the first half again.
  static tidemark_status read_in_no_order(const tidemark_source& source, const std::string& bytes,
                                          tidemark_error* error) {
    constexpr size_t kStep = 700'000;
    std::string piece(kStep, '\0');
    for (size_t end = bytes.size() + bytes.size() / 2; end > 0; end -= std::min(end, kStep)) {
      const size_t at = (end - std::min(end, kStep)) % bytes.size();
      size_t count = 0;
      const auto status = source.read(source.ctx, at, piece.data(), piece.size(), &count, error);
      if (status != TIDEMARK_OK) return status;
      EXPECT_GT(count, 0u);
    }
    return TIDEMARK_OK;
  }

  void check_digests(const tidemark_source& source, const std::string& bytes) const {
    if ((api_.capabilities & TIDEMARK_CAPABILITY_WANTS_SHA256) == 0) {
      EXPECT_EQ(source.sha256, nullptr);
      return;
    }
    ASSERT_NE(source.sha256, nullptr);
    Sha256 sha;
    sha.update(bytes.data(), bytes.size());
    EXPECT_EQ(std::memcmp(sha.finish().value().data(), source.sha256, 32), 0);
    if ((api_.capabilities & TIDEMARK_CAPABILITY_WANTS_CRC32C) != 0) {
      ASSERT_NE(source.crc32c, nullptr);
      EXPECT_EQ(*source.crc32c, extend_crc32c(0, bytes.data(), bytes.size()));
    }
  }

  void prove_folder(std::string_view key) {
    const std::string_view folder = key.substr(0, key.rfind('/') + 1);
    for (const auto& [name, bytes] : objects) {
      if (name.starts_with(folder)) proved.insert(name);
    }
  }

  static tidemark_status put(tidemark_sink* handle, tidemark_str key, const tidemark_source* source,
                             uint32_t flags, const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    EXPECT_GE(source->struct_size, sizeof *source);
    EXPECT_EQ(flags & ~TIDEMARK_PUT_IF_ABSENT, 0u);
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
    const std::string name(view(key));
    if (fake.changes_++ >= fake.fail_changes_after) return failed(TIDEMARK_E_CANCELLED, "killed", error);
    ++fake.puts;
    if (const auto status = fake.refused("put", error); status != TIDEMARK_OK) return status;
    const bool is_there = fake.puts_find_something || fake.objects.count(name) != 0;
    if ((flags & TIDEMARK_PUT_IF_ABSENT) != 0 && is_there && !fake.overwrites) {
      return failed(TIDEMARK_E_EXISTS, "exists", error);
    }
    std::string bytes(source->size_bytes, '\0');
    if (fake.read_back_and_forth) {
      const auto status = read_in_no_order(*source, bytes, error);
      if (status != TIDEMARK_OK) return status;
    }
    for (size_t at = 0; at < bytes.size();) {
      size_t count = 0;
      const auto status = source->read(source->ctx, at, bytes.data() + at, bytes.size() - at, &count, error);
      if (status != TIDEMARK_OK) return status;
      if (count == 0) return failed(TIDEMARK_E_CORRUPT, "the source ended early", error);
      at += count;
    }
    fake.check_digests(*source, bytes);
    if (fake.stores_nothing) return TIDEMARK_OK;
    fake.objects[name] = std::move(bytes);
    if (const auto status = fake.on_put ? fake.on_put(name) : TIDEMARK_OK; status != TIDEMARK_OK) {
      return failed(status, "what was answered was lost", error);
    }
    fake.prove_folder(name);
    return TIDEMARK_OK;
  }
  static tidemark_status head(tidemark_sink* handle, tidemark_str key, const tidemark_call* call,
                              tidemark_object* out, tidemark_error* error) {
    FakeSink& fake = self(handle);
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
    if (const auto status = fake.refused("head", error); status != TIDEMARK_OK) return status;
    const auto found = fake.objects.find(std::string(view(key)));
    if (found == fake.objects.end()) return failed(TIDEMARK_E_NOT_FOUND, "no such object", error);
    *out = {sizeof *out, 0, found->second.size(), 1};
    if (fake.fail_head != TIDEMARK_OK) return failed(fake.fail_head, "the fake was told to fail", error);
    fake.prove_folder(found->first);
    return TIDEMARK_OK;
  }
  static tidemark_status get(tidemark_sink* handle, tidemark_str key, int64_t offset, uint64_t size,
                             const tidemark_writer* out, const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    ++fake.gets;
    fake.gets_from_the_end += offset < 0 ? 1 : 0;
    if (fake.on_get) fake.on_get();
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
    if (const auto status = fake.refused("get", error); status != TIDEMARK_OK) return status;
    if (fake.fail_get != TIDEMARK_OK) return failed(fake.fail_get, "the fake was told to fail", error);
    const auto found = fake.objects.find(std::string(view(key)));
    if (found == fake.objects.end()) return failed(TIDEMARK_E_NOT_FOUND, "no such object", error);
    const std::string& bytes = found->second;
    const auto total = static_cast<int64_t>(bytes.size());
    const auto begin = static_cast<uint64_t>(offset < 0 ? std::max<int64_t>(0, total + offset)
                                                        : std::min<int64_t>(offset, total));
    const uint64_t end = begin + std::min<uint64_t>(size, bytes.size() - begin);
    for (uint64_t at = begin; at < end;) {
      const size_t count = std::min<uint64_t>(fake.chunk_bytes, end - at);
      const auto status = out->write(out->ctx, bytes.data() + at, count);
      if (status != TIDEMARK_OK) return status;
      at += count;
    }
    return TIDEMARK_OK;
  }
  static tidemark_status list(tidemark_sink* handle, tidemark_str prefix, tidemark_str start_after,
                              int32_t (*visit)(void* ctx, tidemark_str key, const tidemark_object*),
                              void* visit_ctx, const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    ++fake.lists;
    EXPECT_TRUE(view(prefix).empty() || view(prefix).ends_with('/')) << view(prefix);
    if (const auto status = fake.check("db", call, error); status != TIDEMARK_OK) return status;
    if (const auto status = fake.refused("list", error); status != TIDEMARK_OK) return status;
    if (fake.fail_list != TIDEMARK_OK) return failed(fake.fail_list, "the fake was told to fail", error);
    if (fake.lists_late) return TIDEMARK_OK;
    size_t names = 0;
    const std::string after = std::max(std::string(view(start_after)), std::string(view(prefix)));
    for (auto at = fake.objects.upper_bound(after); at != fake.objects.end(); ++at) {
      if (!at->first.starts_with(view(prefix))) break;
      if (fake.fail_list_after && names == *fake.fail_list_after) {
        return failed(TIDEMARK_E_RETRYABLE, "the listing broke off", error);
      }
      if (fake.leaves_out && fake.leaves_out(fake.lists, at->first)) continue;
      ++names;
      ++fake.names_listed;
      const tidemark_object object = {sizeof object, 0, at->second.size(), fake.clock_us};
      if (visit(visit_ctx, abi_str(at->first), &object) != 0) return TIDEMARK_OK;
    }
    return TIDEMARK_OK;
  }
  static tidemark_status remove(tidemark_sink* handle, tidemark_str key, const tidemark_call* call,
                                tidemark_error* error) {
    FakeSink& fake = self(handle);
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
    if (const auto status = fake.refused("remove", error); status != TIDEMARK_OK) return status;
    ++fake.removes;
    if (fake.changes_++ >= fake.fail_changes_after) return failed(TIDEMARK_E_CANCELLED, "killed", error);
    if (fake.removes_late) return TIDEMARK_OK;
    fake.objects.erase(std::string(view(key)));
    return TIDEMARK_OK;
  }
  // A kill finds it half done, and not from the front.
  static tidemark_status remove_many(tidemark_sink* handle, const tidemark_str* keys, uint32_t count,
                                     const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    EXPECT_LE(count, kRemovalsMax);
    ++fake.removes_of_many;
    if (const auto status = fake.refused("remove_many", error); status != TIDEMARK_OK) return status;
    if (fake.removes_none_of_many) return TIDEMARK_OK;
    const bool is_killed = fake.changes_++ >= fake.fail_changes_after;
    for (uint32_t i = 0; i < count; ++i) {
      if (const auto status = fake.check(view(keys[i]), call, error); status != TIDEMARK_OK) return status;
    }
    for (uint32_t i = is_killed ? 1 : 0; i < count; i += is_killed ? 2 : 1) {
      fake.objects.erase(std::string(view(keys[i])));
    }
    return is_killed ? failed(TIDEMARK_E_CANCELLED, "killed", error) : TIDEMARK_OK;
  }
  static tidemark_status list_folders(tidemark_sink* handle, tidemark_str prefix, tidemark_str start_after,
                                      int32_t (*visit)(void* ctx, tidemark_str key, const tidemark_object*),
                                      void* visit_ctx, const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    ++fake.folder_lists;
    if (const auto status = fake.check("db", call, error); status != TIDEMARK_OK) return status;
    std::set<std::string> level;
    for (const auto& [key, bytes] : fake.objects) {
      if (!key.starts_with(view(prefix))) continue;
      level.insert(key.substr(0, std::min(key.size(), key.find('/', view(prefix).size())) + 1));
    }
    for (auto at = level.upper_bound(std::string(view(start_after))); at != level.end(); ++at) {
      const tidemark_object object = {sizeof object, 0, 0, at->ends_with('/') ? 0 : fake.clock_us};
      if (visit(visit_ctx, abi_str(*at), &object) != 0) return TIDEMARK_OK;
    }
    return TIDEMARK_OK;
  }
  static const void* get_extension(tidemark_sink* handle, const char* id) {
    static constexpr tidemark_draft_remove_many_api kMany = {sizeof kMany, kRemovalsMax, remove_many};
    const FakeSink& fake = self(handle);
    if (std::string_view(id) == TIDEMARK_EXT_DRAFT_LIST_FOLDERS)
      return fake.folders_.page_keys > 0 ? &fake.folders_ : nullptr;
    const bool is_asked = std::string_view(id) == TIDEMARK_EXT_DRAFT_REMOVE_MANY;
    return is_asked && fake.removes_many_ ? &kMany : nullptr;
  }

  static const tidemark_sink_api& api() {
    static constexpr tidemark_sink_api kApi = {sizeof(tidemark_sink_api),
                                               TIDEMARK_SINK_ABI_MAJOR,
                                               TIDEMARK_SINK_ABI_MINOR,
                                               0,
                                               "fake",
                                               "1",
                                               nullptr,
                                               [](tidemark_sink*) {},
                                               put,
                                               head,
                                               get,
                                               list,
                                               remove,
                                               get_extension,
                                               nullptr,
                                               0,
                                               0};
    return kApi;
  }

  static constexpr uint32_t kRemovalsMax = 700;

  const bool removes_many_;
  const tidemark_draft_list_folders_api folders_;
  tidemark_sink_api api_;
  sink::Sink sink_;
  size_t changes_ = 0;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H
