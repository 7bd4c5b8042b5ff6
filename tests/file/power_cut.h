// A disk that loses power, for the file sink: what the sink asks of the kernel is recorded, and the record is
// replayed into a model that forgets all it may forget.
//
// The model keeps less than any file system does. Data survives only an fsync of its file that began after it
// was written and came back with 0; a name survives only such an fsync of its directory. Whatever else was
// done may be there or not after the cut, in any combination: names without their data, later ones without
// earlier ones. After an error what was not yet durable is lost for good, and each descriptor that was open
// then is reported once, later ones never.
//
// Recording is in effect between start() and stop(), for the whole process and any thread: the program's own
// definitions of fsync, linkat and so on stand before those of libc. fsync does not reach the disk meanwhile.
#ifndef TIDEMARK_TESTS_FILE_POWER_CUT_H
#define TIDEMARK_TESTS_FILE_POWER_CUT_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::sinks::file::power_cut {

using Inode = uint64_t;  // never used twice, unlike the kernel's; 0 is none

struct Event {
  enum Kind {
    kWrite,      // text: bytes appended to inode
    kName,       // inode (a directory) has the name `text` for target; 0: has it no more
    kSyncBegin,  // of inode
    kSyncEnd,    // begin: index of its kSyncBegin; ok: came back with 0
    kLost,       // the disk failed: what inode has not durable before index `begin` is lost
    kDone        // text: the key; the sink said that `version` of it is durable
  };
  Kind kind;
  Inode inode = 0;
  Inode target = 0;
  std::string text = {};
  size_t begin = 0;
  bool ok = true;
  uint64_t version = 0;
};

struct Faults {
  uint32_t fsync_per_mille = 0;      // fsyncs that fail
  uint32_t writeback_per_mille = 0;  // names and writes after which the disk fails unasked
};

void start(const std::string& root, uint64_t seed);
void fail_from_now_on(const Faults& faults);
void note_done(const std::string& key, uint64_t version);
std::vector<Event> stop();

// Inode of the root in every record.
constexpr Inode kRoot = 1;

class Model {
 public:
  // Which version of `key` these bytes are, whole; 0: of none.
  using Recognise = std::function<uint64_t(const std::string& key, const std::string& bytes)>;
  explicit Model(Recognise recognise) : recognise_(std::move(recognise)) {}

  void apply(const Event& event, size_t index);
  // What a cut at this point breaks; "" if nothing.
  std::string broken() const;

 private:
  struct Candidate {  // what a name may be after the cut
    size_t index;
    Inode target;
    bool lost = false;
  };
  struct Node {
    std::string data, durable;
    bool data_lost = false;
    std::map<size_t, std::string> syncing;  // data as it was when an fsync began
    std::map<std::string, std::vector<Candidate>> names;
    bool is_durable() const { return durable.size() == data.size(); }  // files only grow
    mutable std::string seen_key;  // under which it was recognised, how long it was, and as what
    mutable size_t seen_size = 0;
    mutable uint64_t seen_version = 0;
  };

  void end_sync(Node& node, const Event& event);
  void lose(Node& node, size_t before);
  uint64_t version_of(const std::string& key, const Node& node) const;
  std::string visible(Inode directory, const std::string& path) const;
  std::string acknowledged(const std::string& key, uint64_t version) const;

  Recognise recognise_;
  std::map<Inode, Node> nodes_;
  std::map<std::string, uint64_t> done_;
};

// Replays a record and asks after every event; the first answer, with its place, or "".
std::string replay(const std::vector<Event>& record, const Model::Recognise& recognise);

}  // namespace tidemark::sinks::file::power_cut

#endif  // TIDEMARK_TESTS_FILE_POWER_CUT_H
