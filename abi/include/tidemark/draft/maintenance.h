/* draft/maintenance.h - what maintenance.h may get: prove archives, accept losses, remove what is old.
 *
 * A draft: any release may change it, under another revision of its id, or drop it; see "Drafts" in
 * README.md. In all else it is like maintenance.h, for every sink.
 */
#ifndef TIDEMARK_DRAFT_MAINTENANCE_H
#define TIDEMARK_DRAFT_MAINTENANCE_H

#include "../maintenance.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEMARK_EXT_DRAFT_MAINTENANCE "tidemark.draft.maintenance/1"

/* One entry of an archive that was read and found right. */
typedef struct tidemark_checked_entry {
  uint32_t struct_size;
  uint32_t reserved;
  tidemark_lsn lsn;
  uint64_t size_bytes;   /* of its members in the archive, headers included */
  const uint8_t* sha256; /* 32 bytes over these; equal for equal entries, whatever archive they are in */
} tidemark_checked_entry;

/* An archive that is compressed or encrypted is decoded too, for which the latter needs an identity; else
 * only what is stored is proven. */
#define TIDEMARK_CHECK_DEEP 0x1u

typedef struct tidemark_check_options {
  uint32_t struct_size;
  uint32_t flags; /* TIDEMARK_CHECK_* */
  /* Called for each entry as it is read, so what it got counts only if check then returns OK and no visit
   * stopped it (by returning non-zero). NULL: no digests of entries are taken. */
  int32_t (*visit)(void* ctx, const tidemark_checked_entry*);
  void (*progress)(void* ctx, uint64_t read_bytes); /* as in tidemark_unpack_options; may be NULL */
  void* ctx;                                        /* the caller's own; lives until the call returns */
} tidemark_check_options;

/* What came of comparing an entry in a directory with an archive. Open set. */
enum {
  TIDEMARK_COMPARED_SAME = 1,
  TIDEMARK_COMPARED_DIFFERENT = 2,
  TIDEMARK_COMPARED_UNREADABLE = 3 /* by this process: its mode or owner forbids it, or the disk failed */
};

typedef struct tidemark_compared_entry {
  uint32_t struct_size;
  int32_t result; /* TIDEMARK_COMPARED_* */
  tidemark_lsn lsn;
  tidemark_str message; /* the first file that differs, and how; empty if the same */
} tidemark_compared_entry;

/* An archive is asked for its last 512 bytes only, if the directory has all of its entries and these, laid
 * out as an archive, have the digest that stands there: then they are what the archiver sealed, and SAME.
 * Whatever else is found is compared as without this flag. That the rest of the archive can still be read is
 * not known then. Takes up to 4 MiB of memory more. */
#define TIDEMARK_COMPARE_BY_DIGEST 0x100u

typedef struct tidemark_compare_options {
  uint32_t struct_size;
  uint32_t flags;           /* TIDEMARK_UNPACK_KEEP_SETID, TIDEMARK_COMPARE_*; others are UNSUPPORTED */
  tidemark_lsn first, last; /* inclusive; of these, what the archive holds is compared */
  tidemark_str directory;   /* <directory>/<LSN> are the entries */
  /* Called for each entry as it was compared, so what it got counts only if compare then returns OK and no
   * visit stopped it (by returning non-zero). */
  int32_t (*visit)(void* ctx, const tidemark_compared_entry*);
  void (*progress)(void* ctx, uint64_t read_bytes); /* as in tidemark_unpack_options; may be NULL */
  void* ctx;                                        /* the caller's own; lives until the call returns */
} tidemark_compare_options;

#define TIDEMARK_COPY_COMPARE 0x1u    /* both sides have the object: nothing is written, see copy */
#define TIDEMARK_COPY_READ_WHOLE 0x2u /* with COMPARE: the bodies too, not the footers alone */
/* An archive is decoded, for which an encrypted one needs `from`'s identity_file, and then compressed and
 * encrypted as the options of `to` say: compress, encrypt_recipients_file and encrypt_tag_key_file. */
#define TIDEMARK_COPY_ENCODE 0x4u
/* With ENCODE: it is compressed only if it was, and one that is compressed and not encrypted, before and
 * after, is copied as it is. */
#define TIDEMARK_COPY_KEEP_COMPRESSION 0x8u

typedef struct tidemark_copy_options {
  uint32_t struct_size;
  uint32_t flags;        /* TIDEMARK_COPY_*; others are UNSUPPORTED */
  uint64_t size_bytes;   /* of the object, as the source lists it */
  uint64_t buffer_bytes; /* what the call may hold of it in memory: one that fits is asked for once */
  void (*progress)(void* ctx, uint64_t read_bytes); /* as in tidemark_unpack_options; may be NULL */
  void* ctx;                                        /* the caller's own; lives until the call returns */
  /* With COMPARE: the archive of the destination, which may be coded in another way. Empty: `key`. */
  tidemark_str to_key;
} tidemark_copy_options;

/* What came of copying an object. Open set. */
enum {
  TIDEMARK_COPIED = 1,
  TIDEMARK_COPY_THERE = 2,  /* the destination had it already, and it is durable there */
  TIDEMARK_COPY_ENCODED = 3 /* copied, and encoded anew: under `key` with another suffix, or under it */
};

/* How an archive that the destination had was found to be the same. Open set. */
enum {
  TIDEMARK_COMPARED_FOOTERS = 1, /* by size and footer: a body that is damaged was not seen */
  TIDEMARK_COMPARED_TAG = 2,     /* by the tag of one that is encrypted and was not decrypted */
  TIDEMARK_COMPARED_BODIES = 3   /* by the bytes of both, decoded where they are coded */
};

/* Whose object or sink an error is about. */
enum { TIDEMARK_COPY_SOURCE = 1, TIDEMARK_COPY_DESTINATION = 2 };

typedef struct tidemark_copy_result {
  uint32_t struct_size; /* set by the caller */
  int32_t result;       /* one of these after OK, else 0 */
  int32_t failed;   /* TIDEMARK_COPY_SOURCE or TIDEMARK_COPY_DESTINATION after an error that is about one */
  int32_t compared; /* TIDEMARK_COMPARED_* after COPY_THERE of an archive, else 0 */
} tidemark_copy_result;

/* What came of one thing that was tried. Open set. */
enum {
  TIDEMARK_TRIED_OK = 1,
  TIDEMARK_TRIED_WARNING = 2,
  TIDEMARK_TRIED_FAILED = 3,
  TIDEMARK_TRIED_SKIPPED = 4 /* it needs what failed before */
};

typedef struct tidemark_tried {
  uint32_t struct_size;
  int32_t result; /* TIDEMARK_TRIED_* */
  /* leftovers, write, read, range, list, clock, conditions, remove, gone or remove-many. Open set. */
  tidemark_str what;
  tidemark_str message; /* the sink's own reason, where it has one */
} tidemark_tried;

typedef struct tidemark_try_options {
  uint32_t struct_size;
  uint32_t reserved;
  tidemark_str name; /* of the object that is written; nobody else uses it: [A-Za-z0-9_-] */
  void (*visit)(void* ctx, const tidemark_tried*);
  /* Whether an object of that name was left by a call that was killed: then it is removed. age_us by this
   * machine's clock. NULL: none was. */
  int32_t (*is_left)(void* ctx, tidemark_str name, int64_t age_us);
  void* ctx; /* the caller's own; lives until the call returns */
  /* Whether the folder of this partition, which is there already, can be listed, written to and removed from:
   * list, write, remove and leftovers. NULL: all is tried, beside the storages' folders. */
  const tidemark_partition* partition;
} tidemark_try_options;

/* What scan_level tells besides the kinds of TIDEMARK_STORED_*: a folder, whose key ends in '/'. What lies in
 * it was not looked at; it may hold nothing. */
enum {
  TIDEMARK_STORED_STORAGE = 100,   /* partition.storage is its name, and partition.id 0 */
  TIDEMARK_STORED_PARTITION = 101, /* partition is what lies in it */
  TIDEMARK_STORED_FOLDER = 102     /* of neither: what lies in it is foreign, or of the whole storage */
};

/* Why an epoch was begun. Open set. */
enum {
  TIDEMARK_CLAIM_FIRST = 1,   /* nobody had written this storage */
  TIDEMARK_CLAIM_RESTART = 2, /* by who had written it last */
  TIDEMARK_CLAIM_TAKEOVER = 3 /* because a person said so */
};

/* The record of an epoch: who wrote a storage from then on, and after what. */
typedef struct tidemark_epoch {
  uint32_t struct_size;
  int32_t how; /* TIDEMARK_CLAIM_* */
  tidemark_str storage;
  uint64_t epoch;
  uint64_t parent;      /* the epoch that it continues, which is below it; 0: none */
  int64_t made_us;      /* microseconds since 1970, by the clock of who made it */
  const uint8_t* owner; /* 16 bytes, the same as long as the host's data is the same */
  tidemark_str host;    /* the machine's name, for people */
  tidemark_str reason;  /* of a takeover, else empty */
} tidemark_epoch;

/* Which data directory takes a storage over, from whom and why. */
typedef struct tidemark_takeover {
  uint32_t struct_size;
  uint32_t reserved;
  tidemark_str lineage_file; /* its absolute path */
  uint64_t over;             /* the newest epoch, as the operator sees it */
  tidemark_str reason;
  uint64_t restored_from; /* the epoch that the data was restored from; 0 or absent: as the file remembers */
} tidemark_takeover;

/* What came of it. */
typedef struct tidemark_taken_over {
  uint32_t struct_size; /* set by the caller */
  uint32_t reserved;
  uint64_t epoch;                 /* that was claimed */
  uint64_t records_written_again; /* of older epochs of its history, which the archive had lost */
} tidemark_taken_over;

/* As the functions of tidemark_maintenance_api. */
typedef struct tidemark_draft_maintenance_api {
  uint32_t struct_size;
  uint32_t reserved;
  /* Reads an archive or record whole: digest against footer, footer against key, and for an archive that its
   * members are exactly the entries first..last, in order, with nothing after them. The options may be NULL.
   * CORRUPT: the message names the key and what is wrong. INVALID: not a key of ours. SEALED: its content
   * is wanted (by DEEP, or a visit), it is encrypted, and no identity decrypts it. */
  tidemark_status (*check)(tidemark_archiver*, tidemark_str key, const tidemark_check_options*,
                           const tidemark_call*, tidemark_error*);
  /* Records durably that an operator accepts that first..last are lost. INVALID: an archive holds one of
   * them, no reason, a reason that does not fit (one line of UTF-8 without control characters, at most 256
   * bytes), or created with read_only. EXISTS: accepted before. */
  tidemark_status (*accept_gap)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn first,
                                tidemark_lsn last, tidemark_str reason, const tidemark_call*,
                                tidemark_error*);
  /* Removes, oldest first, the archives and records of which every LSN lies below `before`. First a record of
   * how far it will prune is made durable, and older such records go last; so whenever the process is killed
   * no hole is left that no record explains, and the same call again finishes. Where the sink removes many
   * with one request, up to 1,000 go at a time, in no order: what a kill leaves of these lies below that
   * record, with holes in between, and is whole and readable until the call is made again.
   * visit, if not NULL: called for each removed object, in order, after it is gone; non-zero stops with OK.
   * It is not called for what went in a request that was not told to be done, nor for the rest of that in
   * which it stopped. With dry_run != 0 nothing is changed and visit sees what would be removed. INVALID:
   * below `before` lies a hole that no record explains (accept it first, or prune up to it), or created with
   * read_only and no dry_run. */
  tidemark_status (*prune)(tidemark_archiver*, const tidemark_partition*, tidemark_lsn before,
                           int32_t dry_run, int32_t (*visit)(void* ctx, const tidemark_stored*),
                           void* visit_ctx, const tidemark_call*, tidemark_error*);
  /* Compares restored entries with the archive `key`, read once at most: names, kinds, permission bits,
   * targets of symlinks, sizes and bytes. Changes nothing, and follows no symlink. Without KEEP_SETID an
   * entry whose setuid and setgid bits were left out is the same. An entry that is not there is DIFFERENT.
   * INVALID, NOT_FOUND, CORRUPT: as unpack. */
  tidemark_status (*compare)(tidemark_archiver*, tidemark_str key, const tidemark_compare_options*,
                             const tidemark_call*, tidemark_error*);
  /* When the archive `key` was made, in microseconds since 1970 by the clock of who made it, as its footer
   * says; 0: it does not say. Unlike the sink's time it stays when archives are copied. Reads the footer
   * alone, which is not yet a proof of the rest. INVALID: not an archive's key. CORRUPT: as check. */
  tidemark_status (*made)(tidemark_archiver*, tidemark_str key, int64_t* made_us, const tidemark_call*,
                          tidemark_error*);
  /* Copies the archive or record `key` from one archiver's sink to another's, byte for byte; with ENCODE an
   * archive may become one with another suffix, which holds the same tar, of the same entries, epoch and
   * time. It is proven as check does before it is there, and nothing becomes visible of one that is damaged;
   * it is never put where something stands. Memory does not grow with the object: one larger than
   * buffer_bytes is read in pieces, twice if the destination has to know its digest first; what is encoded
   * takes some MiB more, is read once if the tar and what becomes of it fit, and else up to three times. An
   * archive that stands there counts as THERE if it holds the same tar, however it is coded and whenever it
   * was made, and a record if it is sound, for what it says lies in its name; that of an epoch if it is the
   * same. With COMPARE the destination is known to have the object, or to_key: it is compared, by the footer
   * of an archive and by its body if these differ; what is encrypted by its tag, or decrypted where that does
   * not tell. CORRUPT, NOT_FOUND: as check, of the side that the result names. EXISTS: the destination has a
   * sound archive, or an epoch's record, with other content. SEALED: no identity decrypts it, or nobody can
   * tell whether it holds the same. INVALID: not a key of ours, to_key is not of the same entries and epoch,
   * or `to` was created with read_only, unless it is to be compared. */
  tidemark_status (*copy)(tidemark_archiver* from, tidemark_archiver* to, tidemark_str key,
                          const tidemark_copy_options*, tidemark_copy_result*, const tidemark_call*,
                          tidemark_error*);
  /* Tries on the sink what an archiver needs of it: writes an object under a name that readers take for a
   * foreign one (tidemark-check-<name>), reads, lists, writes and removes it again, and two more where the
   * sink removes many with one request. What fails is told by visit, and OK means only that all was tried.
   * INVALID: a bad name, or created with read_only. */
  tidemark_status (*try_out)(tidemark_archiver*, const tidemark_try_options*, const tidemark_call*,
                             tidemark_error*);
  /* One level of what scan gives, in byte order of keys, without what lies in the folders: with storage empty
   * the storages, else the partitions of that one, and what else is there: other folders, and the objects and
   * what is irregular beside them. Only what comes after start_after; a folder that it lies in, or is, does
   * not come. The sink is asked once for a thousand folders or so, if it can tell them without what they hold
   * (draft/list_folders.h); else everything is listed, but for most of what lies in large folders. */
  tidemark_status (*scan_level)(tidemark_archiver*, tidemark_str storage, tidemark_str start_after,
                                int32_t (*visit)(void* ctx, const tidemark_stored*), void* visit_ctx,
                                const tidemark_call*, tidemark_error*);
  /* What scan gives of these folders, after start_after, in byte order of keys. The folders are keys that
   * scan_level gave, of one level, in order and neighbours; what has come between them since may be given
   * too. One alone may be any folder, or empty: everything. Takes fewer requests than each by itself where
   * folders are small and the sink lists in pages. INVALID: no folder, one that does not end in '/', or that
   * does not follow the one before it. */
  tidemark_status (*scan_folders)(tidemark_archiver*, const tidemark_str* folders, uint32_t count,
                                  tidemark_str start_after,
                                  int32_t (*visit)(void* ctx, const tidemark_stored*), void* visit_ctx,
                                  const tidemark_call*, tidemark_error*);
  /* Reads the record of an epoch, by the key that scan gave it, and proves it as check does; visit, which is
   * called once, gets what it says. Which epochs make a history is told by their parents: it is that of the
   * newest, unless another one is asked for. INVALID: not the key of an epoch's record. CORRUPT: as check. */
  tidemark_status (*read_epoch)(tidemark_archiver*, tidemark_str key,
                                void (*visit)(void* ctx, const tidemark_epoch*), void* visit_ctx,
                                const tidemark_call*, tidemark_error*);
  /* Claims an epoch after the newest for a data directory that was superseded, so that its history
   * continues: an operator's decision. Records of older epochs that the archive lost, and that this history
   * goes back to, are written again from the lineage file. Holds that file meanwhile; start the host
   * afterwards. INVALID: `over` is neither the newest epoch nor, where that is lost, the last that the file
   * remembers, the archive is another owner's, the reason does not fit (as in accept_gap), or created with
   * read_only. NOT_FOUND: no lineage file. RETRYABLE: a host holds it, or what the sink gives. CORRUPT: the
   * file or a record is damaged, or what it continues cannot be told. With restored_from the data directory
   * was filled by restoring that epoch, because its own lineage file is lost: the file is made if it is not
   * there, and becomes that of the archive's owner. NOT_FOUND: no such epoch. INVALID: the file is another
   * owner's, and has archived something. */
  tidemark_status (*take_over)(tidemark_archiver*, tidemark_str storage, const tidemark_takeover*,
                               tidemark_taken_over*, const tidemark_call*, tidemark_error*);
  /* Removes what only the history of this epoch has, in all partitions of the storage: its archives and
   * records, and those of the epochs that it continues as far as no other history does; the records of these
   * epochs last. What the newest history has stays as it is. visit and dry_run as in prune. Stopped at any
   * instant, what is left is a shorter branch: the same call, or one for the epoch that is its newest then,
   * finishes. INVALID: no such epoch, it is in the history of the newest,
   * another one continues it, or created with read_only and no dry_run. CORRUPT: the record of an epoch is
   * damaged. */
  tidemark_status (*prune_branch)(tidemark_archiver*, tidemark_str storage, uint64_t epoch, int32_t dry_run,
                                  int32_t (*visit)(void* ctx, const tidemark_stored*), void* visit_ctx,
                                  const tidemark_call*, tidemark_error*);
  /* The plain tar that the archive `key` holds, decoded, up to and with its end mark; which is given out only
   * after all of it, members included, was found right. After any status but OK discard what `out` received.
   * INVALID: not an archive's key. CORRUPT: as check. SEALED: no identity decrypts it. */
  tidemark_status (*fetch_plain)(tidemark_archiver*, tidemark_str key, const tidemark_writer* out,
                                 const tidemark_call*, tidemark_error*);
  /* Bytes of the plain tar in the archive `key`, up to and with its end mark, as the footer of a compressed
   * one says; 0: it does not say, because it is encrypted, or because it is the tar. Reads the footer alone,
   * which is not yet a proof of the rest. INVALID: not an archive's key. CORRUPT: as check. */
  tidemark_status (*plain_size)(tidemark_archiver*, tidemark_str key, uint64_t* size_bytes,
                                const tidemark_call*, tidemark_error*);
} tidemark_draft_maintenance_api;

#ifdef __cplusplus
}
#endif
#endif /* TIDEMARK_DRAFT_MAINTENANCE_H */
