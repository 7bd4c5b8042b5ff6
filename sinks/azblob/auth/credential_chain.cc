#include "azblob/auth/credential_chain.h"

#include <span>
#include <utility>

namespace tidemark::sinks::azblob {
namespace {

using Place = CredentialSource<Credentials, SourceContext>;

// What is asked over the network comes last, and a machine's own endpoint last of all.
constexpr Place kPlaces[] = {{"options", from_options},
                             {"environment", from_environment},
                             {"client secret", from_client_secret},
                             {"workload identity", from_workload_identity},
                             {"managed identity", from_managed_identity}};

}  // namespace

CredentialChain::CredentialChain(CredentialOptions options, Fetch fetch, CredentialEnvironment surroundings)
    : options_(std::move(options)), fetch_(std::move(fetch)), surroundings_(std::move(surroundings)) {}

Result<CredentialChain::Found> CredentialChain::load(const Call& call) const {
  std::vector<FileStamp> files;
  const SourceContext context = {options_, surroundings_.environment, fetch_, surroundings_.now_us, call,
                                 &files};
  const auto all_are_right = [](const Credentials&) { return Status(); };
  return walk_sources(std::span<const Place>(kPlaces), context, all_are_right);
}

}  // namespace tidemark::sinks::azblob
