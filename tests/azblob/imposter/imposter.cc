#include "imposter.h"

namespace imposter::azblob {

Imposter::Imposter(Config config) : service_(std::make_unique<Service>(config)) {
  server_ = std::make_unique<Server>(*service_, config.server);
  service_->decoy_port = server_->decoy_port();
  service_->reconfigure([&](Config& now) { now.server.port = server_->port(); });
}

Imposter::~Imposter() = default;

uint16_t Imposter::port() const { return server_->port(); }
std::string Imposter::host() const { return server_->endpoint(); }
std::string Imposter::endpoint() const { return host() + "/" + service_->config()->account; }

}  // namespace imposter::azblob
