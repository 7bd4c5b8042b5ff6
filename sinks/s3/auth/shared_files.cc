#include "s3/auth/shared_files.h"

#include <algorithm>
#include <cerrno>

#include "base/file_trust.h"
#include "base/line.h"
#include "base/secret.h"

namespace tidemark::sinks::s3 {
namespace {

std::string place(const Environment& environment, const char* variable, const std::string& home,
                  const char* name) {
  std::string path = environment(variable);
  if (path.starts_with("~/")) path = home + path.substr(1);
  if (path.empty() && !home.empty()) path = home + "/.aws/" + name;
  return path;
}

// Nothing that the next look would find otherwise.
bool is_not_for_us(const Error& error) {
  return error.sys_errno == EACCES || error.sys_errno == EPERM || error.sys_errno == ELOOP ||
         error.sys_errno == ENAMETOOLONG || error.code == kNotRegular;
}

}  // namespace

SharedFiles::SharedFiles(const std::string& profile, const Environment& environment) {
  const std::string home = home_directory(environment);
  credentials_path_ = place(environment, "AWS_SHARED_CREDENTIALS_FILE", home, "credentials");
  config_path_ = place(environment, "AWS_CONFIG_FILE", home, "config");
  name_ = profile;
  if (!name_.empty()) named_by_ = "option \"profile\"";
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (!name_.empty()) break;
    name_ = environment(variable);
    if (!name_.empty()) named_by_ = variable;
  }
  if (name_.empty()) name_ = "default";
}

Status SharedFiles::load(std::vector<FileStamp>* stamps) {
  // The config file first: values of the credentials file win.
  const Status config = load_file(Profiles::Kind::kConfig, config_path_, stamps);
  const Status credentials = load_file(Profiles::Kind::kCredentials, credentials_path_, stamps);
  return config ? credentials : config;
}

Status SharedFiles::load_file(Profiles::Kind kind, const std::string& path, std::vector<FileStamp>* stamps) {
  if (path.empty()) return {};
  // Before the file is read, and once: a change in between is seen later.
  const auto is_it = [&](const FileStamp& stamp) { return stamp.path == path; };
  if (stamps != nullptr && std::none_of(stamps->begin(), stamps->end(), is_it)) {
    stamps->push_back(FileStamp::of(path));
  }
  struct stat info {};
  Result<std::string> text = read_small_file(path, &info);
  if (!text) {
    if (text.error().status == TIDEMARK_E_NOT_FOUND || text.error().sys_errno == ENOTDIR) return {};
    if (!is_not_for_us(text.error())) return text.error();
    notes_.push_back(text.error().message);
    return {};
  }
  const Readers readers = kind == Profiles::Kind::kCredentials ? Readers::kOwner : Readers::kAnyone;
  if (const Status trust = check_file_trust(info, path, readers); !trust) {
    remarks_.push_back(trust.error().message);
  }
  Status ok = profiles_.add(kind, *text, path);
  wipe(&*text);
  return ok;
}

std::string SharedFiles::missing(const std::string& profile) const {
  std::string text = "there is no profile " + quote(profile);
  if (is_named() && profile == name_) text += ", which " + named_by_ + " names,";
  text += " in " + quote(credentials_path_) + " and " + quote(config_path_);
  for (const std::string& note : notes_) text += "; " + note;
  return text;
}

}  // namespace tidemark::sinks::s3
