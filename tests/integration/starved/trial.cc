#include "trial.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "temp_dir.h"

namespace tidemark::starved {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 400;
constexpr int kWaitMs = 15'000;

tidemark_str str(std::string_view text) { return {text.data(), text.size()}; }

std::string lsn_text(tidemark_lsn lsn) {
  std::string digits(13, '0');
  for (auto digit = digits.rbegin(); lsn > 0; ++digit, lsn /= 36) {
    *digit = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  }
  return digits;
}

const tidemark_archiver_api* load(const std::string& plugin) {
  void* const library = dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* const symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  return reinterpret_cast<tidemark_archiver_entry_fn>(symbol)(TIDEMARK_ARCHIVER_ABI_MAJOR);
}

// Entries of a partition as files with content of their own.
void write_entries(const std::string& entries, uint64_t partition, tidemark_lsn low, tidemark_lsn high,
                   const std::string& text = {}) {
  const std::string directory = entries + "/" + std::to_string(partition);
  fs::create_directories(directory);
  for (tidemark_lsn lsn = low; lsn <= high; ++lsn) {
    test::write_file(directory + "/" + std::to_string(lsn),
                     text + "entry " + std::to_string(lsn) + " of " + std::to_string(partition));
  }
}

// A tree with what takes different ways through the plugin, among it a file that no buffer holds whole.
void write_tree(const std::string& root) {
  fs::create_directories(root + "/segments/0001");
  fs::create_directories(root + "/a directory whose name is longer than what fits beside others/" +
                         std::string(120, 'd'));
  test::write_file(root + "/segments/0001/data", std::string(900'000, 'x'));
  test::write_file(root + "/segments/empty", "");
  test::write_file(root + "/meta", "meta");
  fs::create_symlink("segments/0001", root + "/current");
}

constexpr std::string_view kOptions[][2] = {
    {"workers", "3"},       {"batch_entries", "4"}, {"partition_inflight", "2"},
    {"retry_min_ms", "1"},  {"retry_max_ms", "10"}, {"memory_budget_bytes", "4194304"},
    {"log_level", "debug"},
};

constexpr std::pair<uint64_t, tidemark_lsn> kNotified[] = {{6, 2}, {1, 9}, {2, 2}, {3, 1}, {4, 4}, {5, 3}};

std::vector<tidemark_option> options() {
  std::vector<tidemark_option> result;
  for (const auto& option : kOptions) result.push_back({str(option[0]), str(option[1]), 0, 0});
  return result;
}

}  // namespace

Setting prepare(const std::string& plugin, const std::string& root, const std::string& second_url) {
  Setting setting = {plugin, root + "/entries", root + "/existing", "", second_url};
  const std::string before = root + "/before";
  fs::create_directories(setting.existing);
  // An earlier run: of partition 5 it archived what the engine still has, of partition 3 something else.
  write_entries(before, 3, 1, 1, "another history: ");
  write_entries(before, 5, 1, 3);
  write_entries(setting.entries, 1, 1, 12);
  write_entries(setting.entries, 2, 1, 2);
  write_entries(setting.entries, 2, 5, 6);
  write_entries(setting.entries, 3, 1, 1);
  write_entries(setting.entries, 4, 1, 4);
  write_entries(setting.entries, 5, 1, 3);
  write_entries(setting.entries, 6, 1, 1);
  write_tree(setting.entries + "/6/2");

  const As host(Thread::kHost);
  Engine engine(before);
  engine.archives_lie_in(setting.existing);
  const tidemark_archiver_api* const api = load(plugin);
  const std::vector<tidemark_option> list = options();
  tidemark_archiver* archiver = nullptr;
  tidemark_error error = {};
  error.struct_size = sizeof error;
  const std::string url = "file://" + setting.existing;
  engine.begin_run();
  const tidemark_partition third = {str(kStorage), 3}, fifth = {str(kStorage), 5};
  if (api->create(&engine.table(), list.data(), static_cast<uint32_t>(list.size()), &archiver, &error) != 0 ||
      api->set_sink(archiver, str(url), nullptr, 0, nullptr, &error) != 0 ||
      api->start(archiver, &error) != 0 || api->notify(archiver, &third, 1, 1, &error) != 0 ||
      api->notify(archiver, &fifth, 1, 3, &error) != 0 || api->stop(archiver, 60'000, &error) != 0 ||
      (!second_url.empty() && api->set_sink(archiver, str(second_url), nullptr, 0, nullptr, &error) != 0)) {
    throw std::runtime_error(error.message);
  }
  api->destroy(archiver);
  return setting;
}

Trial::Trial(const Setting& setting, bool tells_log)
    : setting_(setting),
      engine_(setting.entries),
      first_(setting.work + "/first"),
      second_(setting.work + "/second") {
  fs::copy(setting.existing, first_, fs::copy_options::recursive);
  fs::create_directories(second_);
  fs::create_directories(setting.work + "/restored");
  engine_.archives_lie_in(first_);
  if (setting.second_url.empty()) engine_.archives_lie_in(second_);
  engine_.fail_first(4, 2, 2);
  engine_.excuse(2, 3, 4);
  engine_.tell_log(tells_log);
  api_ = load(setting.plugin);
}

bool Trial::control(const char* what, const Call& call, tidemark_status wanted) {
  tidemark_error error = {};
  error.struct_size = sizeof error;
  for (int tries = 0; tries < kTries; ++tries) {
    tidemark_status status;
    {
      const As control(Thread::kControl);
      status = call(&error);
    }
    if (status == wanted) return true;
    // libcurl may leave out what it has no memory for without a word; the signature shows it.
    if (status == TIDEMARK_E_PERMANENT && error.http_status == 403) continue;
    const bool says_why = std::strstr(error.message, "ut of memory") != nullptr ||
                          std::strstr(error.message, " could be computed") != nullptr;
    if (status != TIDEMARK_E_RETRYABLE || !says_why) {
      std::fprintf(stderr, "violation: %s gave %d: %s\n", what, status, error.message);
      return false;
    }
  }
  std::fprintf(stderr, "violation: %s has still no memory: %s\n", what, error.message);
  return false;
}

void Trial::notify(uint64_t partition, tidemark_lsn low, tidemark_lsn high) {
  const tidemark_partition p = {str(kStorage), partition};
  tidemark_error error = {};
  error.struct_size = sizeof error;
  for (int tries = 0; tries < kTries; ++tries) {
    tidemark_status status;
    {
      const As hot(Thread::kHot);
      status = api_->notify(archiver_, &p, low, high, &error);
    }
    if (status == TIDEMARK_OK) return;
    usleep(tries < 10 ? 0 : 1000);
    if (status != TIDEMARK_E_RETRYABLE || std::strstr(error.message, "out of memory") == nullptr) {
      std::fprintf(stderr, "notify: status %d, %s\n", status, error.message);
      engine_.violate("notify failed", partition, high);
      return;
    }
  }
  engine_.violate("notify has still no memory", partition, high);
}

bool Trial::wait(const char* what, const std::function<bool()>& condition) {
  for (int waited_ms = 0; waited_ms < kWaitMs; ++waited_ms) {
    if (condition()) return true;
    usleep(1000);
  }
  std::fprintf(stderr, "violation: in vain waited for: %s; at", what);
  for (uint64_t partition = 1; partition < kPartitions; ++partition) {
    std::fprintf(stderr, " %llu", static_cast<unsigned long long>(engine_.acknowledged(partition)));
  }
  std::fprintf(stderr, "\n");
  return false;
}

bool Trial::run(const std::function<void()>& ready) {
  const std::vector<tidemark_option> list = options();
  const bool made = control("create", [&](tidemark_error* error) {
    return api_->create(&engine_.table(), list.data(), static_cast<uint32_t>(list.size()), &archiver_, error);
  });
  bool well = made && first_sink(ready) && second_sink() && read_back() && second_run();
  disarm();
  well = well && everything_is_there();
  if (archiver_ != nullptr) {
    const As control(Thread::kControl);
    api_->destroy(archiver_);
  }
  engine_.end_run();
  return well && engine_.violations() == 0;
}

bool Trial::first_sink(const std::function<void()>& ready) {
  const std::string url = "file://" + first_;
  const auto set_sink = [&](tidemark_error* error) {
    return api_->set_sink(archiver_, str(url), nullptr, 0, nullptr, error);
  };
  engine_.begin_run();
  if (!control("set_sink", set_sink)) return false;
  if (!control("start", [&](tidemark_error* error) { return api_->start(archiver_, error); })) return false;
  engine_.at_first_loan(ready);
  for (const auto& [partition, high] : kNotified) notify(partition, 1, high);
  const bool archived = wait("the first entries and the conflict", [&] {
    return engine_.acknowledged(1) == 9 && engine_.acknowledged(2) == 2 && engine_.acknowledged(4) == 4 &&
           engine_.acknowledged(5) == 3 && engine_.acknowledged(6) == 2 &&
           engine_.events(3, TIDEMARK_EVENT_CONFLICT) > 0;
  });
  if (!archived) return false;
  notify(2, 5, 6);
  return wait("the gap", [&] { return engine_.acknowledged(2) == 6 && engine_.has_gap(2, 3, 4); });
}

// What was in conflict is not there.
bool Trial::second_sink() {
  const std::string url = setting_.second_url.empty() ? "file://" + second_ : setting_.second_url;
  const auto set_sink = [&](tidemark_error* error) {
    return api_->set_sink(archiver_, str(url), nullptr, 0, nullptr, error);
  };
  if (!setting_.second_url.empty()) engine_.look_no_more();
  if (!control("set_sink again", set_sink)) return false;
  notify(1, 1, 11);
  notify(3, 1, 1);
  return wait("entries in the second sink",
              [&] { return engine_.acknowledged(1) == 11 && engine_.acknowledged(3) == 1; });
}

bool Trial::read_back() {
  std::string metrics;
  const tidemark_writer into_text = {
      &metrics, [](void* ctx, const void* data, size_t size) -> tidemark_status {
        const As host(Thread::kHost);
        static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
        return TIDEMARK_OK;
      }};
  const auto write_metrics = [&](tidemark_error* error) {
    return api_->write_metrics(archiver_, &into_text, error);
  };
  if (!control("write_metrics", write_metrics)) return false;

  const auto* const readback =
      static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
  const tidemark_partition first = {str(kStorage), 1};
  std::string key;
  const auto list = [&](tidemark_error* error) {
    return readback->list(
        archiver_, &first, 10,
        [](void* ctx, const tidemark_archive* archive) -> int32_t {
          const As host(Thread::kHost);
          static_cast<std::string*>(ctx)->assign(archive->key.data, archive->key.size);
          return 0;
        },
        &key, nullptr, error);
  };
  if (!control("list", list)) return false;
  const auto fetch = [&](tidemark_error* error) {
    return readback->fetch(archiver_, str(key), &into_text, nullptr, error);
  };
  if (!control("fetch", fetch)) return false;
  const std::string directory = setting_.work + "/restored";
  const auto restore = [&](tidemark_error* error) {
    return readback->restore(archiver_, &first, 11, str(directory), nullptr, error);
  };
  return control("restore", restore) && look_after(key) && accept_and_prune();
}

bool Trial::look_after(const std::string& key) {
  const auto* const maintenance =
      static_cast<const tidemark_maintenance_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_MAINTENANCE));
  const auto* const draft = static_cast<const tidemark_draft_maintenance_api*>(
      api_->get_extension(archiver_, TIDEMARK_EXT_DRAFT_MAINTENANCE));
  const auto scan = [&](tidemark_error* error) {
    return maintenance->scan(
        archiver_, {nullptr, 0}, nullptr, 0, [](void*, const tidemark_stored*) -> int32_t { return 0; },
        nullptr, nullptr, error);
  };
  if (!control("scan", scan)) return false;
  const auto check = [&](tidemark_error* error) {
    const tidemark_check_options options = {sizeof options, 0,
                                            [](void*, const tidemark_checked_entry*) -> int32_t { return 0; },
                                            [](void*, uint64_t) {}, nullptr};
    return draft->check(archiver_, str(key), &options, nullptr, error);
  };
  if (!control("check", check)) return false;
  const std::string unpacked = setting_.work + "/unpacked";
  fs::create_directories(unpacked);
  tidemark_unpack_options options = {sizeof options,         0,      1, 20, str(unpacked),
                                     [](void*, uint64_t) {}, nullptr};
  const auto unpack = [&](tidemark_error* error) {
    return maintenance->unpack(archiver_, str(key), &options, nullptr, error);
  };
  if (!control("unpack", unpack)) return false;
  const std::string place = setting_.work + "/place";
  fs::create_directories(place);
  options.directory = str(place);
  options.flags = TIDEMARK_UNPACK_PRIVATE;
  return control("unpack in private", unpack);
}

bool Trial::accept_and_prune() {
  const auto* const maintenance =
      static_cast<const tidemark_maintenance_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_MAINTENANCE));
  const auto* const draft = static_cast<const tidemark_draft_maintenance_api*>(
      api_->get_extension(archiver_, TIDEMARK_EXT_DRAFT_MAINTENANCE));
  const tidemark_partition lost = {str(kStorage), 4};
  const auto accept = [&](tidemark_error* error) {
    const tidemark_status status =
        draft->accept_gap(archiver_, &lost, 14, 15, str("the disk was lost"), nullptr, error);
    // What failed for want of memory may have been done.
    return status == TIDEMARK_E_EXISTS ? TIDEMARK_OK : status;
  };
  if (!control("accept_gap", accept)) return false;
  const std::string record = std::string(kStorage) + "/4/" + lsn_text(15) + "-" + lsn_text(14) + ".accepted";
  const auto read_record = [&](tidemark_error* error) {
    return maintenance->read_record(
        archiver_, str(record), [](void*, const tidemark_record*) {}, nullptr, nullptr, error);
  };
  if (!control("read_record", read_record)) return false;
  return control("prune", [&](tidemark_error* error) {
    return draft->prune(
        archiver_, &lost, 16, 0, [](void*, const tidemark_stored*) -> int32_t { return 0; }, nullptr, nullptr,
        error);
  });
}

bool Trial::second_run() {
  const auto stop = [&](tidemark_error* error) { return api_->stop(archiver_, 10'000, error); };
  if (!control("stop", stop)) return false;
  engine_.end_run();
  engine_.begin_run();
  if (!control("start again", [&](tidemark_error* error) { return api_->start(archiver_, error); }))
    return false;
  notify(1, 1, 12);
  notify(6, 1, 2);
  const bool archived = wait("entries of the second run",
                             [&] { return engine_.acknowledged(1) == 12 && engine_.acknowledged(6) == 2; });
  return archived && control("stop again", stop);
}

bool Trial::restore_and_compare(uint64_t partition, tidemark_lsn lsn, const std::string& directory) {
  const auto* const readback =
      static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
  const tidemark_partition p = {str(kStorage), partition};
  const auto restore = [&](tidemark_error* error) {
    return readback->restore(archiver_, &p, lsn, str(directory), nullptr, error);
  };
  if (!control("restore at the end", restore)) return false;
  const std::string here =
      test::describe_tree(setting_.entries + "/" + std::to_string(partition) + "/" + std::to_string(lsn));
  if (test::describe_tree(directory + "/" + lsn_text(lsn)) == here) return true;
  engine_.violate("restored otherwise", partition, lsn);
  return false;
}

bool Trial::everything_is_there() {
  const std::string directory = setting_.work + "/compared";
  for (const uint64_t partition : {uint64_t{1}, uint64_t{6}}) {
    const std::string there = directory + "/" + std::to_string(partition);
    fs::create_directories(there);
    for (tidemark_lsn lsn = 1; lsn <= (partition == 1 ? 12U : 2U); ++lsn) {
      if (!restore_and_compare(partition, lsn, there)) return false;
    }
  }
  return true;
}

}  // namespace tidemark::starved
