#include "s3/auth/credential_chain.h"

#include <array>
#include <span>
#include <utility>

namespace tidemark::sinks::s3 {
namespace {

using Place = CredentialSource<Credentials, SourceContext>;

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

}  // namespace

CredentialChain::CredentialChain(CredentialOptions options, Fetch fetch, CredentialEnvironment surroundings)
    : options_(std::move(options)), fetch_(std::move(fetch)), surroundings_(std::move(surroundings)) {}

Result<CredentialChain::Found> CredentialChain::load(
    const Call& call, const std::function<void(const std::string&)>& report) const {
  std::vector<FileStamp> files;
  const SourceContext context = {
      options_, surroundings_.environment, fetch_, surroundings_.now_us, call, &files, report};
  const std::span<const Place> places =
      options_.profile.empty() ? std::span<const Place>(kPlaces) : std::span<const Place>(kNamedProfile);
  return walk_sources(places, context, [](const Credentials& one) { return check_keys(one); });
}

}  // namespace tidemark::sinks::s3
