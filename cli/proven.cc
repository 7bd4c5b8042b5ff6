#include "proven.h"

#include <chrono>

#include "ordered_pool.h"
#include "second_look.h"

namespace tidemark::cli {

namespace {

constexpr size_t kMaxPending = 64;

class Listing {
 public:
  Listing(Archive& archive, Workers& readers, const std::function<bool(const Stored&, const Proof&)>& visit,
          Stop& stop)
      : archive_(archive), second_look_(archive), visit_(visit), stop_(stop), pool_(readers) {}

  Result<void> run(const ListObjects& list) {
    auto scanned = list([this](const Stored& stored) { return take(stored); });
    if (scanned) drain(0);
    if (failed_) return *failed_;
    if (scanned && stop_.is_set()) return Error{kExitInterrupted, "interrupted"};
    return scanned;
  }

 private:
  struct Outcome {
    Proof proof;
    std::optional<Error> failed;
  };

  bool is_over() const { return is_done_ || failed_ || stop_.is_set(); }

  void give(const Stored& stored, const Proof& proof) {
    if (!is_over() && !visit_(stored, proof)) is_done_ = true;
  }

  Outcome read(const Stored& stored) {
    Outcome outcome;
    auto record = archive_.read_record(stored.key, stop_);
    if (record) {
      outcome.proof.record = *record;
    } else if (record.error().status == TIDEMARK_E_CORRUPT) {
      outcome.proof.damage = record.error().message;
    } else if (record.error().status == TIDEMARK_E_NOT_FOUND) {
      const auto removed = second_look_.was_removed(stored, stop_);
      if (!removed) outcome.failed = removed.error();
      if (removed && !*removed) outcome.proof.damage = stored.key + ": " + kListedOnly;
    } else {
      outcome.failed = record.error();
    }
    return outcome;
  }

  bool take(const Stored& stored) {
    if (is_record(stored)) {
      pool_.submit([this, stored]() -> OrderedPool::Epilogue {
        const Outcome outcome = read(stored);
        return [this, stored, outcome] {
          if (outcome.failed && !failed_) failed_ = outcome.failed;
          give(stored, outcome.proof);
        };
      });
    } else if (pool_.pending() == 0) {
      give(stored, {});
    } else {
      pool_.submit_done([this, stored] { give(stored, {}); });
    }
    drain(kMaxPending);
    return !is_over();
  }

  void drain(size_t most) {
    while (pool_.pending() > most && !is_over()) {
      if (auto epilogue = pool_.take(std::chrono::milliseconds(100))) (*epilogue)();
    }
  }

  Archive& archive_;
  SecondLook second_look_;
  const std::function<bool(const Stored&, const Proof&)>& visit_;
  Stop& stop_;
  bool is_done_ = false;
  std::optional<Error> failed_;
  OrderedPool pool_;  // last: its threads use the rest
};

}  // namespace

Result<void> prove_listed(Archive& archive, const ListObjects& list, Workers& readers,
                          const std::function<bool(const Stored&, const Proof&)>& visit, Stop& stop) {
  return Listing(archive, readers, visit, stop).run(list);
}

}  // namespace tidemark::cli
