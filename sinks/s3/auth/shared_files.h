// The shared config and credentials files: where they are, what is in them, and which profile is wanted.
//
// One thread. Wipes what it holds when destroyed.
#ifndef TIDEMARK_SINKS_S3_AUTH_SHARED_FILES_H
#define TIDEMARK_SINKS_S3_AUTH_SHARED_FILES_H

#include <string>
#include <vector>

#include "http/environment.h"
#include "http/small_file.h"
#include "s3/auth/profile_file.h"

namespace tidemark::sinks::s3 {

class SharedFiles {
 public:
  // `profile` is the options'; empty: AWS_PROFILE, else AWS_DEFAULT_PROFILE, else "default".
  SharedFiles(const std::string& profile, const Environment& environment);

  // Reads both. A file that is not there is an empty one; so is one that this user may not read, as for AWS's
  // own tools, which notes() then tells. The first error is of a file that can be read and makes no sense, or
  // that fails to be read; the other file is there all the same. `stamps`: what was looked at.
  Status load(std::vector<FileStamp>* stamps = nullptr);

  const Profiles& profiles() const { return profiles_; }
  const std::string& name() const { return name_; }
  bool is_named() const { return !named_by_.empty(); }
  bool has_profile() const { return profiles_.has(name_); }
  const std::string& value(const std::string& key) const { return profiles_.value(name_, key); }

  std::string missing(const std::string& profile) const;  // "there is no profile … in … and …", with notes()
  const std::vector<std::string>& notes() const { return notes_; }
  // Files that others can write, or read where keys are in them: used all the same, as by AWS's own tools.
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  Status load_file(Profiles::Kind kind, const std::string& path, std::vector<FileStamp>* stamps);

  std::string credentials_path_, config_path_;  // empty where the user has no home
  std::string name_;
  std::string named_by_;  // empty: by nobody
  Profiles profiles_;
  std::vector<std::string> notes_, remarks_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_SHARED_FILES_H
