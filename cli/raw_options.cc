#include "raw_options.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include "archive_words.h"
#include "base/printable.h"
#include "format/lsn.h"
#include "option_words.h"
#include "text.h"

namespace tidemark::cli {

namespace {

template <class T>
T need(Result<T> value) {
  if (!value) throw std::runtime_error(value.error().message);
  return std::move(*value);
}

std::string absolute(const std::string& file) {
  return std::filesystem::absolute(file).lexically_normal().string();
}

// The names of files that hold keys.
void make_absolute(ArchiveOptions& archive) {
  for (std::string* const file : {&archive.identity_file, &archive.tag_key_file}) {
    if (!file->empty()) *file = absolute(*file);
  }
}

constexpr uint64_t kFastestBytes = uint64_t{1} << 40;  // per second

}  // namespace

void finish_words(RawOptions& raw, const std::vector<std::string*>& words) {
  const bool needs_two = !words.empty() && words.front() == &raw.to_url;
  if (names_archive(raw.url) && (!needs_two || names_archive(raw.to_url))) return;
  const auto moved = take_environment_url(raw.url, words);
  if (!moved) throw invalid("URL", moved.error().message);
}

namespace {

// Of a storage account: a key of one is longer.
bool is_account(const std::string& name) {
  constexpr size_t kLongest = 24;
  return name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

// Of an option of the sink what says which archive it is: nothing for all else, and for what may be a secret.
std::string telling_part(const std::string& option) {
  const size_t equals = option.find('=');
  if (equals == std::string::npos) return {};
  const std::string key = option.substr(0, equals);
  const std::string value = percent_decoded(option.substr(equals + 1));
  std::string shown;
  if (key == "endpoint") shown = printable_endpoint(value);
  if (key == "account" && is_account(value)) shown = value;
  if (shown.empty() || shown == value) return shown.empty() ? shown : option;
  return key + "=" + shown;
}

void append_query(const std::string& part, std::string& to) {
  if (!part.empty()) to.append(to.find('?') == std::string::npos ? "?" : "&").append(part);
}

// The same of options that are not in the URL.
void tell_apart(const std::vector<Setting>& options, std::string& archive) {
  for (const Setting& option : options) {
    if (!option.secret) append_query(telling_part(option.key + "=" + option.value), archive);
  }
}

// The archive as metrics call it: @NAME, or the place and of the query only what says which archive it is.
std::string archive_label(const std::string& url) {
  if (url.starts_with('@')) return "@" + printable_word(url.substr(1));
  std::string label = printable_url(url);
  const std::string_view before_fragment = std::string_view(url).substr(0, url.find('#'));
  const size_t question = before_fragment.find('?');
  if (question == std::string_view::npos) return label;
  std::string_view rest = before_fragment.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    append_query(telling_part(std::string(one)), label);
  }
  return label;
}

}  // namespace

void finish_common(CommonOptions& common, const RawOptions& raw, bool partition_needed, bool takes_keys) {
  common.verbosity = std::min(raw.verbosity, 2);
  common.progress = need_progress(raw.progress);
  const std::string name = partition_needed ? "STORAGE/PARTITION" : "STORAGE[/PARTITION]";
  common.scope = parse_scope(name, raw.target, partition_needed);
  common.archive.epoch = parse_decimal(raw.epoch);
  if (!raw.epoch.empty() && common.archive.epoch.value_or(0) == 0)
    throw invalid("--epoch", "'" + raw.epoch + "' is not the number of an epoch, which is 1 or more");
  if (!raw.epoch.empty() && common.scope.storage.empty() && raw.acknowledge.empty())
    throw invalid("--epoch", "it is an epoch of one storage: name STORAGE too");
  const ArchiveWords words = {raw.url,    raw.config,  "--option", raw.options,
                              "--secret", raw.secrets, takes_keys};
  common.archive.words = words_again(words, common.archive);
  if (!raw.config.empty() && !raw.url.starts_with('@') && !raw.to_url.starts_with('@'))
    throw invalid("--config",
                  "it gives archives their names, and '" + printable_url(raw.url) + "' is not @NAME");
  common.metrics.archive = archive_label(raw.url);
  common.metrics.scope = raw.target;
  common.archive = need(named_by(words, std::move(common.archive)));
  if (!raw.url.starts_with('@')) tell_apart(common.archive.sink_options, common.metrics.archive);
  make_absolute(common.archive);
}

void finish_jobs(unsigned& jobs, unsigned least) {
  if (jobs == 0) jobs = std::max(least, std::thread::hardware_concurrency());
}

VerifyOptions finish_verify(VerifyOptions verify, const RawOptions& raw) {
  finish_common(verify, raw, false, verify.deep);
  finish_jobs(verify.jobs);
  if (raw.reread.empty()) return verify;
  const size_t slash = raw.reread.find('/');
  const auto part = parse_decimal(raw.reread.substr(0, slash));
  const auto of = slash == std::string::npos ? part : parse_decimal(raw.reread.substr(slash + 1));
  const bool is_share = part && of && *part <= *of && *of <= 1'000'000;
  if (!is_share || (slash == std::string::npos && *part > 1))
    throw invalid("--reread", "'" + raw.reread + "' is not a share, such as 1/30, 1 (all) or 0 (none)");
  verify.reread = {*part, std::max<uint64_t>(*of, 1)};
  return verify;
}

LsOptions finish_ls(LsOptions ls, const RawOptions& raw) {
  finish_common(ls, raw, false);
  if (!raw.from.empty()) ls.from = need_lsn("--from", raw.from);
  if (!raw.to.empty()) ls.to = need_lsn("--to", raw.to);
  return ls;
}

RestoreOptions finish_restore(RestoreOptions restore, RawOptions raw) {
  if (restore.directory.empty()) restore.directory = std::exchange(raw.target, {});  // of everything
  if (restore.directory.empty()) throw invalid("DIR", "the name of the directory is missing");
  if (names_archive(restore.directory))
    throw invalid("DIR", "'" + printable_word(restore.directory) + "' names an archive, not a directory");
  finish_common(restore, raw, false, true);
  if (!restore.scope.partition && !(raw.from.empty() && raw.to.empty()))
    throw invalid(raw.from.empty() ? "--to" : "--from",
                  "it is an LSN of one partition: name STORAGE/PARTITION too");
  finish_jobs(restore.jobs);
  if (!raw.from.empty()) restore.from = need_lsn("--from", raw.from);
  if (!raw.to.empty()) restore.to = need_lsn("--to", raw.to);
  if (restore.from && restore.to && *restore.from > *restore.to)
    throw invalid("--to", "it lies before --from");
  if (!raw.to_time.empty()) {
    restore.to_time_us = parse_time(raw.to_time);
    if (!restore.to_time_us) {
      throw invalid("--to-time",
                    "'" + raw.to_time +
                        "' is not a time: 2026-11-25T06:55:14Z, the same without Z (local time), or "
                        "@SECONDS since the epoch");
    }
  }
  if (!raw.follow) return restore;
  restore.follow_us = parse_span(raw.interval.empty() ? "10s" : raw.interval);
  if (!restore.follow_us)
    throw invalid("--interval", "'" + raw.interval + "' is not a span of time, such as 10s or 5m");
  return restore;
}

PruneOptions finish_prune(PruneOptions prune, const RawOptions& raw) {
  finish_common(prune, raw, false);
  finish_jobs(prune.jobs);
  const int wishes = int{!raw.before.empty()} + int{!raw.older_than.empty()} + int{!raw.keep_bytes.empty()} +
                     int{prune.keep_archives.has_value()} + int{prune.branch.has_value()};
  if (wishes != 1)
    throw invalid(
        "--older-than",
        "give one of --older-than SPAN, --keep-last N, --keep-bytes SIZE, --before LSN and --branch N");
  if (prune.branch && (prune.scope.storage.empty() || prune.scope.partition))
    throw invalid("--branch", "it is an epoch of one storage: name STORAGE, and no partition");
  if (!raw.before.empty() && !prune.scope.partition)
    throw invalid("--before", "it is an LSN of one partition: name STORAGE/PARTITION too");
  if (!raw.keep_bytes.empty()) {
    prune.keep_bytes = parse_size(raw.keep_bytes);
    if (!prune.keep_bytes)
      throw invalid("--keep-bytes", "'" + raw.keep_bytes + "' is not a size, such as 500M, 20G or 2T");
  }
  if (!raw.before.empty()) prune.before = need_lsn("--before", raw.before);
  if (!raw.older_than.empty()) {
    prune.older_than_us = parse_span(raw.older_than);
    if (!prune.older_than_us)
      throw invalid("--older-than", "'" + raw.older_than + "' is not a span of time, such as 12h, 30d or 4w");
  }
  prune.archive.read_only = !prune.yes;
  return prune;
}

namespace {

// What the command line says, or else the configuration of the destination.
void finish_encoding(CopyOptions& copy, const RawOptions& raw) {
  EncodingWish wish;
  wish.compress = raw.compress.empty() ? copy.to.compress : raw.compress;
  if (!copy.to.recipients_file.empty()) wish.recipients_file = copy.to.recipients_file;
  if (!raw.recipients.empty())
    wish.recipients_file = raw.recipients == "none" ? std::string() : absolute(raw.recipients);
  if (wish.compress.empty() && !wish.recipients_file) return;
  if (copy.size_only) throw invalid("--size-only", "sizes say nothing of archives that are encoded anew");
  // Where each archive decides whether it is compressed, the archiver has to be able to.
  copy.to.compress = wish.compress.empty() ? "zstd" : wish.compress;
  copy.to.recipients_file = wish.recipients_file.value_or("");
  if (!copy.to.recipients_file.empty() && copy.to.tag_key_file.empty()) {
    throw invalid(
        "--recipients",
        "it needs --tag-key FILE too, by which equal archives are recognized (tidemark keygen makes "
        "one)");
  }
  // What bears no tag of ours must not get one by that, wherever the key was named.
  if (!copy.to.recipients_file.empty() && copy.archive.tag_key_file.empty())
    copy.archive.tag_key_file = copy.to.tag_key_file;
  copy.encoding = std::move(wish);
}

}  // namespace

CopyOptions finish_copy(CopyOptions copy, const RawOptions& raw) {
  if (raw.to_url.empty()) throw invalid("TO-URL", "the archive to copy to is missing");
  copy.to.identity_file = copy.archive.identity_file;
  copy.to.tag_key_file = copy.archive.tag_key_file;
  finish_common(copy, raw, false, true);
  finish_jobs(copy.jobs);
  copy.to.plugin = copy.archive.plugin;
  copy.to.sink_dir = copy.archive.sink_dir;
  const ArchiveWords to = {raw.to_url,    raw.config,     "--to-option", raw.to_options,
                           "--to-secret", raw.to_secrets, true,          true};
  copy.to = need(named_by(to, std::move(copy.to)));
  make_absolute(copy.to);
  // Of an archive without keys of its own they are those of the other.
  if (copy.to.identity_file.empty()) copy.to.identity_file = copy.archive.identity_file;
  if (copy.to.tag_key_file.empty()) copy.to.tag_key_file = copy.archive.tag_key_file;
  finish_encoding(copy, raw);
  if (raw.bwlimit.empty()) return copy;
  const auto rate = parse_size(raw.bwlimit);
  if (!rate || *rate > kFastestBytes)
    throw invalid("--bwlimit", "'" + raw.bwlimit + "' is not a size per second, such as 500K or 20M");
  copy.bytes_per_second = *rate;
  return copy;
}

GapsOptions finish_gaps(GapsOptions gaps, const RawOptions& raw) {
  finish_common(gaps, raw, false);
  finish_jobs(gaps.jobs, kListings);
  if (raw.acknowledge.empty()) return gaps;
  const Scope scope = parse_scope("--acknowledge", raw.acknowledge[0], true);
  gaps.acknowledge = {scope.storage, *scope.partition, need_lsn("--acknowledge", raw.acknowledge[1]),
                      need_lsn("--acknowledge", raw.acknowledge[2])};
  if (gaps.acknowledge->first > gaps.acknowledge->last)
    throw invalid("--acknowledge", "FIRST lies after LAST");
  gaps.archive.read_only = false;
  return gaps;
}

TakeoverOptions finish_takeover(TakeoverOptions takeover, const RawOptions& raw) {
  finish_common(takeover, raw, false);
  if (takeover.scope.storage.empty()) throw invalid("STORAGE", "the name of the storage is missing");
  if (takeover.scope.partition)
    throw invalid("STORAGE", "'" + raw.target + "' is a partition: a storage is taken over whole");
  if (takeover.lineage_file.empty())
    throw invalid("--lineage-file", "name the lineage file of the host that is to continue");
  if (takeover.over == 0) throw invalid("--over", "give the newest epoch, as `tidemark info` shows it");
  if (takeover.reason.empty()) throw invalid("--reason", "say why, for whoever looks at the archive later");
  takeover.lineage_file = absolute(takeover.lineage_file);
  takeover.archive.read_only = false;
  return takeover;
}

}  // namespace tidemark::cli
