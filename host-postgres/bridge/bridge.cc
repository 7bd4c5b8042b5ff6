#include "bridge/bridge.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/guard.h"
#include "base/line.h"
#include "bridge/bad_settings.h"
#include "bridge/first_page.h"
#include "bridge/history.h"
#include "bridge/keeper.h"
#include "bridge/services.h"
#include "bridge/window.h"

namespace tidemark::postgres {
namespace {

constexpr uint32_t kLookAgainMs = 200;

std::string text_of(const char* text) { return text == nullptr ? std::string() : std::string(text); }

// Changes whenever the file does.
int64_t stamp_of(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return 0;
  return status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec + status.st_size;
}

Settings settings_of(const tmpg_settings& from) {
  Settings settings;
  settings.sink.url = text_of(from.sink);
  settings.sink.options_file = text_of(from.sink_options_file);
  settings.sink.options_stamp = stamp_of(settings.sink.options_file);
  settings.run.plugin = text_of(from.plugin);
  settings.run.compress = text_of(from.compress);
  settings.run.lineage_file = text_of(from.lineage_file);
  settings.run.log_level = text_of(from.log_level);
  settings.run.workers = from.workers;
  settings.run.inflight = from.inflight;
  settings.run.batch_entries = from.batch_entries;
  settings.run.memory_bytes = from.memory_bytes;
  if (const std::string file = text_of(from.metrics_file); !file.empty())
    settings.run.metrics_file = std::filesystem::absolute(file).string();
  settings.ahead = from.ahead;
  settings.timeout_ms = from.timeout_ms;
  return settings;
}

bool same(const Settings& one, const Settings& other) {
  return one.sink == other.sink && one.run == other.run && one.ahead == other.ahead &&
         one.timeout_ms == other.timeout_ms;
}

}  // namespace

class Bridge {
 public:
  Bridge(const tmpg_server& server, Cluster cluster, Settings settings)
      : services_(server.data_directory, cluster, server.page_magic, server.wake),
        window_(services_.wal_directory(), cluster),
        settings_(std::move(settings)),
        keeper_(services_) {}

  Status start() { return keeper_.start(settings_); }
  void configure(Settings settings) {
    if (same(settings, settings_)) return;
    settings_ = std::move(settings);
    keeper_.change(settings_);
  }
  void check_settings();
  void offer(const std::string& name);
  Answer verdict();
  std::optional<Message> take_message() { return services_.messages().take(); }
  bool is_new_failure(const std::string& text);

 private:
  Status notify();
  bool set_aside();

  Services services_;
  Window window_;
  Settings settings_;
  std::optional<WalFile> file_;
  Status refused_;  // of what is offered, whatever the archiver says
  std::optional<uint64_t> notified_run_;
  std::string last_failure_;
  uint64_t last_failure_ms_ = 0;
  Keeper keeper_;  // ends first: it uses the services
};

// If the files cannot be read the server says so itself.
void Bridge::check_settings() {
  const auto settings = read_server_settings(services_.data_directory());
  if (!settings) return;
  for (const BadSetting& bad : bad_settings(*settings))
    services_.messages().add(TIDEMARK_LOG_WARN, text_of(bad) + " (what was set before stays at work)",
                             monotonic_ms());
}

void Bridge::offer(const std::string& name) {
  const Cluster& cluster = services_.cluster();
  notified_run_.reset();
  file_.reset();  // if memory ends here, the last one's answer is not this one's
  file_ = parse_wal_name(name, cluster);
  if (!file_) {
    refused_ = fail(TIDEMARK_E_INVALID, quote(name) + " is not a name of a file that PostgreSQL archives");
    return;
  }
  refused_ = check_wal_file(services_.wal_directory() + "/" + name, *file_, cluster, services_.page_magic());
  if (!refused_) return;
  services_.with_book(
      [&](Book& book) { book.offer(place_of(*file_, cluster), monotonic_ms(), settings_.timeout_ms); });
}

// Once for each try, and again after another run or sink began meanwhile.
Status Bridge::notify() {
  const uint64_t run = services_.runs();
  if (notified_run_ == run) return {};
  const Place place = place_of(*file_, services_.cluster());
  SegmentRange range{1, 1};
  if (file_->kind == WalKind::kSegment) {
    TM_ASSIGN(range, window_.around(file_->timeline, file_->segment, settings_.ahead));
  }
  services_.with_book([&](Book& book) { book.notifying(place, range.low); });
  const Status notified = keeper_.notify(place, range.low, range.high);
  if (!notified && notified.error().status == TIDEMARK_E_NOT_FOUND)
    return {};  // it will be, in its first run
  TM_TRY(notified);
  notified_run_ = run;
  return {};
}

// A partial segment of which another promoted server has archived its own: neither is more right, and what is
// refused for ever would hold up all that comes after it.
bool Bridge::set_aside() {
  const Cluster& cluster = services_.cluster();
  if (file_->kind != WalKind::kPartial || file_->promoted_to != 0) return false;
  const auto timeline = own_timeline(services_.wal_directory(), cluster);
  if (!timeline || *timeline <= file_->timeline) return false;
  file_->promoted_to = *timeline;
  notified_run_.reset();
  services_.with_book(
      [&](Book& book) { book.offer(place_of(*file_, cluster), monotonic_ms(), settings_.timeout_ms); });
  services_.messages().add(TIDEMARK_LOG_WARN,
                           wal_name(*file_, cluster) +
                               " of this server is kept beside that of another server that left timeline " +
                               std::to_string(file_->timeline) +
                               " in the same segment: tidemark-postgres get " + kept_name(*file_, cluster) +
                               " PATH brings it",
                           monotonic_ms());
  return true;
}

Answer Bridge::verdict() {
  if (!refused_) return {Verdict::kFailed, 0, refused_.error().message};
  if (!file_) return {Verdict::kFailed, 0, "there is no memory"};
  if (const Status notified = notify(); !notified) return {Verdict::kFailed, 0, notified.error().message};
  Answer answer = services_.with_book([](Book& book) { return book.answer(monotonic_ms()); });
  if (answer.is_other && set_aside()) return {Verdict::kWait, kLookAgainMs, {}};
  if (answer.verdict != Verdict::kLookUp) return answer;
  const Result<bool> held = keeper_.holds(place_of(*file_, services_.cluster()));
  if (!held) return {Verdict::kFailed, 0, held.error().message};
  if (!*held && answer.wait_ms > 0) return {Verdict::kWait, std::min(answer.wait_ms, kLookAgainMs), {}};
  if (!*held) return {Verdict::kFailed, 0, "lies in a gap that was reported and is not filled yet"};
  return services_.with_book([](Book& book) {
    book.found();
    return book.answer(monotonic_ms());
  });
}

bool Bridge::is_new_failure(const std::string& text) {
  const uint64_t now_ms = monotonic_ms();
  if (text == last_failure_ && now_ms - last_failure_ms_ < Messages::kAgainMs) return false;
  last_failure_ = text;
  last_failure_ms_ = now_ms;
  return true;
}

}  // namespace tidemark::postgres

using tidemark::Cut;
using tidemark::Error;
using tidemark::Status;
using tidemark::postgres::Answer;
using tidemark::postgres::Bridge;
using tidemark::postgres::Verdict;

struct tmpg_bridge {
  Bridge bridge;
};

tmpg_bridge* tmpg_open(const tmpg_server* server, const tmpg_settings* settings, char* message) {
  std::unique_ptr<tmpg_bridge> opened;
  const Status done = tidemark::guarded([&]() -> Status {
    if (!tidemark::postgres::is_segment_size(server->segment_bytes))
      return tidemark::fail("segments of " + std::to_string(server->segment_bytes) + " bytes");
    const tidemark::postgres::Cluster cluster{server->system_identifier, server->segment_bytes};
    opened.reset(new tmpg_bridge{Bridge(*server, cluster, tidemark::postgres::settings_of(*settings))});
    return opened->bridge.start();
  });
  if (done) return opened.release();
  tidemark::copy_line(done.error().message, message, TMPG_MESSAGE_MAX);
  return nullptr;
}

void tmpg_close(tmpg_bridge* self) { delete self; }

// Without memory the old settings stay; they are compared again with the next file.
void tmpg_configure(tmpg_bridge* self, const tmpg_settings* settings) {
  tidemark::if_there_is_memory([&] { self->bridge.configure(tidemark::postgres::settings_of(*settings)); });
}

void tmpg_check_settings(tmpg_bridge* self) {
  tidemark::if_there_is_memory([&] { self->bridge.check_settings(); });
}

void tmpg_offer(tmpg_bridge* self, const char* file) {
  tidemark::if_there_is_memory([&] { self->bridge.offer(file); });
}

int tmpg_verdict(tmpg_bridge* self, uint32_t* wait_ms, char* message) {
  message[0] = '\0';
  *wait_ms = 0;
  int verdict = TMPG_FAILED;
  const Status done = tidemark::guarded([&]() -> Status {
    const Answer answer = self->bridge.verdict();
    *wait_ms = answer.wait_ms;
    if (answer.verdict == Verdict::kArchived) verdict = TMPG_ARCHIVED;
    if (answer.verdict == Verdict::kWait) verdict = TMPG_WAIT;
    if (verdict == TMPG_FAILED && self->bridge.is_new_failure(answer.message))
      tidemark::copy_line(answer.message, message, TMPG_MESSAGE_MAX);
    return {};
  });
  if (!done) tidemark::copy_line(done.error().message, message, TMPG_MESSAGE_MAX);
  return done ? verdict : TMPG_FAILED;
}

int tmpg_take_message(tmpg_bridge* self, int* level, char* message) {
  int taken = 0;
  tidemark::if_there_is_memory([&] {
    const auto next = self->bridge.take_message();
    if (!next) return;
    *level = next->level;
    tidemark::copy_line(next->text, message, TMPG_MESSAGE_MAX);
    taken = 1;
  });
  return taken;
}
