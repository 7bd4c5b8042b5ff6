// The identity of a machine that Azure Arc manages
// (https://learn.microsoft.com/en-us/azure/azure-arc/servers/managed-identity-authentication): its agent
// gives a token to who can read a file that it names.
//
// Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_METADATA_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_METADATA_H

#include <string>

#include "azblob/auth/credential_source.h"

namespace tidemark::sinks::azblob {

inline constexpr char kArcFolder[] = "/var/opt/azcmagent/tokens/";

// Of the agent at `url`. Only files of `folder` are read and shown to it: who answers there might name
// others.
SourceResult from_arc(const SourceContext& context, const std::string& url,
                      const std::string& folder = kArcFolder);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_METADATA_H
