// What the faulty sink passes calls on to: another sink's library, or memory. Any thread but construction and
// destruction; the functions are those of common/table.h.
#ifndef TIDEMARK_SINKS_FAULTY_INNER_H
#define TIDEMARK_SINKS_FAULTY_INNER_H

#include <string_view>

#include "common/table.h"

namespace tidemark::sinks::faulty {

class Inner {
 public:
  virtual ~Inner() = default;
  virtual Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call) = 0;
  virtual Result<ObjectInfo> head(std::string_view key, const Call& call) = 0;
  virtual Status get(std::string_view key, const Range& range, const Writer& out, const Call& call) = 0;
  virtual Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) = 0;
  virtual Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                              const Call& call) = 0;
  virtual Status remove(std::string_view key, const Call& call) = 0;
  virtual uint32_t capabilities() const = 0;
};

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_INNER_H
