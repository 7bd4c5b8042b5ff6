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

// For the first time, in order; what does not fit the buffer goes through it.
Status CodedSource::encode(const Call& call) {
  sha_.reset();
  crc_ = 0;
  coded_bytes_ = 0;
  is_held_ = true;
  for (;;) {
    TM_TRY(call.check());
    const size_t room = buffer_bytes_ - kFooterSize;
    if (is_held_ && coded_bytes_ == room) is_held_ = false;
    uint8_t* const to = buffer_.get() + (is_held_ ? coded_bytes_ : 0);
    const size_t most = std::min<uint64_t>(kStepBytes, is_held_ ? room - coded_bytes_ : room);
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
  if (is_held_) std::memcpy(buffer_.get() + coded_bytes_, footer_.data(), footer_.size());
  return {};
}

void CodedSource::close() {
  if (compressor_) compressor_->end();
  if (sealer_) sealer_->end();
  last_ = nullptr;
  is_held_ = false;
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
  if (is_held_) {
    const size_t count = std::min<uint64_t>(size, size_bytes() - offset);
    std::memcpy(out, buffer_.get() + offset, count);
    return count;
  }
  if (offset < coded_bytes_) return last_->read(offset, out, std::min<uint64_t>(size, coded_bytes_ - offset));
  const uint64_t of_footer = offset - coded_bytes_;
  const size_t count = std::min<uint64_t>(size, kFooterSize - of_footer);
  std::memcpy(out, footer_.data() + of_footer, count);
  return count;
}

}  // namespace tidemark::codec
