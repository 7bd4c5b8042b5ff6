// The shared config and credentials files of AWS's tools, read into one set of profiles
// (https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html), as AWS's own command line reads them:
// that is Python's configparser. A line that is indented more than the setting above it continues that
// setting; indented alike it is the next one. Settings below "s3 =" are that setting's own. Inline comments
// are part of a value. Where that reader refuses a file, and others do not, this one reads it: a byte order
// mark, a section or a setting that comes twice (the later value wins).
//
// One thread; wipes what it holds when destroyed.
#ifndef TIDEMARK_SINKS_S3_AUTH_PROFILE_FILE_H
#define TIDEMARK_SINKS_S3_AUTH_PROFILE_FILE_H

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sinks::s3 {

class Profiles {
 public:
  enum class Kind {
    kConfig,       // [default], [profile NAME], [services NAME]; other sections are not for us
    kCredentials,  // [NAME]
  };

  Profiles() = default;
  Profiles(const Profiles&) = delete;
  Profiles& operator=(const Profiles&) = delete;
  ~Profiles();

  // Adds a file's profiles; of two values for one name the later wins. Adds nothing where it fails. `where`
  // is for messages, which name the line and never show it.
  Status add(Kind kind, std::string_view text, const std::string& where);

  bool has(const std::string& profile) const { return profiles_.count(profile) != 0; }
  bool has_services(const std::string& name) const { return services_.count(name) != 0; }
  // Each empty where there is no such profile or value. `key` in lower case.
  const std::string& value(const std::string& profile, const std::string& key) const;
  // Of the settings below "<group> =".
  std::string nested(const std::string& profile, const std::string& group, std::string_view key) const;
  // Of [services NAME].
  std::string service_value(const std::string& services, const std::string& service,
                            std::string_view key) const;

 private:
  using Values = std::map<std::string, std::string>;
  using Sections = std::map<std::string, Values>;

  static Status parse(std::string_view text, const std::string& where, Sections* out);
  void take(Kind kind, Sections* sections);
  static void merge(Values* from, Values* into);
  static void wipe_all(Sections* sections);

  Sections profiles_;
  Sections services_;
  const std::string none_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_PROFILE_FILE_H
