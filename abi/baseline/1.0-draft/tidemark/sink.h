/* sink.h - the contract between the archiver and a sink: a directory or store that keeps objects.
 *
 * A sink is dumb: it tries each call once and classifies the outcome. It has no retries, rate limits,
 * names or tars of its own: those are the archiver's. All functions on an open sink are
 * [any-thread] and are called concurrently; open and close are [control]. A key is relative,
 * at most TIDEMARK_KEY_MAX bytes, its parts separated by '/' and none of them empty, "." or "..";
 * anything else is TIDEMARK_E_INVALID. A part may not begin with '.' either: such names are the
 * sink's own.
 */
#ifndef TIDEMARK_SINK_H
#define TIDEMARK_SINK_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_SINK_ABI_MAJOR 1u
#define TIDEMARK_SINK_ABI_MINOR 0u

/* The body of one put, pulled by the sink. Everything is valid until put() returns. */
typedef struct tidemark_source {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t size_bytes;   /* exact, known up front: Content-Length, fallocate */
  const uint8_t* sha256; /* 32 bytes over the whole body; NULL unless the sink asked, see below */
  void* ctx;             /* the archiver's own */
  /* Up to size bytes from offset; *out_size is 0 only at the end. Any offset, repeatable, so a
   * sink can rewind; not concurrent for one source. Only during put; may block. */
  tidemark_status (*read)(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                          tidemark_error*);
  const uint8_t* data;    /* the whole body if it lies in memory: then read need not be called; else NULL */
  const uint32_t* crc32c; /* CRC-32C (RFC 3720) over the whole body; NULL unless asked for and known */
} tidemark_source;

typedef struct tidemark_object {
  uint32_t struct_size;
  uint32_t flags; /* TIDEMARK_OBJECT_*; only in a listing */
  uint64_t size_bytes;
  int64_t modified_us; /* by the sink's clock */
} tidemark_object;

/* Not an object: something else lies where one would be, or where a part of the tree would be (a symbolic
 * link, a FIFO, a device, a directory with an object's name), and nothing of it is ever read; or a directory
 * that may not be read, whose key ends in "/.". Listed so that a person hears of it; the archiver passes over
 * it. A directory that may not be read and that the prefix names is an error instead. */
#define TIDEMARK_OBJECT_IRREGULAR 0x1u

#define TIDEMARK_CAPABILITY_WANTS_SHA256 0x1u /* put needs source->sha256 before the first byte */
#define TIDEMARK_CAPABILITY_WANTS_CRC32C 0x2u /* put reads the body once less if source->crc32c is there */

#define TIDEMARK_PUT_IF_ABSENT 0x1u /* TIDEMARK_E_EXISTS instead of replacing; atomic */

/* Services of the archiver to a sink. Outlives close(). */
typedef struct tidemark_sink_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* the archiver's TIDEMARK_SINK_ABI_MINOR; informative */
  void* ctx;          /* the archiver's own; lives as long as this struct */
  void (*log)(void* ctx, int32_t level, tidemark_str message); /* [any-thread] never blocks; may be NULL */
  uint64_t put_buffer_bytes; /* what one put may hold in the sink's buffers, at least 64 KiB; 0: no limit */
  uint32_t flags;            /* TIDEMARK_OPEN_*; absent means 0 */
  uint32_t reserved;
} tidemark_sink_host;

/* The sink is opened for reading only: open proves only that it can be read, and writes, removes and sweeps
 * nothing. A directory or bucket that is not there is TIDEMARK_E_NOT_FOUND and not created. put and remove
 * are TIDEMARK_E_INVALID. */
#define TIDEMARK_OPEN_READ_ONLY 0x1u

/* One option that open takes, described for people. Static storage, no member is NULL. An array element, so
 * this struct never changes. */
typedef struct tidemark_sink_option {
  const char* name;     /* one that ends in '*' stands for all names that begin with what is before it */
  const char* fallback; /* the default; "" if there is none or help describes it */
  const char* help;     /* one line */
} tidemark_sink_option;

typedef struct tidemark_sink tidemark_sink;

typedef struct tidemark_sink_api {
  uint32_t struct_size;
  uint32_t abi_major;    /* the one that was asked for */
  uint32_t abi_minor;    /* informative */
  uint32_t capabilities; /* TIDEMARK_CAPABILITY_* */
  const char* name;      /* "s3", static storage */
  const char* version;   /* "1.4.2", static storage */

  /* A tidemark_call and a tidemark_error may be NULL in every call. A failure of the whole sink
   * (unreachable, read-only, moved away, out of descriptors) is RETRYABLE, a full one NO_SPACE: then all
   * partitions wait (SINK_DOWN). PERMANENT is for one object, or for what only an operator can change. */

  /* Checks url and options and proves the sink usable: directory writable, bucket reachable.
   * An option may stand in the url's query (percent-encoded) or in the list; one that is unknown,
   * malformed or given twice is TIDEMARK_E_INVALID and the message names it. A sink that computes digests
   * checks known answers here. *out is NULL after a failure. [control] */
  tidemark_status (*open)(const tidemark_sink_host*, tidemark_str url, const tidemark_option* options,
                          uint32_t option_count, const tidemark_call*, tidemark_sink** out, tidemark_error*);
  /* No call is in progress. When it returns no thread of the sink exists. NULL is fine. [control] */
  void (*close)(tidemark_sink*);

  /* OK means: the object is durable (file and directory fsynced; 2xx) and visible as a whole, and so is all
   * that other puts had made visible in its folder (the key up to the last '/') before this call. After
   * RETRYABLE or CANCELLED the object may or may not be there. A status that source->read returned is passed
   * on unchanged, with its error, and then nothing became visible. EXISTS: only with TIDEMARK_PUT_IF_ABSENT,
   * and the object that is there is whole and durable. [any-thread] */
  tidemark_status (*put)(tidemark_sink*, tidemark_str key, const tidemark_source*, uint32_t flags,
                         const tidemark_call*, tidemark_error*);
  /* OK also means that the object is durable, whoever wrote it, and so is its folder, as after put: the
   * archiver calls head before it relies on objects that it did not just write. TIDEMARK_E_NOT_FOUND: no such
   * object. The callee sets out->struct_size to what it filled, at most what the caller gave. [any-thread] */
  tidemark_status (*head)(tidemark_sink*, tidemark_str key, const tidemark_call*, tidemark_object* out,
                          tidemark_error*);
  /* [offset, offset + size); a negative offset counts from the end, and one that reaches before the
   * beginning means the beginning; size UINT64_MAX: to the end. A range that reaches after the end is
   * cut there, possibly to nothing. TIDEMARK_E_NOT_FOUND: no such object. [any-thread] */
  tidemark_status (*get)(tidemark_sink*, tidemark_str key, int64_t offset, uint64_t size,
                         const tidemark_writer* out, const tidemark_call*, tidemark_error*);
  /* In byte order: the keys > start_after that begin with prefix; finished objects only (and what is
   * TIDEMARK_OBJECT_IRREGULAR, if the sink can tell). visit: non-zero stops with OK. A listing that could not
   * be finished is an error. [any-thread] */
  tidemark_status (*list)(tidemark_sink*, tidemark_str prefix, tidemark_str start_after,
                          int32_t (*visit)(void* ctx, tidemark_str key, const tidemark_object*),
                          void* visit_ctx, const tidemark_call*, tidemark_error*);
  /* Absent is OK: deletion is idempotent. [any-thread] */
  tidemark_status (*remove)(tidemark_sink*, tidemark_str key, const tidemark_call*, tidemark_error*);

  /* NULL if unknown. Valid until close(). [any-thread] */
  const void* (*get_extension)(tidemark_sink*, const char* id);

  const tidemark_sink_option*
      options; /* what open takes, in the order to show it; absent or NULL: not known */
  uint32_t option_count;
  uint32_t option_reserved;
} tidemark_sink_api;

/* The only symbol of the library. NULL: this major is not spoken here; ask for a lower one. */
TIDEMARK_EXPORT const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major);
typedef const tidemark_sink_api* (*tidemark_sink_entry_fn)(uint32_t abi_major);
#define TIDEMARK_SINK_ENTRY_NAME "tidemark_sink_entry"

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_SINK_H */
