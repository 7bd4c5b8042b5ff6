/* base.h - vocabulary shared by both ABIs: strings, status, errors, options.
 *
 * Rules that hold for every declaration in this folder:
 *   Growth    Tables of functions and structs of data begin with struct_size, set by the side that
 *             fills them in. New members go at the end only. A reader looks at a member only if
 *             TIDEMARK_HAS() says so; absent means NULL/0. Within one major version nothing is
 *             removed, reordered or given a new meaning. A struct without struct_size (an array
 *             element or embedded) never changes at all. Longer structs than one's own are fine.
 *   Memory    Neither side frees what the other allocated. Inputs are borrowed for the duration
 *             of the call; outputs go to a buffer, visitor or writer of the caller.
 *   Errors    A call that can fail returns tidemark_status and takes a caller-owned
 *             tidemark_error, which may be NULL; so may a tidemark_call (no deadline, no
 *             cancellation). Besides the statuses listed at a call, each call may give INVALID (an
 *             argument; nothing was changed) and RETRYABLE (out of memory). No C++ exception, longjmp or
 *             thread cancellation crosses the boundary.
 *   Threads   Every function carries one tag, defined in README.md of this folder:
 *             [control]    the caller serialises these calls; they may block
 *             [any-thread] safe to call concurrently, may block on the sink
 *             [hot-path]   any thread, bounded time, no I/O
 *             [worker]     the plugin calls the host, from its own threads
 *             A visitor or writer runs on the thread of the call that it was given to, before
 *             that returns, and may block as that call may.
 *   Units     Sizes are bytes, durations milliseconds, times microseconds since the epoch; the
 *             unit is the suffix of the name.
 *   Language  C99 and C++11. Fixed-width fields, no bool, no bitfield, enums only as constants.
 */
#ifndef TIDEMARK_BASE_H
#define TIDEMARK_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXPORT __attribute__((visibility("default")))
#define TIDEMARK_HAS(ptr, type, member) ((ptr)->struct_size >= offsetof(type, member) + sizeof((ptr)->member))

/* Limits, in bytes but for the last. Every identifier is checked against these at the boundary, once. */
#define TIDEMARK_NAME_MAX 128u    /* storage name: [A-Za-z0-9._-], not starting with '.' */
#define TIDEMARK_KEY_MAX 1024u    /* object key; S3's own limit */
#define TIDEMARK_MESSAGE_MAX 512u /* including the terminating NUL */
#define TIDEMARK_OPTIONS_MAX 64u  /* options of one call */

/* Borrowed UTF-8 bytes, not NUL-terminated. {NULL, 0} is the empty string. */
typedef struct tidemark_str {
  const char* data;
  size_t size;
} tidemark_str;

/* What the caller should DO; details belong in tidemark_error.
 * Forward rule: an unknown code below 100 is permanent, 100 and above is worth retrying. */
typedef int32_t tidemark_status;
enum {
  TIDEMARK_OK = 0,
  TIDEMARK_E_INVALID = 1,     /* caller's bug: argument, state, configuration */
  TIDEMARK_E_UNSUPPORTED = 2, /* not offered by this build, or by the store or library on the far side */
  TIDEMARK_E_NOT_FOUND = 3,
  TIDEMARK_E_EXISTS = 4,    /* not created: an object is already there */
  TIDEMARK_E_PERMANENT = 5, /* denied, malformed, bucket missing at open: an operator must act */
  TIDEMARK_E_CORRUPT = 6,   /* size or digest disagrees with what was stored or declared */
  TIDEMARK_E_CANCELLED = 7, /* because the caller asked */
  TIDEMARK_E_SEALED =
      8, /* encrypted, and no key at hand decrypts it or can tell what it is; never a sink's */
  TIDEMARK_E_RETRYABLE = 100, /* connection, 5xx, EIO, timeout: the same call may work later */
  TIDEMARK_E_THROTTLED = 101, /* 429, 503 SlowDown: slow down everything to this sink */
  TIDEMARK_E_NO_SPACE = 102   /* ENOSPC, quota: retry slowly and tell the operator */
};

/* Filled by the callee on any status but TIDEMARK_OK. Fixed size on purpose: nothing to release,
 * so an error may outlive the library that produced it. */
typedef struct tidemark_error {
  uint32_t struct_size;    /* in: sizeof(tidemark_error) */
  int32_t sys_errno;       /* 0 if none */
  int32_t http_status;     /* 0 if none */
  uint32_t retry_after_ms; /* 0 if the far side gave no hint */
  char code[64];           /* the far side's own word, e.g. "SlowDown"; may be "" */
  /* One line, NUL-terminated, no secrets: UTF-8 without control characters. A line that is too long loses its
   * middle, so that the reason at its end is always there. */
  char message[TIDEMARK_MESSAGE_MAX];
} tidemark_error;

/* One configuration pair. Unknown keys are TIDEMARK_E_INVALID, never ignored. */
typedef struct tidemark_option {
  tidemark_str key;
  tidemark_str value;
  uint32_t
      flags; /* TIDEMARK_OPTION_SECRET: never log, never report back. What a sink calls a secret needs it */
  uint32_t reserved;
} tidemark_option;
#define TIDEMARK_OPTION_SECRET 0x1u

/* Where a callee puts bytes of unknown length, in order. Any status but OK from write stops the producer,
 * which then returns that status. */
typedef struct tidemark_writer {
  void* ctx; /* the caller's own; lives until the call that was given the writer returns */
  /* On the thread of that call, one at a time. `data` is borrowed. Required. */
  tidemark_status (*write)(void* ctx, const void* data, size_t size);
} tidemark_writer;

/* Deadline and cancellation of one blocking call. A callee polls is_cancelled at least every
 * 200 ms and between chunks, and returns TIDEMARK_E_CANCELLED within 1 s of it turning true. */
typedef struct tidemark_call {
  uint32_t struct_size;
  uint32_t timeout_ms; /* 0: none; counts from the beginning of the call. On expiry: TIDEMARK_E_RETRYABLE */
  void* ctx;           /* the caller's own; lives until the call returns */
  int32_t (*is_cancelled)(void* ctx); /* not 0: give up. Must not block. [any-thread] may be NULL: never */
} tidemark_call;

/* Levels of a line of the log. Open set: a host treats a level above ERROR as ERROR. */
enum { TIDEMARK_LOG_DEBUG = 0, TIDEMARK_LOG_INFO = 1, TIDEMARK_LOG_WARN = 2, TIDEMARK_LOG_ERROR = 3 };

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_BASE_H */
