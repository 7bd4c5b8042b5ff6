// The key of the service account that the imposter knows, and signatures made with it. Written for the
// imposter alone: it shares no mistake with the sink.
//
// Made once for the process; any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_KEYS_H
#define TIDEMARK_TESTS_GS_IMPOSTER_KEYS_H

#include <optional>
#include <string>
#include <string_view>

namespace imposter {

inline constexpr char kServiceEmail[] = "archiver@imposter.example";
inline constexpr char kKeyId[] = "key-0001";
inline constexpr char kClientId[] = "client.example";
inline constexpr char kClientSecret[] = "client-secret-0000001";
inline constexpr char kRefreshToken[] = "refresh-token-0000001";
inline constexpr char kSubjectToken[] = "subject-token-0000001";
inline constexpr char kHmacId[] = "GOOGIMPOSTER0000001";
inline constexpr char kHmacSecret[] = "hmac/secret+0000001";
inline constexpr char kAudience[] = "//iam.example/projects/1/pools/p/providers/q";

const std::string& private_key_pem();

// The claims of a JWT whose RS256 signature is right, as JSON text; nothing for anything else.
std::optional<std::string> verified_claims(std::string_view jwt);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_KEYS_H
