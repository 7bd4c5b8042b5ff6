// One pass through everything a host does with the plugin: batches, a gap, a conflict, an entry that fails,
// archives that are there already, a swap, reading back, stop and start.
//
// The program's one thread.
#ifndef TIDEMARK_TESTS_INTEGRATION_STARVED_TRIAL_H
#define TIDEMARK_TESTS_INTEGRATION_STARVED_TRIAL_H

#include <tidemark/draft/maintenance.h>

#include <functional>
#include <string>

#include "engine.h"
#include "faults.h"

namespace tidemark::starved {

struct Setting {
  std::string plugin;      // tidemark.so
  std::string entries;     // what the engine has
  std::string existing;    // an archive that holds some of it already
  std::string work;        // an empty directory of this run
  std::string second_url;  // the sink that is swapped in; empty: a directory in `work`
};

// What the engine has and what is archived of it, in an empty directory. Needs the plugin; opens both sinks
// once, because libraries that find no memory when they are used first may stay unusable.
Setting prepare(const std::string& plugin, const std::string& root, const std::string& second_url);

class Trial {
 public:
  explicit Trial(const Setting& setting, bool tells_log);

  // True: everything came out as it should. `ready` is called, on a thread of the plugin,
  // when it borrows the first entry.
  bool run(const std::function<void()>& ready);

 private:
  using Call = std::function<tidemark_status(tidemark_error*)>;
  // Tries again while memory is short; false for any other outcome.
  bool control(const char* what, const Call& call, tidemark_status wanted = TIDEMARK_OK);
  void notify(uint64_t partition, tidemark_lsn low, tidemark_lsn high);
  bool wait(const char* what, const std::function<bool()>& condition);
  bool first_sink(const std::function<void()>& ready);
  bool second_sink();
  bool read_back();
  bool look_after(const std::string& key);
  bool accept_and_prune();
  bool second_run();
  bool everything_is_there();
  bool restore_and_compare(uint64_t partition, tidemark_lsn lsn, const std::string& directory);

  const Setting& setting_;
  const tidemark_archiver_api* api_ = nullptr;
  tidemark_archiver* archiver_ = nullptr;
  Engine engine_;
  std::string first_;
  std::string second_;
};

}  // namespace tidemark::starved

#endif  // TIDEMARK_TESTS_INTEGRATION_STARVED_TRIAL_H
