// What the imposter does with requests, without any network: checks, faults, operations, and the books it
// keeps.
//
// Service: any thread. Exchange: one request; begin, body and finish come from one thread after the other.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_SERVICE_H
#define TIDEMARK_TESTS_S3_IMPOSTER_SERVICE_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "access.h"
#include "config.h"
#include "imposter/books.h"
#include "imposter/digests.h"
#include "imposter/faults.h"
#include "imposter/request.h"
#include "imposter/server.h"
#include "shapes.h"
#include "upload_store.h"

namespace imposter {

class Service;

// One request on its way through.
class Exchange : public Conversation {
 public:
  Exchange(Service& service, Request request, std::shared_ptr<const Config> config);
  ~Exchange() override;  // books a request that got no answer
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // After the head. An answer is final and comes before the body if the client waits for a go-ahead.
  std::optional<Response> early() override;
  Fault fault() const override { return fault_; }
  bool expects_continue() const override;
  uint32_t delay_ms() const override { return config_->delay_ms; }
  uint32_t put_delay_ms() const override;
  uint32_t stall_ms() const override { return config_->faults.stall_ms; }
  void body(const char* data, size_t size) override;
  // After the whole body.
  Response finish() override;

 private:
  Response answer();  // before what a fault makes of it
  Response refuse(const Refusal& refusal) const;
  std::optional<Refusal> check_head();
  std::optional<Refusal> check_address();
  std::optional<Refusal> check_body_headers();
  std::optional<Refusal> check_digests();
  std::optional<Refusal> check_condition(Condition condition, bool* if_absent) const;
  void roll_fault();
  std::optional<Response> fault_answer();
  std::optional<Response> page_answer() const;  // of somebody who is not the store
  std::optional<Refusal> habit_refusal() const;
  bool is_body_upload() const;
  void dress(Response* response) const;  // with what every answer of the store has, as its habits go
  void book(const Response& response);

  // The operations; the request was found right.
  Response run();
  Response put_object();
  bool is_lost() const;
  Response get_object();
  Response head_object();
  Response delete_objects();
  Response list_objects();
  Response create_upload();
  Response upload_part();
  Response complete_upload();
  Response abort_upload();
  Response list_uploads();
  Response list_parts();
  std::string etag() const;
  std::string listed_text(const std::string& raw, bool encodes) const;
  std::string listed_items(const std::vector<std::pair<std::string, Object>>& found, size_t folder_size,
                           const std::function<std::string(const std::string&)>& text) const;
  void change_order(const std::string& after, std::vector<std::pair<std::string, Object>>* found) const;
  Response xml(const std::string& root, const std::string& inner) const;

  Service& service_;
  Request request_;
  const std::shared_ptr<const Config> config_;
  std::string bucket_, key_;
  std::string fault_name_;  // key or prefix: what faults in a row are counted by
  const Shape* shape_ = nullptr;
  std::optional<Refusal> refusal_;  // found in the head
  Fault fault_ = Fault::kNone;
  std::optional<Digests> digests_;
  std::shared_ptr<Body> body_;
  std::string sha256_, md5_, crc32c_;  // of the body, raw, once it is whole
  std::string created_upload_;
  bool is_booked_ = false;
};

class Service : public Served, public Books {
 public:
  explicit Service(Config config);

  std::unique_ptr<Conversation> begin(Request request) override;
  // A request that came to the decoy.
  void at_decoy(const Request& request) override;
  void connected() override { ++connections_; }

  std::shared_ptr<const Config> config() const;
  void reconfigure(const std::function<void(Config&)>& change);
  std::time_t now() const;
  std::string new_request_id();
  std::string state_json() const override;

  Store store;
  Access access;
  FaultDice dice;
  std::atomic<uint16_t> decoy_port{0};

  uint64_t connections() const { return connections_; }
  uint64_t at_decoy() const { return at_decoy_; }
  uint64_t signed_at_decoy() const { return signed_at_decoy_; }

 private:
  std::atomic<uint64_t> connections_{0}, at_decoy_{0}, signed_at_decoy_{0}, last_request_{0};
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::shared_ptr<const Config> config_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_SERVICE_H
