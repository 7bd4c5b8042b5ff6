// Gives metrics away while an archiver runs: into a file, replaced again and again, and by a listener.
//
// start, stop: [control]. One thread of its own, and the listener's; `render` and the log are called on both
// and on that of start and stop. Trouble never ends archiving: it is logged once, and tried again.
#ifndef TIDEMARK_PUBLISH_PUBLISHER_H
#define TIDEMARK_PUBLISH_PUBLISHER_H

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "config/config.h"
#include "log/log.h"
#include "publish/http_library.h"
#include "publish/listener.h"

namespace tidemark::publish {

class Publisher {
 public:
  // `http` is there if the config wants a listener.
  Publisher(config::Publishing config, std::optional<HttpLibrary> http, log::Logger logger, Render render);
  ~Publisher() { stop(); }
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // RETRYABLE: no thread. Does nothing where nothing is wanted.
  Status start();
  // The file is written once more, and shows the end of the run. Idempotent.
  void stop();

 private:
  // Logs the first failure of a row, and its end.
  class Trouble {
   public:
    void tell(const log::Logger& logger, const Status& status, const char* option);

   private:
    bool is_told_ = false;
  };

  void run() noexcept;
  void write_file() noexcept;
  void open_listener() noexcept;

  const config::Publishing config_;
  const std::optional<HttpLibrary> http_;
  const log::Logger logger_;
  const Render render_;
  Trouble file_trouble_;                // of the thread, and of start and stop while there is none
  Trouble listen_trouble_;              // likewise
  std::unique_ptr<Listener> listener_;  // likewise
  std::thread thread_;                  // [control]
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::publish

#endif  // TIDEMARK_PUBLISH_PUBLISHER_H
