// Trying on a sink itself what an archiver needs of it, with an object of its own that no reader takes for an
// archive, and that is removed again.
//
// A free function on an open sink; any thread. What a killed trial left is removed by a later one.
#ifndef TIDEMARK_STORE_TRY_OUT_H
#define TIDEMARK_STORE_TRY_OUT_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sink/sink.h"

namespace tidemark::store {

// How the names begin. They lie beside the storages' folders, or in that of a partition that is there: so
// they leave no folder of their own.
inline constexpr std::string_view kTrialPrefix = "tidemark-check-";

enum class TryResult : uint8_t { kOk, kWarning, kFailed, kSkipped };

struct Tried {
  // One word: leftovers, write, read, range, list, clock, conditions, remove, gone, remove-many.
  std::string_view what;
  TryResult result = TryResult::kOk;
  std::string message;
};

struct TryingOut {
  std::string_view name;  // of the object, which nobody else uses: a part of a key
  // Whether an object of that name was left by a trial that was killed; may be empty.
  std::function<bool(std::string_view name, int64_t age_us)> is_left;
  std::function<int64_t()> now_us;
  // "main/7/": whether that folder, which is there, can be listed, written to and removed from. Empty: all is
  // tried, beside the storages.
  std::string folder{};
};

// Visits each thing that was tried; one that fails keeps no other from its turn, but for what needs it. An
// error only if the call ended, or for a name that is not part of a key.
Status try_out(sink::Sink& sink, const TryingOut& what, const std::function<void(const Tried&)>& visit,
               const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_TRY_OUT_H
