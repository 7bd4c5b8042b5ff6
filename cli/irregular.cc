#include "irregular.h"

#include "output.h"
#include "text.h"

namespace tidemark::cli {

void Irregular::add(const Stored& stored) {
  ++count_;
  if (keys_.size() < kMostKeys) keys_.push_back(stored.key);
}

std::string Irregular::text() const {
  std::string names;
  for (const std::string& key : keys_) names += (names.empty() ? "" : ", ") + printable(key);
  if (count_ > keys_.size()) names += " and " + std::to_string(count_ - keys_.size()) + " more";
  return names + (count_ == 1 ? ": it is " : ": each is ") + kWhatIsIrregular;
}

}  // namespace tidemark::cli
