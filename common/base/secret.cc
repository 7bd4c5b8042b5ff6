#include "base/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

namespace tidemark {

void wipe(void* bytes, size_t size) { OPENSSL_cleanse(bytes, size); }

void wipe(std::string* text) {
  OPENSSL_cleanse(text->data(), text->size());
  text->clear();
}

Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t size = (text.size() + page - 1) / page * page;
  void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  madvise(pages, size, MADV_DONTDUMP);  // where a kernel refuses, the pages are still wiped
  pages_ = std::shared_ptr<void>(pages, [size](void* p) {
    OPENSSL_cleanse(p, size);
    munmap(p, size);
  });
  std::memcpy(pages, text.data(), text.size());
  text_ = {static_cast<const char*>(pages), text.size()};
}

Secret Secret::take(std::string* text) {
  Secret secret(*text);
  wipe(text);
  return secret;
}

bool Secret::operator==(const Secret& other) const {
  return text_.size() == other.text_.size() &&
         CRYPTO_memcmp(text_.data(), other.text_.data(), text_.size()) == 0;
}

}  // namespace tidemark
