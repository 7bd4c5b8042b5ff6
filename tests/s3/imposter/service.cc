#include "service.h"

#include <nlohmann/json.hpp>

namespace imposter {

Service::Service(Config config)
    : access({config.access_key, config.secret_key, config.session_token}),
      dice(config.seed),
      config_(std::make_shared<const Config>(std::move(config))) {}

std::unique_ptr<Conversation> Service::begin(Request request) {
  return std::make_unique<Exchange>(*this, std::move(request), config());
}

void Service::at_decoy(const Request& request) {
  ++at_decoy_;
  if (request.header("authorization") != nullptr || request.header("x-amz-security-token") != nullptr) {
    ++signed_at_decoy_;
  }
}

std::shared_ptr<const Config> Service::config() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void Service::reconfigure(const std::function<void(Config&)>& change) {
  const std::shared_ptr<const Config> before = config();
  Config copy = *before;
  change(copy);
  if (copy.access_key != before->access_key || copy.secret_key != before->secret_key ||
      copy.session_token != before->session_token) {
    access.accept({copy.access_key, copy.secret_key, copy.session_token});
  }
  const std::lock_guard lock(mutex_);
  config_ = std::make_shared<const Config>(std::move(copy));
}

std::time_t Service::now() const { return std::time(nullptr) + config()->clock_ahead_s; }

std::string Service::new_request_id() {
  std::string number = std::to_string(++last_request_);
  return "IMPOSTER" + std::string(number.size() < 8 ? 8 - number.size() : 0, '0') + number;
}

std::string Service::state_json() const {
  nlohmann::json state;
  state["counts"] = counts();
  state["connections"] = connections();
  state["at_decoy"] = at_decoy();
  state["signed_at_decoy"] = signed_at_decoy();
  state["creates"] = store.creates();
  state["objects"] = nlohmann::json::object();
  for (const auto& [key, object] : store.list("", "", SIZE_MAX)) {
    state["objects"][key] = {{"size", object.size()}, {"etag", object.etag}, {"headers", object.recorded}};
  }
  state["uploads"] = nlohmann::json::array();
  for (const Upload& upload : store.uploads()) {
    state["uploads"].push_back({{"key", upload.key}, {"id", upload.id}, {"untold", upload.is_untold}});
  }
  return state.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace imposter
