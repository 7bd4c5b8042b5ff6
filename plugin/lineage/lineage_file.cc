#include "lineage/lineage_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/files.h"
#include "base/sha256.h"
#include "format/footer.h"
#include "format/hex.h"
#include "format/lines.h"

namespace tidemark::lineage {
namespace {

constexpr std::string_view kMagic = "TIDEMARK-LINEAGE ";
constexpr std::string_view kVersion = "1";
constexpr size_t kFileBytesMax = size_t{64} << 20;
constexpr size_t kEpochsMax = 64;  // remembered of a storage

Result<std::string> digest_text(std::string_view text) {
  TM_ASSIGN(const Digest digest, sha256_of(text));
  return hex(digest);
}

void append_epoch(const std::string& storage, const core::RememberedEpoch& epoch, std::string& text) {
  text.append("storage=").append(storage).append(" archive=").append(hex(epoch.archive));
  text.append(" epoch=").append(std::to_string(epoch.epoch)).append(" claim=").append(hex(epoch.claim));
  text.append(" chain=").append(epoch.chain.text()).append("\n");
}

// Takes "<key><value>" off the front of a line, and the blank after it.
std::optional<std::string_view> take_word(std::string_view& line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  const std::string_view value = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), value.size() + 1));
  return value;
}

// What follows "storage=".
bool parse_epoch(std::string_view line, Memory& memory) {
  core::RememberedEpoch epoch;
  const std::string_view storage = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), storage.size() + 1));
  if (storage_name_problem(storage) != nullptr) return false;
  const auto archive = take_word(line, "archive=");
  if (!archive || !parse_hex(*archive, epoch.archive)) return false;
  const auto number = take_word(line, "epoch=");
  const auto value = number ? parse_decimal(*number) : std::nullopt;
  if (!value || *value == 0) return false;
  epoch.epoch = *value;
  const auto claim = take_word(line, "claim=");
  if (!claim || !parse_hex(*claim, epoch.claim)) return false;
  const auto chain = take_word(line, "chain=");
  const auto parsed = chain ? Chain::parse(*chain) : std::nullopt;
  if (!parsed || parsed->newest() != epoch.epoch || !line.empty()) return false;
  epoch.chain = *parsed;
  memory[std::string(storage)].push_back(std::move(epoch));
  return true;
}

Error damaged(const std::string& path, const std::string& problem) {
  return fail(TIDEMARK_E_CORRUPT,
              "lineage file " + path + ": " + problem +
                  "; bring it back from a copy of this data directory. Without it nobody can tell whose "
                  "history this is: a new one would be another owner");
}

std::optional<std::string> other_version(std::string_view text) {
  const auto version = take_line(text, kMagic);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!version || version->empty() || *version == kVersion || !std::ranges::all_of(*version, is_digit))
    return std::nullopt;
  return std::string(version->substr(0, 20));
}

}  // namespace

std::string format_lineage(const LineageText& lineage) {
  std::string text(kMagic);
  text.append(kVersion).append("\nowner=").append(hex(lineage.owner)).append("\n");
  for (const auto& [storage, epochs] : lineage.memory) {
    for (const core::RememberedEpoch& epoch : epochs) append_epoch(storage, epoch, text);
  }
  return text;
}

std::optional<LineageText> parse_lineage(std::string_view text, std::string* problem) {
  const std::string_view whole = text;
  LineageText lineage;
  const auto version = take_line(text, kMagic);
  if (!version) {
    *problem = "it is not a lineage file";
    return std::nullopt;
  }
  if (*version != kVersion) {
    *problem = "it is of version " + std::string(version->substr(0, 20));
    return std::nullopt;
  }
  const auto owner = take_line(text, "owner=");
  if (!owner || !parse_hex(*owner, lineage.owner)) {
    *problem = "it has no owner of 32 lower-case hex digits";
    return std::nullopt;
  }
  for (size_t number = 3; !text.empty(); ++number) {
    const auto line = take_line(text, "storage=");
    if (line && parse_epoch(*line, lineage.memory)) continue;
    *problem = "line " + std::to_string(number) + " is not an epoch that is remembered";
    return std::nullopt;
  }
  if (format_lineage(lineage) != whole) {
    *problem = "its lines are not in the order, or not in the form, that they are written in";
    return std::nullopt;
  }
  return lineage;
}

namespace {

// The oldest of those that may be needless: of `same`, which begins with what is continued, a try that
// failed; else of the archives that have only been begun, or were only tried to, any but the first; else any.
void forget_one(std::vector<core::RememberedEpoch>& others, std::vector<core::RememberedEpoch>& same) {
  if (same.size() > 1) {
    same.erase(same.begin() + 1);
    return;
  }
  const auto is_first = [](const core::RememberedEpoch& epoch) { return epoch.claim == epoch.archive; };
  auto needless = std::find_if(others.begin(), others.end(), is_first);
  if (needless != others.end()) needless = std::find_if(needless + 1, others.end(), is_first);
  others.erase(needless != others.end() ? needless : others.begin());
}

}  // namespace

void remember(std::vector<core::RememberedEpoch>& epochs, std::optional<size_t> continues,
              core::RememberedEpoch epoch) {
  std::vector<core::RememberedEpoch> others, same;
  uint64_t from = 0;
  if (continues) {
    from = epochs[*continues].epoch;
    same.push_back(epochs[*continues]);
  }
  for (size_t i = 0; i < epochs.size(); ++i) {
    if (epochs[i].archive != epoch.archive) {
      others.push_back(std::move(epochs[i]));
    } else if (epochs[i].epoch > from) {
      same.push_back(std::move(epochs[i]));
    }
  }
  if (others.size() + same.size() >= kEpochsMax) forget_one(others, same);
  std::move(same.begin(), same.end(), std::back_inserter(others));
  others.push_back(std::move(epoch));
  epochs = std::move(others);
}

Result<Id> draw_id() {
  Id id{};
  // So few bytes come at once, and are not interrupted.
  if (::getrandom(id.data(), id.size(), 0) != static_cast<ssize_t>(id.size()))
    return fail_errno(errno, "cannot draw a random number");
  return id;
}

Result<std::unique_ptr<LineageFile>> LineageFile::open(const std::string& path, IfMissing if_missing) {
  if (if_missing == IfMissing::kFail && ::access(path.c_str(), F_OK) != 0)
    return fail_errno(errno, "lineage file " + path);
  // Who gave it this name would hold another lock than who names the file itself, and each write replaces the
  // link.
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode))
    return fail(TIDEMARK_E_INVALID,
                "lineage file " + path + " is a symbolic link; name the file that it leads to");
  const std::string lock_path = path + ".lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!lock) return fail_errno(errno, "lineage file " + path + ": cannot open its lock " + lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_errno(errno, "lineage file " + path + ": cannot lock " + lock_path);
    return fail(TIDEMARK_E_RETRYABLE,
                "lineage file " + path +
                    " is held by another archiver: one data directory is archived by one "
                    "process; stop the other one");
  }
  std::unique_ptr<LineageFile> file(new LineageFile(path, std::move(lock)));
  TM_TRY(file->load(if_missing));
  return file;
}

Status LineageFile::load(IfMissing if_missing) {
  const MutexLock held(mutex_);
  const auto text = read_file(path_, kFileBytesMax);
  if (!text && text.error().status == TIDEMARK_E_NOT_FOUND && if_missing != IfMissing::kFail) {
    TM_ASSIGN(lineage_.owner, draw_id());
    return if_missing == IfMissing::kMake ? write(lineage_) : Status();
  }
  if (!text) {
    Error error = text.error();
    error.message = "lineage file " + path_ + ": " + error.message;
    return error;
  }
  // What is of another version is not damaged, and has its digest elsewhere perhaps.
  if (const auto version = other_version(*text)) {
    return fail(TIDEMARK_E_CORRUPT, "lineage file " + path_ + ": it needs a Tidemark that knows version " +
                                        *version +
                                        " of it; install that one. If none of that version wrote it, it "
                                        "is damaged: bring it back from a copy of this data directory");
  }
  const size_t digest_at = text->rfind("sha256=");
  if (digest_at == std::string::npos) return damaged(path_, "it was cut, or is not a lineage file");
  const std::string_view body = std::string_view(*text).substr(0, digest_at);
  std::string problem;
  const auto parsed = parse_lineage(body, &problem);
  TM_ASSIGN(const std::string digest, digest_text(body));
  const bool is_right = std::string_view(*text).substr(digest_at) == "sha256=" + digest + "\n";
  const bool is_known = body.starts_with(std::string(kMagic).append(kVersion).append("\n"));
  if (is_known && !is_right) return damaged(path_, "its digest is not that of its lines: it is damaged");
  if (!parsed) return damaged(path_, problem);
  lineage_ = *parsed;
  for (const auto& [storage, epochs] : lineage_.memory) known_.insert(storage);
  return {};
}

Id LineageFile::owner() {
  const MutexLock held(mutex_);
  return lineage_.owner;
}

std::vector<core::RememberedEpoch> LineageFile::remembered(std::string_view storage) {
  const MutexLock held(mutex_);
  const auto found = lineage_.memory.find(storage);
  return found == lineage_.memory.end() ? std::vector<core::RememberedEpoch>() : found->second;
}

bool LineageFile::is_known(std::string_view storage) {
  const MutexLock held(mutex_);
  return known_.contains(storage);
}

void LineageFile::claimed(std::string_view storage) {
  const MutexLock held(mutex_);
  known_.emplace(storage);
}

Status LineageFile::remember_durably(std::string_view storage, std::optional<size_t> continues,
                                     const core::RememberedEpoch& epoch) {
  const MutexLock held(mutex_);
  LineageText next = lineage_;
  remember(next.memory[std::string(storage)], continues, epoch);
  return write(std::move(next));
}

Status LineageFile::forget_durably(std::string_view storage, uint64_t epoch) {
  const MutexLock held(mutex_);
  LineageText next = lineage_;
  const auto found = next.memory.find(storage);
  if (found == next.memory.end() || found->second.empty()) return {};
  // The one claimed last; another archive may have the same number.
  std::vector<core::RememberedEpoch>& epochs = found->second;
  if (epochs.back().epoch != epoch) return {};
  epochs.pop_back();
  if (epochs.empty()) next.memory.erase(found);
  return write(std::move(next));
}

Status LineageFile::restored_durably(const Id& owner, std::string_view storage,
                                     const core::RememberedEpoch& epoch) {
  const MutexLock held(mutex_);
  LineageText next = lineage_;
  if (next.owner != owner && !next.memory.empty()) {
    return fail(TIDEMARK_E_INVALID,
                "lineage file " + path_ + " is of owner " + hex(next.owner) + " and has archived " +
                    next.memory.begin()->first +
                    ": it is not that of a data directory that was restored from an archive of " +
                    hex(owner) + "; is it the wrong file?");
  }
  next.owner = owner;
  remember(next.memory[std::string(storage)], std::nullopt, epoch);
  return write(std::move(next));
}

Status LineageFile::write(LineageText next) {
  std::string text = format_lineage(next);
  TM_ASSIGN(const std::string digest, digest_text(text));
  text.append("sha256=").append(digest).append("\n");
  if (text.size() > kFileBytesMax)
    return fail(TIDEMARK_E_NO_SPACE, "lineage file " + path_ + " would have more than 64 MiB");
  if (Status replaced = replace_file(path_, text, Durability::kFsync); !replaced) {
    replaced.error().message = "lineage file " + path_ + ": " + replaced.error().message;
    return replaced;
  }
  lineage_ = std::move(next);
  return {};
}

}  // namespace tidemark::lineage
