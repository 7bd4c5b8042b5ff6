// Reading an archive back through the plugin: one sink, opened by an archiver that is never started.
//
// Any thread may call every member, and several at once. What may work the next time is tried three times.
#ifndef TIDEMARK_HOST_SIM_READBACK_H
#define TIDEMARK_HOST_SIM_READBACK_H

#include <tidemark/maintenance.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "console.h"
#include "options.h"
#include "plugin.h"
#include "read_history.h"

namespace tidemark::host {

// A host that lends nothing and gets no events. It does show what is logged.
class ReadingHost {
 public:
  ReadingHost(Console& console, int32_t log_level) : console_(console), log_level_(log_level) {}
  tidemark_host table();

 private:
  Console& console_;
  const int32_t log_level_;
};

class Readback {
 public:
  // `host` outlives it.
  static Result<std::unique_ptr<Readback>> open(std::shared_ptr<Plugin> plugin, ReadingHost& host,
                                                const CommonOptions& options, const std::string& url);

  const std::string& url() const { return url_; }  // without what may be a secret
  // What counts in the history that is read; ascending by last LSN.
  Result<std::vector<StoredArchive>> list(const std::string& storage, uint64_t partition) const;
  // Every object of the sink that counts, partition by partition. An error if this plugin cannot list them.
  Result<void> scan(const std::function<void(StoredObject)>& visit) const;
  // Up to which LSN nothing of the partition was ever in the sink, as a record says that was found to be
  // right. 0: none says so, or this plugin cannot read records.
  Result<uint64_t> origin(const std::string& storage, uint64_t partition) const;
  // Reads a record; an error that names it if it is not what its key says.
  Result<void> prove_record(const std::string& key) const;
  // Whether others may find the directory while entries are restored into it, or the next run of a killed
  // one; then at any time each entry is whole or not there.
  enum class Directory { kShared, kPrivate };
  // The entries first..last of the archive, which holds them, as <directory>/<LSN>.
  // Those that are there already, ascending from the first, are left as they are. The archive is read once if
  // the plugin can do that, else once for each entry. TIDEMARK_OK or why not, with the reason in `why`.
  tidemark_status unpack(const std::string& storage, uint64_t partition, const StoredArchive& archive,
                         uint64_t first, uint64_t last, const std::string& directory, Directory kind,
                         std::string& why) const;

 private:
  Result<std::vector<StoredObject>> list_all(const std::string& storage, const uint64_t* partition) const;
  Readback(std::unique_ptr<Archiver> archiver, std::string url, const tidemark_readback_api* readback,
           const tidemark_maintenance_api* maintenance, uint64_t epoch)
      : archiver_(std::move(archiver)),
        url_(std::move(url)),
        readback_(readback),
        maintenance_(maintenance),
        history_(archiver_->handle(), archiver_->draft_maintenance(), epoch) {}

  const std::unique_ptr<Archiver> archiver_;
  const std::string url_;
  const tidemark_readback_api* const readback_;
  const tidemark_maintenance_api* const maintenance_;  // NULL: this plugin has none
  const ReadHistory history_;
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_READBACK_H
