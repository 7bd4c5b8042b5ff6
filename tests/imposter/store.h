// What a store holds, in memory: objects, and a book of how often each key was created.
//
// Body: one writer, then shared and constant. ObjectStore: any thread; it copies what it returns.
#ifndef TIDEMARK_TESTS_IMPOSTER_STORE_H
#define TIDEMARK_TESTS_IMPOSTER_STORE_H

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imposter/request.h"

namespace imposter {

class Body {
 public:
  explicit Body(bool discards) : discards_(discards) {}
  void append(const char* data, size_t size);
  uint64_t size() const { return size_; }
  // Appends [offset, offset + size), which lies within the body. False: that was not kept.
  bool read(uint64_t offset, uint64_t size, std::string* out) const;

 private:
  static constexpr size_t kKept = 8192;  // at each end of a body that is not kept

  bool discards_;
  uint64_t size_ = 0;
  std::string head_;  // everything, or the first kKept bytes
  std::string tail_;  // the last bytes, at least kKept of them, of what head_ does not hold
};
using BodyPtr = std::shared_ptr<const Body>;

struct Object {
  std::vector<BodyPtr> pieces;
  std::string etag;      // without quotes
  std::string checksum;  // base64 CRC-32C, or empty
  std::time_t modified = 0;
  Pairs recorded;  // headers of its creation that say how it is to be kept

  uint64_t size() const;
  bool read(uint64_t offset, uint64_t size, std::string* out) const;
};

class ObjectStore {
 public:
  // False if if_absent and there is one.
  bool put(const std::string& key, Object object, bool if_absent);
  std::optional<Object> find(const std::string& key) const;
  bool contains(const std::string& key) const;
  void remove(const std::string& key);
  // The first `limit` keys > after with this prefix, with their objects. With a delimiter a key that has it
  // after the prefix comes as what goes up to it, once, without an object's pieces.
  std::vector<std::pair<std::string, Object>> list(const std::string& prefix, const std::string& after,
                                                   size_t limit, const std::string& delimiter = {}) const;

  std::map<std::string, uint64_t> creates() const;

 protected:
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, Object> objects_;
  std::map<std::string, uint64_t> creates_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_STORE_H
