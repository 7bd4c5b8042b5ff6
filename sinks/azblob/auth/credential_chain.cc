#include "azblob/auth/credential_chain.h"

#include <sys/random.h>

#include <utility>

#include "http/iso_time.h"

namespace tidemark::sinks::azblob {
namespace {

struct Place {
  const char* name;
  SourceResult (*ask)(const SourceContext&);
};

// What is asked over the network comes last, and a machine's own endpoint last of all.
constexpr Place kPlaces[] = {{"options", from_options},
                             {"environment", from_environment},
                             {"client secret", from_client_secret},
                             {"workload identity", from_workload_identity},
                             {"managed identity", from_managed_identity}};

Error without_object(Error error) {
  if (error.status != TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_THROTTLED &&
      error.status != TIDEMARK_E_CANCELLED) {
    error.status = TIDEMARK_E_PERMANENT;
  }
  return error;
}

}  // namespace

double CredentialEnvironment::random_share() {
  uint32_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
    bits = static_cast<uint32_t>(wall_clock_us());
  return bits / (UINT32_MAX + 1.0);
}

CredentialChain::CredentialChain(CredentialOptions options, Fetch fetch, CredentialEnvironment surroundings)
    : options_(std::move(options)), fetch_(std::move(fetch)), surroundings_(std::move(surroundings)) {}

Result<CredentialChain::Found> CredentialChain::load(const Call& call) const {
  std::vector<FileStamp> files;
  const SourceContext context = {options_, surroundings_.environment, fetch_, surroundings_.now_us, call,
                                 &files};
  std::string reasons;
  for (const Place& place : kPlaces) {
    SourceResult answer = place.ask(context);
    if (!answer) return within(std::string("credentials, ") + place.name, without_object(answer.error()));
    if (!answer->credentials) {
      reasons.append(reasons.empty() ? "" : "; ").append(place.name).append(": ").append(answer->text);
      continue;
    }
    // It would be asked for again at once, and for ever.
    const int64_t expires_us = answer->credentials->expires_us;
    if (expires_us != 0 && expires_us <= context.now_us() && !answer->outlive_expiry) {
      return fail(TIDEMARK_E_RETRYABLE, std::string("credentials, ") + place.name + ": the token of " +
                                            answer->text + " expired at " + format_iso_time(expires_us));
    }
    return Found{std::move(*answer->credentials), std::move(answer->text), answer->outlive_expiry,
                 std::move(files)};
  }
  return fail(TIDEMARK_E_PERMANENT, "no credentials found: " + reasons);
}

}  // namespace tidemark::sinks::azblob
