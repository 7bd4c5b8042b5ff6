#include "codec/coded_source.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "base/guard.h"
#include "format/object_name.h"

namespace tidemark::codec {
namespace {

constexpr size_t kBufferMin = 64 << 10;
constexpr size_t kStepBytes = 256 << 10;  // encoded, hashed and checksummed at once, while it is cached

}  // namespace

CodedSource::CodedSource(const Encoding& encoding, const TagKeys& tag_keys, size_t buffer_bytes)
    : encoding_(encoding),
      tag_keys_(tag_keys),
      buffer_bytes_(std::max(buffer_bytes, kBufferMin)),
      recipients_(encoding.recipients) {
  assert(!encrypts(encoding.coding) || !tag_keys.empty());
}

Status CodedSource::open(PlainTar& plain, const Footer& footer, const Call& call) {
  close();
  failure_.reset();
  call_ = call;
  plain_bytes_ = plain.size_bytes();
  Status status = guarded([&]() -> Status {
    if (buffer_ == nullptr) buffer_ = page_buffer(buffer_bytes_);
    TM_TRY(choose_stages(plain));
    TM_TRY(encode(call));
    return finish(plain, footer);
  });
  if (!status) close();
  return status;
}

void CodedSource::encrypt_to(const std::vector<Recipient>& recipients) {
  if (recipients == recipients_) return;
  recipients_ = recipients;
  sealer_.reset();
}

Status CodedSource::choose_stages(PlainTar& plain) {
  last_ = &plain;
  if (compresses(encoding_.coding)) {
    if (!compressor_) compressor_.emplace();
    compressor_->begin(plain, plain_bytes_, encoding_.level, !encrypts(encoding_.coding));
    last_ = &*compressor_;
  }
  if (encrypts(encoding_.coding)) {
    if (!sealer_) sealer_.emplace(recipients_);
    TM_TRY(sealer_->begin(*last_));
    last_ = &*sealer_;
  }
  return {};
}

// For the first time, in order. Of what does not fit the buffer the beginning stays there, and the rest goes
// through the end of the buffer.
Status CodedSource::encode(const Call& call) {
  sha_.reset();
  crc_ = 0;
  coded_bytes_ = 0;
  is_whole_ = true;
  const size_t room = buffer_bytes_ - kFooterSize;
  const size_t step = std::min(kStepBytes, buffer_bytes_ / 2);
  for (;;) {
    TM_TRY(call.check());
    if (is_whole_ && coded_bytes_ == room) {
      is_whole_ = false;
      held_bytes_ = buffer_bytes_ - step;
    }
    uint8_t* const to = buffer_.get() + (is_whole_ ? coded_bytes_ : held_bytes_);
    const size_t most = std::min<uint64_t>(step, is_whole_ ? room - coded_bytes_ : step);
    TM_ASSIGN(const size_t count, last_->read(coded_bytes_, to, most));
    if (count == 0) return {};
    sha_.update(to, count);
    crc_ = extend_crc32c(crc_, to, count);
    coded_bytes_ += count;
  }
}

Status CodedSource::finish(PlainTar& plain, Footer footer) {
  TM_ASSIGN(const Digest plain_digest, plain.digest());
  whole_.copy_from(sha_);
  TM_ASSIGN(footer.sha256, sha_.finish());
  footer.content.reset();
  footer.tag.reset();
  if (encrypts(encoding_.coding)) {
    const ParsedName name = {footer.range, ObjectKind::kArchive, footer.epoch, Coding::kNone, footer.begun};
    TM_ASSIGN(footer.tag, tagger_.make(tag_keys_.front(),
                                       archive_stem(footer.storage, footer.partition, name), plain_digest));
  } else if (compresses(encoding_.coding)) {
    footer.content = {plain_digest, plain_bytes_};
  }
  footer_ = format_footer(footer);
  whole_.update(footer_.data(), footer_.size());
  TM_ASSIGN(object_digest_, whole_.finish());
  object_crc32c_ = extend_crc32c(crc_, reinterpret_cast<const uint8_t*>(footer_.data()), footer_.size());
  if (is_whole_) {
    std::memcpy(buffer_.get() + coded_bytes_, footer_.data(), footer_.size());
    held_bytes_ = size_bytes();
  }
  return {};
}

void CodedSource::close() {
  if (compressor_) compressor_->end();
  if (sealer_) sealer_->end();
  last_ = nullptr;
  is_whole_ = false;
  held_bytes_ = 0;
  coded_bytes_ = 0;
}

Result<size_t> CodedSource::read(uint64_t offset, void* out, size_t size) {
  if (failure_) return *failure_;
  auto count = guarded([&] { return read_any(offset, static_cast<uint8_t*>(out), size); });
  if (!count) failure_ = count.error();
  return count;
}

Result<size_t> CodedSource::read_any(uint64_t offset, uint8_t* out, size_t size) {
  if (last_ == nullptr) return fail(TIDEMARK_E_INVALID, "the coded source is not open");
  if (offset >= size_bytes()) return size_t{0};
  TM_TRY(call_.check());
  size_t given = 0;
  if (offset < held_bytes_) {
    given = std::min<uint64_t>(size, held_bytes_ - offset);
    std::memcpy(out, buffer_.get() + offset, given);
    if (is_whole_ || given == size) return given;
    // Not less than there is room for: what is not of whole pages is written more slowly.
  }
  const uint64_t from = offset + given;
  if (from < coded_bytes_) {
    TM_ASSIGN(const size_t more,
              last_->read(from, out + given, std::min<uint64_t>(size - given, coded_bytes_ - from)));
    return given + more;
  }
  const uint64_t of_footer = offset - coded_bytes_;
  const size_t count = std::min<uint64_t>(size, kFooterSize - of_footer);
  std::memcpy(out, footer_.data() + of_footer, count);
  return count;
}

}  // namespace tidemark::codec
