#include "base/errno_status.h"

#include <gtest/gtest.h>

#include <set>

namespace tidemark {
namespace {

tidemark_status sink(int sys_errno) { return status_of_errno(sys_errno, ErrnoOf::kSink); }
tidemark_status entry(int sys_errno) { return status_of_errno(sys_errno, ErrnoOf::kEntry); }

// The archiver waits for the whole sink on a status of 100 and above, and for one partition on any other.
TEST(ErrnoStatus, WhatConcernsTheWholeSinkIsWorthARetry) {
  for (const int code :
       {EIO,      EROFS,        ENODEV,       ENXIO,   ESTALE,     ENOTCONN,  EMFILE,    ENFILE,
        ENOMEM,   EAGAIN,       EBUSY,        EINTR,   ETIMEDOUT,  EHOSTDOWN, EUCLEAN,   EBADMSG,
        ENOKEY,   EKEYEXPIRED,  ENOLCK,       ENOBUFS, ECONNRESET, EPIPE,     EREMOTEIO, ENOMEDIUM,
        ENETDOWN, ECONNREFUSED, EHOSTUNREACH, ENOLINK, ESHUTDOWN}) {
    EXPECT_EQ(sink(code), TIDEMARK_E_RETRYABLE) << errno_text(code);
  }
  for (const int code : {ENOSPC, EDQUOT}) EXPECT_EQ(sink(code), TIDEMARK_E_NO_SPACE) << errno_text(code);
}

TEST(ErrnoStatus, WhatConcernsOneObjectIsNot) {
  for (const int code :
       {EACCES, EPERM, ENAMETOOLONG, ELOOP, EISDIR, ENOTDIR, ENOTEMPTY, EXDEV, EMLINK, EINVAL, EFBIG}) {
    EXPECT_EQ(sink(code), TIDEMARK_E_PERMANENT) << errno_text(code);
  }
  EXPECT_EQ(sink(ENOENT), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(sink(EEXIST), TIDEMARK_E_PERMANENT) << "EXISTS promises a whole, durable object";
}

TEST(ErrnoStatus, TheTwoViewsDifferOnlyWhereTheMeaningDoes) {
  std::set<int> differ;
  for (int code = 1; code < 200; ++code) {
    if (sink(code) != entry(code)) differ.insert(code);
  }
  EXPECT_EQ(differ, (std::set<int>{ENOTDIR, EEXIST, EROFS, ENODEV, ENXIO, ENOMEDIUM, EUCLEAN, EBADMSG, ENOKEY,
                                   EKEYEXPIRED, EKEYREVOKED, EKEYREJECTED}));
  EXPECT_EQ(entry(ENOTDIR), TIDEMARK_E_NOT_FOUND);
  EXPECT_EQ(entry(EEXIST), TIDEMARK_E_EXISTS);
  EXPECT_EQ(entry(EROFS), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(entry(ENXIO), TIDEMARK_E_PERMANENT);
}

TEST(ErrnoStatus, UnknownOnesArePermanent) {
  for (const int code : {0, -1, 4711}) {
    EXPECT_EQ(sink(code), TIDEMARK_E_PERMANENT);
    EXPECT_EQ(entry(code), TIDEMARK_E_PERMANENT);
  }
}

TEST(ErrnoText, IsEnglishAndNeverEmpty) {
  EXPECT_EQ(errno_text(ENOENT), "No such file or directory");
  EXPECT_EQ(errno_text(4711), "errno 4711");
}

}  // namespace
}  // namespace tidemark
