/* maintenance.h - looking after archives: list what is stored, read the records, restore.
 *
 * An extension of the archiver for programs that restore. Usable from set_sink() on, started or not. The
 * caller decides what to do and what to print; only this side knows what an archive is and how it is proven,
 * for every sink. What is still being tried out lies in draft/maintenance.h.
 */
#ifndef TIDEMARK_MAINTENANCE_H
#define TIDEMARK_MAINTENANCE_H

#include "archiver.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXT_MAINTENANCE "tidemark.maintenance/1"

/* What an object in the sink is by its name. Open set: treat what you do not know as foreign. */
enum {
  TIDEMARK_STORED_ARCHIVE = 1,
  TIDEMARK_STORED_GAP = 2,      /* first..last could not be archived */
  TIDEMARK_STORED_ACCEPTED = 3, /* a person accepted that first..last are lost */
  TIDEMARK_STORED_PRUNED = 4,   /* first..last (first is 1) were removed on purpose; the newest counts */
  TIDEMARK_STORED_FOREIGN = 5,  /* not a name of ours */
  TIDEMARK_STORED_ORIGIN = 6,   /* first..last (first is 1) were never there: the partition begins after last.
                                 * It counts only below the lowest LSN that an archive, a gap or a pruned record
                                 * names; of several origin records the lowest counts */
  TIDEMARK_STORED_IRREGULAR = 7, /* TIDEMARK_OBJECT_IRREGULAR of sink.h: holds nothing. first..last as its
                                  * name says, 0 if that is not a name of ours */
  TIDEMARK_STORED_EPOCH = 8 /* who writes the storage since then, and after which epoch; in no partition */
};

typedef struct tidemark_stored {
  uint32_t struct_size;
  int32_t kind;                 /* TIDEMARK_STORED_* */
  tidemark_partition partition; /* storage is empty if the key lies in no partition's folder */
  tidemark_lsn first, last;     /* inclusive; 0 for a foreign object */
  uint64_t size_bytes;          /* of the object */
  int64_t modified_us;          /* by the sink's clock */
  tidemark_str key;
  uint64_t epoch; /* in which it was written, 1 is the first; 0 if that is not a name of ours */
  /* What was done to its bytes, as its name says: empty, ".zst", ".age" or ".zst.age". What is encrypted is
   * read with an identity only; whatever needs its content is SEALED without. */
  tidemark_str coding;
} tidemark_stored;

/* What a record says; of an epoch only made_us, reason and the storage. */
typedef struct tidemark_record {
  uint32_t struct_size;
  int32_t kind; /* TIDEMARK_STORED_*, never an archive */
  tidemark_partition partition;
  tidemark_lsn first, last; /* inclusive */
  int64_t made_us;          /* by the clock of who made it; 0 if the record does not say */
  tidemark_str reason;      /* what the person wrote; empty if none */
} tidemark_record;

/* The directory is private to the caller: nobody relies on what lies in it before unpack has returned OK, and
 * the caller removes what a killed call left there. So entries are built directly under their final names,
 * and these names are not made durable: the caller moves the entries to where they belong, many at a time if
 * it likes, and fsyncs that directory. (A directory that its owner may not write cannot be moved until its
 * mode is changed.) */
#define TIDEMARK_UNPACK_PRIVATE 0x1u
/* Files and directories get their setuid and setgid bits. Without it these are left out: they would be bits
 * of the user who restores. */
#define TIDEMARK_UNPACK_KEEP_SETID 0x2u
/* With PRIVATE: nor is the content durable where the file system can make much durable at once. The caller
 * calls syncfs on the directory, once for all that it has unpacked, before it moves an entry. */
#define TIDEMARK_UNPACK_SYNC_LATER 0x4u

/* What to restore of an archive, and where to. */
typedef struct tidemark_unpack_options {
  uint32_t struct_size;
  uint32_t flags;           /* TIDEMARK_UNPACK_*; others are UNSUPPORTED */
  tidemark_lsn first, last; /* inclusive; of these, what the archive holds is restored */
  tidemark_str directory;   /* must exist; an entry becomes <directory>/<LSN> */
  /* How much of the object has been read so far: never less than before; called after each piece that
   * arrived, on the caller's thread. May be NULL. */
  void (*progress)(void* ctx, uint64_t read_bytes);
  void* ctx; /* the caller's own; lives until the call returns */
} tidemark_unpack_options;

/* Every function is [any-thread]; visitors are called on the caller's thread, and non-zero stops the call
 * with OK unless said otherwise. What a visitor gets is borrowed for its call. tidemark_call and
 * tidemark_error may be NULL. Besides the statuses listed at a function: INVALID for an argument or before
 * set_sink, what the sink gives (RETRYABLE and above: the same call may work later), NOT_FOUND for a key that
 * is not there, CANCELLED if the caller asked. */
typedef struct tidemark_maintenance_api {
  uint32_t struct_size;
  uint32_t reserved;
  /* Every finished object in byte order of keys, hence partition by partition and, within one, by last LSN;
   * memory does not grow with their number. storage empty: everything (partition must be NULL and from 0);
   * partition NULL: the whole storage. from: with a partition, only archives and records whose last LSN is
   * from or above, and foreign objects after them in byte order; without one it must be 0. Names that begin
   * with '.' are the sink's own and not listed. A listing that could not be finished is an error, never a
   * shorter listing. */
  tidemark_status (*scan)(tidemark_archiver*, tidemark_str storage, const uint64_t* partition,
                          tidemark_lsn from, int32_t (*visit)(void* ctx, const tidemark_stored*),
                          void* visit_ctx, const tidemark_call*, tidemark_error*);
  /* Gives a record's content, after checking it against its footer and its key. INVALID: not a record's key;
   * CORRUPT: the message names the key and what is wrong. */
  tidemark_status (*read_record)(tidemark_archiver*, tidemark_str key,
                                 void (*visit)(void* ctx, const tidemark_record*), void* visit_ctx,
                                 const tidemark_call*, tidemark_error*);
  /* Restores entries of the archive `key`, ascending, each whole and fsynced or not at all, whenever the
   * process is killed (but see TIDEMARK_UNPACK_PRIVATE). The archive is read once, and its digest is checked
   * before the first entry becomes visible; until then everything is in <directory>/.tidemark/, where the
   * next call removes what a killed one left. Safe against hostile archives. After any status but OK none
   * of the archive's entries was added to the directory; only after EXISTS the entries before the one that
   * exists may have been. INVALID: not an archive's key, or it holds nothing of first..last. EXISTS: one of
   * the entries is there already. NOT_FOUND: also if the directory is not there. CORRUPT: as read_record. */
  tidemark_status (*unpack)(tidemark_archiver*, tidemark_str key, const tidemark_unpack_options*,
                            const tidemark_call*, tidemark_error*);
} tidemark_maintenance_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_MAINTENANCE_H */
