// What restore finds out about the archive before it begins, and what it says of it: whether all is there,
// which records are right, whether archives that overlap agree. Nothing on disk is changed.
//
// One thread at a time, except explain(), which any thread may call. Borrows all that it is given.
#ifndef TIDEMARK_CLI_RESTORE_SURVEY_H
#define TIDEMARK_CLI_RESTORE_SURVEY_H

#include <functional>
#include <string>
#include <vector>

#include "archive.h"
#include "archive_list.h"
#include "comparer.h"
#include "hidden.h"
#include "history.h"
#include "options.h"
#include "output.h"
#include "restore_plan.h"
#include "second_look.h"

namespace tidemark::cli {

class RestoreSurvey {
 public:
  RestoreSurvey(const RestoreOptions& options, Histories& histories, ListingRoom& room, Output& output,
                Stop& stop);

  // The listing of the partition, as Histories gives it; what reaches --from is enough.
  void add(const Stored& stored);
  void reached(uint64_t last) { plan_.reached(last); }  // see RestorePlan
  // After the last. An error: it could not be found out, or something was asked for that cannot be.
  Result<void> look();
  bool is_refused() const {
    return plan_.is_empty() || plan_.has_too_many() || !plan_.missing().empty() || !disagreements_.empty();
  }
  Error refuse();  // says why, and what helps
  void tell();     // where it begins, and which losses it passes over
  // With --follow: the hole that the range ends at, and what a person may do about it; nothing: there is
  // none.
  struct Wait {
    Range hole;
    std::string why;
  };
  const std::optional<Wait>& waits_at() const { return waits_at_; }
  const RestorePlan& plan() const { return plan_; }
  const std::string& name() const { return name_; }  // "main/7"

  // The parts that are to be restored, in order. If there were more archives than are remembered it lists
  // once more, and what is not there by then is an error.
  Result<void> each_piece(const std::function<bool(const Piece&)>& visit);
  // Why an archive that was listed is not there, by another listing. CORRUPT: it is still listed and no
  // record says that it was pruned, so it is damaged.
  Error explain(const std::string& key, Range range, const std::string& message);

 private:
  struct Told {
    Stored stored;
    Record record;
    std::string damage;  // empty: it is right
  };

  Result<bool> is_right(const Stored& stored, Record* record, std::string* damage);
  Result<void> read_beginning();
  Result<void> read_records();
  Result<void> compare();
  Result<void> list_wanted(uint64_t from, const std::function<bool(const Stored&)>& visit);
  void end_at_hole();
  std::string accepting(Range lost);
  // An archive that has some of it, which this history hides.
  std::optional<Stored> find_hidden(Range lost);
  void show(const Told& told);
  void show_missing();
  void show_remedies();
  std::vector<Range> acceptable() const;
  std::vector<Range> not_accepted(Range lost) const;

  const RestoreOptions& options_;
  Histories& histories_;
  Archive& archive_;
  Output& output_;
  Stop& stop_;
  const std::string name_;
  RestorePlan plan_;
  ArchiveList wanted_;
  SecondLook second_look_;
  HiddenArchives hidden_;
  std::optional<Wait> waits_at_;
  std::vector<Told> told_;  // about what is missing or passed
  std::vector<Disagreement> disagreements_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_SURVEY_H
