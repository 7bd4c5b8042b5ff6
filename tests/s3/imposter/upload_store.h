// The bucket: objects, and uploads in progress.
//
// Any thread; copies what it returns.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_UPLOAD_STORE_H
#define TIDEMARK_TESTS_S3_IMPOSTER_UPLOAD_STORE_H

#include "imposter/store.h"

namespace imposter {

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

class Store : public ObjectStore {
 public:
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

 private:
  // Guarded by mutex_:
  std::map<std::string, Upload> uploads_;  // by id
  uint64_t last_upload_ = 0;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_UPLOAD_STORE_H
