// A sink that keeps objects in memory and is stricter than the real ones: it checks every argument against
// the contract in tidemark/sink.h, counts requests, and misbehaves on demand.
//
// One thread. Owned by the test; sink() is a view of it.
#ifndef TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H
#define TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H

#include <gtest/gtest.h>
#include <tidemark/draft/remove_many.h>
#include <tidemark/sink.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sink/sink.h"

namespace tidemark::test {

class FakeSink {
 public:
  explicit FakeSink(bool removes_many = false)
      : removes_many_(removes_many), sink_(&api(), reinterpret_cast<tidemark_sink*>(this), nullptr) {}

  sink::Sink& sink() { return sink_; }
  std::map<std::string, std::string> objects;  // key to bytes
  int lists = 0;
  int gets = 0;
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
    const bool is_there = fake.puts_find_something || fake.objects.count(name) != 0;
    if ((flags & TIDEMARK_PUT_IF_ABSENT) != 0 && is_there) {
      return failed(TIDEMARK_E_EXISTS, "exists", error);
    }
    std::string bytes(source->size_bytes, '\0');
    for (size_t at = 0; at < bytes.size();) {
      size_t count = 0;
      const auto status = source->read(source->ctx, at, bytes.data() + at, bytes.size() - at, &count, error);
      if (status != TIDEMARK_OK) return status;
      if (count == 0) return failed(TIDEMARK_E_CORRUPT, "the source ended early", error);
      at += count;
    }
    fake.objects[name] = std::move(bytes);
    fake.prove_folder(name);
    return TIDEMARK_OK;
  }
  static tidemark_status head(tidemark_sink* handle, tidemark_str key, const tidemark_call* call,
                              tidemark_object* out, tidemark_error* error) {
    FakeSink& fake = self(handle);
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
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
    if (fake.on_get) fake.on_get();
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
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
    if (fake.fail_list != TIDEMARK_OK) return failed(fake.fail_list, "the fake was told to fail", error);
    size_t names = 0;
    const std::string after = std::max(std::string(view(start_after)), std::string(view(prefix)));
    for (auto at = fake.objects.upper_bound(after); at != fake.objects.end(); ++at) {
      if (!at->first.starts_with(view(prefix))) break;
      if (fake.fail_list_after && names == *fake.fail_list_after) {
        return failed(TIDEMARK_E_RETRYABLE, "the listing broke off", error);
      }
      ++names;
      ++fake.names_listed;
      const tidemark_object object = {sizeof object, 0, at->second.size(), 1'700'000'000'000'000};
      if (visit(visit_ctx, abi_str(at->first), &object) != 0) return TIDEMARK_OK;
    }
    return TIDEMARK_OK;
  }
  static tidemark_status remove(tidemark_sink* handle, tidemark_str key, const tidemark_call* call,
                                tidemark_error* error) {
    FakeSink& fake = self(handle);
    if (const auto status = fake.check(view(key), call, error); status != TIDEMARK_OK) return status;
    ++fake.removes;
    if (fake.changes_++ >= fake.fail_changes_after) return failed(TIDEMARK_E_CANCELLED, "killed", error);
    fake.objects.erase(std::string(view(key)));
    return TIDEMARK_OK;
  }
  // A kill finds it half done, and not from the front.
  static tidemark_status remove_many(tidemark_sink* handle, const tidemark_str* keys, uint32_t count,
                                     const tidemark_call* call, tidemark_error* error) {
    FakeSink& fake = self(handle);
    EXPECT_LE(count, kRemovalsMax);
    ++fake.removes_of_many;
    const bool is_killed = fake.changes_++ >= fake.fail_changes_after;
    for (uint32_t i = 0; i < count; ++i) {
      if (const auto status = fake.check(view(keys[i]), call, error); status != TIDEMARK_OK) return status;
    }
    for (uint32_t i = is_killed ? 1 : 0; i < count; i += is_killed ? 2 : 1) {
      fake.objects.erase(std::string(view(keys[i])));
    }
    return is_killed ? failed(TIDEMARK_E_CANCELLED, "killed", error) : TIDEMARK_OK;
  }
  static const void* get_extension(tidemark_sink* handle, const char* id) {
    static constexpr tidemark_draft_remove_many_api kMany = {sizeof kMany, kRemovalsMax, remove_many};
    const bool is_asked = std::string_view(id) == TIDEMARK_EXT_DRAFT_REMOVE_MANY;
    return is_asked && self(handle).removes_many_ ? &kMany : nullptr;
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
  sink::Sink sink_;
  size_t changes_ = 0;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_STORE_FAKE_SINK_H
