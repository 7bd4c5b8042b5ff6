// Credentials as metadata services and credential processes print them: a JSON object.
//
// Any thread.
#ifndef TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_JSON_H
#define TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_JSON_H

#include <string>

#include "base/result.h"
#include "s3/auth/signer.h"

namespace tidemark::sinks::s3 {

enum class JsonKind {
  kMetadata,  // AccessKeyId, SecretAccessKey, Token, Expiration; "Code", if there is one, is "Success"
  kProcess,   // Version: 1, AccessKeyId, SecretAccessKey, SessionToken, Expiration
};

// Wipes `text`. The message of an error has names of members in it, never values.
Result<Credentials> credentials_from_json(std::string* text, JsonKind kind);

// "code" and "message" of an error that a metadata service answered with, in one short line; may be empty.
std::string error_from_json(const std::string& text);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_AUTH_CREDENTIAL_JSON_H
