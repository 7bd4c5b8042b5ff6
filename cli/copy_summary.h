// What a run of `tidemark copy` did, counted, and in words. Pure; main thread.
#ifndef TIDEMARK_CLI_COPY_SUMMARY_H
#define TIDEMARK_CLI_COPY_SUMMARY_H

#include <cstdint>
#include <string>

#include "archive.h"
#include "output.h"

namespace tidemark::cli {

// How archives that were there before were found to be the same.
struct ComparedCounts {
  uint64_t by_size = 0;    // and by name; nothing was asked for
  uint64_t by_footer = 0;  // a body that is damaged was not seen
  uint64_t by_tag = 0;     // encrypted on a side, and not decrypted
  uint64_t whole = 0;      // both were read, and decoded

  void add(CopyCompared how);
};

struct CopySummary {
  struct Counts {
    uint64_t archives = 0, records = 0, bytes = 0;  // as the source has them
    void add(const Stored& stored);
  };

  Counts copied, present;  // present: they were there before
  ComparedCounts compared;
  uint64_t encoded = 0;       // of those copied: anew
  uint64_t in_the_clear = 0;  // at the destination, though it was asked for encrypted ones
  uint64_t extra = 0;         // at the destination only
  uint64_t foreign = 0, vanished = 0, problems = 0;

  Json json(bool dry_run) const;
  // `reread`: bodies were to be read.
  std::string text(const Output& output, bool dry_run, bool reread) const;

 private:
  std::string compared_text(bool reread) const;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_COPY_SUMMARY_H
