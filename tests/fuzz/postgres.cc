// What PostgreSQL writes and this project reads: names of files, histories, backups' labels, settings, first
// pages.
#include <algorithm>
#include <array>

#include "bridge/bad_settings.h"
#include "bridge/data_directory.h"
#include "bridge/first_page.h"
#include "bridge/options_file.h"
#include "fuzz.h"
#include "tool/catalog.h"
#include "tool/server_process.h"

using namespace tidemark;
using namespace tidemark::postgres;

namespace {

void try_name(std::string_view text, const Cluster& cluster) {
  const auto file = parse_wal_name(text, cluster);
  if (!file) return;
  fuzz::require(wal_name(*file, cluster) == text, "a file has one name");
  const Place place = place_of(*file, cluster);
  fuzz::require(place.lsn > 0 && place.partition > 0, "a file has a place");
  fuzz::require(file_at(place.storage, place.partition, place.lsn, cluster) == *file, "a place has one file");
  parse_backup(text, *file, cluster);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  for (uint32_t mib = 1; mib <= 1024; mib *= 4) {
    const Cluster cluster{7412345678901234567U, mib << 20};
    try_name(text, cluster);
    try_name(text.substr(0, text.find('\n')), cluster);
    const WalFile file{WalKind::kBackup, 1, 2, 0x28};
    const auto backup = parse_backup(text, file, cluster);
    fuzz::require(!backup || backup->start <= backup->stop, "a backup ends after its start");
  }
  if (const auto history = parse_history(text))
    fuzz::require(!history->empty() && history->front().parent > 0, "a history has a parent");
  if (const auto position = parse_position(text))
    fuzz::require(parse_position(position_text(*position)) == *position, "a position has a text");
  ServerSettings settings;
  for (const ConfLine& line : parse_conf(text)) {
    fuzz::require(!line.name.empty(), "a setting has a name");
    settings["tidemark." + line.name] = line.value;
  }
  for (const BadSetting& bad : bad_settings(settings))
    fuzz::require(!bad.reason.empty(), "there is a reason");
  if (const auto kept = parse_kept_name(text, {7412345678901234567U, 16 << 20}))
    fuzz::require(kept_name(*kept, {7412345678901234567U, 16 << 20}) == text,
                  "a kept name is written as it is read");
  (void)parse_archiver_title(text);
  if (size <= 4096) {  // each value is kept on a page of its own
    if (const auto options = parse_options(text, "f"))
      fuzz::require(options->size() <= TIDEMARK_OPTIONS_MAX, "options are bounded");
  }
  std::array<uint8_t, kFirstPageBytes> page{};
  std::copy_n(data, std::min(size, page.size()), page.begin());
  const Cluster cluster{7412345678901234567U, 16 << 20};
  if (check_first_page(page, {WalKind::kSegment, 1, 2, 0}, cluster, 0))
    fuzz::require(page[1] == 0xD1, "a page has a magic");
  return 0;
}
