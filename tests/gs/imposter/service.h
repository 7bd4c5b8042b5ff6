// What the imposter does with requests, without any network: checks, faults, operations, and the books it
// keeps.
//
// Service: any thread. Exchange: one request; its functions come from one thread after the other.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_SERVICE_H
#define TIDEMARK_TESTS_GS_IMPOSTER_SERVICE_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config.h"
#include "desk.h"
#include "imposter/books.h"
#include "imposter/digests.h"
#include "imposter/faults.h"
#include "imposter/request.h"
#include "imposter/server.h"
#include "imposter/store.h"
#include "sessions.h"
#include "shapes.h"

namespace imposter {

class Service;

// One request on its way through.
class Exchange final : public Conversation {
 public:
  Exchange(Service& service, Request request, std::shared_ptr<const Config> config);
  ~Exchange() override;  // books a request that got no answer

  std::optional<Response> early() override;
  Fault fault() const override { return fault_; }
  bool expects_continue() const override { return request_.header("expect") != nullptr; }
  uint32_t delay_ms() const override;
  uint32_t put_delay_ms() const override { return 0; }
  uint32_t stall_ms() const override { return config_->faults.stall_ms; }
  void body(const char* data, size_t size) override;
  Response finish() override;

 private:
  struct ContentRange {
    bool is_question = false;  // "bytes */N"
    uint64_t first = 0, last = 0, total = 0;
  };
  bool is_piece() const { return shape_ != nullptr && shape_->operation == Operation::kSend; }
  bool has_body() const { return is_piece() || shape_->operation == Operation::kInsert; }
  std::optional<Refusal> check_head();
  std::optional<Refusal> check_xml_head();
  std::optional<Refusal> check_bucket() const;
  std::optional<Refusal> check_token() const;
  std::optional<Refusal> check_values() const;
  std::optional<Refusal> check_name() const;
  void roll_fault();
  std::optional<Response> fault_answer() const;
  Response answer();
  Response json(std::string text) const;
  Response refuse(const Refusal& refusal) const;
  void dress(Response* response) const;  // with what every answer of the service has
  void book(const Response& response);

  // The operations; the request was found right.
  Response run();
  Response list_objects() const;
  void add_start(const std::string& prefix, const std::string& start, const std::string& delimiter,
                 std::vector<std::pair<std::string, Object>>* found) const;
  Response describe() const;
  Response read() const;
  Response remove() const;
  std::optional<Refusal> creation_refusal(bool if_absent) const;
  std::optional<Refusal> digest_refusal(const std::string& crc32c) const;
  Response described(const Object& object, const std::string& fields) const;
  Response created(const Object& object, const std::string& fields) const;
  Response insert();
  Response begin_session() const;
  Response send_piece();
  Response take_piece(UploadSession& session, const ContentRange& range, bool* ends);
  Response finish_session(UploadSession& session, bool* ends);
  void keep_what_came();  // of a piece whose connection broke
  static Response progress(const UploadSession& session);
  std::optional<ContentRange> content_range() const;
  bool is_condition_set() const { return request_.parameter("ifGenerationMatch") != nullptr; }

  Service& service_;
  Request request_;
  const std::shared_ptr<const Config> config_;
  bool is_of_desk_ = false;
  bool is_xml_ = false;  // of the XML API
  Place place_;
  std::string name_;        // of the object; empty: none
  std::string fault_name_;  // what faults in a row are counted by
  const Shape* shape_ = nullptr;
  std::optional<Refusal> refusal_;  // found in the head
  Fault fault_ = Fault::kNone;
  std::string text_;  // the body
  bool is_booked_ = false;
};

class Service final : public Served, public Books {
 public:
  explicit Service(Config config);

  std::unique_ptr<Conversation> begin(Request request) override;
  void at_decoy(const Request& request) override;
  void connected() override { ++connections_; }
  std::string state_json() const override;

  void set_address(std::string origin, uint16_t decoy_port);
  std::string origin() const;
  uint16_t decoy_port() const { return decoy_port_; }
  std::shared_ptr<const Config> config() const;
  void reconfigure(const std::function<void(Config&)>& change);

  ObjectStore store;
  Sessions sessions;
  Desk desk;
  FaultDice dice;
  std::atomic<int> pieces_forgotten{0};  // as Oddities say
  std::atomic<bool> is_kept_short{false};

  uint64_t connections() const { return connections_; }
  uint64_t shown_at_decoy() const { return shown_at_decoy_; }  // tokens

 private:
  std::atomic<uint64_t> connections_{0}, shown_at_decoy_{0};
  std::atomic<uint16_t> decoy_port_{0};
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::string origin_;
  std::shared_ptr<const Config> config_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_SERVICE_H
