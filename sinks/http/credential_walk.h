// A walk along the sources of credentials, in their order: the first one that applies decides, by giving
// credentials or by failing. Who set up a source wants to know that it is broken, and not to be signed in as
// somebody else.
//
// Functions without state, and values. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_CREDENTIAL_WALK_H
#define TIDEMARK_SINKS_HTTP_CREDENTIAL_WALK_H

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/wall_clock.h"
#include "http/answer.h"
#include "http/environment.h"
#include "http/iso_time.h"
#include "http/refresh.h"

namespace tidemark::sinks {

double random_share();

// What a sink gets from its environment; tests use their own.
struct CredentialEnvironment {
  Environment environment = process_environment();
  std::function<int64_t()> now_us = tidemark::wall_clock_us;  // unix time
  std::function<double()> share = random_share;               // from 0 to 1, evenly
};

// Never a status that would say something about an object (NOT_FOUND, EXISTS, NO_SPACE): PERMANENT then.
Error without_object(Error error);

template <typename Credentials>
struct SourceAnswer {
  std::optional<Credentials> credentials;
  std::string text;             // where they are from, or why there are none; no secrets
  bool outlive_expiry = false;  // may be used when they have expired, for want of new ones
};

// Looks at its settings at each walk, and gives credentials, or nothing and why it does not apply, or an
// Error if it applies but fails. `Context` has `now_us` and `files`: what was read and is worth a look before
// the credentials expire.
template <typename Credentials, typename Context>
struct CredentialSource {
  const char* name;
  Result<SourceAnswer<Credentials>> (*ask)(const Context&);
};

// PERMANENT if no source applies, with all of them and their reasons in the message. `check` says whether
// credentials can be used. Ones that have expired would be asked for again at once, and for ever: RETRYABLE.
template <typename Credentials, typename Context, typename Check>
Result<Fetched<Credentials>> walk_sources(std::span<const CredentialSource<Credentials, Context>> sources,
                                          const Context& context, const Check& check) {
  std::string reasons;
  for (const CredentialSource<Credentials, Context>& source : sources) {
    const std::string who = std::string("credentials, ") + source.name;
    Result<SourceAnswer<Credentials>> answer = source.ask(context);
    if (!answer) return within(who, without_object(answer.error()));
    if (!answer->credentials) {
      reasons.append(reasons.empty() ? "" : "; ").append(source.name).append(": ").append(answer->text);
      continue;
    }
    if (Status ok = check(*answer->credentials); !ok) return within(who + ", " + answer->text, ok.error());
    const int64_t expires_us = answer->credentials->expires_us;
    if (expires_us != 0 && expires_us <= context.now_us() && !answer->outlive_expiry) {
      return fail(TIDEMARK_E_RETRYABLE,
                  who + ": those of " + answer->text + " expired at " + format_iso_time(expires_us));
    }
    return Fetched<Credentials>{std::move(*answer->credentials), std::move(answer->text),
                                answer->outlive_expiry, *context.files};
  }
  return fail(TIDEMARK_E_PERMANENT, "no credentials found: " + reasons);
}

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_CREDENTIAL_WALK_H
