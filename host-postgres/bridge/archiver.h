// The archiver behind its ABI: its library, and one archiver made from it. Owns both; errors of the plugin
// become errors of ours, its message included. Thread rules are those of the table.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_ARCHIVER_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_ARCHIVER_H

#include <tidemark/archiver.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/module.h"
#include "base/result.h"
#include "bridge/lack.h"
#include "bridge/options_file.h"

namespace tidemark::postgres {

// INVALID: the directory that it names is not there.
Status check_sink_directory(const std::string& url);

using Options = std::vector<std::pair<std::string, std::string>>;

class Archiver {
 public:
  // `plugin` empty: the one beside the module or program that this code is linked into.
  static Result<std::unique_ptr<Archiver>> create(const std::string& plugin, const tidemark_host& host,
                                                  const Options& options);
  ~Archiver();
  Archiver(const Archiver&) = delete;
  Archiver& operator=(const Archiver&) = delete;

  Status set_sink(const std::string& url, const std::vector<SinkOption>& options, const tidemark_call& call);
  Status start();
  Status stop();  // without waiting for what is under way
  Status notify(const std::string& storage, uint64_t partition, uint64_t low, uint64_t high);
  // Archives that hold an entry at or after `from`, ascending; the visitor, which must not throw, returns
  // false to stop.
  Status list(const std::string& storage, uint64_t partition, uint64_t from, const VisitRange& visit,
              const tidemark_call& call);
  // Whether an archive holds that entry, by the listing.
  Result<bool> holds(const std::string& storage, uint64_t partition, uint64_t lsn, const tidemark_call& call);

  // The tables of an extension; NULL if this plugin does not offer it.
  const void* extension(const char* id) { return api_->get_extension(archiver_, id); }
  tidemark_archiver* handle() { return archiver_; }

 private:
  Archiver(Library library, const tidemark_archiver_api* api, tidemark_archiver* archiver)
      : library_(std::move(library)), api_(api), archiver_(archiver) {}
  const Library library_;
  const tidemark_archiver_api* const api_;
  tidemark_archiver* const archiver_;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_ARCHIVER_H
