// Another sink, loaded from its library and called through its table. Any thread; owns the open sink and
// the library, and lets go of them in this order.
#ifndef TIDEMARK_SINKS_FAULTY_WRAPPED_SINK_H
#define TIDEMARK_SINKS_FAULTY_WRAPPED_SINK_H

#include <memory>
#include <string>
#include <vector>

#include "base/module.h"
#include "common/options.h"
#include "faulty/inner.h"

namespace tidemark::sinks::faulty {

class WrappedSink : public Inner {
 public:
  // `library` is a file; empty: tidemark-sink-<scheme of url>.so in the directory of this module.
  static Result<std::unique_ptr<Inner>> open(const HostLog& log, const std::string& url, std::string library,
                                             const std::vector<PassedOption>& options, const Call& call);
  ~WrappedSink() override;

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call) override;
  Result<ObjectInfo> head(std::string_view key, const Call& call) override;
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call) override;
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
              const Call& call) override;
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) override;
  Status remove(std::string_view key, const Call& call) override;
  uint32_t capabilities() const override { return api_->capabilities; }

 private:
  WrappedSink(Library library, const tidemark_sink_api* api) : library_(std::move(library)), api_(api) {}

  const Library library_;
  const tidemark_sink_api* const api_;
  tidemark_sink* handle_ = nullptr;
  const tidemark_draft_list_folders_api* folders_ = nullptr;  // NULL: not offered
};

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_WRAPPED_SINK_H
