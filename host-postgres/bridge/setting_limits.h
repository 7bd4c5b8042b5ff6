/* setting_limits.h - the settings that are numbers: name, default, least, most, unit, what it is. The module
 * defines them by this, and who reads the server's files checks them by it. */
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_SETTING_LIMITS_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_SETTING_LIMITS_H

enum { TMPG_UNIT_NONE = 0, TMPG_UNIT_MS = 1, TMPG_UNIT_KB = 2 };

#define TMPG_NUMBER_SETTINGS(X)                                                                           \
  X(workers, 4, 1, 256, TMPG_UNIT_NONE, "Threads that archive.")                                          \
  X(inflight, 4, 1, 64, TMPG_UNIT_NONE, "Archives of one timeline that are written at once.")             \
  X(ahead, 64, 0, 4096, TMPG_UNIT_NONE, "Segments after the one that is offered which are archived too.") \
  X(batch_entries, 1, 1, 4096, TMPG_UNIT_NONE, "Segments in one archive, at most.")                       \
  X(timeout, 5000, 200, 60000, TMPG_UNIT_MS, "How long one file is waited for before it is tried again.") \
  X(memory, 64 * 1024, 16 * 1024, 2147483647, TMPG_UNIT_KB, "Buffers of all that is archived at once.")

#endif /* TIDEMARK_HOST_POSTGRES_BRIDGE_SETTING_LIMITS_H */
