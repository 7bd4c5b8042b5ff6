// The shared config and credentials files of AWS's tools, read into one set of profiles
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html). Inline comments are part of a value, as
// they are for AWS's own command line.
//
// One thread; wipes what it holds when destroyed.
#ifndef TIDEMARK_SINKS_S3_PROFILE_FILE_H
#define TIDEMARK_SINKS_S3_PROFILE_FILE_H

#include <map>
#include <string>
#include <string_view>

#include "common/error.h"

namespace tidemark::sinks::s3 {

class Profiles {
 public:
  enum class Kind {
    kConfig,       // [default], [profile NAME]; other sections are not for us
    kCredentials,  // [NAME]
  };

  Profiles() = default;
  Profiles(const Profiles&) = delete;
  Profiles& operator=(const Profiles&) = delete;
  ~Profiles();

  // Adds a file's profiles; of two values for one name the later wins. `where` is for messages, which name
  // the line and never show it.
  Status add(Kind kind, std::string_view text, const std::string& where);

  bool has(const std::string& profile) const { return profiles_.count(profile) != 0; }
  // Empty where there is no such profile or value. `key` in lower case.
  const std::string& value(const std::string& profile, const std::string& key) const;

 private:
  using Values = std::map<std::string, std::string>;

  // Where the values of a section go; nullptr for a section that is not for us.
  Values* section(Kind kind, std::string_view header);

  std::map<std::string, Values> profiles_;
  const std::string none_;
  bool has_long_default_ = false;  // [profile default] in a config file beats [default]
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_PROFILE_FILE_H
