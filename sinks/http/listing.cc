#include "http/listing.h"

#include <utility>

#include "base/line.h"
#include "common/key.h"
#include "http/utf8.h"

namespace tidemark::sinks {
namespace {

// Empty pages in a row. They are legal: a store with versions may page through the markers of what was
// pruned, some 1,000 names a page. So many pruned archives must not keep anybody from listing what is left;
// but a store that has only lost its way gets no burst of requests.
constexpr int kEmptyPagesMax = 100;
constexpr int kEmptyPagesAtOnce = 8;
constexpr uint64_t kEmptyPagePauseMs = 50;

// Comes after nearly all that lies in a folder, and is a character: where a store shall continue after it.
constexpr char kLastOfMost = '\x7F';

class Pages {
 public:
  Pages(const Listing& listing, const Visitor& visit, const HostLog& log)
      : listing_(listing),
        visit_(visit),
        log_(log),
        full_prefix_(listing.root + std::string(listing.prefix)) {
    if (!listing.start_after.empty() && listing.start_after >= listing.prefix) {
      after_ = listing.root + std::string(listing.start_after);
    }
    asked_after_ = after_.substr(0, utf8_beginning(after_).size_bytes);
    last_ = asked_after_;
  }

  Status run(const ReadPage& read_page, const Call& call) {
    const Utf8Beginning whole = utf8_beginning(full_prefix_);
    if (!whole.may_go_on) return {};  // no name begins like that
    asked_prefix_ = full_prefix_.substr(0, whole.size_bytes);
    std::string token;
    while (true) {
      const std::string after = is_folder(last_) ? last_ + kLastOfMost : last_;
      TM_ASSIGN(const ListPage page, read_page({asked_prefix_, after, token}));
      is_found_ = false;
      for (const ListedObject& object : page.objects) {
        TM_ASSIGN(const bool more, take(object));
        if (!more) return {};
      }
      if (!repeated_.empty() && !std::exchange(is_reported_, true)) {
        log_.write(TIDEMARK_LOG_DEBUG, listing_.what + ": the store lists " + quote(repeated_) +
                                           " more than once; it is passed over");
      }
      // "No more", and how to continue, or not a word: the next answer tells, by bringing more or nothing.
      const bool is_last = page.says_end && page.next_token.empty();
      if (!page.is_truncated && (is_last || !is_found_)) return {};
      TM_TRY(check_progress(page, token, call));
      token = page.next_token;
    }
  }

 private:
  // Below the prefix. An object whose name ends so is passed over wherever objects are wanted.
  bool is_folder(const std::string& name) const {
    return listing_.by_folders && name.size() > asked_prefix_.size() && name.ends_with('/');
  }
  // Lies in a folder, which should have come in its place.
  bool is_too_deep(const std::string& name) const {
    return listing_.by_folders && name.find('/', asked_prefix_.size()) < name.size() - 1;
  }

  // False: the visitor has seen enough.
  Result<bool> take(const ListedObject& object) {
    // The folder that the listing began in, or that the page before ended with.
    if (is_folder(object.key) && object.key != last_ && last_.starts_with(object.key)) return true;
    if (object.key == last_ && !last_.empty()) {
      if (last_ != asked_after_) repeated_ = last_;
      return true;
    }
    if (!object.key.starts_with(asked_prefix_) || object.key < last_) {
      return fail(TIDEMARK_E_PERMANENT,
                  listing_.what + ": the store does not list in byte order, or other keys than asked for: " +
                      quote(object.key) + " after " + quote(last_));
    }
    if (is_too_deep(object.key)) {
      return fail(TIDEMARK_E_UNSUPPORTED,
                  listing_.what + ": the store does not put folders together: " + quote(object.key));
    }
    last_ = object.key;
    is_found_ = true;
    if (last_ <= after_ || !last_.starts_with(full_prefix_)) return true;
    const std::string_view key = std::string_view(object.key).substr(listing_.root.size());
    const std::string_view named = is_folder(object.key) ? key.substr(0, key.size() - 1) : key;
    return !check_key(named) || visit_(key, {object.size_bytes, object.modified_us});
  }

  // After a page that is not the last; `token` led to it. Waits where there is no hurry.
  Status check_progress(const ListPage& page, const std::string& token, const Call& call) {
    const std::string store = listing_.what + ": the store";
    empty_pages_ = is_found_ ? 0 : empty_pages_ + 1;
    const bool is_same = !page.next_token.empty() && page.next_token == token;
    if (is_same || (page.next_token.empty() && !is_found_)) {
      return fail(TIDEMARK_E_PERMANENT,
                  store + " says that there is more and does not get beyond " + quote(last_));
    }
    if (empty_pages_ >= kEmptyPagesMax) {
      return fail(TIDEMARK_E_PERMANENT, store + " sent " + std::to_string(empty_pages_) +
                                            " empty pages in a row after " + quote(last_) +
                                            ", and says that there is more" +
                                            std::string(listing_.empty_pages_remedy));
    }
    return call.sleep_ms(empty_pages_ > kEmptyPagesAtOnce ? kEmptyPagePauseMs : 0);
  }

  const Listing& listing_;
  const Visitor& visit_;
  const HostLog& log_;
  const std::string full_prefix_;
  std::string asked_prefix_;
  std::string after_, asked_after_;
  std::string last_;      // name, of all so far
  std::string repeated_;  // a name that came twice
  bool is_reported_ = false;
  bool is_found_ = false;  // a name beyond those before, in this page
  int empty_pages_ = 0;    // since the last such name
};

}  // namespace

Status list_pages(const Listing& listing, const ReadPage& read_page, const Visitor& visit, const HostLog& log,
                  const Call& call) {
  return Pages(listing, visit, log).run(read_page, call);
}

}  // namespace tidemark::sinks
