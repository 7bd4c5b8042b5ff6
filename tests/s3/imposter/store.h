// The bucket in memory: objects, uploads in progress, and a book of how often each key was created.
//
// Body: one writer, then shared and constant. Store: any thread; it copies what it returns.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_STORE_H
#define TIDEMARK_TESTS_S3_IMPOSTER_STORE_H

#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "request.h"

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

struct Part {
  BodyPtr body;
  std::string etag, checksum;
  std::time_t modified = 0;
};

struct Upload {
  std::string key, id;
  std::time_t initiated = 0;
  Pairs recorded;
  std::map<uint64_t, Part> parts;
  bool is_untold = false;  // the client never learnt its id
};

class Store {
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

  std::string begin_upload(Upload upload);  // returns the new id
  std::optional<Upload> find_upload(const std::string& key, const std::string& id) const;
  bool put_part(const std::string& key, const std::string& id, uint64_t number, Part part);
  bool end_upload(const std::string& key, const std::string& id);
  // Puts the object and ends the upload at once. kGone: no such upload; kExists: if_absent and there is one.
  enum class Completed { kDone, kGone, kExists };
  Completed complete(const std::string& key, const std::string& id, Object object, bool if_absent);
  std::vector<Upload> uploads() const;  // by key, then id
  void mark_untold(const std::string& id);
  void backdate_uploads(int64_t seconds);

  std::map<std::string, uint64_t> creates() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;  // by id
  std::map<std::string, uint64_t> creates_;
  uint64_t last_upload_ = 0;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_STORE_H
