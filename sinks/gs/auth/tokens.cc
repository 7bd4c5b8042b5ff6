#include "gs/auth/tokens.h"

#include <utility>

#include "base/file_trust.h"
#include "base/line.h"
#include "gs/auth/exchange.h"
#include "http/answer.h"
#include "http/endpoint.h"
#include "http/iso_time.h"
#include "http/small_file.h"

namespace tidemark::sinks {

template class Refresh<gs::Token>;

namespace gs {
namespace {

constexpr char kMetadataHost[] = "metadata.google.internal";
constexpr char kGcloudFile[] = "application_default_credentials.json";

struct Place {
  std::string path;
  std::string from;  // who names it
};

Place gcloud_place(const Environment& environment) {
  if (const std::string folder = environment("CLOUDSDK_CONFIG"); !folder.empty()) {
    return {folder + "/" + kGcloudFile, "CLOUDSDK_CONFIG"};
  }
  const std::string home = home_directory(environment);
  if (home.empty()) return {};
  return {home + "/.config/gcloud/" + kGcloudFile, "gcloud"};
}

Error unusable(const Place& place, const Error& error) {
  return fail(TIDEMARK_E_INVALID, place.from + ": " + quote(place.path) + ": " + error.message);
}

// Nothing in the file of an external account is a secret, but it says who is asked, and which program is run.
Readers readers_of(const Account& account) {
  return account.kind == Account::Kind::kExternalAccount ? Readers::kAnyone : Readers::kOwner;
}

Result<std::optional<FoundAccount>> read_account(const Place& place, bool may_lack, bool is_option) {
  const FileStamp file = FileStamp::of(place.path);
  struct stat info {};
  Result<std::string> text = read_small_file(place.path, &info);
  if (!text && may_lack && text.error().status == TIDEMARK_E_NOT_FOUND) return std::nullopt;
  if (!text && text.error().status == TIDEMARK_E_RETRYABLE) return within(place.from, text.error());
  if (!text) return fail(TIDEMARK_E_INVALID, place.from + ": " + text.error().message);
  Result<Account> account = parse_account(&*text);
  if (!account && account.error().status != TIDEMARK_E_INVALID) return account.error();
  if (!account) return unusable(place, account.error());
  const Status trust = check_file_trust(info, place.path, readers_of(*account));
  if (!trust && is_option) {
    return fail(TIDEMARK_E_INVALID, place.from + ": cannot use " + trust.error().message);
  }
  std::string from = account->text() + ", " + place.from + " (" + quote(place.path) + ")";
  std::string remark = trust ? "" : place.from + " is used, but " + trust.error().message;
  return FoundAccount{std::move(*account), std::move(from), file, std::move(remark)};
}

bool is_true(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text == "true" || text == "1";
}

class Chain {
 public:
  Chain(TokenOptions options, Fetch fetch, CredentialEnvironment surroundings)
      : options_(std::move(options)), fetch_(std::move(fetch)), surroundings_(std::move(surroundings)) {}

  Result<Fetched<Token>> load(const Call& call) const {
    if (options_.anonymous) return Fetched<Token>{Token{}, "nobody: anonymous=true", false, {}};
    std::string why;
    const Exchange exchange = {fetch_, surroundings_.now_us, call, surroundings_.environment};
    Result<std::optional<FoundAccount>> found = find_account(options_, surroundings_.environment, &why);
    if (!found) return within("credentials", without_object(found.error()));
    if (*found) {
      Result<Token> token = token_of((*found)->account, exchange);
      if (!token) return within("credentials", without_object(within((*found)->from, token.error())));
      return take(std::move(*token), (*found)->from, {(*found)->file});
    }
    return load_of_machine(exchange, std::move(why));
  }
  int64_t now_us() const { return surroundings_.now_us(); }
  double share() const { return surroundings_.share(); }

 private:
  Result<Fetched<Token>> load_of_machine(const Exchange& exchange, std::string why) const {
    const auto nobody = [&](const std::string& more) {
      return fail(TIDEMARK_E_PERMANENT, "no credentials found: " + why + "; " + more);
    };
    if (!options_.asks_metadata) return nobody("the metadata server is not asked (metadata=never)");
    if (is_true(surroundings_.environment("NO_GCE_CHECK"))) {
      return nobody("the metadata server is not asked (NO_GCE_CHECK)");
    }
    std::string host = surroundings_.environment("GCE_METADATA_HOST");
    if (host.empty()) host = kMetadataHost;
    if (const auto endpoint = parse_endpoint("http://" + host); !endpoint || endpoint->path != "/") {
      return fail(TIDEMARK_E_PERMANENT, "credentials: GCE_METADATA_HOST is not a host or host:port");
    }
    std::string silence;
    Result<std::optional<Token>> token = token_of_machine(host, exchange, &silence);
    if (!token) return within("credentials", without_object(token.error()));
    if (!*token) return nobody(silence);
    return take(std::move(**token), "the metadata server " + quote(host), {});
  }

  // One that has ended already would be asked for again and again.
  Result<Fetched<Token>> take(Token token, std::string from, std::vector<FileStamp> files) const {
    if (token.expires_us != 0 && token.expires_us <= now_us()) {
      return fail(TIDEMARK_E_RETRYABLE, "credentials: the token for " + from + " expired at " +
                                            format_iso_time(token.expires_us) + ", before it came");
    }
    return Fetched<Token>{std::move(token), std::move(from), false, std::move(files)};
  }

  const TokenOptions options_;
  const Fetch fetch_;
  const CredentialEnvironment surroundings_;
};

}  // namespace

Result<std::optional<FoundAccount>> find_account(const TokenOptions& options, const Environment& environment,
                                                 std::string* why) {
  if (!options.credentials_file.empty()) {
    return read_account({options.credentials_file, "option \"credentials_file\""}, false, true);
  }
  if (const std::string path = environment("GOOGLE_APPLICATION_CREDENTIALS"); !path.empty()) {
    return read_account({path, "GOOGLE_APPLICATION_CREDENTIALS"}, false, false);
  }
  *why = "option credentials_file is not given, GOOGLE_APPLICATION_CREDENTIALS is not set";
  const Place place = gcloud_place(environment);
  if (place.path.empty()) return std::nullopt;
  Result<std::optional<FoundAccount>> found = read_account(place, true, false);
  if (found && !*found) *why += ", " + quote(place.path) + " is not there";
  return found;
}

std::unique_ptr<TokenProvider> make_provider(TokenOptions options, Fetch fetch, HostLog log,
                                             CredentialEnvironment surroundings) {
  const auto chain =
      std::make_shared<const Chain>(std::move(options), std::move(fetch), std::move(surroundings));
  return std::make_unique<TokenProvider>(
      RefreshHooks<Token>{"tm-gs-token", [chain](const Call& call, const auto&) { return chain->load(call); },
                          [chain] { return chain->now_us(); }, [chain] { return chain->share(); }},
      log);
}

}  // namespace gs
}  // namespace tidemark::sinks
