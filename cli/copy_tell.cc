// What copy.h's run says of each object, and at its end.
#include <utility>

#include "copy.h"
#include "text.h"

namespace tidemark::cli {

// Nothing is read: what the copying itself would refuse by its name alone is told here.
void Copy::tell_dry(const Stored& stored) {
  if (is_refused_untagged(options_.archive, stored)) {
    findings_.damaged(stored,
                      "it is not encrypted, so it bears no tag, and with --tag-key that is refused; if it is "
                      "from before encryption was on, say so: --accept-untagged");
  } else if (names_.needs_identity(stored) && options_.archive.identity_file.empty()) {
    findings_.unreadable(stored, "it is encrypted, and no identity is given to decrypt it: --identity FILE");
  } else if (names_.key_there(stored) == would_be_there_) {
    count_present(stored);  // of another coding: what becomes one key stands side by side
  } else {
    would_be_there_ = names_.key_there(stored);
    tell_copied(stored, names_.is_encoded_anew(stored));
  }
}

void Copy::count_present(const Stored& stored) {
  summary_.present.add(stored);
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) hidden_.add(stored.last);
}

void Copy::tell_copied(const Stored& stored, bool was_encoded) {
  summary_.copied.add(stored);
  if (stored.kind == TIDEMARK_STORED_ARCHIVE) hidden_.add(stored.last);
  summary_.encoded += was_encoded ? 1 : 0;
  const std::string there = names_.key_there(stored);
  Json object = stored_json(stored);
  if (was_encoded) object["encoded"] = there;
  object["kind"] = object["type"];
  object["type"] = options_.dry_run ? "would-copy" : "copied";
  output_.object(object);
  if (options_.dry_run)
    output_.line("would copy " + printable(stored.key) + (was_encoded ? " as " + printable(there) : "") +
                 "  " + output_.bytes(stored.size_bytes));
}

void Copy::tell(const Stored& stored, const CopyOutcome& outcome) {
  if (!outcome.done) return tell_failure(stored, outcome);
  failed_in_a_row_ = 0;
  if (outcome.was_there) {
    count_present(stored);
    return summary_.compared.add(outcome.compared);
  }
  tell_copied(stored, outcome.was_encoded);
}

void Copy::tell_failure(const Stored& stored, const CopyOutcome& outcome) {
  if (stop_.is_set()) return;
  const Error& error = outcome.done.error();
  const bool there = outcome.failed_at_destination;
  if (error.status == TIDEMARK_E_EXISTS || error.status == TIDEMARK_E_CORRUPT) failed_in_a_row_ = 0;
  if (error.status == TIDEMARK_E_EXISTS) {
    is_left_out_ = is_left_out_ || is_epoch(stored);
    return findings_.conflict(stored, error.message);
  }
  if (error.status == TIDEMARK_E_CORRUPT) {
    if (!there) return findings_.damaged(stored, error.message);
    return findings_.at_destination("damaged", stored, error.message + "; move it away, and copy again");
  }
  if (error.status == TIDEMARK_E_NOT_FOUND && !there) {
    ++summary_.vanished;
    const PartitionName name{stored.storage, stored.partition};
    if (pruned_meanwhile_.empty() || pruned_meanwhile_.back() != name) pruned_meanwhile_.push_back(name);
    return findings_.vanished(stored);
  }
  const bool is_sealed = error.status == TIDEMARK_E_SEALED;
  if (there) {
    findings_.at_destination(is_sealed || outcome.was_only_read ? "unreadable" : "unwritable", stored,
                             error.message);
  } else {
    findings_.unreadable(stored, error.message);
  }
  // Of what no identity decrypts there may be as many as there are archives.
  if (is_sealed) return;
  // What is refused in one partition says little about the others.
  PartitionName name{stored.storage, stored.partition};
  if (there && error.status == TIDEMARK_E_PERMANENT && refused_ == name) return;
  refused_ = std::move(name);
  if (++failed_in_a_row_ >= kMaxFailuresInARow) failed_ = too_many_in_a_row(error);
}

void Copy::summarise() {
  summary_.problems = findings_.problems();
  output_.object(summary_.json(options_.dry_run));
  output_.line(summary_.text(output_, options_.dry_run, options_.reread));
}

}  // namespace tidemark::cli
