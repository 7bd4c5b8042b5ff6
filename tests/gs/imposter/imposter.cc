#include "imposter.h"

#include <nlohmann/json.hpp>

#include "desk.h"

namespace imposter {

using nlohmann::json;

Imposter::Imposter(Config config) : service_(std::make_unique<Service>(config)) {
  server_ = std::make_unique<Server>(*service_, config.server);
  service_->set_address(server_->endpoint(), server_->decoy_port());
}

std::string Imposter::service_account_json() const {
  return json{{"type", "service_account"},
              {"client_email", kServiceEmail},
              {"private_key_id", kKeyId},
              {"private_key", private_key_pem()},
              {"token_uri", endpoint() + kTokenPath}}
      .dump();
}

std::string Imposter::authorized_user_json() const {
  return json{{"type", "authorized_user"},
              {"client_id", kClientId},
              {"client_secret", kClientSecret},
              {"refresh_token", kRefreshToken},
              {"token_uri", endpoint() + kTokenPath}}
      .dump();
}

std::string Imposter::external_account_json(const std::string& token_file, bool impersonates) const {
  json account = {{"type", "external_account"},
                  {"audience", kAudience},
                  {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                  {"token_url", endpoint() + kExchangePath},
                  {"credential_source", {{"file", token_file}}}};
  if (impersonates) account["service_account_impersonation_url"] = endpoint() + kImpersonatePath;
  return account.dump();
}

}  // namespace imposter
