#include "journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "format/lsn.h"

namespace tidemark::host {

std::string format_record(const JournalRecord& record) {
  return record.storage + " " + std::to_string(record.partition) + " " + lsn_text(record.lsn) + " " +
         digest_text(record.digest) + " " + (record.origin.empty() ? "-" : percent_encode(record.origin)) +
         "\n";
}

Result<JournalRecord> parse_record(std::string_view line) {
  std::array<std::string_view, 5> fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const size_t blank = line.find(' ');
    if ((blank == std::string_view::npos) != (i + 1 == fields.size()))
      return fail("a record has five fields");
    fields[i] = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  }
  JournalRecord record;
  record.storage = std::string(fields[0]);
  const auto [end, code] =
      std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), record.partition);
  const auto lsn = parse_lsn_text(fields[2]);
  auto digest = parse_digest(fields[3]);
  auto origin = percent_decode(fields[4] == "-" ? std::string_view() : fields[4]);
  if (fields[0].empty() || code != std::errc() || end != fields[1].data() + fields[1].size() || !lsn ||
      *lsn == 0 || !digest || fields[4].empty() || !origin) {
    return fail("malformed record");
  }
  record.lsn = *lsn;
  record.digest = *digest;
  record.origin = std::move(*origin);
  return record;
}

Result<JournalScan> scan_journal(const std::string& path, const std::function<void(JournalRecord)>& visit) {
  auto text = read_file(path);
  JournalScan scan;
  if (!text && text.error().sys_errno == ENOENT) return scan;
  if (!text) return text.error();
  scan.total_bytes = text->size();
  for (;;) {
    const size_t end = text->find('\n', scan.whole_bytes);
    if (end == std::string::npos) break;
    auto record = parse_record(std::string_view(*text).substr(scan.whole_bytes, end - scan.whole_bytes));
    if (!record) break;
    visit(std::move(*record));
    scan.whole_bytes = end + 1;
  }
  return scan;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, uint64_t whole_bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return fail_errno(errno, "cannot open the journal " + path);
  if (::ftruncate(fd.get(), static_cast<off_t>(whole_bytes)) != 0) {
    return fail_errno(errno, "cannot cut the torn end of the journal " + path);
  }
  return std::unique_ptr<Journal>(new Journal(path, std::move(fd)));
}

Result<void> Journal::append(const std::vector<JournalRecord>& records) {
  std::string text;
  for (const JournalRecord& record : records) text += format_record(record);
  MutexLock lock(mutex_);
  unsynced_ = true;
  return write_all(fd_.get(), text, path_);
}

Result<void> Journal::sync() {
  {
    MutexLock lock(mutex_);
    if (!unsynced_) return {};
    unsynced_ = false;
  }
  if (::fdatasync(fd_.get()) == 0) return {};
  auto error = fail_errno(errno, "cannot fsync the journal " + path_);
  MutexLock lock(mutex_);
  unsynced_ = true;
  return error;
}

}  // namespace tidemark::host
