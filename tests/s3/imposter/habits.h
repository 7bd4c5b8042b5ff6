// What servers are in the habit of: each does something right in its own way, or wrong every time, where a
// fault (config.h) is wrong now and then.
//
// Values; any thread.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_HABITS_H
#define TIDEMARK_TESTS_S3_IMPOSTER_HABITS_H

#include <bitset>
#include <cstddef>
#include <string>

#include "imposter/request.h"

namespace imposter {

enum class Habit {
  // Benign: an archive can be kept in such a store.
  kNoEtagOnPut,        // the answer to a put has no ETag
  kNoEtag,             // nor has any other answer
  kOpaqueEtag,         // 32 hex digits that are no MD5, as with a key of KMS
  kNoRequestId,        // no x-amz-request-id anywhere
  kNoChecksumEcho,     // x-amz-checksum-crc32c is verified and not repeated
  kCreated,            // 201 to a put
  kPutDocument,        // a put is answered with a small document
  kRefusesExpect,      // 417 to Expect, and the connection closed
  kDemandsCondition,   // 403 to a put or Complete without If-None-Match, as a bucket's policy can
  kRepeatsLastKey,     // a page of a listing begins with the last key of the page before
  kPlusAlone,          // encoding-type=url: a plus stays one, a space is %20
  kUnsaidEncoding,     // listings are encoded, and do not say so
  kNeverEncodes,       // encoding-type is ignored
  kOnlySaysEncoding,   // the answer says url, and is not encoded
  kUnsaidEnd,          // no IsTruncated where it would be false
  kUnsaid,             // no IsTruncated anywhere
  kUnsaidMore,         // IsTruncated is false everywhere; a token says that there is more
  kCapitals,           // True, False
  kPrefixedNames,      // <s3:ListBucketResult>
  kBlankFirst,         // a byte order mark and an empty line before the document
  kNoToken,            // a truncated page without NextContinuationToken
  kNoUploads,          // 400 to ?uploads on a key
  kUnknownUploads,     // 404 to it, as text
  kExactUploadPrefix,  // uploads are listed by prefix only where that is a whole key
  kNoRemovals,         // 501 to DeleteObjects
  kUnknownRemovals,    // 404 to it, as text
  kMalformedRemovals,  // 400 MalformedXML to it
  kDeniesRemovals,     // 403 to it
  kKeepsFirst,         // its answer has an <Error> for the first key, which stays
  kForgetsFirst,       // its answer lacks the first key, which stays
  kMissesAbsent,       // its answer has NoSuchKey for what is gone
  kEmptyRemovals,      // 200 to it with nothing inside, done
  kIgnoresDelimiter,   // a listing with a delimiter is as one without
  kRefusesDelimiter,   // 501 to it
  kFoldersInOne,       // one CommonPrefixes with a Prefix for each folder
  kMarksFolders,       // a folder is listed as an object too
  kSkipsBegunFolder,   // not listed is what is left of the folder that start-after lies in
  // What nothing can be done about but to say so.
  kSameToken,         // NextContinuationToken is the same on every page
  kUnordered,         // keys in another order
  kStrangers,         // keys outside of the prefix
  kOddTruncated,      // IsTruncated is "perhaps"
  kListsBuckets,      // the list of all buckets, whatever is asked for
  kNamesEndpoint,     // 301 with nothing but an <Endpoint>
  kForbidsPathStyle,  // as Aliyun has it
  kOtherBucketName,   // NoSuchBucket for another name than that of the bucket
  kEmptyPages,        // a truncated page without a key after the other, each with another token
  kNoListing,         // 204 to a listing
  kTellsOtherEtag,    // Complete is answered with the ETag of another object
  kKeepsOtherEtag,    // and so is every request for the object afterwards
  kStoresNothing,     // a put is answered as if it were done
  kRemovesNone,       // so is DeleteObjects
};
inline constexpr size_t kHabitKinds = static_cast<size_t>(Habit::kRemovesNone) + 1;
inline constexpr size_t kBenignHabits = static_cast<size_t>(Habit::kSkipsBegunFolder) + 1;
const char* name_of(Habit habit);

class Habits {
 public:
  Habits() = default;
  Habits(std::initializer_list<Habit> all) {
    for (const Habit habit : all) set(habit);
  }
  void set(Habit habit) { bits_.set(static_cast<size_t>(habit)); }
  bool has(Habit habit) const { return bits_.test(static_cast<size_t>(habit)); }

 private:
  std::bitset<kHabitKinds> bits_;
};

// False, with the reason in *problem, unless `text` is like "no_etag,capitals".
bool parse_habits(const std::string& text, Habits* out, std::string* problem);

// The whole answer as a server of these habits gives it.
void apply(const Habits& habits, Response* response);

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_HABITS_H
