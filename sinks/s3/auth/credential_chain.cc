#include "s3/auth/credential_chain.h"

#include <sys/random.h>
#include <time.h>

#include <array>
#include <utility>

#include "http/iso_time.h"

namespace tidemark::sinks::s3 {
namespace {

struct Place {
  const char* name;
  SourceResult (*ask)(const SourceContext&);
};

constexpr std::array<Place, 6> kPlaces = {{{"options", from_options},
                                           {"environment", from_environment},
                                           {"web identity", from_web_identity},
                                           {"profile", from_profile},
                                           {"container", from_container},
                                           {"instance", from_instance}}};
// With a profile named in the options: it is what the user wants, whatever the environment says. One that has
// no credentials leaves them to the machine.
constexpr std::array<Place, 4> kNamedProfile = {{{"options", from_options},
                                                 {"profile", from_profile},
                                                 {"container", from_container},
                                                 {"instance", from_instance}}};

Error without_object(Error error) {
  if (error.status != TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_THROTTLED &&
      error.status != TIDEMARK_E_CANCELLED) {
    error.status = TIDEMARK_E_PERMANENT;
  }
  return error;
}

template <size_t N>
Result<CredentialChain::Found> walk(const std::array<Place, N>& places, const SourceContext& context) {
  std::string reasons;
  for (const Place& place : places) {
    SourceResult answer = place.ask(context);
    if (!answer) {
      return within(std::string("credentials, ") + place.name, without_object(answer.error()));
    }
    if (!answer->credentials) {
      reasons.append(reasons.empty() ? "" : "; ").append(place.name).append(": ").append(answer->text);
      continue;
    }
    if (Status ok = check_keys(*answer->credentials); !ok) {
      return within(std::string("credentials, ") + place.name + ", " + answer->text, ok.error());
    }
    const int64_t expires_us = answer->credentials->expires_us;
    const bool outlive_expiry = answer->outlive_expiry;
    if (expires_us != 0 && expires_us <= context.now_us() && !outlive_expiry) {
      return fail(TIDEMARK_E_RETRYABLE, std::string("credentials, ") + place.name + ": those of " +
                                            answer->text + " expired at " + format_iso_time(expires_us));
    }
    return CredentialChain::Found{std::move(*answer->credentials), std::move(answer->text), outlive_expiry,
                                  *context.files};
  }
  return fail(TIDEMARK_E_PERMANENT, "no credentials found: " + reasons);
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

Result<CredentialChain::Found> CredentialChain::load(
    const Call& call, const std::function<void(const std::string&)>& report) const {
  std::vector<FileStamp> files;
  const SourceContext context = {
      options_, surroundings_.environment, fetch_, surroundings_.now_us, call, &files, report};
  return options_.profile.empty() ? walk(kPlaces, context) : walk(kNamedProfile, context);
}

}  // namespace tidemark::sinks::s3
