// The pieces of a body that were read last: whoever sends a body in several parts by turns finds them here.
//
// One thread. Memory: `count` buffers of one piece, each made when it is first needed.
#ifndef TIDEMARK_STORE_RECENT_PIECES_H
#define TIDEMARK_STORE_RECENT_PIECES_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/page_buffer.h"

namespace tidemark::store {

class RecentPieces {
 public:
  static constexpr uint64_t kPageBytes = 4096;  // where the kernel copies and writes best
  static constexpr uint64_t kCountMax =
      24;  // more than a sink that sends parts side by side is apart with them
  static constexpr uint64_t kLeastPieceBytes = uint64_t{1} << 20;

  // Of a body of so many bytes, in about `buffer_bytes`; pieces are so large that there are at most `most`.
  void begin(uint64_t body_bytes, uint64_t buffer_bytes, uint64_t most) {
    piece_bytes_ = std::max({kLeastPieceBytes, buffer_bytes / kCountMax / kPageBytes * kPageBytes,
                             (body_bytes / most / kPageBytes + 1) * kPageBytes});
    pieces_.resize(std::max<uint64_t>(2, std::min(kCountMax, buffer_bytes / piece_bytes_)));
  }
  uint64_t piece_bytes() const { return piece_bytes_; }

  // The piece of that number, or NULL.
  const uint8_t* find(uint64_t number) {
    for (Piece& piece : pieces_) {
      if (piece.number != number) continue;
      piece.used_at = ++uses_;
      return piece.bytes.get();
    }
    return nullptr;
  }
  // Room for another one, which takes the place of the one that was not asked for the longest; it counts only
  // after keep().
  uint8_t* make_room() {
    room_ = &*std::min_element(pieces_.begin(), pieces_.end(),
                               [](const Piece& a, const Piece& b) { return a.used_at < b.used_at; });
    room_->number = UINT64_MAX;
    if (room_->bytes == nullptr) room_->bytes = page_buffer(piece_bytes_);
    return room_->bytes.get();
  }
  void keep(uint64_t number) {
    room_->number = number;
    room_->used_at = ++uses_;
  }

 private:
  struct Piece {
    uint64_t number = UINT64_MAX;  // none
    uint64_t used_at = 0;
    PageBuffer bytes;
  };
  uint64_t piece_bytes_ = 0;
  std::vector<Piece> pieces_;
  Piece* room_ = nullptr;
  uint64_t uses_ = 0;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_RECENT_PIECES_H
