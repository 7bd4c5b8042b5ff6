// The container: blobs, and blocks that nobody has put together yet.
//
// Any thread; copies what it returns.
#ifndef TIDEMARK_TESTS_AZBLOB_IMPOSTER_BLOB_STORE_H
#define TIDEMARK_TESTS_AZBLOB_IMPOSTER_BLOB_STORE_H

#include <map>
#include <set>
#include <string>
#include <vector>

#include "imposter/store.h"

namespace imposter::azblob {

class BlobStore : public ObjectStore {
 public:
  // In each: whether it was done, or what stands in the way.
  enum class Done { kDone, kExists, kOnlyBlocks, kOtherLength, kTooMany, kNoSuchBlock };

  // Put Blob throws away the blocks that lie under its name. With blocks_count a conditional one is refused
  // where only blocks lie.
  Done put_blob(const std::string& name, Object object, bool if_absent, bool blocks_count);
  Done put_block(const std::string& name, const std::string& id, BodyPtr body, uint64_t blocks_max);
  // All of these blocks, of which `object` gets the bodies, and no others: the rest is thrown away.
  Done commit(const std::string& name, const std::vector<std::string>& ids, Object object, bool if_absent);
  std::map<std::string, size_t> blocks() const;  // that lie there, by name
  std::set<size_t> id_sizes() const;             // of all ids that were ever sent

  // In the order of Azure, which is that of UTF-16.
  std::vector<std::pair<std::string, Object>> list_all(const std::string& prefix) const;

  // What somebody else does with a blob.
  void add_snapshot(const std::string& name);
  void lease(const std::string& name);
  bool has_snapshot(const std::string& name) const;
  bool is_leased(const std::string& name) const;

 private:
  // Guarded by mutex_:
  std::map<std::string, std::map<std::string, BodyPtr>> blocks_;
  std::set<size_t> id_sizes_;
  std::set<std::string> snapshots_, leases_;
};

}  // namespace imposter::azblob

#endif  // TIDEMARK_TESTS_AZBLOB_IMPOSTER_BLOB_STORE_H
