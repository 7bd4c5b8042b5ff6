// What verify, and in part copy, has to say: problems, warnings and notes, each once, and a summary. Main
// thread.
#ifndef TIDEMARK_CLI_FINDINGS_H
#define TIDEMARK_CLI_FINDINGS_H

#include <map>
#include <optional>
#include <string>

#include "coverage.h"
#include "ledger.h"
#include "output.h"
#include "run_metrics.h"

namespace tidemark::cli {

class Findings {
 public:
  explicit Findings(Output& output) : output_(output) {}

  void damaged(const Stored& stored, const std::string& why);
  void unreadable(const Stored& stored, const std::string& why);
  // Ours, but this build cannot read it.
  void disagree(const Stored& stored, const Overlap& overlap, uint64_t lsn);
  // epoch: in whose history; 0: there is but one. hidden: an archive that has some of it, see hidden.h.
  void missing(const std::string& storage, uint64_t partition, const Missing& missing, uint64_t epoch = 0,
               const std::optional<Stored>& hidden = std::nullopt);
  // The record of an epoch continues what it cannot, or something is of an epoch without a record.
  void lineage(const Stored& stored, const std::string& why);
  // What was right by the checkpoint is not there any more.
  void gone(const Gone& gone);
  // Foreign, or irregular: what lies where an archive, a record or a directory should be.
  void not_ours(const Stored& stored);
  void nothing(const std::string& name, const std::string& why);
  void leftover(const std::string& line);  // of a crashed writer, in the words of the sink
  void vanished(const Stored& stored);
  void not_compared(const std::string& name, const std::string& why);
  void accepted(const Stored& stored, const Record& record, const std::optional<Stored>& hidden);
  void pruned(const std::string& name, uint64_t through);
  void origin(const std::string& name, uint64_t through);
  // An archive that lies wholly in what was pruned.
  void remnant(const Stored& stored, uint64_t pruned_through);
  // A record that says that LSNs are not there which an archive has.
  void overruled(const std::string& storage, uint64_t partition, const std::string& key);

  // Of a copy: what stands there under this name is another archive; what stands there is "damaged" or
  // "unreadable"; it could not be put there ("unwritable").
  void conflict(const Stored& stored, const std::string& why);
  void at_destination(const char* problem, const Stored& stored, const std::string& why);
  // What the source of a copy lacks of a partition by itself: `lsns` of them in `pieces`, of which `first` is
  // the first.
  void source_lacks(const std::string& storage, uint64_t partition, Range first, uint64_t pieces,
                    uint64_t lsns);
  // A record of where the partition begins, where it would hide archives that only the destination has.
  void held_back(const Stored& stored, uint64_t lowest_last);
  // Archives of the source that nobody sees at the destination, which was pruned further.
  void hidden(const std::string& storage, uint64_t partition, uint64_t through, uint64_t archives);

  uint64_t problems() const { return problems_; }
  // What verify tells Prometheus of all this; every kind of problem is there, also if there is none of it.
  void measure(RunMetrics& metrics, uint64_t archives, uint64_t size_bytes, uint64_t partitions,
               const Ledger& ledger) const;
  void summarise(uint64_t archives, uint64_t size_bytes, uint64_t partitions, const Ledger& ledger);

 private:
  void say(const char* type, const char* what, const Json& object, const std::string& where,
           const std::string& text);

  Output& output_;
  std::map<std::string, uint64_t> told_;  // how often each word was said
  uint64_t problems_ = 0, foreign_ = 0, accepted_ = 0, pruned_ = 0;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_FINDINGS_H
