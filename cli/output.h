// What goes to stdout: lines for people, or with --json one object a line.
//
// One thread; another thread may have another Output at the same time: lines stay whole.
#ifndef TIDEMARK_CLI_OUTPUT_H
#define TIDEMARK_CLI_OUTPUT_H

#include <cerrno>
#include <cstdint>
#include <string>

#include "archive.h"
#include "base/json.h"
#include "error.h"

namespace tidemark::cli {

// The version of what is printed, see tidemark-json.schema.json; another if a key goes or changes its
// meaning.
inline constexpr int kJsonSchema = 1;

class Output {
 public:
  // `about`, if it is not empty, is what messages are about, "main/7": say() names it.
  explicit Output(bool json, std::string about = {});
  bool json() const { return json_; }

  void line(const std::string& text);          // without --json only
  void object(const Json& object);             // with --json only
  void say(const std::string& message) const;  // to stderr
  // Whether all of it was written.
  Result<void> finish();
  bool failed() const { return failed_errno_ != 0; }
  // Because its reader has seen enough, as `head` has.
  bool is_unread() const { return failed_errno_ == EPIPE; }

  // Rounded for a person at a terminal, exact for a program at the other end of a pipe.
  std::string bytes(uint64_t size_bytes) const;
  std::string time(int64_t time_us) const;

 private:
  void write(const std::string& text);

  const bool json_;
  const bool human_;
  const std::string about_;
  int failed_errno_ = 0;
};

const char* kind_name(
    int32_t kind);  // "archive", "gap", "accepted", "pruned", "origin", "irregular", "foreign"
// What is listed as irregular, for people.
inline constexpr const char* kWhatIsIrregular =
    "a symbolic link, a FIFO, a device, a directory in the place of an archive or one that may not be read, "
    "and nothing that lies there was looked at";
// The keys that every object about a range of LSNs has: storage, partition, first, last, first_key, last_key.
Json range_json(const std::string& storage, uint64_t partition, uint64_t first, uint64_t last);
Json stored_json(const Stored& stored);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_OUTPUT_H
