/* compat.h - what differs between PostgreSQL 15, 16 and 17. Run: 15 of Debian 12. The headers of 16 and 17
 * were not at hand; what stands here for them follows their sources:
 *
 *   16  src/include/archive/archive_module.h, in place of postmaster/pgarch.h: a constant table, which the
 * init function returns, and every callback is given an ArchiveModuleState. 17  the same file, and
 * src/backend/postmaster/pgarch.c: arch_module_check_errdetail() says why check_configured_cb returned false.
 *
 * Included after postgres.h. */
#ifndef TIDEMARK_HOST_POSTGRES_MODULE_COMPAT_H
#define TIDEMARK_HOST_POSTGRES_MODULE_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "archive modules came with PostgreSQL 15"
#endif

#if PG_VERSION_NUM >= 160000
#include <archive/archive_module.h>
#define TMPG_STATE_ARG ArchiveModuleState* state
#define TMPG_STATE_ARG_AND TMPG_STATE_ARG,
#define TMPG_USES_STATE() ((void)state)
#else
#include <postmaster/pgarch.h>
#define TMPG_STATE_ARG void
#define TMPG_STATE_ARG_AND
#define TMPG_USES_STATE() ((void)0)
#endif

#if PG_VERSION_NUM >= 170000
#define TMPG_NOT_CONFIGURED(why) arch_module_check_errdetail("%s", why)
#else
#define TMPG_NOT_CONFIGURED(why) ((void)(why))
#endif

#endif /* TIDEMARK_HOST_POSTGRES_MODULE_COMPAT_H */
