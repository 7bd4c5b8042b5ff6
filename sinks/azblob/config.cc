#include "azblob/config.h"

#include <algorithm>

#include "azblob/auth/account_key.h"
#include "base/line.h"
#include "common/invalid.h"
#include "common/options.h"
#include "http/endpoint.h"
#include "http/store_url.h"

namespace tidemark::sinks::azblob {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// The texts of options before they are looked at.
struct Raw {
  std::string endpoint, expect = "auto", managed_identity = "auto";
  std::string account_key, sas_token, connection_string, client_secret;

  ~Raw() {
    for (std::string* secret : {&account_key, &sas_token, &connection_string, &client_secret}) wipe(secret);
  }
};

std::vector<OptionSpec> option_table(Config* config, Raw* raw) {
  CredentialOptions& credentials = config->credentials;
  return {
      text_option("account", &config->account),
      text_option("endpoint", &raw->endpoint),
      text_option("endpoint_suffix", &config->endpoint_suffix),
      secret_option("account_key", &raw->account_key),
      secret_option("sas_token", &raw->sas_token),
      secret_option("connection_string", &raw->connection_string),
      text_option("tenant_id", &credentials.tenant_id),
      text_option("client_id", &credentials.client_id),
      secret_option("client_secret", &raw->client_secret),
      text_option("federated_token_file", &credentials.federated_token_file),
      text_option("authority_host", &credentials.authority_host),
      choice_option("managed_identity", &raw->managed_identity, {"auto", "never"}),
      text_option("ca_file", &config->transport.ca_file),
      text_option("proxy", &config->transport.proxy),
      choice_option("access_tier", &config->access_tier, {"Hot", "Cool", "Cold"}),
      size_option("block_threshold", &config->block_threshold_bytes, kMiB, kPutBytesMax),
      size_option("block_size", &config->block_size_bytes, kMiB, kBlockBytesMax),
      integer_option("block_parallel", &config->block_parallel, 1, 16),
      integer_option("page_size", &config->page_size, 1, 5000),
      choice_option("expect", &raw->expect, {"auto", "never"}),
      duration_option("connect_timeout_ms", &config->transport.connect_timeout_ms, 100, 300'000),
      duration_option("stall_timeout_ms", &config->transport.stall_timeout_ms, 1000, 3'600'000),
  };
}

// https://learn.microsoft.com/en-us/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
bool is_container(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && is_lower_or_digit(name.front()) &&
         is_lower_or_digit(name.back()) && name.find("--") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_account(std::string_view name) {
  return name.size() >= 3 && name.size() <= 24 && std::all_of(name.begin(), name.end(), is_lower_or_digit);
}

bool is_suffix(std::string_view name) {
  return name.find('.') != std::string_view::npos && name.front() != '.' && name.back() != '.' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
}

Status set_endpoint(std::string_view text, const std::string& from, Config* config) {
  if (text.find('@') != std::string_view::npos) {
    return invalid(from + ": no user or password belongs in it; pass credentials as options");
  }
  if (text.find('?') != std::string_view::npos) {
    return invalid(from + " has a query; a shared access signature is given as option sas_token");
  }
  Result<Endpoint> endpoint = parse_endpoint(text);
  if (!endpoint) {
    return invalid(from + endpoint_text(text) + " " + endpoint.error().message +
                   "; write https://host or https://host:port/account");
  }
  std::string path = std::move(endpoint->path);
  while (path.ends_with('/')) path.pop_back();
  if (!is_plain_path(path)) {
    return invalid(
        from + endpoint_text(text) +
        " has a path with something else than names of A-Z a-z 0-9 - . _ ~ between single slashes");
  }
  config->endpoint_scheme = endpoint->tls ? "https" : "http";
  config->endpoint_host = std::move(endpoint->host);
  for (char& c : config->endpoint_host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  config->endpoint_path = std::move(path);
  config->endpoint_from = from;
  return {};
}

// "https://<account>.blob.<suffix>", or "…/<account>", as emulators have it.
std::string account_in_endpoint(const Config& config) {
  const std::string& host = config.endpoint_host;
  const size_t blob = host.find(".blob.");
  if (blob != std::string::npos && is_account(host.substr(0, blob))) return host.substr(0, blob);
  const size_t slash = config.endpoint_path.rfind('/');
  return slash == std::string::npos ? "" : config.endpoint_path.substr(slash + 1);
}

Status apply_connection_string(std::string_view text, const std::string& from, Config* config) {
  TM_ASSIGN(const ConnectionString said, parse_connection_string(text, from));
  if (!said.account.empty() && !config->account.empty() && said.account != config->account) {
    return invalid(from + " is of account " + quote(said.account) + ", and account is " +
                   quote(config->account));
  }
  if (config->account.empty()) config->account = said.account;
  if (config->endpoint_host.empty() && !said.blob_endpoint.empty()) {
    TM_TRY(set_endpoint(said.blob_endpoint, from, config));
  }
  if (config->endpoint_host.empty() && !said.suffix.empty()) config->endpoint_suffix = said.suffix;
  if (config->endpoint_host.empty() && said.protocol == "http") config->endpoint_scheme = "http";
  if (!said.key.empty()) {
    TM_ASSIGN(config->credentials.account_key,
              decode_account_key(said.key.reveal(), from + ": its AccountKey"));
    config->credentials.account_key_from = from;
  } else {
    TM_ASSIGN(config->credentials.sas_token,
              check_sas(said.sas.reveal(), from + ": its SharedAccessSignature"));
    config->credentials.sas_token_from = from;
  }
  return {};
}

// What the options say of credentials: one way at most.
Status set_credentials(Raw* raw, Config* config) {
  CredentialOptions& credentials = config->credentials;
  const int ways = (raw->account_key.empty() ? 0 : 1) + (raw->sas_token.empty() ? 0 : 1) +
                   (raw->connection_string.empty() ? 0 : 1) + (raw->client_secret.empty() ? 0 : 1) +
                   (credentials.federated_token_file.empty() ? 0 : 1);
  if (ways > 1) {
    return invalid(
        "give one of the options \"account_key\", \"sas_token\", \"connection_string\", \"client_secret\" "
        "and "
        "\"federated_token_file\"");
  }
  if (!raw->account_key.empty()) {
    TM_ASSIGN(credentials.account_key, decode_account_key(raw->account_key, "option \"account_key\""));
    credentials.account_key_from = "option account_key";
  }
  if (!raw->sas_token.empty()) {
    TM_ASSIGN(credentials.sas_token, check_sas(raw->sas_token, "option \"sas_token\""));
    credentials.sas_token_from = "option sas_token";
  }
  if (!raw->connection_string.empty()) {
    TM_TRY(apply_connection_string(raw->connection_string, "option \"connection_string\"", config));
  }
  credentials.client_secret = Secret::take(&raw->client_secret);
  credentials.use_managed_identity = raw->managed_identity == "auto";
  return {};
}

// As Azure's own tool has it, a connection string in the environment comes before a key there.
Status apply_environment(const Environment& environment, Config* config) {
  const CredentialOptions& said = config->credentials;
  const bool has_options = !said.account_key.empty() || !said.sas_token.empty() ||
                           !said.client_secret.empty() || !said.federated_token_file.empty();
  std::string text = has_options ? "" : environment("AZURE_STORAGE_CONNECTION_STRING");
  if (!text.empty()) {
    const Status ok = apply_connection_string(text, "AZURE_STORAGE_CONNECTION_STRING", config);
    wipe(&text);
    if (!ok) return ok;
  }
  if (config->account.empty()) config->account = account_in_endpoint(*config);
  if (config->account.empty()) config->account = environment("AZURE_STORAGE_ACCOUNT");
  return {};
}

Status settle_endpoint(Config* config) {
  if (!config->account.empty() && !is_account(config->account)) {
    return invalid("account " + quote(config->account) +
                   " is not a storage account's name: 3 to 24 of a-z and 0-9");
  }
  if (!is_suffix(config->endpoint_suffix)) {
    return invalid("endpoint suffix " + quote(config->endpoint_suffix) +
                   " is not the end of a host's name; write one like core.windows.net");
  }
  if (config->account.empty() &&
      (config->endpoint_host.empty() || !config->credentials.account_key.empty())) {
    return invalid("url: which storage account is not said; write azblob://container/prefix?account=…");
  }
  if (config->endpoint_host.empty()) {
    config->endpoint_host = config->account + ".blob." + config->endpoint_suffix;
    config->endpoint_from = "account";
  }
  const std::string& host = config->endpoint_host;
  std::string& authority = config->credentials.default_authority;
  if (host.ends_with("usgovcloudapi.net")) authority = "https://login.microsoftonline.us";
  if (host.ends_with("chinacloudapi.cn")) authority = "https://login.chinacloudapi.cn";
  config->credentials.account = config->account;
  return {};
}

}  // namespace

Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count,
                            const Environment& environment) {
  if (url.scheme != "azblob") return invalid("url: the scheme is " + quote(url.scheme) + ", not azblob");
  Config config;
  Raw raw;
  TM_TRY(parse_options(kOptions, option_table(&config, &raw), url.query, options, option_count));
  if (!is_container(url.authority)) {
    return invalid("url: " + quote_part(url.authority) +
                   " is not a container's name (3 to 63 of a-z, 0-9 and single '-'); write "
                   "azblob://container/prefix");
  }
  config.container = url.authority;
  TM_ASSIGN(config.prefix, parse_prefix(url.path));
  if (const char* problem = name_problem(config.prefix)) {
    return invalid("url: the path " + quote_part(url.path) + " " + problem);
  }
  TM_TRY(check_proxy(url));
  if (!raw.endpoint.empty()) {
    TM_TRY(set_endpoint(raw.endpoint, "option \"endpoint\"", &config));
  }
  TM_TRY(set_credentials(&raw, &config));
  TM_TRY(apply_environment(environment, &config));
  TM_TRY(settle_endpoint(&config));
  config.expects_continue = raw.expect == "auto";
  return config;
}

std::string Config::name_of(std::string_view key) const {
  constexpr size_t kShown = 200;
  return shorten_middle("azblob://" + container + "/" + prefix + std::string(key), kShown);
}

const char* name_problem(std::string_view name) {
  constexpr size_t kPartsMax = 254;
  size_t parts = 1;
  for (std::string_view rest = name; !rest.empty();) {
    const size_t size = utf8_size(rest);
    if (size == 0) return "is not UTF-8, which all names in Azure are";
    const std::string_view one = rest.substr(0, size);
    if (one == "\\") return "has a '\\', of which Azure makes a '/'";
    if (size == 1 && is_control(one)) return "has a control character, which no name in Azure has";
    if (size == 4) return "has a character beyond U+FFFF, which Azure lists in another order";
    if (one == "\xEF\xBF\xBE" || one == "\xEF\xBF\xBF")
      return "has U+FFFE or U+FFFF, which are no characters";
    rest.remove_prefix(size);
    if (one == "." && (rest.empty() || rest.front() == '/')) {
      return "has a part that ends in '.', which Azure does not keep everywhere";
    }
    if (one == "/") ++parts;
  }
  return parts > kPartsMax ? "has more than 254 parts" : nullptr;
}

}  // namespace tidemark::sinks::azblob
