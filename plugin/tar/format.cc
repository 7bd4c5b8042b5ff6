#include "tar/format.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/line.h"

namespace tidemark::tar {
namespace {

constexpr uint64_t kUstarSizeEnd = uint64_t{1} << 33;  // eleven octal digits
// What a pax header is called by tools that do not know it; Python's tarfile uses the same name.
constexpr std::string_view kPaxHeaderName = "././@PaxHeader";

struct Header {
  char name[kNameSize];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link[kLinkSize];
  char magic[6];
  char version[2];
  char owner[32];
  char group[32];
  char device_major[8];
  char device_minor[8];
  char prefix[kPrefixSize];
  char padding[12];
};
static_assert(sizeof(Header) == kBlockSize);

constexpr Header kTemplate = {
    .name = {},
    .mode = "0000000",
    .uid = "0000000",
    .gid = "0000000",
    .size = "00000000000",
    .mtime = "00000000000",
    .checksum = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '},
    .type = '0',
    .link = {},
    .magic = "ustar",
    .version = {'0', '0'},
    .owner = {},
    .group = {},
    .device_major = "0000000",
    .device_minor = "0000000",
    .prefix = {},
    .padding = {},
};

template <size_t kSize>
void put_octal(char (&field)[kSize], uint64_t value) {
  for (size_t i = kSize - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
}

// The sum of all bytes, eight at a time in 16-bit lanes (64 words of at most 2 * 255 each fit).
uint32_t sum_of_bytes(const uint8_t* block) {
  constexpr uint64_t kEven = 0x00ff00ff00ff00ff;
  uint64_t lanes = 0;
  for (size_t i = 0; i < kBlockSize; i += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, block + i, sizeof word);
    lanes += (word & kEven) + ((word >> 8) & kEven);
  }
  return static_cast<uint32_t>((lanes & 0xffff) + ((lanes >> 16) & 0xffff) + ((lanes >> 32) & 0xffff) +
                               (lanes >> 48));
}

// Where a name is cut into prefix and name: the position of a '/', 0 for "fits whole", npos for "cannot".
// The first cut that leaves at most 100 bytes of name.
size_t ustar_cut(std::string_view name) {
  if (name.size() <= kNameSize) return 0;
  const size_t cut = name.find('/', name.size() - kNameSize - 1);
  if (cut == std::string_view::npos || cut > kPrefixSize || cut + 1 == name.size())
    return std::string_view::npos;
  return cut;
}

struct PaxNeeds {
  bool path = false;
  bool link = false;
  bool size = false;
  bool binary = false;  // a record's value is not ASCII

  bool any() const { return path || link || size; }
};

PaxNeeds pax_needs(const Member& member) {
  PaxNeeds needs;
  needs.path = ustar_cut(member.name) == std::string_view::npos;
  needs.link = member.link.size() > kLinkSize;
  needs.size = member.size_bytes >= kUstarSizeEnd;
  // Names are bytes. Without hdrcharset a reader assumes UTF-8 and may fail to convert them.
  needs.binary = (needs.path && !is_ascii(member.name)) || (needs.link && !is_ascii(member.link));
  return needs;
}

size_t decimal_digits(uint64_t value) {
  size_t digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

char* put_decimal(char* out, uint64_t value) {
  char* const end = out + decimal_digits(value);
  for (char* digit = end; digit != out; value /= 10) *--digit = static_cast<char>('0' + value % 10);
  return end;
}

// "<length> <key>=<value>\n", where length counts itself.
size_t record_size(std::string_view key, size_t value_size) {
  const size_t rest = 1 + key.size() + 1 + value_size + 1;
  size_t size = rest + decimal_digits(rest);
  if (decimal_digits(size) != decimal_digits(rest)) size = rest + decimal_digits(size);
  return size;
}

char* put_record(char* out, std::string_view key, std::string_view value) {
  out = put_decimal(out, record_size(key, value.size()));
  *out++ = ' ';
  std::memcpy(out, key.data(), key.size());
  out += key.size();
  *out++ = '=';
  std::memcpy(out, value.data(), value.size());
  out += value.size();
  *out++ = '\n';
  return out;
}

constexpr std::string_view kBinaryKey = "hdrcharset";
constexpr std::string_view kBinaryValue = "BINARY";

size_t records_size(const Member& member, const PaxNeeds& needs) {
  size_t size = 0;
  if (needs.binary) size += record_size(kBinaryKey, kBinaryValue.size());
  if (needs.path) size += record_size("path", member.name.size());
  if (needs.link) size += record_size("linkpath", member.link.size());
  if (needs.size) size += record_size("size", decimal_digits(member.size_bytes));
  return size;
}

void put_checksum(Header& header, uint8_t* out) {
  std::memcpy(out, &header, sizeof header);
  uint32_t sum = sum_of_bytes(out);
  char* field = reinterpret_cast<char*>(out) + offsetof(Header, checksum);
  for (size_t i = 6; i-- > 0; sum >>= 3) field[i] = static_cast<char>('0' + (sum & 7));
  field[6] = '\0';
}

uint8_t* write_pax(const Member& member, const PaxNeeds& needs, uint8_t* out) {
  const size_t size = records_size(member, needs);
  Header header = kTemplate;
  kPaxHeaderName.copy(header.name, kNameSize);
  put_octal(header.mode, 0644);
  put_octal(header.size, size);
  header.type = 'x';
  put_checksum(header, out);

  char* record = reinterpret_cast<char*>(out) + kBlockSize;
  if (needs.binary) record = put_record(record, kBinaryKey, kBinaryValue);
  if (needs.path) record = put_record(record, "path", member.name);
  if (needs.link) record = put_record(record, "linkpath", member.link);
  if (needs.size) {
    char digits[20];
    const size_t count = static_cast<size_t>(put_decimal(digits, member.size_bytes) - digits);
    record = put_record(record, "size", {digits, count});
  }
  uint8_t* const end = out + kBlockSize + padded(size);
  std::memset(record, 0, static_cast<size_t>(end - reinterpret_cast<uint8_t*>(record)));
  return end;
}

}  // namespace

size_t header_size(const Member& member) {
  const PaxNeeds needs = pax_needs(member);
  if (!needs.any()) return kBlockSize;
  return 2 * kBlockSize + padded(records_size(member, needs));
}

void write_header(const Member& member, uint8_t* out) {
  assert(member.name.size() <= tree::kMemberNameMax && member.link.size() <= tree::kLinkTargetMax);
  const PaxNeeds needs = pax_needs(member);
  if (needs.any()) out = write_pax(member, needs, out);

  Header header = kTemplate;
  const size_t cut = needs.path ? 0 : ustar_cut(member.name);
  member.name.copy(header.prefix, cut);
  // What a pax record says in full is cut here, for tools that do not know pax.
  const std::string_view name = cut == 0 ? member.name.substr(0, kNameSize) : member.name.substr(cut + 1);
  name.copy(header.name, kNameSize);
  member.link.copy(header.link, kLinkSize);
  put_octal(header.mode, member.mode);
  put_octal(header.size, needs.size ? 0 : member.size_bytes);
  header.type = static_cast<char>(member.type);
  put_checksum(header, out);
}

}  // namespace tidemark::tar
