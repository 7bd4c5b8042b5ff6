// Settings besides credentials that AWS's tools take from the environment and from a profile, in the order of
// AWS's own command line: the options, the environment, the profile (of the credentials file, then of the
// config file). Of the environment a variable of the service itself comes before the one of all services, and
// of a profile the [services] section it names before its own endpoint_url.
//
// Plain values and functions; any thread. Every call reads the shared files again.
#ifndef TIDEMARK_SINKS_S3_AUTH_SETTINGS_H
#define TIDEMARK_SINKS_S3_AUTH_SETTINGS_H

#include <string>
#include <vector>

#include "http/environment.h"
#include "s3/auth/credential_options.h"
#include "s3/auth/shared_files.h"

namespace tidemark::sinks::s3 {

struct Setting {
  std::string value;  // empty: nobody says it
  std::string from;   // who says it, for messages
  explicit operator bool() const { return !value.empty(); }
};

// An error is kept for a value that cannot be used; it matters only if that setting is needed. All are
// INVALID and name the culprit and the remedy.
struct Settings {
  Result<Setting> region;            // looks like one, and is a plain name
  Result<Setting> endpoint_url;      // of S3
  Result<Setting> sts_endpoint_url;  // of the service that roles are assumed at
  Result<Setting> addressing_style;  // "auto", "virtual", "path"
  Setting ca_bundle;                 // for all of them
  Setting fips;                      // not empty: wanted
  Setting dual_stack;                // of S3; not empty: wanted
  Setting sts_dual_stack;
  // What users are to know: files that cannot be read or make no sense, settings that are there and not
  // supported. Each is a line for the log.
  std::vector<std::string> remarks;
};

Settings find_settings(const CredentialOptions& options, const Environment& environment);

// Where a machine's metadata service is and how patiently it is asked.
struct MetadataSettings {
  Setting endpoint;
  Setting endpoint_mode;
  Setting timeout_s;
  Setting attempts;
};
MetadataSettings find_metadata_settings(const CredentialOptions& options, const Environment& environment);

// A region that a store or a user names is taken only if it looks like one: it becomes part of a host's name.
bool is_region(std::string_view text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_SETTINGS_H
