// Archives that have a name: what the command line calls @NAME, from a configuration file in TOML.
//
//   [archive.prod]
//   url = "s3://bucket/prefix"
//   identity = "/etc/tidemark/identity.txt"     # --identity
//   tag_key = "/etc/tidemark/tag.key"           # --tag-key
//   accept_untagged = true                      # --accept-untagged
//   recipients = "/etc/tidemark/recipients.txt" # --recipients of a copy to it
//   compress = "zstd"                           # --compress of a copy to it
//   [archive.prod.option]
//   region = "eu-central-1"
//   [archive.prod.secret]
//   secret_access_key = "file:/etc/tidemark/prod.key"     # or "env:VARIABLE"
//
// Main thread. Errors are of use (exit code 2) and name the file, the line where there is one, and the key.
#ifndef TIDEMARK_CLI_CONFIG_H
#define TIDEMARK_CLI_CONFIG_H

#include <string>
#include <string_view>
#include <vector>

#include "error.h"
#include "plugin.h"

namespace tidemark::cli {

struct NamedArchive {
  std::string url;
  std::vector<Setting> options;
  // Absolute names of files, and the archiver's option; each may be empty.
  std::string identity_file, tag_key_file, recipients_file, compress;
  bool accept_untagged = false;
};

// The archive of that name. It is looked for in `file`; without one in $TIDEMARK_CONFIG; without that in the
// user's file ($XDG_CONFIG_HOME or ~/.config, tidemark.conf), then in /etc/tidemark.conf. What the last two
// do not have is passed over; a file that was named must be there.
Result<NamedArchive> named_archive(std::string_view name, const std::string& file);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_CONFIG_H
