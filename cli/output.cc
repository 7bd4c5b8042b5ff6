#include "output.h"

#include <unistd.h>

#include <cassert>
#include <cstdio>

#include "console.h"
#include "format/lsn.h"
#include "text.h"

namespace tidemark::cli {

Output::Output(bool json, std::string about)
    : json_(json), human_(::isatty(STDOUT_FILENO) == 1), about_(std::move(about)) {}

void Output::say(const std::string& message) const { console().print(named(about_, message)); }

void Output::write(const std::string& text) {
  if (failed_errno_ != 0) return;
  if (human_) console().clear();
  if (std::fputs(text.c_str(), stdout) < 0 || (human_ && std::fflush(stdout) != 0)) failed_errno_ = errno;
}

void Output::line(const std::string& text) {
  if (!json_) write(text + "\n");
}

void Output::object(const Json& object) {
  if (!json_) return;
  const std::string text = object.dump();
  assert(text.size() > 2 && text.front() == '{');  // the version goes before its first key
  write("{\"schema\":" + std::to_string(kJsonSchema) + "," + text.substr(1) + "\n");
}

Result<void> Output::finish() {
  if (failed_errno_ == 0 && std::fflush(stdout) != 0) failed_errno_ = errno;
  if (failed_errno_ != 0) return errno_error("cannot write to the standard output", failed_errno_);
  return {};
}

std::string Output::bytes(uint64_t size_bytes) const {
  return human_ ? bytes_text(size_bytes) : std::to_string(size_bytes) + " bytes";
}

std::string Output::time(int64_t time_us) const { return human_ ? local_text(time_us) : utc_text(time_us); }

const char* kind_name(int32_t kind) {
  switch (kind) {
    case TIDEMARK_STORED_ARCHIVE:
      return "archive";
    case TIDEMARK_STORED_GAP:
      return "gap";
    case TIDEMARK_STORED_ACCEPTED:
      return "accepted";
    case TIDEMARK_STORED_PRUNED:
      return "pruned";
    case TIDEMARK_STORED_ORIGIN:
      return "origin";
    case TIDEMARK_STORED_EPOCH:
      return "epoch";
    case TIDEMARK_STORED_IRREGULAR:
      return "irregular";
    default:
      return "foreign";
  }
}

Json range_json(const std::string& storage, uint64_t partition, uint64_t first, uint64_t last) {
  Json object;
  object["storage"] = storage;
  object["partition"] = partition;
  object["first"] = first;
  object["last"] = last;
  object["first_key"] = "@" + lsn_text(first);
  object["last_key"] = "@" + lsn_text(last);
  return object;
}

Json stored_json(const Stored& stored) {
  Json object;
  object["type"] = kind_name(stored.kind);
  if (stored.last > 0) {
    object.update(range_json(stored.storage, stored.partition, stored.first, stored.last));
  } else if (!stored.storage.empty()) {
    object["storage"] = stored.storage;
    object["partition"] = stored.partition;
  }
  object["size_bytes"] = stored.size_bytes;
  object["modified"] = utc_text(stored.modified_us);
  object["modified_us"] = stored.modified_us;
  object["key"] = stored.key;
  if (stored.epoch > 1 || is_epoch(stored)) object["epoch"] = stored.epoch;
  if (!stored.coding.empty()) object["coding"] = stored.coding.substr(1);
  return object;
}

}  // namespace tidemark::cli
